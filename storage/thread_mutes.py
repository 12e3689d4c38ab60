"""Thread mutes: threads of which a person of this node wants to hear no more."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, select

from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection
from storage.statements import Statement, Tools, json_list
from storage.tables.writing import thread_mutes

_REMOVE = Statement(
    delete(thread_mutes).where(
        thread_mutes.c.root_id == bindparam("root"), thread_mutes.c.person_id == bindparam("person")
    )
)
_MUTING = Statement(
    select(thread_mutes.c.person_id).where(thread_mutes.c.root_id == bindparam("root"))
)


def _add(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(thread_mutes)
        .values({name: bindparam(name) for name in ("root_id", "person_id")})
        .on_conflict_do_nothing()
    )


def _among(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return select(thread_mutes.c.root_id).where(
        tools.in_list(thread_mutes.c.root_id, "roots"),
        thread_mutes.c.person_id == bindparam("person"),
    )


_ADD = Statement(_add)
_AMONG = Statement(_among)


class ThreadMutes:
    """A thread is named by its first post."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, person_id: ActorKey, root_id: PostKey) -> bool:
        """Mute a thread; False when it was muted already."""
        return self._db.run(_ADD, root_id=root_id, person_id=person_id) > 0

    def remove(self, person_id: ActorKey, root_id: PostKey) -> bool:
        """Hear of a thread again; False when it was not muted."""
        return self._db.run(_REMOVE, person=person_id, root=root_id) > 0

    def muting(self, root_id: PostKey) -> set[ActorKey]:
        """Who has muted the thread: those whom nothing in it is told."""
        return {ActorKey(row[0]) for row in self._db.rows(_MUTING, root=root_id)}

    def among(self, person_id: ActorKey, root_ids: Iterable[PostKey]) -> set[PostKey]:
        """Which of these threads the person has muted."""
        rows = self._db.rows(_AMONG, person=person_id, roots=json_list(root_ids))
        return {PostKey(row[0]) for row in rows}
