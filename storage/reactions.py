"""Votes, boosts and emoji reactions, with the counts of the post kept beside them."""

from typing import Any

from sqlalchemy import bindparam, delete, func, select

from communities.people import ActorKey
from communities.posts import PostKey, Reaction
from communities.posts import ReactionKind as Kind
from storage.connection import Connection, Row
from storage.feed_marks import FeedMarks
from storage.people import People
from storage.statements import Statement, Tools
from storage.tables.social import post_counts, reactions
from storage.times import from_ms, to_ms

_COLUMNS = (
    reactions.c.post_id,
    reactions.c.actor_id,
    reactions.c.slot,
    reactions.c.kind,
    reactions.c.uri,
    reactions.c.at_ms,
)
_FIND = Statement(
    select(*_COLUMNS).where(
        reactions.c.post_id == bindparam("post"),
        reactions.c.actor_id == bindparam("actor"),
        reactions.c.slot == bindparam("slot"),
    )
)
_BY_URI = Statement(select(*_COLUMNS).where(reactions.c.uri == bindparam("uri")).limit(1))
_REMOVE = Statement(
    delete(reactions).where(
        reactions.c.post_id == bindparam("post"),
        reactions.c.actor_id == bindparam("actor"),
        reactions.c.slot == bindparam("slot"),
    )
)
_EMOJI_BY = Statement(
    select(func.count()).where(
        reactions.c.post_id == bindparam("post"),
        reactions.c.actor_id == bindparam("actor"),
        reactions.c.kind == Kind.EMOJI.value,
    )
)
_EMOJI_OF = Statement(
    select(reactions.c.slot, func.count())
    .where(reactions.c.post_id == bindparam("post"), reactions.c.kind == Kind.EMOJI.value)
    .group_by(reactions.c.slot)
    .order_by(func.count().desc(), reactions.c.slot)
    .limit(50)
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("post_id", "actor_id", "slot", "kind", "uri", "at_ms")
    return (
        tools.insert(reactions)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["post_id", "actor_id", "slot"],
            set_={name: bindparam(name) for name in ("kind", "uri", "at_ms")},
        )
    )


