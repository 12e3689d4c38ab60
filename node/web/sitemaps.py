"""What search engines may find: robots.txt, and sitemaps of this node's public communities.

Spec: sitemaps.org protocol 0.9; RFC 9309.
"""

from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from communities.community import CommunityVisibility
from communities.errors import NotFound
from communities.people import ActorState
from communities.posts import Visibility
from node.app import Route
from node.web.lookups import find_community
from node.web.pages import route
from node.web.site import Site, actor_path, community_path, post_path
from storage.unit_of_work import UnitOfWork

COMMUNITIES = 1000
THREADS = 500
KEEP_SECONDS = 3600
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_CLOSED = ("/api/", "/oauth/", "/_matrix/", "/activities/", "/u/", "/g/", "/*?lang=", "/*&lang=")
"""Paths without anything for people, and pages that are elsewhere in another language."""


def sitemap_routes(site: Site) -> list[Route]:
    """robots.txt, the list of sitemaps, and one of each community."""

    async def robots(_request: web.Request) -> web.StreamResponse:
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED), ""]
        lines.append(f"Sitemap: {site.absolute('/sitemap.xml')}")
        return _respond("\n".join(lines).encode() + b"\n", "text/plain; charset=utf-8")

    async def index(_request: web.Request) -> web.StreamResponse:
        return _respond(await site.storage.read(_index, site))

    async def community(request: web.Request) -> web.StreamResponse:
        handle = request.match_info["handle"]
        return _respond(await site.storage.read(_of_community, site, handle))

    return [
        route("/robots.txt", robots, "robots"),
        route("/sitemap.xml", index, "sitemap"),
        route("/c/{handle}/sitemap.xml", community, "community-sitemap"),
    ]


def _index(uow: UnitOfWork, site: Site) -> bytes:
    """The sitemaps of all public communities of this node."""
    root = Element("sitemapindex", {"xmlns": NAMESPACE})
    for listing in uow.directory.front(most=COMMUNITIES):
        path = community_path(listing.community.localpart, None)
        entry = SubElement(root, "sitemap")
        SubElement(entry, "loc").text = site.absolute(f"{path}/sitemap.xml")
    return _document(root)


def _of_community(uow: UnitOfWork, site: Site, handle: str) -> bytes:
    """The page of a community and its newest threads by people who want to be found.

    Raises:
        NotFound: it is not a public community of this node.
    """
    profile, community = find_community(uow, site.uris, handle, site.now())
    if (
        not profile.is_local
        or profile.state is not ActorState.ACTIVE
        or community.visibility is not CommunityVisibility.PUBLIC
    ):
        raise NotFound("There is no sitemap of this")
    entries = uow.timelines.threads(profile.id, most=THREADS)
    authors = uow.actors.many([entry.post.author_id for entry in entries])
    root = Element("urlset", {"xmlns": NAMESPACE})
    _add(root, site.absolute(actor_path(profile)), None)
    for entry in entries:
        post = entry.post
        author = authors.get(post.author_id)
        is_listed = post.local and post.visibility is Visibility.PUBLIC
        if is_listed and author is not None and author.discoverable:
            changed = entry.counts.last_activity_at or post.edited_at or post.published_at
            _add(root, site.absolute(post_path(post.id)), changed)
    return _document(root)


def _add(root: Element, address: str, changed: datetime | None) -> None:
    entry = SubElement(root, "url")
    SubElement(entry, "loc").text = address
    if changed is not None:
        SubElement(entry, "lastmod").text = changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(root: Element) -> bytes:
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _respond(body: bytes, content_type: str = "application/xml; charset=utf-8") -> web.Response:
    headers = {"Content-Type": content_type, "Cache-Control": f"public, max-age={KEEP_SECONDS}"}
    return web.Response(body=body, headers=headers)
