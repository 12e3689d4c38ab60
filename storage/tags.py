"""Hashtags: who follows and shows them, and how much they were used."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    collate,
    delete,
    func,
    insert,
    select,
)

from communities.people import ActorKey
from storage.connection import Connection
from storage.feed_conditions import is_for_everyone
from storage.feed_marks import fold
from storage.statements import Statement, Tools, json_list
from storage.tables.feeds import post_tags
from storage.tables.reading import featured_tags, followed_tags
from storage.tables.social import posts
from storage.times import from_ms, to_ms

DAYS = 7
"""Of which the use of a hashtag is told."""
_DAY_MS = 86_400_000
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How many posts had a hashtag on one day, UTC, and of how many people they were."""

    day: date
    posts: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedTag:
    """A hashtag on a profile, with the public posts of its person that have it."""

    id: int
    name: str
    posts: int = 0
    last_on: date | None = None


_OF_PERSON = followed_tags.c.person_id == bindparam("person")
_FOLLOWED = (
    select(followed_tags.c.id, followed_tags.c.name)
    .where(
        _OF_PERSON,
        followed_tags.c.id < bindparam("before"),
        followed_tags.c.id > bindparam("after"),
    )
    .limit(bindparam("most"))
)
_NEWEST_FOLLOWED = Statement(_FOLLOWED.order_by(followed_tags.c.id.desc()))
_OLDEST_FOLLOWED = Statement(_FOLLOWED.order_by(followed_tags.c.id))
_FOLLOWED_COUNT = Statement(select(func.count()).where(_OF_PERSON))
_FOLLOWED_AMONG = Statement(
    lambda tools: select(followed_tags.c.name).where(
        _OF_PERSON, tools.in_texts(followed_tags.c.name, "names")
    )
)


def _follow(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(followed_tags)
        .values({name: bindparam(name) for name in ("id", "person_id", "name")})
        .on_conflict_do_nothing()
    )


_FOLLOW = Statement(_follow)
_UNFOLLOW = Statement(
    delete(followed_tags).where(_OF_PERSON, followed_tags.c.name == bindparam("tag"))
)
_FEATURED = Statement(
    select(featured_tags.c.id, featured_tags.c.name)
    .where(featured_tags.c.person_id == bindparam("person"))
    .order_by(featured_tags.c.id)
)
_FEATURE = Statement(
    insert(featured_tags).values({name: bindparam(name) for name in ("id", "person_id", "name")})
)
_UNFEATURE = Statement(delete(featured_tags).where(featured_tags.c.id == bindparam("featured")))
_USED_BY = Statement(
    lambda tools: (
        select(post_tags.c.tag, func.count(), func.max(posts.c.id))
        .join_from(posts, post_tags, post_tags.c.post_id == posts.c.id)
        .where(
            posts.c.author_id == bindparam("person"),
            tools.in_texts(post_tags.c.tag, "names"),
            is_for_everyone(posts),
        )
        .group_by(post_tags.c.tag)
    )
)
_OFTEN_USED_BY = Statement(
    select(post_tags.c.tag)
    .join_from(posts, post_tags, post_tags.c.post_id == posts.c.id)
    .where(
        posts.c.author_id == bindparam("person"),
        posts.c.id > bindparam("after"),
        is_for_everyone(posts),
    )
    .group_by(post_tags.c.tag)
    .order_by(func.count().desc(), post_tags.c.tag)
    .limit(bindparam("most"))
)
_day = posts.c.id // (65_536 * _DAY_MS)
_HISTORY = Statement(
    lambda tools: (
        select(post_tags.c.tag, _day, func.count(), func.count(posts.c.author_id.distinct()))
        .join_from(post_tags, posts, posts.c.id == post_tags.c.post_id)
        .where(
            tools.in_texts(post_tags.c.tag, "names"),
            post_tags.c.post_id >= bindparam("first", type_=BigInteger),
            is_for_everyone(posts),
        )
        .group_by(post_tags.c.tag, _day)
    )
)


