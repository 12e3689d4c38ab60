"""Pages of statuses: from what a client asks for to the answer with its Link header."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web

from communities.people import ActorKey
from communities.visibility import Viewer
from node.auth import viewer_of
from node.mastodon.account_lookup import window_of
from node.mastodon.desk import Desk
from node.mastodon.kept_pages import Answer
from node.mastodon.paging import asked_of, cut, link_header
from node.mastodon.parameters import query_of
from node.mastodon.replies import reply
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

    def read(uow: UnitOfWork) -> Answer:
        at = desk.now()

        def make() -> Answer:
            hidden = uow.feeds.hidden_from(viewer.person_id, at)
            found = find(Turn(uow=uow, viewer=viewer, window=window_of(asked), hidden=hidden))
            page, around = cut(asked, found, _place)
            entries = [entry for _place, entry in page]
            return Answer(joined(desk.presenter.encoded(uow, viewer, entries, at, context)), around)

        return desk.presenter.kept.read(uow, viewer.person_id, request.path_qs, at, make)

    answer = await desk.storage.read(read)
    headers = link_header(request, desk.uris.base, answer.around)
    return reply(msgspec.Raw(answer.body), headers=headers)


def joined(statuses: Iterable[bytes | None]) -> bytes:
    """The JSON of a list of encoded statuses, without those that are left out."""
    return b"[%b]" % b",".join(filter(None, statuses))


def _place(placed: Placed) -> int:
    return placed[0]
