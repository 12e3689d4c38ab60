"""Pages of lists: what a client asks for, and the Link header that leads on and ends.

`max_id` and `since_id` look at the newest; `min_id` pages forward: the oldest of what is newer.
A page that says `next` has one. Spec: reference client-apis 1.7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web

from communities.errors import NotFound
from node.mastodon.parameters import Parameters, invalid
from node.peer_http.documents import key_of

NEWEST = (1 << 63) - 1
STATUSES, MOST_STATUSES = 20, 40
ACCOUNTS, MOST_ACCOUNTS = 40, 80
_OWN = frozenset({"max_id", "since_id", "min_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which part of a list a client wants: ids between `after` and `before`, both left out.

    Attributes:
        most: how many at most.
        forward: the oldest of them rather than the newest; a page is told newest first anyway.
    """

    before: int = NEWEST
    after: int = 0
    most: int = STATUSES
    forward: bool = False

    @property
    def one_more(self) -> int:
        """How many to look for, so that it shows whether there is another page."""
        return self.most + 1


def asked_of(parameters: Parameters, *, usual: int = STATUSES, most: int = MOST_STATUSES) -> Asked:
    """The page that a client asks for.

    Raises:
        Refusal: an id or the limit is no number.
    """
    limit = parameters.number("limit")
    lowest = _id(parameters, "min_id")
    since = _id(parameters, "since_id")
    before = _id(parameters, "max_id")
    return Asked(
        before=NEWEST if before is None else before,
        after=max(lowest or 0, since or 0),
        most=usual if limit is None else max(1, min(limit, most)),
        forward=lowest is not None,
    )


def _id(parameters: Parameters, name: str) -> int | None:
    text = parameters.text(name)
    if not text:
        return None
    found = key_of(text)
    if found is None:
        raise invalid(f"{name} is no id")
    return found


def id_in_path(request: web.Request, name: str = "id") -> int:
    """The id in a path.

    Raises:
        NotFound: what stands there is no id.
    """
    found = key_of(request.match_info[name])
    if found is None:
        raise NotFound("There is nothing of that id")
    return found


@dataclass(frozen=True, slots=True)
class Around:
    """Where the pages beside a page begin; None where there is none."""

    next_below: int | None = None
    previous_above: int | None = None


Item = TypeVar("Item")


def cut(
    asked: Asked, found: Sequence[Item], place: Callable[[Item], int]
) -> tuple[list[Item], Around]:
    """One page of what was found, and what is around it.

    Args:
        asked: what the client asked for.
        found: up to `asked.one_more` of the list: newest first, but oldest first when `forward`.
        place: the id that an item stands at.
    """
    page = list(found[: asked.most])
    more = len(found) > asked.most
    if asked.forward:
        page.reverse()
    if not page:
        return page, Around()
    has_older = asked.after > 0 if asked.forward else more
    return page, Around(
        next_below=place(page[-1]) if has_older else None, previous_above=place(page[0])
    )


def link_header(request: web.Request, base: str, around: Around) -> dict[str, str]:
    """The Link header to the pages around one, which keeps the other parameters.

    Args:
        request: what was asked.
        base: scheme and host of this node; a proxy may have changed those of the request.
        around: where those pages begin.
    """
    kept = [(name, value) for name, value in request.query.items() if name not in _OWN]
    address = base + request.path
    links = [
        f'<{address}?{urlencode([*kept, (name, str(at))])}>; rel="{rel}"'
        for name, at, rel in (
            ("max_id", around.next_below, "next"),
            ("min_id", around.previous_above, "prev"),
        )
        if at is not None
    ]
    return {"Link": ", ".join(links)} if links else {}
