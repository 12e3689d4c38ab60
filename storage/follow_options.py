"""How people want what they follow to be shown; rows are kept only where that is not the usual."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, true

from communities.people import ActorKey
from communities.ties import USUAL, FollowOptions
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.ties import follow_options

_COLUMNS = (
    follow_options.c.followee_id,
    follow_options.c.show_reblogs,
    follow_options.c.notify,
    follow_options.c.languages,
)
_OF = Statement(select(*_COLUMNS).where(follow_options.c.follower_id == bindparam("follower")))
_GET = Statement(
    select(*_COLUMNS).where(
        follow_options.c.follower_id == bindparam("follower"),
        follow_options.c.followee_id == bindparam("followee"),
    )
)
_TO_NOTIFY = Statement(
    select(follow_options.c.follower_id).where(
        follow_options.c.followee_id == bindparam("followee"),
        # As the index has it: `= true` would not be seen to be the same.
        follow_options.c.notify.is_(true()),
    )
)
_DROP = Statement(
    delete(follow_options).where(
        follow_options.c.follower_id == bindparam("follower"),
        follow_options.c.followee_id == bindparam("followee"),
    )
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("follower_id", "followee_id", "show_reblogs", "notify", "languages")
    return (
        tools.insert(follow_options)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["follower_id", "followee_id"],
            set_={name: bindparam(name) for name in names[2:]},
        )
    )


_PUT = Statement(_put)
_decode = msgspec.json.Decoder(tuple[str, ...]).decode


def to_options(show_reblogs: object, notify: object, languages: str | None) -> FollowOptions:
    """The options of a row."""
    return FollowOptions(
        show_reblogs=bool(show_reblogs),
        notify=bool(notify),
        languages=None if languages is None else _decode(languages),
    )


class FollowsShown:
    """Options of follows and memberships."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of(self, follower_id: ActorKey) -> dict[ActorKey, FollowOptions]:
        """Those of everyone whom someone follows otherwise than usual."""
        rows = self._db.rows(_OF, follower=follower_id)
        return {ActorKey(row[0]): to_options(*row[1:]) for row in rows}

    def get(self, follower_id: ActorKey, followee_id: ActorKey) -> FollowOptions:
        """Those of one follow."""
        row = self._db.row(_GET, follower=follower_id, followee=followee_id)
        return USUAL if row is None else to_options(*row[1:])

    def to_notify(self, followee_id: ActorKey) -> list[ActorKey]:
        """Who wants to be told of each new post of someone."""
        return [ActorKey(row[0]) for row in self._db.rows(_TO_NOTIFY, followee=followee_id)]

    def put(self, follower_id: ActorKey, followee_id: ActorKey, options: FollowOptions) -> None:
        """Replace the options of a follow."""
        if options == USUAL:
            self._db.run(_DROP, follower=follower_id, followee=followee_id)
            return
        languages = options.languages
        self._db.run(
            _PUT,
            follower_id=follower_id,
            followee_id=followee_id,
            show_reblogs=options.show_reblogs,
            notify=options.notify,
            languages=None if languages is None else msgspec.json.encode(languages).decode(),
        )
