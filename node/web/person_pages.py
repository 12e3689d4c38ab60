"""The page of a person: who they say they are, and what they wrote for everyone."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from communities.people import ActorState
from communities.posts import PostKey
from communities.text import plain_text
from communities.visibility import ANONYMOUS, sees
from node.app import Route
from node.web.cards import card
from node.web.community_pages import feed_links
from node.web.entries import Line, line, moment, title_of
from node.web.lookups import find_person
from node.web.outward import outward
from node.web.pages import Head, Page, negotiated_page, page_handler, route
from node.web.site import Site, actor_path, handle_of
from node.web.visits import Visit
from storage.actors import Profile
from storage.timelines import NEWEST, Entry
from storage.unit_of_work import UnitOfWork

POSTS_A_PAGE = 20
DESCRIPTION_CHARACTERS = 200
_TOO_LONG = 20


def person_routes(site: Site) -> list[Route]:
    """The page of each person."""
    page = page_handler(site, lambda uow, visit, request: _person(site, uow, visit, request))

    def find(uow: UnitOfWork, handle: str) -> Profile:
        return find_person(uow, site.uris, handle)

    return [route("/@{handle}", negotiated_page(site, page, find), "person-page")]


def _person(site: Site, uow: UnitOfWork, visit: Visit, request: web.Request) -> Page:
    profile = find_person(uow, site.uris, request.match_info["handle"])
    path = actor_path(profile)
    comments = request.query.get("show") == "comments"
    before = _before(request)
    found = uow.timelines.by_author(
        profile.id, before=before, most=POSTS_A_PAGE + 1, comments=comments
    )
    page = found[:POSTS_A_PAGE]
    shown = {"show": "comments"} if comments else {}
    home = None if profile.is_local else outward(profile.url) or outward(profile.uri)
    values = {
        "profile": profile,
        "card": card(profile, site.uris, visit),
        "since": None if profile.published_at is None else moment(profile.published_at, visit),
        "moved_to": outward(profile.moved_to),
        "home": home,
        "count": uow.timelines.count_by_author(profile.id),
        "followers": uow.directory.followers(profile.id) if profile.is_local else None,
        "lines": _lines(site, uow, visit, page),
        "with_comments": comments,
        "all_href": visit.href(path),
        "comments_href": visit.href(path, show="comments"),
        "more": visit.href(path, before=str(page[-1].post.id), **shown)
        if len(found) > len(page)
        else None,
    }
    query = shown if before == NEWEST else {**shown, "before": str(before)}
    return Page(template="person.html", head=_head(site, profile, query), values=values)


def _before(request: web.Request) -> int:
    """Where a page begins; at the newest when the link says nothing that makes sense."""
    value = request.query.get("before", "")
    if not (value.isascii() and value.isdigit() and len(value) < _TOO_LONG):
        return NEWEST
    return min(int(value), NEWEST)


def _lines(site: Site, uow: UnitOfWork, visit: Visit, page: Sequence[Entry]) -> list[Line]:
    """The posts, with the community each stands in and the thread that a comment belongs to."""
    authors = uow.actors.many([entry.post.author_id for entry in page[:1]])
    places = uow.actors.many(
        [entry.post.community_id for entry in page if entry.post.community_id is not None]
    )
    threads = _threads(uow, visit, page)
    return [line(entry, authors, site.uris, visit, places, threads) for entry in page]


def _threads(uow: UnitOfWork, visit: Visit, page: Sequence[Entry]) -> dict[PostKey, str]:
    """The titles of the threads that comments stand in, where everyone may read those."""
    titles = {}
    for key in {entry.post.root_id for entry in page if entry.post.is_comment}:
        root = uow.posts.get(key)
        if root is not None and not root.is_comment and sees(uow, ANONYMOUS, root, visit.now):
            titles[key] = title_of(root, visit)
    return titles


def _head(site: Site, profile: Profile, query: Mapping[str, str]) -> Head:
    """Search engines list the first page of people of this node who want to be found."""
    name = profile.name.strip() or profile.localpart
    path = actor_path(profile)
    is_listed = profile.is_local and profile.discoverable and profile.state is ActorState.ACTIVE
    return Head(
        title=f"{name} ({handle_of(profile, site.uris.domain)})",
        path=path,
        query=query,
        description=plain_text(profile.summary_html, DESCRIPTION_CHARACTERS),
        indexed=is_listed and not query,
        social="profile" if is_listed else None,
        activity=profile.uri,
        feeds=feed_links(path, name) if profile.is_local else (),
        original=None if profile.is_local else outward(profile.url) or outward(profile.uri),
    )
