"""What holds for people's new posts unless they say otherwise, and how they read."""

from typing import Any

from sqlalchemy import bindparam, select

from communities.people import ActorKey
from communities.ties import DefaultVisibility, ExpandMedia, Preferences, QuotePolicy
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.ties import preferences

_NAMES = tuple(column.name for column in preferences.columns)
_OF = Statement(
    select(*list(preferences.columns)[1:]).where(preferences.c.person_id == bindparam("person"))
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(preferences)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_update(
            index_elements=["person_id"], set_={name: bindparam(name) for name in _NAMES[1:]}
        )
    )


_PUT = Statement(_put)


class PreferencesOfPeople:
    """Preferences of people, and of communities for what is posted in their name."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of(self, person_id: ActorKey) -> Preferences:
        """Those of one; what was never set is as for everyone."""
        row = self._db.row(_OF, person=person_id)
        if row is None:
            return Preferences()
        return Preferences(
            visibility=DefaultVisibility(row[0]),
            sensitive=bool(row[1]),
            language=row[2],
            quote_policy=QuotePolicy(row[3]),
            expand_media=ExpandMedia(row[4]),
            expand_spoilers=bool(row[5]),
            autoplay_gifs=bool(row[6]),
        )

    def put(self, person_id: ActorKey, wanted: Preferences) -> None:
        """Replace them."""
        self._db.run(
            _PUT,
            person_id=person_id,
            visibility=wanted.visibility.value,
            sensitive=wanted.sensitive,
            language=wanted.language,
            quote_policy=wanted.quote_policy.value,
            expand_media=wanted.expand_media.value,
            expand_spoilers=wanted.expand_spoilers,
            autoplay_gifs=wanted.autoplay_gifs,
        )
