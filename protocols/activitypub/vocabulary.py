"""What noaber understands of ActivityStreams, as frozen values.

`parsing` makes these from a peer's JSON, once; everything after the edge uses them and never the
raw dict, so that what was checked is what is stored. `rendering` makes JSON from them.

An id is a URL string. `to` and `cc` are tuples of ids in the order sent. `html` fields hold the
peer's HTML as it came: it is NOT safe until `communities.text.sanitise` has seen it.

Spec: ActivityStreams 2.0 Vocabulary; ActivityPub; FEP-1b12; FEP-521a; FEP-7888; FEP-fe34.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ActorId = NewType("ActorId", str)
ObjectId = NewType("ObjectId", str)
ActivityId = NewType("ActivityId", str)

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
AS_CONTEXT = "https://www.w3.org/ns/activitystreams"
ACTIVITY_JSON = "application/activity+json"
LD_JSON_PROFILE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


class ActorType(StrEnum):
    """Actor types of the vocabulary, and `Feed` (PieFed, Lemmy 1.0)."""

    PERSON = "Person"
    GROUP = "Group"
    ORGANIZATION = "Organization"
    APPLICATION = "Application"
    SERVICE = "Service"
    FEED = "Feed"


class ObjectType(StrEnum):
    """Object types that carry content."""

    NOTE = "Note"
    PAGE = "Page"
    ARTICLE = "Article"
    QUESTION = "Question"
    EVENT = "Event"
    VIDEO = "Video"
    CHAT_MESSAGE = "ChatMessage"


class ActivityType(StrEnum):
    """Activity types that have a handler; any other type is parsed as `OTHER`."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    UNDO = "Undo"
    ANNOUNCE = "Announce"
    LIKE = "Like"
    DISLIKE = "Dislike"
    EMOJI_REACT = "EmojiReact"
    FOLLOW = "Follow"
    ACCEPT = "Accept"
    REJECT = "Reject"
    JOIN = "Join"
    LEAVE = "Leave"
    INVITE = "Invite"
    ADD = "Add"
    REMOVE = "Remove"
    BLOCK = "Block"
    FLAG = "Flag"
    LOCK = "Lock"
    MOVE = "Move"
    OTHER = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An object of which only the id was sent (or of a type we keep no more of than the id)."""

    id: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocument:
    """A public key as an actor publishes it.

    `pem` comes from publicKey.publicKeyPem, `multikey` from an assertionMethod of type Multikey;
    exactly one of them is set. `owner` is the actor's id.
    """

    id: str
    owner: str
    pem: str | None = None
    multikey: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An icon, image or attachment that is a picture: http(s) URL, alt text, media type."""

    url: str
    alt: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A Link, Image, Video, Audio or Document attached to an object; `url` is http(s)."""

    kind: str
    url: str
    media_type: str | None = None
    alt: str | None = None
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A Mention tag."""

    href: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashtag:
    """A Hashtag tag; `name` without the leading #, as written."""

    name: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A custom emoji; `name` without colons. Spec: FEP-9098."""

    name: str
    icon_url: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyField:
    """A PropertyValue of a profile; `value_html` is not yet sanitised."""

    name: str
    value_html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, community, page, service or node of a peer.

    `moderators` is the moderators collection of a Group (attributedTo as an id), `moderator_ids`
    the ids where attributedTo is a list (Smithereen). All URLs have been checked to be http(s);
    inbox and keys to be of the same origin as `id` (FEP-fe34).
    """

    id: ActorId
    type: ActorType
    preferred_username: str
    inbox: str
    name: str | None = None
    summary_html: str | None = None
    source: str | None = None
    source_media_type: str | None = None
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    shared_inbox: str | None = None
    url: str | None = None
    icon: Picture | None = None
    image: Picture | None = None
    keys: tuple[KeyDocument, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    manually_approves_followers: bool = False
    discoverable: bool | None = None
    indexable: bool | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    moderators: str | None = None
    moderator_ids: tuple[str, ...] = ()
    posting_restricted_to_mods: bool = False
    accepts_joins: bool = False
    open_to_read: bool | None = None
    sensitive: bool = False
    matrix_user_id: str | None = None
    languages: tuple[str, ...] = ()
    fields: tuple[PropertyField, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    webfinger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOption:
    """One choice of a Question; `votes` is the count its author published."""

    name: str
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The choices of a Question. `multiple` is anyOf, otherwise oneOf."""

    options: tuple[PollOption, ...]
    multiple: bool = False
    end_time: datetime | None = None
    closed: datetime | None = None
    voters: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """The part of an Event that says when and where."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    location: str | None = None
    timezone: str | None = None
    join_mode: str | None = None
    maximum_attendees: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A Note, Page, Article, Question, Event, Video or ChatMessage.

    `content_html` is the peer's HTML (markdown is rendered by the reader of `source`). `link` is
    the outside page that a Page is about; `url` the human page of the object itself. `name` with
    `in_reply_to` and no content is a poll vote (`is_poll_vote`). `attributed_to` is the author;
    `group` a Group that attributedTo names beside the author (PeerTube). `quote` is the id of the
    post that this one quotes (FEP-044f, FEP-e232). `attachments` holds no Link but behind `link`.
    """

    id: ObjectId
    type: ObjectType
    attributed_to: ActorId
    name: str | None = None
    content_html: str | None = None
    content_media_type: str | None = None
    source: str | None = None
    source_media_type: str | None = None
    summary: str | None = None
    sensitive: bool = False
    language: str | None = None
    in_reply_to: str | None = None
    context: str | None = None
    audience: str | None = None
    group: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    url: str | None = None
    link: str | None = None
    image: Picture | None = None
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    replies: str | None = None
    comments_enabled: bool | None = None
    poll: Poll | None = None
    happening: Happening | None = None
    is_live_broadcast: bool = False
    quote: str | None = None

    @property
    def content_warning(self) -> str | None:
        """What stands before the content, if `summary` is meant so, otherwise None.

        A Note's summary is a warning; on a Page, Article or Event it is an excerpt (Mbin, NodeBB,
        WordPress) unless the post is also marked sensitive.
        """
        short = self.type in (ObjectType.NOTE, ObjectType.QUESTION, ObjectType.CHAT_MESSAGE)
        return self.summary if short or self.sensitive else None

    @property
    def is_poll_vote(self) -> bool:
        """Whether this Note is a choice in a poll. Spec: FEP-9967; Mastodon "Question"."""
        return (
            self.type is ObjectType.NOTE
            and self.name is not None
            and self.in_reply_to is not None
            and not self.content_html
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of a deleted object. Spec: ActivityPub 6.4."""

    id: str
    former_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An activity with its object parsed as deep as we read it.

    `objects` holds what `object` named, in order: one for most, several for Flag (Mastodon sends
    the person and the posts) and for batches of votes (PieFed: an OrderedCollection or a list).
    `type_name` is the type as sent, also for `ActivityType.OTHER`. `hidden_recipients` says that
    bto or bcc was present: such an activity is not relayed.
    """

    id: ActivityId | None
    type: ActivityType
    type_name: str
    actor: ActorId
    objects: tuple["ActivityObject", ...] = ()
    target: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: str | None = None
    content: str | None = None
    summary: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    end_time: datetime | None = None
    remove_data: bool = False
    hidden_recipients: bool = False
    has_proof: bool = False
    emojis: tuple[Emoji, ...] = field(default=())

    @property
    def object(self) -> "ActivityObject | None":
        """The first object, or None."""
        return self.objects[0] if self.objects else None

    @property
    def object_id(self) -> str | None:
        """The id of the first object, or None."""
        first = self.object
        return first.id if first is not None else None


ActivityObject = Reference | Post | Actor | Tombstone | Activity
Document = Post | Actor | Tombstone | Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A Collection, OrderedCollection or one of their pages.

    `items` are the entries as sent: ids, or raw objects for `parsing` to read one by one.
    """

    id: str | None
    type: str
    total_items: int | None = None
    first: str | None = None
    next: str | None = None
    prev: str | None = None
    part_of: str | None = None
    attributed_to: str | None = None
    items: tuple[object, ...] = ()
