"""The words of names and handles: people and communities found by how these begin."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
)

from communities.people import ActorKey, ActorState
from communities.search_words import fold, words_of
from storage.connection import Connection
from storage.feed_conditions import follows_them, is_member
from storage.statements import Statement
from storage.tables.reading import actor_words
from storage.tables.social import actors

MAX_NAME_WORDS = 16
"""Words of one actor's name and handle that are kept."""
_MOST_SOUGHT = 4
_MOST_CANDIDATES = 2_000
_NEWEST = (1 << 63) - 1
_LAST = "\U0010ffff"
"""Stands behind every letter, on both databases."""

_DROP = Statement(delete(actor_words).where(actor_words.c.actor_id == bindparam("actor")))
_ADD = Statement(insert(actor_words).values(word=bindparam("word"), actor_id=bindparam("actor_id")))
_KNOWN = Statement(select(actor_words.c.word).where(actor_words.c.actor_id == bindparam("actor")))
_SHOWN = [state.value for state in (ActorState.ACTIVE, ActorState.LIMITED, ActorState.MOVED)]
_TAIL = bindparam("host", type_=Text)


def _within(words: Any, place: int) -> Any:  # noqa: ANN401 - a table or its alias, a condition
    return and_(
        words.c.word >= bindparam(f"from{place}", type_=Text),
        words.c.word < bindparam(f"to{place}", type_=Text),
    )


def _find(number: int) -> Select[Any]:
    """Actors that have a word that begins like each of those sought.

    First the one whose very name it is, then whom the viewer follows or is a member of, then
    those of this node, then others, who were met last.
    """
    first = actor_words.alias("first")
    candidates = (
        select(first.c.actor_id)
        .where(
            _within(first, 0),
            *(
                exists(
                    select(literal_column("1")).where(
                        each.c.actor_id == first.c.actor_id, _within(each, place)
                    )
                )
                for place in range(1, number)
                for each in (actor_words.alias(f"word{place}"),)
            ),
        )
        .group_by(first.c.actor_id)
        .limit(_MOST_CANDIDATES)
        .subquery("candidates")
    )
    is_tied = or_(follows_them(actors.c.id), is_member(actors.c.id))
    return (
        select(actors.c.id)
        .join(candidates, candidates.c.actor_id == actors.c.id)
        .where(
            actors.c.kind.is_not(None),
            actors.c.type != literal_column("'Application'", Text),
            actors.c.state.in_(_SHOWN),
            or_(literal_column("''", Text) == _TAIL, actors.c.host.like(_TAIL)),
            or_(bindparam("tied", type_=Integer) == literal_column("0"), is_tied),
        )
        .order_by(
            case((func.lower(actors.c.localpart) == bindparam("exact", type_=Text), 0), else_=1),
            case((is_tied, 0), else_=1),
            case((actors.c.host.is_(None), 0), else_=1),
            actors.c.id.desc(),
        )
        .limit(bindparam("most", type_=Integer))
        .offset(bindparam("skip", type_=BigInteger))
    )


_FIND = {number: Statement(_find(number)) for number in range(1, _MOST_SOUGHT + 1)}


_OLDER = Statement(
    select(actors.c.id, actors.c.name, actors.c.localpart)
    .where(actors.c.id < bindparam("below", type_=BigInteger))
    .order_by(actors.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


class ActorWords:
    """Keeps the words of actors, and finds actors by them."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(self, actor_id: ActorKey, name: str, localpart: str) -> None:
        """Let an actor be found by these; nothing is written when they were the same before."""
        words = {fold(localpart), *words_of(localpart), *words_of(name, MAX_NAME_WORDS)} - {""}
        known = {row[0] for row in self._db.rows(_KNOWN, actor=actor_id)}
        if words == known:
            return
        if known:
            self._db.run(_DROP, actor=actor_id)
        rows = [{"word": word, "actor_id": actor_id} for word in sorted(words)]
        self._db.run_many(_ADD, rows)

    def find(
        self,
        text: str,
        *,
        viewer: ActorKey,
        only_tied: bool = False,
        most: int = 40,
        skip: int = 0,
    ) -> list[ActorKey]:
        """Actors whose name or handle has words that begin like those of the text.

        Args:
            text: words, or a handle, of which the host may be a beginning.
            viewer: who asks; 0 for nobody in particular. Secret communities are not left out.
            only_tied: only whom the viewer follows, and communities they are in.
            most: how many at most.
            skip: how many of the first ones are left out.
        """
        name, _, host = text.replace("\0", "").strip().lstrip("@!").partition("@")
        words = words_of(name, _MOST_SOUGHT)
        if not words:
            return []
        values: dict[str, object] = {
            "viewer": viewer,
            "tied": int(only_tied),
            "exact": fold(name),
            "host": _like(host),
            "most": most,
            "skip": skip,
        }
        for place, word in enumerate(words):
            values[f"from{place}"] = word
            values[f"to{place}"] = word + _LAST
        return [ActorKey(row[0]) for row in self._db.rows(_FIND[len(words)], **values)]

    def older(self, below: int | None, *, most: int) -> list[tuple[ActorKey, str, str]]:
        """Keys, names and handles of actors below a key, highest first; None begins at the top."""
        rows = self._db.rows(_OLDER, below=_NEWEST if below is None else below, most=most)
        return [(ActorKey(row[0]), row[1], row[2]) for row in rows]


def _like(host: str) -> str:
    """The pattern of hosts that begin so; empty for any host."""
    letters = "".join(letter for letter in host.lower() if letter.isalnum() or letter in ".-:")
    return f"{letters}%" if letters else ""
