"""Posts and comments, reactions, polls: the values. The rules are in posting and reactions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from communities.people import ActorKey

PostKey = NewType("PostKey", int)
"""Snowflake of a post or comment: (ms since epoch << 16) | sequence; sorts by published time."""


class PostKind(StrEnum):
    """The ActivityStreams type a post was made with."""

    NOTE = "Note"
    PAGE = "Page"
    ARTICLE = "Article"
    QUESTION = "Question"
    EVENT = "Event"
    VIDEO = "Video"


class Visibility(StrEnum):
    """Who may see a post. `MEMBERS` is the audience of a private community."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    MEMBERS = "members"
    DIRECT = "direct"


class PostState(StrEnum):
    """Where a post is in its life.

    `PENDING`: written here for a community elsewhere, not yet announced by it. `REMOVED` by a
    moderator (restorable), `WITHDRAWN` by its author (a tombstone that keeps the thread).
    """

    PENDING = "pending"
    PUBLISHED = "published"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture, video, audio file, document or link attached to a post.

    `media_id` names what was uploaded here; its `url` is the one that peers are told. `focus` is
    the point that matters, (-1, -1) to (1, 1) with y upward. `loops` marks a short film without
    sound that stands for an animated picture.
    """

    kind: str
    url: str
    media_type: str | None = None
    alt: str | None = None
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    duration_ms: int | None = None
    loops: bool = False
    media_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOption:
    """A choice and its votes."""

    name: str
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The choices of a Question; `voters` counts people, the options count votes.

    `hides_totals`: its author wants people to see the counts when it has ended, not before.
    """

    options: tuple[PollOption, ...]
    multiple: bool = False
    ends_at: datetime | None = None
    closed_at: datetime | None = None
    voters: int = 0
    hides_totals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """When and where an Event takes place."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    location: str | None = None
    timezone: str | None = None
    join_mode: str | None = None
    maximum_attendees: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostContent:
    """What an author wrote; the part that an edit replaces.

    `html` is sanitised and ready to serve; `source` is markdown (or empty). `link` is the page
    that a titled post is about. `warning` is the content warning, shown before the text.
    """

    title: str | None = None
    html: str = ""
    source: str = ""
    link: str | None = None
    language: str | None = None
    sensitive: bool = False
    warning: str | None = None
    attachments: tuple[Attachment, ...] = ()
    hashtags: tuple[str, ...] = ()
    poll: Poll | None = None
    happening: Happening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post (parent_id None) or a comment, by anyone, in a community or on its author's own.

    `uri` is the object id; `url` the page for humans. `root_id` is the thread's first post (its
    own id for that post), `depth` 0 there. `seq` is the log position of the last change.
    """

    id: PostKey
    uri: str
    author_id: ActorKey
    root_id: PostKey
    kind: PostKind
    content: PostContent
    published_at: datetime
    community_id: ActorKey | None = None
    parent_id: PostKey | None = None
    parent_uri: str | None = None
    depth: int = 0
    visibility: Visibility = Visibility.PUBLIC
    state: PostState = PostState.PUBLISHED
    locked: bool = False
    pinned: bool = False
    local: bool = False
    url: str | None = None
    edited_at: datetime | None = None
    seq: int = 0

    @property
    def is_comment(self) -> bool:
        """Whether this answers another post."""
        return self.parent_id is not None or self.parent_uri is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCounts:
    """How often a post was answered, voted and shared; `last_activity_at` moves with comments."""

    comments: int = 0
    likes: int = 0
    dislikes: int = 0
    boosts: int = 0
    last_activity_at: datetime | None = None


class ReactionKind(StrEnum):
    """Like and dislike exclude each other; a boost and emoji reactions stand beside them."""

    LIKE = "like"
    DISLIKE = "dislike"
    BOOST = "boost"
    EMOJI = "emoji"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One actor's reaction to one post; `uri` is the id of the activity that made it."""

    actor_id: ActorKey
    post_id: PostKey
    kind: ReactionKind
    uri: str | None
    at: datetime
    emoji: str | None = None
