"""A unit of work in memory, for tests of the domain: dicts in place of tables.

It keeps the promises of `communities.ports` that the rules lean on (what a repeat answers, which
reaction replaces which, what counts) and leaves out what only a database needs.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from communities.community import Community
from communities.events import Event
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey, ActorState, Appearance, Follow, FollowState, Person
from communities.posts import (
    Poll,
    Post,
    PostContent,
    PostCounts,
    PostKey,
    PostState,
    Reaction,
    ReactionKind,
)
from communities.reports import (
    REMOVALS,
    LogEntry,
    ModerationAction,
    Report,
    ReportKey,
    ReportState,
)

_EXCLUSIVE = {ReactionKind.LIKE: ReactionKind.DISLIKE, ReactionKind.DISLIKE: ReactionKind.LIKE}


class MemoryPeople:
    """`ports.People` over dicts."""

    def __init__(self) -> None:
        self.rows: dict[ActorKey, Person] = {}
        self.blocks: set[tuple[ActorKey, ActorKey]] = set()
        self.follows: dict[tuple[ActorKey, ActorKey], Follow] = {}
        self.appearances: dict[ActorKey, Appearance] = {}

    def get(self, person_id: ActorKey) -> Person | None:
        return self.rows.get(person_id)

    def by_uri(self, uri: str) -> Person | None:
        return next((person for person in self.rows.values() if person.uri == uri), None)

    def set_state(self, person_id: ActorKey, state: ActorState) -> None:
        self.rows[person_id] = replace(self.rows[person_id], state=state)

    def appearance(self, person_id: ActorKey) -> Appearance | None:
        person = self.rows.get(person_id)
        if person is None:
            return None
        return self.appearances.get(person_id, Appearance(name=person.name, locked=person.locked))

    def set_appearance(self, person_id: ActorKey, appearance: Appearance) -> None:
        self.appearances[person_id] = appearance
        person = self.rows[person_id]
        self.rows[person_id] = replace(
            person, name=appearance.name, summary_html=appearance.about_html
        )

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        return (blocker_id, blocked_id) in self.blocks

    def set_blocked(
        self, blocker_id: ActorKey, blocked_id: ActorKey, *, blocked: bool, uri: str, at: datetime
    ) -> bool:
        pair = (blocker_id, blocked_id)
        if (pair in self.blocks) is blocked:
            return False
        if blocked:
            self.blocks.add(pair)
        else:
            self.blocks.remove(pair)
        return True

    def follow(self, follower_id: ActorKey, followee_id: ActorKey) -> Follow | None:
        return self.follows.get((follower_id, followee_id))

    def put_follow(self, follow: Follow) -> None:
        self.follows[follow.follower_id, follow.followee_id] = follow

    def end_follow(self, follower_id: ActorKey, followee_id: ActorKey) -> bool:
        return self.follows.pop((follower_id, followee_id), None) is not None

    def has_follower_at(self, followee_id: ActorKey, host: str) -> bool:
        return any(
            follow.followee_id == followee_id
            and follow.state is FollowState.ACCEPTED
            and follow.follower_id in self.rows
            and self.rows[follow.follower_id].host == host
            for follow in self.follows.values()
        )


class MemoryCommunities:
    """`ports.Communities` over a dict."""

    def __init__(self) -> None:
        self.rows: dict[ActorKey, Community] = {}

    def get(self, community_id: ActorKey) -> Community | None:
        return self.rows.get(community_id)

    def by_uri(self, uri: str) -> Community | None:
        return next((row for row in self.rows.values() if row.uri == uri), None)

    def add(self, community: Community) -> None:
        self.rows[community.id] = community

    def update(self, community: Community) -> None:
        stored = self.rows[community.id]
        self.rows[community.id] = replace(
            community, uri=stored.uri, localpart=stored.localpart, host=stored.host
        )


class MemoryMemberships:
    """`ports.Memberships` over a dict."""

    def __init__(self, people: MemoryPeople) -> None:
        self.rows: dict[tuple[ActorKey, ActorKey], Membership] = {}
        self._people = people

    def get(self, community_id: ActorKey, person_id: ActorKey) -> Membership | None:
        return self.rows.get((community_id, person_id))

    def put(self, membership: Membership) -> None:
        self.rows[membership.community_id, membership.person_id] = membership

    def moderators(self, community_id: ActorKey) -> Sequence[Membership]:
        rows = [
            row
            for row in self.rows.values()
            if row.community_id == community_id
            and row.state is MembershipState.MEMBER
            and row.role is not Role.MEMBER
        ]
        return sorted(rows, key=lambda row: (row.role is not Role.OWNER, row.since))

    def has_member_at(self, community_id: ActorKey, host: str) -> bool:
        return any(
            row.community_id == community_id
            and row.state is MembershipState.MEMBER
            and row.person_id in self._people.rows
            and self._people.rows[row.person_id].host == host
            for row in self.rows.values()
        )

    def count_in_role(self, community_id: ActorKey, role: Role) -> int:
        return sum(
            row.community_id == community_id
            and row.state is MembershipState.MEMBER
            and row.role is role
            for row in self.rows.values()
        )


class MemoryReactions:
    """`ports.Reactions` over a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[ActorKey, PostKey, ReactionKind, str | None], Reaction] = {}

    def find(
        self,
        actor_id: ActorKey,
        post_id: PostKey,
        kind: ReactionKind,
        emoji: str | None = None,
    ) -> Reaction | None:
        return self.rows.get((actor_id, post_id, kind, emoji))

    def by_uri(self, uri: str) -> Reaction | None:
        return next((row for row in self.rows.values() if row.uri == uri), None)

    def put(self, reaction: Reaction) -> bool:
        key = (reaction.actor_id, reaction.post_id, reaction.kind, reaction.emoji)
        if key in self.rows:
            return False
        other = _EXCLUSIVE.get(reaction.kind)
        if other is not None:
            self.rows.pop((reaction.actor_id, reaction.post_id, other, None), None)
        self.rows[key] = reaction
        return True

    def remove(
        self,
        actor_id: ActorKey,
        post_id: PostKey,
        kind: ReactionKind,
        emoji: str | None = None,
    ) -> bool:
        return self.rows.pop((actor_id, post_id, kind, emoji), None) is not None

    def emoji_by(self, actor_id: ActorKey, post_id: PostKey) -> int:
        wanted = (actor_id, post_id, ReactionKind.EMOJI)
        return sum((row.actor_id, row.post_id, row.kind) == wanted for row in self.rows.values())


