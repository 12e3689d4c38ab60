"""What is talked about of late, of what everyone may read: posts, hashtags, links; and suggestions.

All of it is counted over the newest posts, so that it costs the same on a large node.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, distinct, exists, func, select

from communities.people import ActorKey, FollowState
from communities.posts import PostKey
from storage.connection import Connection
from storage.feed_conditions import (
    VIEWER,
    follows_them,
    is_for_everyone,
    is_member,
    is_one,
    is_wanted,
)
from storage.statements import Statement, Tools, json_list
from storage.tables.feeds import post_tags
from storage.tables.reading import declined_suggestions
from storage.tables.social import actors, communities, follows, memberships, post_counts, posts
from storage.tags import DAYS, Use
from storage.times import from_ms, to_ms

MOST_LOOKED_AT = 5_000
"""Posts that are counted over, the newest ones."""
MOST_NEIGHBOURS = 500
_DAY_MS = 86_400_000

_recent = (
    select(posts.c.id)
    .where(posts.c.id > bindparam("since", type_=BigInteger))
    .order_by(posts.c.id.desc())
    .limit(MOST_LOOKED_AT)
    .subquery("recent")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendingLink:
    """A page that people post, with what it was called last and its use by days, today first."""

    url: str
    title: str
    uses: Sequence[Use]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Someone whom a person may like: because of `number` others, or for `source` alone."""

    account_id: ActorKey
    source: str
    number: int = 0


def _is_shown(author: Any) -> Any:  # noqa: ANN401 - a column, a condition
    return exists(select(actors.c.id).where(actors.c.id == author, actors.c.discoverable.is_(True)))


