"""The page of a community: what it is, who looks after it, and its threads."""

import re

from aiohttp import web

from communities.community import Community, CommunityVisibility
from communities.errors import Invalid
from communities.people import ActorState
from communities.text import plain_text
from node.app import Route
from node.web.cards import Card, card
from node.web.entries import line
from node.web.lookups import find_community, is_present
from node.web.outward import outward
from node.web.pages import Head, Page, negotiated_page, page_handler, route
from node.web.site import Site, actor_path, handle_of
from node.web.visits import Visit
from storage.actors import Profile
from storage.directory import Listing
from storage.timelines import START, Position, ThreadOrder
from storage.unit_of_work import UnitOfWork

THREADS_A_PAGE = 20
DEFAULT_ORDER = ThreadOrder.ACTIVE
_SHOWN_ORDERS = (ThreadOrder.ACTIVE, ThreadOrder.NEW, ThreadOrder.HOT, ThreadOrder.TOP)
DESCRIPTION_CHARACTERS = 200
_MOST_PINNED = 5
_MOST_MODERATORS = 20
_CURSOR = re.compile(r"(-?[0-9]{1,19})_([0-9]{1,19})")
_LARGEST = (1 << 63) - 1
_BUCKETS = (10, 50, 200, 1000)
"""How many take part in a private community is told no nearer than by these."""


def community_routes(site: Site) -> list[Route]:
    """The page of each community."""
    page = page_handler(site, lambda uow, visit, request: _community(site, uow, visit, request))

    def find(uow: UnitOfWork, handle: str) -> Profile:
        return find_community(uow, site.uris, handle, site.now())[0]

    return [route("/c/{handle}", negotiated_page(site, page, find), "community-page")]


def _community(site: Site, uow: UnitOfWork, visit: Visit, request: web.Request) -> Page:
    handle = request.match_info["handle"]
    profile, community = find_community(uow, site.uris, handle, visit.now)
    listing = uow.directory.listing(community.id) or Listing(community, 0, 0, 0)
    order = _order(request)
    below = _position(request)
    is_open = community.is_open_to_read
    values: dict[str, object] = {
        "community": community,
        "card": card(profile, site.uris, visit),
        "name": profile.localpart,
        "domain": profile.host or site.uris.domain,
        "listing": listing,
        "followers": uow.directory.followers(community.id),
        "is_open": is_open,
        "at_most": None if is_open else _bucket(listing.members),
        "moderators": _moderators(site, uow, visit, community) if is_open else [],
        "home": None if profile.is_local else outward(profile.url) or outward(profile.uri),
        "order": order.value,
        "is_first": below == START,
        "orders": _orders(visit, profile),
        "pinned": [],
        "threads": [],
        "more": None,
    }
    if is_open:
        values |= _threads(site, uow, visit, profile, order, below)
    head = _head(site, profile, community, order, request)
    return Page(template="community.html", head=head, values=values)


def _order(request: web.Request) -> ThreadOrder:
    """The order that a link names; the usual one for anything else."""
    asked = request.query.get("sort", "")
    return ThreadOrder(asked) if asked in set(ThreadOrder) else DEFAULT_ORDER


def _position(request: web.Request) -> Position:
    """Where a page begins.

    Raises:
        Invalid: the cursor is none of ours.
    """
    cursor = request.query.get("after")
    if cursor is None:
        return START
    found = _CURSOR.fullmatch(cursor)
    if found is None or max(abs(int(found[1])), int(found[2])) > _LARGEST:
        raise Invalid("after", "A page begins at a place that this node gave out")
    return Position(int(found[1]), int(found[2]))


def _orders(visit: Visit, profile: Profile) -> list[tuple[str, str]]:
    path = actor_path(profile)
    return [(order.value, visit.href(path, sort=order.value)) for order in _SHOWN_ORDERS]


def _threads(
    site: Site,
    uow: UnitOfWork,
    visit: Visit,
    profile: Profile,
    order: ThreadOrder,
    below: Position,
) -> dict[str, object]:
    found = uow.timelines.threads(profile.id, order, below=below, most=THREADS_A_PAGE + 1)
    page = found[:THREADS_A_PAGE]
    first = below == START
    pinned = uow.timelines.featured(profile.id, most=_MOST_PINNED) if first else []
    authors = uow.actors.many([entry.post.author_id for entry in (*pinned, *page)])
    more = None
    if len(found) > len(page):
        last = page[-1].position
        cursor = f"{last.rank}_{last.id}"
        more = visit.href(actor_path(profile), sort=order.value, after=cursor)
    return {
        "pinned": [line(entry, authors, site.uris, visit) for entry in pinned],
        "threads": [
            line(entry, authors, site.uris, visit)
            for entry in page
            if not (first and entry.post.pinned)
        ],
        "more": more,
    }


def _moderators(site: Site, uow: UnitOfWork, visit: Visit, community: Community) -> list[Card]:
    """Owners and moderators, owners first."""
    keys = [row.person_id for row in uow.memberships.moderators(community.id)][:_MOST_MODERATORS]
    profiles = uow.actors.many(keys)
    found = (profiles[key] for key in keys if key in profiles)
    return [card(profile, site.uris, visit) for profile in found if is_present(profile)]


def _bucket(members: int) -> int | None:
    """The size of a private community, told by the bound that it is below; None for a large one.

    Spec: product 1.2.
    """
    return next((bound for bound in _BUCKETS if members < bound), None)


def _head(
    site: Site,
    profile: Profile,
    community: Community,
    order: ThreadOrder,
    request: web.Request,
) -> Head:
    """Search engines list the first page of a public community of this node."""
    path = actor_path(profile)
    query = {} if order is DEFAULT_ORDER else {"sort": order.value}
    after = request.query.get("after")
    is_listed = (
        profile.is_local
        and profile.discoverable
        and profile.state is ActorState.ACTIVE
        and community.visibility is CommunityVisibility.PUBLIC
    )
    title = community.name or handle_of(profile, site.uris.domain)
    has_feeds = profile.is_local and community.is_open_to_read
    return Head(
        title=title,
        path=path,
        query={**query, **({} if after is None else {"after": after})},
        description=plain_text(community.description_html, DESCRIPTION_CHARACTERS),
        indexed=is_listed and after is None,
        social="website" if community.is_open_to_read else None,
        activity=profile.uri,
        feeds=feed_links(path, title) if has_feeds else (),
        original=None if profile.is_local else outward(profile.url) or outward(profile.uri),
    )


def feed_links(path: str, title: str) -> tuple[tuple[str, str, str], ...]:
    """The feeds of a page: type, link and title."""
    return (
        ("application/atom+xml", f"{path}/feed.atom", f"{title} (Atom)"),
        ("application/rss+xml", f"{path}/feed.rss", f"{title} (RSS)"),
    )
