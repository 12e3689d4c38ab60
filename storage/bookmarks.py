"""Bookmarks: posts that a person of this node keeps for later, seen by nobody else."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, insert, select

from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection
from storage.statements import Statement, Tools, json_list
from storage.tables.writing import bookmarks

_MINE = and_(bookmarks.c.post_id == bindparam("post"), bookmarks.c.person_id == bindparam("person"))
_FIND = Statement(select(bookmarks.c.id).where(_MINE))
_ADD = Statement(
    insert(bookmarks).values({name: bindparam(name) for name in ("id", "person_id", "post_id")})
)
_REMOVE = Statement(delete(bookmarks).where(_MINE))


def _page(*, forward: bool) -> Select[Any]:
    id_ = bookmarks.c.id
    return (
        select(id_, bookmarks.c.post_id)
        .where(
            bookmarks.c.person_id == bindparam("person"),
            id_ > bindparam("after"),
            id_ < bindparam("before"),
        )
        .order_by(id_ if forward else id_.desc())
        .limit(bindparam("most"))
    )


_OLDEST, _NEWEST = Statement(_page(forward=True)), Statement(_page(forward=False))


def _among(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return select(bookmarks.c.post_id).where(
        tools.in_list(bookmarks.c.post_id, "posts"), bookmarks.c.person_id == bindparam("person")
    )


_AMONG = Statement(_among)


class Bookmarks:
    """The bookmarks of all people here."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, id_: int, person_id: ActorKey, post_id: PostKey) -> bool:
        """Keep a post under a new key; False when it was kept already."""
        if self._db.row(_FIND, person=person_id, post=post_id) is not None:
            return False
        self._db.run(_ADD, id=id_, person_id=person_id, post_id=post_id)
        return True

    def remove(self, person_id: ActorKey, post_id: PostKey) -> bool:
        """Keep a post no longer; False when it was not kept."""
        return self._db.run(_REMOVE, person=person_id, post=post_id) > 0

    def among(self, person_id: ActorKey, post_ids: Iterable[PostKey]) -> set[PostKey]:
        """Which of these posts the person keeps."""
        rows = self._db.rows(_AMONG, person=person_id, posts=json_list(post_ids))
        return {PostKey(row[0]) for row in rows}

    def page(
        self, person_id: ActorKey, *, after: int, before: int, most: int, forward: bool = False
    ) -> list[tuple[int, PostKey]]:
        """Bookmarks with ids between two: the newest first, or the oldest when `forward`."""
        statement = _OLDEST if forward else _NEWEST
        rows = self._db.rows(statement, person=person_id, after=after, before=before, most=most)
        return [(int(row[0]), PostKey(row[1])) for row in rows]