def _beginning(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    tag = post_tags.c.tag if tools.is_sqlite else collate(post_tags.c.tag, "C")
    return (
        select(post_tags.c.tag, func.count())
        .join_from(post_tags, posts, posts.c.id == post_tags.c.post_id)
        .where(
            tag >= bindparam("from", type_=Text),
            tag < bindparam("to", type_=Text),
            is_for_everyone(posts),
        )
        .group_by(post_tags.c.tag)
        .order_by(func.count().desc(), post_tags.c.tag)
        .limit(bindparam("most", type_=Integer))
        .offset(bindparam("skip", type_=Integer))
    )


_BEGINNING = Statement(_beginning)


class Tags:
    """Hashtags of people, and their use in what everyone may read."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def follow(self, row_id: int, person_id: ActorKey, name: str) -> None:
        """Let a person follow a hashtag; once is enough."""
        self._db.run(_FOLLOW, id=row_id, person_id=person_id, name=fold(name))

    def unfollow(self, person_id: ActorKey, name: str) -> None:
        """End that."""
        self._db.run(_UNFOLLOW, person=person_id, tag=fold(name))

    def followed_count(self, person_id: ActorKey) -> int:
        """How many hashtags a person follows."""
        row = self._db.row(_FOLLOWED_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def followed_among(self, person_id: ActorKey, names: Iterable[str]) -> set[str]:
        """Those of the hashtags that a person follows, folded."""
        rows = self._db.rows(
            _FOLLOWED_AMONG, person=person_id, names=json_list([fold(name) for name in names])
        )
        return {row[0] for row in rows}

    def followed(
        self, person_id: ActorKey, *, before: int, after: int, most: int, forward: bool
    ) -> list[tuple[int, str]]:
        """A page of the hashtags that a person follows, with their places."""
        rows = self._db.rows(
            _OLDEST_FOLLOWED if forward else _NEWEST_FOLLOWED,
            person=person_id,
            before=before,
            after=after,
            most=most,
        )
        return [(int(row[0]), row[1]) for row in rows]

    def feature(self, row_id: int, person_id: ActorKey, name: str) -> None:
        """Show a hashtag on a profile, which does not show it yet."""
        self._db.run(_FEATURE, id=row_id, person_id=person_id, name=name)

    def unfeature(self, row_id: int) -> None:
        """Show it no longer."""
        self._db.run(_UNFEATURE, featured=row_id)

    def featured_names(self, person_id: ActorKey) -> list[str]:
        """The hashtags on a profile, oldest first."""
        return [row[1] for row in self._db.rows(_FEATURED, person=person_id)]

    def featured(self, person_id: ActorKey) -> list[FeaturedTag]:
        """The hashtags on a profile, oldest first; two statements."""
        rows = self._db.rows(_FEATURED, person=person_id)
        if not rows:
            return []
        names = json_list([fold(row[1]) for row in rows])
        used = {
            row[0]: (int(row[1]), from_ms(row[2] >> 16).date())
            for row in self._db.rows(_USED_BY, person=person_id, names=names)
        }
        found = []
        for key, name in rows:
            count, last_on = used.get(fold(name), (0, None))
            found.append(FeaturedTag(id=key, name=name, posts=count, last_on=last_on))
        return found

    def often_used_by(self, person_id: ActorKey, *, since: datetime, most: int) -> list[str]:
        """The hashtags that a person used most in public since a time."""
        after = to_ms(since) << 16
        rows = self._db.rows(_OFTEN_USED_BY, person=person_id, after=after, most=most)
        return [row[0] for row in rows]

    def history(self, names: Sequence[str], at: datetime) -> dict[str, list[Use]]:
        """The use of hashtags on each of the last seven days, today first; by folded name."""
        today = to_ms(at) // _DAY_MS
        first = (today - DAYS + 1) * _DAY_MS << 16
        used: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        folded = [fold(name) for name in names]
        if folded:
            for row in self._db.rows(_HISTORY, names=json_list(folded), first=first):
                used[row[0]][int(row[1])] = int(row[2]), int(row[3])
        return {
            name: [
                Use(
                    day=from_ms(day * _DAY_MS).date(),
                    posts=used[name].get(day, (0, 0))[0],
                    people=used[name].get(day, (0, 0))[1],
                )
                for day in range(today, today - DAYS, -1)
            ]
            for name in folded
        }

    def beginning(self, text: str, *, most: int, skip: int = 0) -> list[str]:
        """Hashtags that begin so and were used in public, the most used first."""
        start = fold(text.replace("\0", "").strip())
        if not start:
            return []
        rows = self._db.rows(
            _BEGINNING, **{"from": start, "to": start + _LAST}, most=most, skip=skip
        )
        return [row[0] for row in rows]
