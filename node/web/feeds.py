"""Feeds of communities and people of this node: Atom and RSS of what anyone may read.

They are written in the node's first language, the same for everyone, so that caches can keep them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from html import escape

from aiohttp import web

from communities.errors import NotFound
from communities.posts import PostContent, Visibility
from communities.text import plain_text
from node.app import Handler, Route
from node.web.entries import Authors, title_of, warning_of
from node.web.feed_writing import Feed, FeedEntry, atom, rss
from node.web.lookups import find_community, find_person
from node.web.outward import outward
from node.web.pages import route
from node.web.site import Site, actor_path, handle_of, post_path
from node.web.visits import Visit
from node.web.wording import language_tag, words_in
from storage.actors import Profile
from storage.timelines import Entry
from storage.unit_of_work import UnitOfWork

ENTRIES = 30
DESCRIPTION_CHARACTERS = 300
KEEP_SECONDS = 300
"""How long a reader may keep a feed before it asks again."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FORMATS: dict[str, tuple[Callable[[Feed], bytes], str]] = {
    "atom": (atom, "application/atom+xml"),
    "rss": (rss, "application/rss+xml"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Whose feed it is, and what stands in it."""

    profile: Profile
    description: str
    entries: Sequence[Entry]


Find = Callable[[Site, UnitOfWork, str], Followed]


def feed_routes(site: Site) -> list[Route]:
    """Both formats, for communities and people."""
    found = []
    for name, (write, media_type) in _FORMATS.items():
        for prefix, kind, find in (
            ("/c/", "community", _of_community),
            ("/@", "person", _of_person),
        ):
            handler = _handler(site, find, write, media_type, name)
            found.append(route(f"{prefix}{{handle}}/feed.{name}", handler, f"{kind}-{name}"))
    return found


def _handler(
    site: Site, find: Find, write: Callable[[Feed], bytes], media_type: str, name: str
) -> Handler:
    visit = Visit(words=words_in(site.languages[0]), now=_NEVER, languages=site.languages)

    def make(uow: UnitOfWork, handle: str) -> tuple[bytes, datetime]:
        feed = _feed(site, uow, visit, find(site, uow, handle), name)
        return write(feed), feed.updated

    async def answer(request: web.Request) -> web.StreamResponse:
        body, updated = await site.storage.read(make, request.match_info["handle"])
        return _respond(request, body, updated, f"{media_type}; charset=utf-8")

    return answer


def _of_community(site: Site, uow: UnitOfWork, handle: str) -> Followed:
    """The newest threads of a community of this node that anyone may read.

    Raises:
        NotFound: there is none; a private community has no feed.
    """
    profile, community = find_community(uow, site.uris, handle, site.now())
    if not profile.is_local or not community.is_open_to_read:
        raise NotFound("There is no feed of this")
    return Followed(
        profile=profile,
        description=plain_text(community.description_html, DESCRIPTION_CHARACTERS),
        entries=uow.timelines.threads(profile.id, most=ENTRIES),
    )


def _of_person(site: Site, uow: UnitOfWork, handle: str) -> Followed:
    """The newest public posts of a person of this node, without comments.

    Raises:
        NotFound: there is no such person here.
    """
    profile = find_person(uow, site.uris, handle)
    if not profile.is_local:
        raise NotFound("There is no feed of this")
    entries = uow.timelines.by_author(profile.id, most=ENTRIES, comments=False)
    return Followed(
        profile=profile,
        description=plain_text(profile.summary_html, DESCRIPTION_CHARACTERS),
        entries=[entry for entry in entries if entry.post.visibility is Visibility.PUBLIC],
    )


def _feed(site: Site, uow: UnitOfWork, visit: Visit, followed: Followed, name: str) -> Feed:
    profile = followed.profile
    authors = uow.actors.many([entry.post.author_id for entry in followed.entries])
    entries = [_entry(site, visit, entry, authors) for entry in followed.entries]
    page = site.absolute(actor_path(profile))
    title = f"{profile.name or profile.localpart} ({handle_of(profile, site.uris.domain)})"
    return Feed(
        id=profile.uri,
        link=page,
        here=f"{page}/feed.{name}",
        title=title,
        description=followed.description,
        language=visit.words.language,
        updated=max((entry.updated for entry in entries), default=profile.published_at or _NEVER),
        entries=entries,
    )


def _entry(site: Site, visit: Visit, entry: Entry, authors: Authors) -> FeedEntry:
    post, content = entry.post, entry.post.content
    author = authors.get(post.author_id)
    return FeedEntry(
        id=post.uri,
        link=site.absolute(post_path(post.id)),
        title=title_of(post, visit),
        author="" if author is None else author.name or author.localpart,
        author_link=site.uris.base if author is None else author.uri,
        html=_html(content, visit),
        published=post.published_at,
        updated=max(post.published_at, post.edited_at or post.published_at),
        language=language_tag(content.language),
        categories=content.hashtags,
    )


def _html(content: PostContent, visit: Visit) -> str:
    """The text with its warning before it, and its links and files after it."""
    parts = [content.html]
    warning = warning_of(content, visit)
    if warning is not None:
        parts.insert(0, f"<p><strong>{escape(warning)}</strong></p><hr>")
    addresses = [(content.link, "")]
    addresses += [(attachment.url, attachment.alt or "") for attachment in content.attachments]
    for address, description in addresses:
        link = outward(address)
        if link is not None:
            words = escape(description or link.href)
            parts.append(f'<p><a href="{escape(link.href)}" rel="nofollow">{words}</a></p>')
    return "".join(parts)


def _respond(
    request: web.Request, body: bytes, updated: datetime, content_type: str
) -> web.Response:
    """A feed with its ETag and time; 304 to a reader that has it. Spec: RFC 9110 13.2.2."""
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    modified = updated.astimezone(UTC).replace(microsecond=0)
    headers = {
        "Content-Type": content_type,
        "Cache-Control": f"public, max-age={KEEP_SECONDS}",
        "ETag": etag,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
    }
    if _is_known(request, etag, modified):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def _is_known(request: web.Request, etag: str, modified: datetime) -> bool:
    known = request.headers.get("If-None-Match")
    if known is not None:
        return etag in known
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, OverflowError):
        return False
    return moment.tzinfo is not None and modified <= moment
