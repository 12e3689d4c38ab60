"""Pages of statuses: from what a client asks for to the answer with its Link header."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from communities.people import ActorKey
from communities.visibility import Viewer
from node.auth import viewer_of
from node.mastodon.account_lookup import window_of
from node.mastodon.desk import Desk
from node.mastodon.paging import Around, asked_of, cut, link_header
from node.mastodon.parameters import query_of
from node.mastodon.replies import reply_encoded
from protocols.mastodon import fragments
from storage.feeds import FeedEntry
from storage.pages import Window
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One page to be read, and for whom.

    Attributes:
        hidden: whom the viewer has muted or blocked, and who blocked them.
    """

    uow: UnitOfWork
    viewer: Viewer
    window: Window
    hidden: Sequence[ActorKey]


Placed = tuple[int, FeedEntry]
"""An entry, with its place in the list."""


async def answer_timeline(
    desk: Desk,
    request: web.Request,
    find: Callable[[Turn], list[FeedEntry]],
    context: str,
) -> web.Response:
    """A page of a timeline, in the order of its entries' ids."""

    def find_placed(turn: Turn) -> list[Placed]:
        return [(entry.id, entry) for entry in find(turn)]

    return await answer_page(desk, request, find_placed, context)


async def answer_page(
    desk: Desk,
    request: web.Request,
    find: Callable[[Turn], list[Placed]],
    context: str | None = None,
) -> web.Response:
    """A page of statuses that have places of their own, as favourites have.

    Args:
        desk: the node.
        request: what was asked.
        find: gives the entries of a turn: newest first, or oldest first when it goes forward.
        context: where the page is shown, in the words of filters.
    """
    asked, viewer = asked_of(query_of(request)), viewer_of(request)

    def read(uow: UnitOfWork) -> tuple[bytes, Around]:
        at = desk.now()
        hidden = uow.feeds.hidden_from(viewer.person_id, at)
        found = find(Turn(uow=uow, viewer=viewer, window=window_of(asked), hidden=hidden))
        page, around = cut(asked, found, _place)
        entries = [entry for _place, entry in page]
        shown = desk.presenter.encoded(uow, viewer, entries, at, context)
        return fragments.list_json(filter(None, shown)), around

    body, around = await desk.storage.read(read)
    return reply_encoded(body, headers=link_header(request, desk.uris.base, around))


def _place(placed: Placed) -> int:
    return placed[0]
