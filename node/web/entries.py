"""Posts as pages show them: lines of lists, and whole posts with everything attached to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from communities.people import ActorKey
from communities.polls import is_closed
from communities.posts import (
    Happening,
    Poll,
    Post,
    PostContent,
    PostKey,
    PostKind,
    PostState,
    Visibility,
)
from communities.text import plain_text
from federation.uris import Uris
from node.media.urls import MediaUrls
from node.web.cards import Card, card
from node.web.outward import Outward, outward
from node.web.site import community_path, post_path
from node.web.visits import Visit
from node.web.wording import language_tag
from storage.actors import Profile
from storage.timelines import Entry

TITLE_CHARACTERS = 100
EXCERPT_CHARACTERS = 240

Authors = Mapping[ActorKey, Profile]
_NOBODY: Authors = MappingProxyType({})
_NO_THREADS: Mapping[PostKey, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time: for machines, in full, and as people say it."""

    iso: str
    full: str
    short: str


def moment(at: datetime, visit: Visit) -> Moment:
    """A time in the visitor's language."""
    return Moment(
        iso=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        full=visit.words.date_time(at),
        short=visit.words.age(at, visit.now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What readers did: `score` is likes less dislikes."""

    comments: int
    score: int
    likes: int
    dislikes: int
    boosts: int


def tally(entry: Entry) -> Tally:
    """The counts of a post."""
    counts = entry.counts
    return Tally(
        comments=counts.comments,
        score=counts.likes - counts.dislikes,
        likes=counts.likes,
        dislikes=counts.dislikes,
        boosts=counts.boosts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A post or comment in a list; `title` may be made from its text, then `titled` is False."""

    href: str
    title: str
    titled: bool
    excerpt: str
    language: str | None
    author: Card | None
    when: Moment
    tally: Tally
    kind: str
    link: Outward | None
    warning: str | None
    pinned: bool
    locked: bool
    is_comment: bool
    thread: str | None
    place: tuple[str, str] | None


def line(
    entry: Entry,
    authors: Authors,
    uris: Uris,
    visit: Visit,
    places: Authors = _NOBODY,
    threads: Mapping[PostKey, str] = _NO_THREADS,
) -> Line:
    """A post as one line.

    `places` holds the communities to name, where a list mixes them; `threads` the titles of the
    threads that comments stand in.
    """
    post = entry.post
    content = post.content
    title = title_of(post, visit)
    covered = bool(content.warning) or content.sensitive
    author = authors.get(post.author_id)
    community = None if post.community_id is None else places.get(post.community_id)
    return Line(
        href=visit.href(post_path(post.id)),
        title=title,
        titled=bool(content.title),
        excerpt="" if covered or not content.title else excerpt_of(content),
        language=language_tag(content.language),
        author=None if author is None else card(author, uris, visit),
        when=moment(post.published_at, visit),
        tally=tally(entry),
        kind=post.kind.value,
        link=outward(content.link),
        warning=warning_of(content, visit),
        pinned=post.pinned,
        locked=post.locked,
        is_comment=post.is_comment,
        thread=threads.get(post.root_id) if post.is_comment else None,
        place=None
        if community is None
        else (
            community.name or community.localpart,
            visit.href(community_path(community.localpart, community.host)),
        ),
    )


def title_of(post: Post, visit: Visit) -> str:
    """The title of a post, or the beginning of its text; never empty."""
    content = post.content
    if content.title:
        return content.title
    if content.warning:
        return content.warning
    text = plain_text(content.html, TITLE_CHARACTERS).replace("\n", " ")
    return text or visit.words.gettext("A post without words")


def excerpt_of(content: PostContent) -> str:
    """The beginning of the text in one line."""
    return plain_text(content.html, EXCERPT_CHARACTERS).replace("\n", " ")


def warning_of(content: PostContent, visit: Visit) -> str | None:
    """What is said before a text that its author covered; None for any other."""
    if content.warning:
        return content.warning
    return visit.words.gettext("Sensitive content") if content.sensitive else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file of a post, as a link: nothing is loaded from elsewhere.

    `picture` is where this node serves a small picture of it.
    """

    kind: str
    link: Outward
    description: str
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice of a poll with its share of the votes in percent."""

    name: str
    votes: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PollShown:
    """The results of a poll so far."""

    choices: tuple[Choice, ...]
    voters: int
    multiple: bool
    closed: bool
    ends: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HappeningShown:
    """When and where an event is."""

    starts: str | None
    ends: str | None
    location: str | None
    page: Outward | None
    places: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A whole post or comment. Of one that was taken away only its place is left (`gone`)."""

    id: int
    href: str
    title: str
    titled: bool
    html: str
    language: str | None
    author: Card | None
    author_id: ActorKey
    when: Moment
    edited: Moment | None
    tally: Tally
    kind: str
    gone: str | None
    warning: str | None
    link: Outward | None
    attached: tuple[Attached, ...]
    poll: PollShown | None
    happening: HappeningShown | None
    pinned: bool
    locked: bool
    original: Outward | None


def shown(
    entry: Entry, authors: Authors, uris: Uris, visit: Visit, media: MediaUrls | None = None
) -> Shown:
    """A post with everything that belongs to it; without `media` pictures are links alone."""
    post, content = entry.post, entry.post.content
    gone = None if post.state is PostState.PUBLISHED else post.state.value
    author = None if gone else authors.get(post.author_id)
    return Shown(
        id=post.id,
        href=visit.href(post_path(post.id)),
        title="" if gone else title_of(post, visit),
        titled=bool(content.title),
        html=content.html,
        language=language_tag(content.language),
        author=None if author is None else card(author, uris, visit),
        author_id=post.author_id,
        when=moment(post.published_at, visit),
        edited=None if post.edited_at is None else moment(post.edited_at, visit),
        tally=tally(entry),
        kind=post.kind.value,
        gone=gone,
        warning=warning_of(content, visit),
        link=outward(content.link),
        attached=_attached(post, media),
        poll=None if content.poll is None else _poll(content.poll, visit),
        happening=_happening(content.happening, post.kind, visit),
        pinned=post.pinned,
        locked=post.locked,
        original=None if post.local else outward(post.url) or outward(post.uri),
    )


def _attached(post: Post, media: MediaUrls | None) -> tuple[Attached, ...]:
    found = []
    for attachment in post.content.attachments:
        link = outward(attachment.url)
        if link is None:
            continue
        private = post.visibility not in (Visibility.PUBLIC, Visibility.UNLISTED)
        picture = None if media is None else media.attachment(attachment, private=private)[1]
        found.append(
            Attached(
                kind=attachment.kind,
                link=link,
                description=" ".join((attachment.alt or "").split()),
                picture=picture,
            )
        )
    return tuple(found)


def _poll(poll: Poll, visit: Visit) -> PollShown:
    """Shares are of the voters: where several may be chosen, they add up to more than 100."""
    votes = sum(option.votes for option in poll.options)
    voters = (poll.voters or votes) if poll.multiple else votes
    return PollShown(
        choices=tuple(
            Choice(
                name=option.name,
                votes=option.votes,
                percent=min(100, round(100 * option.votes / voters)) if voters else 0,
            )
            for option in poll.options
        ),
        voters=voters,
        multiple=poll.multiple,
        closed=is_closed(poll, visit.now),
        ends=None if poll.ends_at is None else moment(poll.ends_at, visit),
    )


def _happening(happening: Happening | None, kind: PostKind, visit: Visit) -> HappeningShown | None:
    if happening is None or kind is not PostKind.EVENT:
        return None
    words, zone = visit.words, happening.timezone
    return HappeningShown(
        starts=None if happening.starts_at is None else words.date_time(happening.starts_at, zone),
        ends=None if happening.ends_at is None else words.date_time(happening.ends_at, zone),
        location=happening.location,
        page=outward(happening.location),
        places=happening.maximum_attendees,
    )
