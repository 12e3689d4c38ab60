"""The unit of work: all repositories over one connection, and the event log beside them.

One object serves unit after unit on its connection; `start_unit` forgets what the last one left.
It satisfies `communities.ports.UnitOfWork` and adds what federation and the node need.
"""

from communities.events import Event, PersonChanged
from storage.account_links import AccountLinks
from storage.account_notes import AccountNotes
from storage.accounts import Accounts
from storage.actor_words import ActorWords
from storage.actors import Actors
from storage.announcements import Announcements
from storage.app_tokens import AppTokens
from storage.apps import Apps
from storage.audiences import Audiences
from storage.blocks import Blocks
from storage.bookmarks import Bookmarks
from storage.communities import Communities
from storage.connection import Connection
from storage.conversations import Conversations
from storage.credentials import CredentialStore
from storage.deliveries import Deliveries
from storage.directory import Directory
from storage.domain_blocks import DomainBlocks
from storage.endorsements import Endorsements
from storage.event_log import EventLog
from storage.feeds import Feeds
from storage.filters import Filters
from storage.follow_options import FollowsShown
from storage.idempotency import IdempotencyKeys
from storage.inbox import Inbox
from storage.instance import Instance
from storage.instance_facts import InstanceFacts
from storage.invitations import Invitations
from storage.jobs import Jobs
from storage.keys import Keys
from storage.listed_accounts import ListedAccounts
from storage.lists import Lists
from storage.markers import Markers
from storage.media import Media
from storage.media_cache import MediaBlobs, MediaCache
from storage.memberships import Memberships
from storage.mutes import Mutes
from storage.names import Names
from storage.notice_pages import NoticePages
from storage.notice_policies import NoticePolicies
from storage.notifications import Notifications
from storage.passkeys import PasskeyStore
from storage.peers import Peers
from storage.people import People
from storage.post_pages import PostPages
from storage.post_search import PostSearch
from storage.posts import Posts
from storage.preferences import PreferencesOfPeople
from storage.profile_pins import ProfilePins
from storage.push_subscriptions import PushSubscriptions
from storage.reactions import Reactions
from storage.relations import Relations
from storage.reports import Reports
from storage.scheduled import ScheduledPosts
from storage.sessions import SessionStore
from storage.stream_ties import StreamTies
from storage.tags import Tags
from storage.thread_mutes import ThreadMutes
from storage.timelines import Timelines
from storage.trends import Trends
from storage.welcomes import Welcomes

EVENTS = "events"
JOBS = "jobs"
DELIVERIES = "deliveries"
NOTIFICATIONS = "notifications"
TOKENS = "tokens"
"""Tokens of apps may have ended: by themselves, or with the account that they are of."""


class UnitOfWork:
    """Repositories of one connection; what they do belongs to the running transaction.

    Attributes:
        cause: row of `received` with the activity that makes this unit happen, if any; set by
            whoever runs the unit, noted beside every event.
        at_ms: the time of the unit, milliseconds; noted in the log.
    """

    def __init__(self, connection: Connection) -> None:
        """Build the repositories once."""
        self.connection = connection
        self.events = EventLog(connection)
        self.actors = Actors(connection)
        self.accounts = Accounts(connection)
        self.account_links = AccountLinks(connection)
        self.credentials = CredentialStore(connection)
        self.sessions = SessionStore(connection)
        self.passkeys = PasskeyStore(connection)
        self.apps = Apps(connection)
        self.app_tokens = AppTokens(connection)
        self.invitations = Invitations(connection)
        self.audiences = Audiences(connection)
        self.people = People(connection)
        self.communities = Communities(connection)
        self.memberships = Memberships(connection)
        self.jobs = Jobs(connection)
        self.posts = Posts(connection, self.events, self.jobs)
        self.reactions = Reactions(connection, self.people)
        self.reports = Reports(connection)
        self.notifications = Notifications(connection)
        self.timelines = Timelines(connection)
        self.directory = Directory(connection)
        self.names = Names(connection)
        self.peers = Peers(connection)
        self.keys = Keys(connection)
        self.inbox = Inbox(connection)
        self.deliveries = Deliveries(connection)
        self.instance = Instance(connection)
        self.welcomes = Welcomes(connection)
        self._serve_apps(connection)
        self.cause: int | None = None
        self.at_ms = 0

    def _serve_apps(self, connection: Connection) -> None:
        """Repositories of what people keep and settle for themselves, and of how they read."""
        self.feeds = Feeds(connection)
        self.post_pages = PostPages(connection)
        self.media = Media(connection)
        self.media_cache = MediaCache(connection)
        self.media_blobs = MediaBlobs(connection)
        self.relations = Relations(connection)
        self.blocks = Blocks(connection)
        self.mutes = Mutes(connection)
        self.listed_accounts = ListedAccounts(connection)
        self.follow_options = FollowsShown(connection)
        self.domain_blocks = DomainBlocks(connection)
        self.endorsements = Endorsements(connection)
        self.account_notes = AccountNotes(connection)
        self.preferences = PreferencesOfPeople(connection)
        self.bookmarks = Bookmarks(connection)
        self.idempotency_keys = IdempotencyKeys(connection)
        self.profile_pins = ProfilePins(connection)
        self.scheduled = ScheduledPosts(connection)
        self.thread_mutes = ThreadMutes(connection)
        self.lists = Lists(connection)
        self.filters = Filters(connection)
        self.trends = Trends(connection)
        self.announcements = Announcements(connection)
        self.conversations = Conversations(connection)
        self.tags = Tags(connection)
        self.actor_words = ActorWords(connection)
        self.post_search = PostSearch(connection)
        self.instance_facts = InstanceFacts(connection)
        self.notice_pages = NoticePages(connection)
        self.notice_policies = NoticePolicies(connection)
        self.push_subscriptions = PushSubscriptions(connection)
        self.stream_ties = StreamTies(connection)
        self.markers = Markers(connection)

    def record(self, event: Event) -> None:
        """Append an event to the log, with the unit's cause and time."""
        self.events.append(event, cause=self.cause, at_ms=self.at_ms)
        if type(event) is PersonChanged:
            self.app_tokens.ended = True

    def start_batch(self) -> None:
        """A transaction was opened: learn the log's position."""
        self.events.start_batch()

    def start_unit(self) -> None:
        """Forget what the unit before left."""
        self.cause = None
        self.at_ms = 0
        self.events.start_unit()
        self.jobs.start_unit()
        self.deliveries.start_unit()
        self.notifications.start_unit()
        self.app_tokens.start_unit()

    def end_unit(self) -> frozenset[str]:
        """The topics this unit touched: who must be woken after the commit."""
        wakes: list[str] = []
        if self.events.appended:
            wakes.append(EVENTS)
        if self.jobs.enqueued:
            wakes.append(JOBS)
        if self.deliveries.added:
            wakes.append(DELIVERIES)
        if self.notifications.added:
            wakes.append(NOTIFICATIONS)
        if self.app_tokens.ended:
            wakes.append(TOKENS)
        return frozenset(wakes)

    def undo_unit(self) -> None:
        """The unit was rolled back: so is what it appended to the log."""
        self.events.undo_unit()