class MemoryPosts:
    """`ports.Posts` over dicts."""

    def __init__(self, reactions: MemoryReactions) -> None:
        self.rows: dict[PostKey, Post] = {}
        self.revisions: dict[PostKey, list[PostContent]] = defaultdict(list)
        self.forgotten: set[str] = set()
        self.named: dict[PostKey, tuple[ActorKey, ...]] = {}
        self.votes: dict[tuple[PostKey, ActorKey], list[int]] = defaultdict(list)
        self._reactions = reactions

    def get(self, post_id: PostKey) -> Post | None:
        return self.rows.get(post_id)

    def by_uri(self, uri: str) -> Post | None:
        return next((post for post in self.rows.values() if post.uri == uri), None)

    def add(self, post: Post, *, recipients: Sequence[ActorKey] = ()) -> bool:
        if post.id in self.rows or self.by_uri(post.uri) is not None:
            return False
        self.rows[post.id] = post
        self.named[post.id] = tuple(recipients)
        return True

    def edit(self, post_id: PostKey, content: PostContent, *, at: datetime) -> None:
        post = self.rows[post_id]
        self.revisions[post_id].append(post.content)
        self.rows[post_id] = replace(post, content=content, edited_at=at)

    def set_state(self, post_id: PostKey, state: PostState, *, at: datetime) -> None:
        self.rows[post_id] = replace(self.rows[post_id], state=state)

    def set_locked(self, post_id: PostKey, *, locked: bool) -> None:
        self.rows[post_id] = replace(self.rows[post_id], locked=locked)

    def set_pinned(self, post_id: PostKey, *, pinned: bool) -> None:
        self.rows[post_id] = replace(self.rows[post_id], pinned=pinned)

    def pinned_count(self, community_id: ActorKey) -> int:
        return sum(post.pinned and post.community_id == community_id for post in self.rows.values())

    def counts(self, post_id: PostKey) -> PostCounts:
        below = [
            post
            for post in self.rows.values()
            if post.root_id == self.rows[post_id].root_id
            and post.depth > self.rows[post_id].depth
            and post.state is PostState.PUBLISHED
        ]
        kinds = [row.kind for row in self._reactions.rows.values() if row.post_id == post_id]
        return PostCounts(
            comments=len(below),
            likes=kinds.count(ReactionKind.LIKE),
            dislikes=kinds.count(ReactionKind.DISLIKE),
            boosts=kinds.count(ReactionKind.BOOST),
        )

    def set_poll(self, post_id: PostKey, poll: Poll) -> None:
        post = self.rows[post_id]
        self.rows[post_id] = replace(post, content=replace(post.content, poll=poll))

    def vote(self, post_id: PostKey, voter_id: ActorKey, option: int) -> bool:
        chosen = self.votes[post_id, voter_id]
        poll = self.rows[post_id].content.poll
        if option in chosen or poll is None:
            return False
        options = list(poll.options)
        options[option] = replace(options[option], votes=options[option].votes + 1)
        voters = poll.voters + (not chosen)
        chosen.append(option)
        self.set_poll(post_id, replace(poll, options=tuple(options), voters=voters))
        return True

    def votes_of(self, post_id: PostKey, voter_id: ActorKey) -> Sequence[int]:
        return tuple(self.votes[post_id, voter_id])

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        return self.named.get(post_id, ())

    def is_forgotten(self, uri: str) -> bool:
        return uri in self.forgotten

    def forget(self, uri: str, *, until: datetime) -> None:
        self.forgotten.add(uri)

    def remove_by_author(
        self, author_id: ActorKey, community_id: ActorKey | None, *, at: datetime
    ) -> int:
        found = [
            post.id
            for post in self.rows.values()
            if post.author_id == author_id
            and community_id in (None, post.community_id)
            and post.state is PostState.PUBLISHED
        ][:500]
        for key in found:
            self.set_state(key, PostState.REMOVED, at=at)
        return len(found)


