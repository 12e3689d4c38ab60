"""The front page and what is said about the node."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from aiohttp import web

from communities.community import Community
from communities.text import plain_text, render_markdown
from node.app import Route
from node.peer_http.documents import redirect_to
from node.web.cards import card
from node.web.entries import Line, line
from node.web.pages import Head, Page, asks_for_activity, page_handler, route
from node.web.site import Site
from node.web.visits import Visit
from storage.directory import Listing
from storage.unit_of_work import UnitOfWork

COMMUNITIES_A_PAGE = 50
DESCRIPTION_CHARACTERS = 140
_LIVELY = 8
"""How many communities the newest threads on the front page are taken from."""
_THREADS_OF_EACH = 3
_NEWEST = 6
_MOST_PEERS = 1000
_MOST_PAGES = 1000
_DIGITS = 4


def home_routes(site: Site) -> list[Route]:
    """The front page and /about."""
    home = page_handler(site, lambda uow, visit, request: _home(site, uow, visit, request))

    async def front(request: web.Request) -> web.StreamResponse:
        if asks_for_activity(request):
            return redirect_to(site.uris.node_actor())
        return await home(request)

    said = _said(site)
    about = page_handler(site, lambda uow, visit, _request: _about(site, said, uow, visit))
    return [route("/", front, "home"), route("/about", about, "about")]


def _home(site: Site, uow: UnitOfWork, visit: Visit, request: web.Request) -> Page:
    number = _page_number(request)
    skip = (number - 1) * COMMUNITIES_A_PAGE
    found = uow.directory.front(skip=skip, most=COMMUNITIES_A_PAGE + 1)
    listings = found[:COMMUNITIES_A_PAGE]
    profiles = uow.actors.many([listing.community.id for listing in listings])
    cards = {key: card(profile, site.uris, visit) for key, profile in profiles.items()}
    rows = [
        (listing, cards[listing.community.id], _description(listing.community))
        for listing in listings
    ]
    first = number == 1
    head = Head(
        title=site.title,
        path="/",
        query={} if first else {"page": str(number)},
        description=visit.words.gettext("Communities that everyone in the fediverse can join"),
        indexed=True,
        social="website",
    )
    values = {
        "rows": rows,
        "usage": uow.directory.usage(),
        "newest": _newest(site, uow, visit, listings[:_LIVELY]) if first else [],
        "is_first": first,
        "more": visit.href("/", page=str(number + 1)) if len(found) > len(listings) else None,
    }
    return Page(template="home.html", head=head, values=values)


def _description(community: Community) -> str:
    return plain_text(community.description_html, DESCRIPTION_CHARACTERS).replace("\n", " ")


def _page_number(request: web.Request) -> int:
    value = request.query.get("page", "")
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= _DIGITS else 1
    return min(max(1, number), _MOST_PAGES)


def _newest(site: Site, uow: UnitOfWork, visit: Visit, listings: Sequence[Listing]) -> list[Line]:
    """The newest threads of the largest communities."""
    entries = [
        entry
        for listing in listings
        for entry in uow.timelines.threads(listing.community.id, most=_THREADS_OF_EACH)
    ]
    entries.sort(key=lambda entry: entry.post.id, reverse=True)
    chosen = entries[:_NEWEST]
    authors = uow.actors.many([entry.post.author_id for entry in chosen])
    places = uow.actors.many([listing.community.id for listing in listings])
    return [line(entry, authors, site.uris, visit, places) for entry in chosen]


def _said(site: Site) -> Mapping[str, str]:
    """What the settings say in markdown, as HTML; rendering it is not for every visitor."""
    told = site.instance
    return {
        "about": render_markdown(told.about),
        "privacy": render_markdown(told.privacy_policy or ""),
        "terms": render_markdown(told.terms or ""),
    }


def _about(site: Site, said: Mapping[str, str], uow: UnitOfWork, visit: Visit) -> Page:
    peers = len(uow.peers.page(most=_MOST_PEERS))
    head = Head(
        title=visit.words.gettext("About this place"),
        path="/about",
        description=visit.words.gettext("Who runs this place, and on what"),
        indexed=True,
    )
    values = {
        "usage": uow.directory.usage(),
        "peers": peers,
        "many_peers": peers == _MOST_PEERS,
        "version": version("noaber"),
        "source": site.source,
        "said": said,
    }
    return Page(template="about.html", head=head, values=values)
