"""What happened: one frozen value for each kind of thing that others must act on.

A unit of work records events with `uow.record`; they are rows of the event log, committed together
with the change. Consumers (delivery to peers, notifications, search, chat) read them in order.
An event holds keys of rows that outlive it and whatever the act itself takes away (`also_tell`:
hosts that must hear of it although they no longer appear among the followers).

`requested` marks what one of ours asks of a community elsewhere: its authority must be told, and
nothing is decided before it answers. The answer is an event of its own, without the mark.

Where an event was caused by an activity of a peer, the unit of work notes that activity beside the
event (`cause`), so that it can be relayed unchanged; the domain does not know of it.
"""

from dataclasses import dataclass

from communities.people import ActorKey
from communities.posts import PostKey, ReactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished:
    """A post or comment is there: new here, announced by its community, or asked for (pending)."""

    post_id: PostKey
    author_id: ActorKey
    community_id: ActorKey | None
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdited:
    """The content of a post changed; `editor_id` is its author or a moderator."""

    post_id: PostKey
    editor_id: ActorKey
    community_id: ActorKey | None
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostWithdrawn:
    """The author deleted the post."""

    post_id: PostKey
    author_id: ActorKey
    community_id: ActorKey | None
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRemoved:
    """A moderator removed the post (`removed`) or brought it back."""

    post_id: PostKey
    moderator_id: ActorKey
    community_id: ActorKey | None
    removed: bool
    reason: str = ""
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLocked:
    """A moderator or the author closed the thread for comments (`locked`) or opened it."""

    post_id: PostKey
    actor_id: ActorKey
    community_id: ActorKey | None
    locked: bool
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPinned:
    """A moderator pinned the post in its community (`pinned`) or took it off."""

    post_id: PostKey
    moderator_id: ActorKey
    community_id: ActorKey
    pinned: bool
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """A like, dislike, boost or emoji was given (`given`) or taken back.

    `uri` is the id of the Like (Dislike, Announce, EmojiReact) itself, also when it is taken back.
    """

    actor_id: ActorKey
    post_id: PostKey
    community_id: ActorKey | None
    kind: ReactionKind
    given: bool
    uri: str | None = None
    emoji: str | None = None
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollVoted:
    """A person chose options of a poll by position."""

    post_id: PostKey
    voter_id: ActorKey
    options: tuple[int, ...]
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanged:
    """A person's standing in a community changed to `state` (a MembershipState word).

    `uri` is the Follow or Join that asked; `actor_id` who did it (the person, a moderator, or the
    community itself). `was` is the state before.
    """

    community_id: ActorKey
    person_id: ActorKey
    state: str
    was: str
    actor_id: ActorKey
    uri: str | None = None
    reason: str = ""
    until_ms: int | None = None
    remove_content: bool = False
    also_tell: tuple[str, ...] = ()
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged:
    """A person became (`granted`) or stopped being a moderator or owner."""

    community_id: ActorKey
    person_id: ActorKey
    moderator_id: ActorKey
    role: str
    granted: bool
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowChanged:
    """A follow between two actors is now `requested`, `accepted`, `rejected` or `ended`."""

    follower_id: ActorKey
    followee_id: ActorKey
    state: str
    uri: str
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityChanged:
    """A community was made, edited or (`state` deleted) closed."""

    community_id: ActorKey
    actor_id: ActorKey
    state: str = "active"
    also_tell: tuple[str, ...] = ()
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged:
    """A profile was edited, or the person was deleted, suspended or moved (`state`)."""

    person_id: ActorKey
    state: str = "active"
    moved_to: str | None = None
    also_tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered:
    """Somebody made an account on this node; `state` is how it stands (`AccountState`)."""

    person_id: ActorKey
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiled:
    """A report is in the queue of a community's moderators or of the node's.

    `forward` lets the server of whom it is about know.
    """

    report_id: int
    reporter_id: ActorKey
    subject_id: ActorKey
    post_id: PostKey | None
    community_id: ActorKey | None
    forward: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBlocked:
    """One person blocked another (`blocked`) or ended that."""

    blocker_id: ActorKey
    blocked_id: ActorKey
    blocked: bool
    uri: str


Event = (
    PostPublished
    | PostEdited
    | PostWithdrawn
    | PostRemoved
    | PostLocked
    | PostPinned
    | Reacted
    | PollVoted
    | MembershipChanged
    | RoleChanged
    | FollowChanged
    | CommunityChanged
    | PersonChanged
    | PersonRegistered
    | ReportFiled
    | PersonBlocked
)

EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        PostPublished,
        PostEdited,
        PostWithdrawn,
        PostRemoved,
        PostLocked,
        PostPinned,
        Reacted,
        PollVoted,
        MembershipChanged,
        RoleChanged,
        FollowChanged,
        CommunityChanged,
        PersonChanged,
        PersonRegistered,
        ReportFiled,
        PersonBlocked,
    )
}
"""The `kind` column of the event log, by class name."""