class MemoryReports:
    """`ports.Reports` over lists."""

    def __init__(self) -> None:
        self.rows: dict[ReportKey, Report] = {}
        self.entries: list[LogEntry] = []

    def add(self, report: Report) -> None:
        self.rows[report.id] = report

    def get(self, report_id: ReportKey) -> Report | None:
        return self.rows.get(report_id)

    def find_open(
        self, reporter_id: ActorKey, subject_id: ActorKey, post_id: PostKey | None
    ) -> Report | None:
        wanted = (reporter_id, subject_id, post_id)
        return next(
            (
                row
                for row in self.rows.values()
                if (row.reporter_id, row.subject_id, row.post_id) == wanted
                and row.state is ReportState.NEW
            ),
            None,
        )

    def resolve(self, report_id: ReportKey, *, by: ActorKey, at: datetime) -> bool:
        report = self.rows[report_id]
        if report.state is ReportState.RESOLVED:
            return False
        self.rows[report_id] = replace(report, state=ReportState.RESOLVED)
        return True

    def log(self, entry: LogEntry) -> None:
        self.entries.append(entry)

    def last_removal(self, post_id: PostKey) -> ModerationAction | None:
        of_post = [entry.action for entry in self.entries if entry.post_id == post_id]
        return next((action for action in reversed(of_post) if action in REMOVALS), None)


class MemoryUnitOfWork:
    """`ports.UnitOfWork` in memory; `events` holds what was recorded, in order."""

    def __init__(self) -> None:
        self.people = MemoryPeople()
        self.communities = MemoryCommunities()
        self.memberships = MemoryMemberships(self.people)
        self.reactions = MemoryReactions()
        self.posts = MemoryPosts(self.reactions)
        self.reports = MemoryReports()
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        """Append an event to `events`."""
        self.events.append(event)

    def take_events(self) -> list[Event]:
        """What was recorded since this was last asked."""
        taken, self.events = self.events, []
        return taken