_score = post_counts.c.likes + 2 * post_counts.c.boosts + post_counts.c.comments
_POSTS = Statement(
    select(posts.c.id)
    .select_from(_recent)
    .join(posts, posts.c.id == _recent.c.id)
    .join(post_counts, post_counts.c.post_id == posts.c.id)
    .where(
        is_for_everyone(posts),
        _is_shown(posts.c.author_id),
        posts.c.parent_uri.is_(None),
        post_counts.c.likes + post_counts.c.boosts > 0,
    )
    .order_by(_score.desc(), posts.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_people = func.count(distinct(posts.c.author_id))
_TAGS = Statement(
    select(post_tags.c.tag)
    .select_from(_recent)
    .join(posts, posts.c.id == _recent.c.id)
    .join(post_tags, post_tags.c.post_id == posts.c.id)
    .where(is_for_everyone(posts), _is_shown(posts.c.author_id))
    .group_by(post_tags.c.tag)
    .having(_people > 1)
    .order_by(_people.desc(), func.count().desc(), post_tags.c.tag)
    .limit(bindparam("most", type_=Integer))
)
_day = posts.c.id // (65_536 * _DAY_MS)
_LINKS = Statement(
    select(posts.c.link, _day, func.count(), _people, func.max(posts.c.id))
    .select_from(_recent)
    .join(posts, posts.c.id == _recent.c.id)
    .where(
        is_for_everyone(posts),
        _is_shown(posts.c.author_id),
        posts.c.link.is_not(None),
        posts.c.parent_uri.is_(None),
    )
    .group_by(posts.c.link, _day)
)
_TITLES = Statement(
    lambda tools: select(posts.c.id, posts.c.title).where(tools.in_list(posts.c.id, "ids"))
)


_known = actors.alias("known")


def _is_unknown(tools: Tools, key: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a column, conditions
    """Nobody to whom the viewer is tied, or whom they declined or do not want to see."""
    return (
        key != VIEWER,
        ~follows_them(key),
        ~is_member(key),
        is_wanted(tools, key),
        ~exists(
            select(declined_suggestions.c.account_id).where(
                declined_suggestions.c.person_id == VIEWER,
                declined_suggestions.c.account_id == key,
            )
        ),
        exists(
            select(_known.c.id).where(
                _known.c.id == key,
                _known.c.state == "active",
                _known.c.discoverable.is_(True),
                _known.c.type != "Application",
            )
        ),
    )


def _people_near(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    """Whom those follow whom the viewer follows."""
    theirs = follows.alias("theirs")
    near = (
        select(follows.c.followee_id)
        .where(follows.c.follower_id == VIEWER, is_one(follows.c.state, FollowState.ACCEPTED))
        .limit(MOST_NEIGHBOURS)
        .subquery("near")
    )
    return (
        select(theirs.c.followee_id, func.count())
        .select_from(near)
        .join(theirs, theirs.c.follower_id == near.c.followee_id)
        .where(
            is_one(theirs.c.state, FollowState.ACCEPTED),
            *_is_unknown(tools, theirs.c.followee_id),
        )
        .group_by(theirs.c.followee_id)
        .order_by(func.count().desc(), theirs.c.followee_id.desc())
        .limit(bindparam("most", type_=Integer))
    )


def _communities_near(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    """Public communities of those who are in one with the viewer."""
    mine, others, theirs = (memberships.alias(name) for name in ("mine", "others", "theirs"))
    near = (
        select(others.c.person_id)
        .distinct()
        .select_from(mine)
        .join(others, others.c.community_id == mine.c.community_id)
        .where(
            mine.c.person_id == VIEWER,
            mine.c.state == "member",
            others.c.state == "member",
            others.c.person_id != VIEWER,
        )
        .limit(MOST_NEIGHBOURS)
        .subquery("near")
    )
    return (
        select(theirs.c.community_id, func.count())
        .select_from(near)
        .join(theirs, theirs.c.person_id == near.c.person_id)
        .join(communities, communities.c.id == theirs.c.community_id)
        .where(
            theirs.c.state == "member",
            communities.c.visibility == "public",
            *_is_unknown(tools, theirs.c.community_id),
        )
        .group_by(theirs.c.community_id)
        .order_by(func.count().desc(), theirs.c.community_id.desc())
        .limit(bindparam("most", type_=Integer))
    )


def _communities_here(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    """Public communities of this node, the largest first."""
    return (
        select(communities.c.id, communities.c.members)
        .join_from(communities, actors, actors.c.id == communities.c.id)
        .where(
            actors.c.host.is_(None),
            actors.c.kind == "community",
            communities.c.visibility == "public",
            *_is_unknown(tools, communities.c.id),
        )
        .order_by(communities.c.members.desc(), communities.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )


_SUGGESTIONS = (
    ("similar_to_recently_followed", Statement(_communities_near)),
    ("friends_of_friends", Statement(_people_near)),
    ("most_followed", Statement(_communities_here)),
)


def _decline(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(declined_suggestions)
        .values(person_id=bindparam("person_id"), account_id=bindparam("account_id"))
        .on_conflict_do_nothing()
    )


_DECLINE = Statement(_decline)


class Trends:
    """Counts what is talked about, and finds whom a person may like."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def posts(self, since: datetime, *, most: int) -> list[PostKey]:
        """Posts that were liked, boosted and answered most since a time."""
        rows = self._db.rows(_POSTS, since=to_ms(since) << 16, most=most)
        return [PostKey(row[0]) for row in rows]

    def tags(self, since: datetime, *, most: int) -> list[str]:
        """Hashtags that most people used since a time; those of one person alone are none."""
        return [row[0] for row in self._db.rows(_TAGS, since=to_ms(since) << 16, most=most)]

    def links(self, at: datetime, *, most: int) -> list[TrendingLink]:
        """Pages that most people posted in the last seven days."""
        today = to_ms(at) // _DAY_MS
        since = ((today - DAYS + 1) * _DAY_MS << 16) - 1
        by_day: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        newest: dict[str, PostKey] = {}
        for url, day, count, people, key in self._db.rows(_LINKS, since=since):
            by_day[url][int(day)] = int(count), int(people)
            newest[url] = PostKey(max(newest.get(url, 0), key))
        totals = {
            url: (sum(people for _, people in days.values()), newest[url])
            for url, days in by_day.items()
        }
        best = sorted(totals, key=lambda url: totals[url], reverse=True)[:most]
        titles = self._titles([newest[url] for url in best])
        return [
            TrendingLink(
                url=url, title=titles.get(newest[url]) or url, uses=_uses(by_day[url], today)
            )
            for url in best
        ]

    def _titles(self, keys: Sequence[PostKey]) -> dict[PostKey, str | None]:
        if not keys:
            return {}
        return {PostKey(row[0]): row[1] for row in self._db.rows(_TITLES, ids=json_list(keys))}

    def suggestions(
        self, person_id: ActorKey, hidden: Collection[ActorKey], *, most: int
    ) -> list[Suggestion]:
        """Communities and people that a person may like, those with the best reason first."""
        found: dict[ActorKey, Suggestion] = {}
        for source, statement in _SUGGESTIONS:
            rows = self._db.rows(statement, viewer=person_id, hidden=json_list(hidden), most=most)
            for key, number in rows:
                suggestion = Suggestion(account_id=ActorKey(key), source=source, number=int(number))
                found.setdefault(suggestion.account_id, suggestion)
        return list(found.values())[:most]

    def decline(self, person_id: ActorKey, account_id: ActorKey) -> None:
        """A person does not want to be told of an account again."""
        self._db.run(_DECLINE, person_id=person_id, account_id=account_id)


def _uses(days: dict[int, tuple[int, int]], today: int) -> list[Use]:
    return [
        Use(day=_date(day), posts=days.get(day, (0, 0))[0], people=days.get(day, (0, 0))[1])
        for day in range(today, today - DAYS, -1)
    ]


def _date(day: int) -> date:
    return from_ms(day * _DAY_MS).date()
