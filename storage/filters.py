"""Filters of people: what they do not want to read, with the keywords and posts that say it."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.filtering import Filter, FilterAction, FilterContext, FilteredPost, Keyword
from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection, Row
from storage.statements import Statement, Tools
from storage.tables.reading import filter_keywords, filter_statuses, filters
from storage.times import from_ms_or_none, to_ms_or_none

_COLUMNS = (
    filters.c.id,
    filters.c.person_id,
    filters.c.title,
    filters.c.contexts,
    filters.c.action,
    filters.c.until_ms,
)
_OF_PERSON = filters.c.person_id == bindparam("person")
_ALL = Statement(select(*_COLUMNS).where(_OF_PERSON).order_by(filters.c.id))
_COUNT = Statement(select(func.count()).where(_OF_PERSON))
_KEYWORD = (
    filter_keywords.c.filter_id,
    filter_keywords.c.id,
    filter_keywords.c.keyword,
    filter_keywords.c.whole_word,
)
_KEYWORDS = (
    select(*_KEYWORD)
    .join_from(filter_keywords, filters, filters.c.id == filter_keywords.c.filter_id)
    .where(_OF_PERSON)
    .order_by(filter_keywords.c.id)
)
_ALL_KEYWORDS = Statement(_KEYWORDS)
_POST = (filter_statuses.c.filter_id, filter_statuses.c.id, filter_statuses.c.post_id)
_POSTS = (
    select(*_POST)
    .join_from(filter_statuses, filters, filters.c.id == filter_statuses.c.filter_id)
    .where(_OF_PERSON)
    .order_by(filter_statuses.c.id)
)
_ALL_POSTS = Statement(_POSTS)
_ADD = Statement(
    insert(filters).values(
        {
            name: bindparam(name)
            for name in ("id", "person_id", "title", "contexts", "action", "until_ms")
        }
    )
)
_UPDATE = Statement(
    update(filters)
    .where(filters.c.id == bindparam("filter"))
    .values(
        title=bindparam("new_title"),
        contexts=bindparam("new_contexts"),
        action=bindparam("new_action"),
        until_ms=bindparam("new_until_ms"),
    )
)
_REMOVE = Statement(delete(filters).where(filters.c.id == bindparam("filter")))


def _put_keyword(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(filter_keywords)
        .values({name: bindparam(name) for name in ("id", "filter_id", "keyword", "whole_word")})
        .on_conflict_do_update(
            index_elements=["id"],
            set_={name: bindparam(name) for name in ("keyword", "whole_word")},
        )
    )


def _add_post(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(filter_statuses)
        .values({name: bindparam(name) for name in ("id", "filter_id", "post_id")})
        .on_conflict_do_nothing()
    )


_PUT_KEYWORD = Statement(_put_keyword)
_ADD_POST = Statement(_add_post)
_REMOVE_KEYWORD = Statement(
    delete(filter_keywords).where(filter_keywords.c.id == bindparam("keyword"))
)
_REMOVE_POST = Statement(delete(filter_statuses).where(filter_statuses.c.id == bindparam("row")))


class Filters:
    """A person's filters."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def for_person(self, person_id: ActorKey) -> tuple[Filter, ...]:
        """All filters of a person, oldest first, also those that no longer count.

        One statement when there are none, three otherwise.
        """
        rows = self._db.rows(_ALL, person=person_id)
        if not rows:
            return ()
        keywords = defaultdict[int, list[Keyword]](list)
        for filter_id, key, word, whole_word in self._db.rows(_ALL_KEYWORDS, person=person_id):
            keywords[filter_id].append(Keyword(id=key, word=word, whole_word=bool(whole_word)))
        posts = defaultdict[int, list[FilteredPost]](list)
        for filter_id, key, post_id in self._db.rows(_ALL_POSTS, person=person_id):
            posts[filter_id].append(FilteredPost(id=key, post_id=PostKey(post_id)))
        return tuple(_filter(row, keywords[row[0]], posts[row[0]]) for row in rows)

    def count(self, person_id: ActorKey) -> int:
        """How many filters a person has."""
        row = self._db.row(_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def add(self, new: Filter) -> None:
        """Store a new filter with its keywords."""
        self._db.run(
            _ADD,
            id=new.id,
            person_id=new.person_id,
            title=new.title,
            contexts=_words(new),
            action=new.action.value,
            until_ms=to_ms_or_none(new.until),
        )
        for keyword in new.keywords:
            self.put_keyword(new.id, keyword)

    def update(self, changed: Filter) -> None:
        """Store what changed about a filter itself; keywords and posts are changed one by one."""
        self._db.run(
            _UPDATE,
            filter=changed.id,
            new_title=changed.title,
            new_contexts=_words(changed),
            new_action=changed.action.value,
            new_until_ms=to_ms_or_none(changed.until),
        )

    def remove(self, filter_id: int) -> None:
        """Drop a filter with its keywords and posts."""
        self._db.run(_REMOVE, filter=filter_id)

    def put_keyword(self, filter_id: int, keyword: Keyword) -> None:
        """Store a keyword of a filter, over the one with its id."""
        self._db.run(
            _PUT_KEYWORD,
            id=keyword.id,
            filter_id=filter_id,
            keyword=keyword.word,
            whole_word=keyword.whole_word,
        )

    def remove_keyword(self, keyword_id: int) -> None:
        """Drop a keyword."""
        self._db.run(_REMOVE_KEYWORD, keyword=keyword_id)

    def add_post(self, filter_id: int, post: FilteredPost) -> bool:
        """Name a post in a filter; False when it names it already."""
        return self._db.run(_ADD_POST, id=post.id, filter_id=filter_id, post_id=post.post_id) == 1

    def remove_post(self, row_id: int) -> None:
        """Name a post no longer."""
        self._db.run(_REMOVE_POST, row=row_id)


def _words(stored: Filter) -> str:
    return " ".join(context.value for context in FilterContext if context in stored.contexts)


def _filter(row: Row, keywords: list[Keyword], posts: list[FilteredPost]) -> Filter:
    until: datetime | None = from_ms_or_none(row[5])
    return Filter(
        id=row[0],
        person_id=ActorKey(row[1]),
        title=row[2],
        contexts=frozenset(map(FilterContext, row[3].split())),
        action=FilterAction(row[4]),
        until=until,
        keywords=tuple(keywords),
        posts=tuple(posts),
    )
