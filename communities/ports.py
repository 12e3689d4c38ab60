"""What the domain needs of storage: repositories, one noun each, and the unit of work over them.

Storage satisfies these structurally; tests of the domain use an in-memory form. All calls belong
to one running unit and see its own changes. Times are aware UTC datetimes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from communities.community import Community
from communities.events import Event
from communities.membership import Membership, Role
from communities.people import ActorKey, ActorState, Appearance, Follow, Person
from communities.posts import Poll, Post, PostContent, PostCounts, PostKey, PostState, Reaction
from communities.posts import ReactionKind as Kind
from communities.reports import LogEntry, ModerationAction, Report, ReportKey


class People(Protocol):
    """People of this node and of peers."""

    def get(self, person_id: ActorKey) -> Person | None:
        """The person with this key."""

    def by_uri(self, uri: str) -> Person | None:
        """The person with this actor id."""

    def set_state(self, person_id: ActorKey, state: ActorState) -> None:
        """Suspend, limit, delete or bring back a person."""

    def appearance(self, person_id: ActorKey) -> Appearance | None:
        """How a person appears now."""

    def set_appearance(self, person_id: ActorKey, appearance: Appearance) -> None:
        """Replace how a person of this node appears."""

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""

    def set_blocked(
        self, blocker_id: ActorKey, blocked_id: ActorKey, *, blocked: bool, uri: str, at: datetime
    ) -> bool:
        """Block or unblock; False when nothing changed."""

    def follow(self, follower_id: ActorKey, followee_id: ActorKey) -> Follow | None:
        """The follow between two actors, if any."""

    def put_follow(self, follow: Follow) -> None:
        """Store a follow, replacing one between the same two."""

    def end_follow(self, follower_id: ActorKey, followee_id: ActorKey) -> bool:
        """Remove a follow; False when there was none."""

    def has_follower_at(self, followee_id: ActorKey, host: str) -> bool:
        """Whether anyone of that peer is an accepted follower."""


class Communities(Protocol):
    """Communities of this node and of peers."""

    def get(self, community_id: ActorKey) -> Community | None:
        """The community with this key."""

    def by_uri(self, uri: str) -> Community | None:
        """The community with this actor id."""

    def add(self, community: Community) -> None:
        """Store a new community; its name must be free."""

    def update(self, community: Community) -> None:
        """Replace name, description, policies and state; identity fields stay as they are."""


class Memberships(Protocol):
    """Who stands how towards which community."""

    def get(self, community_id: ActorKey, person_id: ActorKey) -> Membership | None:
        """The row of one person in one community."""

    def put(self, membership: Membership) -> None:
        """Store, replacing the row of the same person and community."""

    def moderators(self, community_id: ActorKey) -> Sequence[Membership]:
        """Owners and moderators, owners first, longest first."""

    def has_member_at(self, community_id: ActorKey, host: str) -> bool:
        """Whether anyone of that peer is a member."""

    def count_in_role(self, community_id: ActorKey, role: Role) -> int:
        """How many members have this role."""


class Posts(Protocol):
    """Posts and comments with their counts."""

    def get(self, post_id: PostKey) -> Post | None:
        """The post with this key, whatever its state."""

    def by_uri(self, uri: str) -> Post | None:
        """The post with this object id, whatever its state."""

    def add(self, post: Post, *, recipients: Sequence[ActorKey] = ()) -> bool:
        """Store a new post, bump the parents' comment counts unless it is pending.

        `recipients` are those it addresses by name: of a direct post all its readers, of any
        other those it mentions.

        False when a post with that uri stands already: nothing is changed then.
        """

    def edit(self, post_id: PostKey, content: PostContent, *, at: datetime) -> None:
        """Replace the content; the one before is kept as a revision."""

    def set_state(self, post_id: PostKey, state: PostState, *, at: datetime) -> None:
        """Publish, remove, restore, withdraw; counts of the thread follow."""

    def set_locked(self, post_id: PostKey, *, locked: bool) -> None:
        """Close or open the thread for comments."""

    def set_pinned(self, post_id: PostKey, *, pinned: bool) -> None:
        """Pin the post in its community, or take it off."""

    def pinned_count(self, community_id: ActorKey) -> int:
        """How many posts are pinned in the community."""

    def counts(self, post_id: PostKey) -> PostCounts:
        """Comments, votes and boosts."""

    def set_poll(self, post_id: PostKey, poll: Poll) -> None:
        """Replace the counts (and end) of a poll."""

    def vote(self, post_id: PostKey, voter_id: ActorKey, option: int) -> bool:
        """Count one vote for one option; False when this voter chose it before."""

    def votes_of(self, post_id: PostKey, voter_id: ActorKey) -> Sequence[int]:
        """The options this person chose."""

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name (see `add`)."""

    def is_forgotten(self, uri: str) -> bool:
        """Whether a Delete of this id came before its Create (kept for 7 days)."""

    def forget(self, uri: str, *, until: datetime) -> None:
        """Remember that this id was deleted before it was known."""

    def remove_by_author(
        self, author_id: ActorKey, community_id: ActorKey | None, *, at: datetime
    ) -> int:
        """Remove up to 500 posts of one author (in one community); how many were removed."""


class Reactions(Protocol):
    """Votes, boosts and emoji."""

    def find(
        self, actor_id: ActorKey, post_id: PostKey, kind: Kind, emoji: str | None = None
    ) -> Reaction | None:
        """That reaction of that actor to that post."""

    def by_uri(self, uri: str) -> Reaction | None:
        """The reaction made by the activity with this id."""

    def put(self, reaction: Reaction) -> bool:
        """Store it; a like replaces a dislike and the other way round. False when it stood."""

    def remove(
        self, actor_id: ActorKey, post_id: PostKey, kind: Kind, emoji: str | None = None
    ) -> bool:
        """Take it back; False when there was none."""

    def emoji_by(self, actor_id: ActorKey, post_id: PostKey) -> int:
        """How many different emoji the actor has given to the post."""


class Reports(Protocol):
    """Reports and the moderation log."""

    def add(self, report: Report) -> None:
        """Put a report in the queue."""

    def get(self, report_id: ReportKey) -> Report | None:
        """The report with this key."""

    def find_open(
        self, reporter_id: ActorKey, subject_id: ActorKey, post_id: PostKey | None
    ) -> Report | None:
        """The first report of this reporter about this that nobody has resolved.

        With `post_id` None that is a report about the person, not one about a post of theirs.
        """

    def resolve(self, report_id: ReportKey, *, by: ActorKey, at: datetime) -> bool:
        """Close it; False when it was closed already."""

    def log(self, entry: LogEntry) -> None:
        """Write one line of the moderation log."""

    def last_removal(self, post_id: PostKey) -> ModerationAction | None:
        """Which of `REMOVALS` the log has last about a post; None when it has none."""


class UnitOfWork(Protocol):
    """One transaction: the repositories and the event log, all or nothing."""

    @property
    def people(self) -> People:
        """People."""

    @property
    def communities(self) -> Communities:
        """Communities."""

    @property
    def memberships(self) -> Memberships:
        """Memberships."""

    @property
    def posts(self) -> Posts:
        """Posts."""

    @property
    def reactions(self) -> Reactions:
        """Reactions."""

    @property
    def reports(self) -> Reports:
        """Reports and the moderation log."""

    def record(self, event: Event) -> None:
        """Append an event to the log, in this transaction."""