def _count(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    changes: dict[str, Any] = {name: bindparam(name) for name in ("likes", "dislikes", "boosts")}
    return (
        tools.insert(post_counts)
        .values(post_id=bindparam("post_id"), comments=0, activity_ms=bindparam("at_ms"), **changes)
        .on_conflict_do_update(
            index_elements=["post_id"],
            set_={name: post_counts.c[name] + change for name, change in changes.items()},
        )
    )


_PUT = Statement(_put)
_COUNT = Statement(_count)
_VOTE_SLOT, _BOOST_SLOT = "vote", "boost"


def _slot(kind: Kind, emoji: str | None) -> str:
    if kind in (Kind.LIKE, Kind.DISLIKE):
        return _VOTE_SLOT
    return _BOOST_SLOT if kind is Kind.BOOST else f":{emoji}"


def _reaction(row: Row) -> Reaction:
    kind = Kind(row[3])
    return Reaction(
        post_id=PostKey(row[0]),
        actor_id=ActorKey(row[1]),
        kind=kind,
        emoji=row[2][1:] if kind is Kind.EMOJI else None,
        uri=row[4],
        at=from_ms(row[5]),
    )


class Reactions:
    """Satisfies `communities.ports.Reactions`."""

    def __init__(self, connection: Connection, people: People) -> None:
        """Work on this connection; `people` remembers who reacts, and where they live."""
        self._db = connection
        self._people = people
        self._marks = FeedMarks(connection)

    def find(
        self, actor_id: ActorKey, post_id: PostKey, kind: Kind, emoji: str | None = None
    ) -> Reaction | None:
        """That reaction of that actor to that post."""
        found = self._in_slot(actor_id, post_id, _slot(kind, emoji))
        return found if found is not None and found.kind is kind else None

    def _in_slot(self, actor_id: ActorKey, post_id: PostKey, slot: str) -> Reaction | None:
        row = self._db.row(_FIND, post=post_id, actor=actor_id, slot=slot)
        return None if row is None else _reaction(row)

    def by_uri(self, uri: str) -> Reaction | None:
        """The reaction made by the activity with this id."""
        row = self._db.row(_BY_URI, uri=uri)
        return None if row is None else _reaction(row)

    def put(self, reaction: Reaction) -> bool:
        """Store it; a like replaces a dislike and the other way round. False when it stood."""
        slot = _slot(reaction.kind, reaction.emoji)
        before = self._in_slot(reaction.actor_id, reaction.post_id, slot)
        if before is not None and before.kind is reaction.kind:
            return False
        at_ms = to_ms(reaction.at)
        self._db.run(
            _PUT,
            post_id=reaction.post_id,
            actor_id=reaction.actor_id,
            slot=slot,
            kind=reaction.kind.value,
            uri=reaction.uri,
            at_ms=at_ms,
        )
        self._count(reaction.post_id, at_ms, gone=before, come=reaction)
        self._mark(reaction.actor_id, reaction.post_id, gone=before, come=reaction)
        return True

    def remove(
        self, actor_id: ActorKey, post_id: PostKey, kind: Kind, emoji: str | None = None
    ) -> bool:
        """Take it back; False when there was none."""
        before = self.find(actor_id, post_id, kind, emoji)
        if before is None:
            return False
        self._db.run(_REMOVE, post=post_id, actor=actor_id, slot=_slot(kind, emoji))
        self._count(post_id, to_ms(before.at), gone=before, come=None)
        self._mark(actor_id, post_id, gone=before, come=None)
        return True

    def _mark(
        self,
        actor_id: ActorKey,
        post_id: PostKey,
        *,
        gone: Reaction | None,
        come: Reaction | None,
    ) -> None:
        """Tell the timelines: of boosts all, of likes those of people of this node."""
        kinds = {reaction.kind for reaction in (gone, come) if reaction is not None}
        if Kind.BOOST in kinds:
            if come is None:
                self._marks.unboosted(actor_id, post_id)
            else:
                self._marks.boosted(actor_id, post_id, to_ms(come.at))
        elif Kind.LIKE in kinds and self._is_local(actor_id):
            if come is None or come.kind is not Kind.LIKE:
                self._marks.unliked(actor_id, post_id)
            else:
                self._marks.liked(actor_id, post_id, to_ms(come.at))

    def _is_local(self, actor_id: ActorKey) -> bool:
        actor = self._people.get(actor_id)
        return actor is not None and actor.is_local

    def emoji_by(self, actor_id: ActorKey, post_id: PostKey) -> int:
        """How many different emoji the actor has given to the post."""
        row = self._db.row(_EMOJI_BY, post=post_id, actor=actor_id)
        return 0 if row is None else int(row[0])

    def emoji_of(self, post_id: PostKey) -> list[tuple[str, int]]:
        """The emoji given to a post with how often, most first."""
        return [(row[0][1:], int(row[1])) for row in self._db.rows(_EMOJI_OF, post=post_id)]

    def _count(
        self, post_id: PostKey, at_ms: int, *, gone: Reaction | None, come: Reaction | None
    ) -> None:
        changes = {Kind.LIKE: 0, Kind.DISLIKE: 0, Kind.BOOST: 0, Kind.EMOJI: 0}
        if gone is not None:
            changes[gone.kind] -= 1
        if come is not None:
            changes[come.kind] += 1
        if not (changes[Kind.LIKE] or changes[Kind.DISLIKE] or changes[Kind.BOOST]):
            return
        self._db.run(
            _COUNT,
            post_id=post_id,
            at_ms=at_ms,
            likes=changes[Kind.LIKE],
            dislikes=changes[Kind.DISLIKE],
            boosts=changes[Kind.BOOST],
        )
