"""The words of posts, and the posts that a query finds: FTS5 on SQLite, a tsvector on PostgreSQL.

Both are given folded words (`communities.search_words`), so that both give the same answers; what
was typed never reaches them. The table stands outside the metadata (migration 0010).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    column,
    exists,
    literal_column,
    or_,
    select,
    table,
    text,
)

from communities.people import ActorKey
from communities.posts import PostKey
from communities.search_query import Query, Term
from storage.connection import Connection
from storage.feed_conditions import (
    VIEWER,
    follows_them,
    is_addressed,
    is_for_everyone,
    is_member,
    is_present,
    is_published,
    is_readable,
    is_wanted,
)
from storage.statements import Statement, Tools, json_list
from storage.tables.social import actors, posts
from storage.times import to_ms

MOST_LOOKED_AT = 20_000
"""Posts with the words, the newest ones, of which it is asked whether the viewer may find them."""
_MOST_PLACES = 200
_LAST_PLACE = 16_383
"""Of a word in a tsvector, PostgreSQL keeps so many places, up to this one."""
_NEWEST = (1 << 63) - 1

_found = table("search_posts", column("rowid", BigInteger), column("post_id", BigInteger))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A query with the names in it found.

    Attributes:
        authors: one of these wrote it; None for anyone.
        communities: it stands in one of these; None for anywhere.
        hidden: whose posts the viewer does not want to see.
    """

    query: Query
    viewer: ActorKey
    authors: Sequence[ActorKey] | None = None
    communities: Sequence[ActorKey] | None = None
    hidden: Sequence[ActorKey] = ()


def _is_off(flag: str) -> ColumnElement[bool]:
    return bindparam(flag, type_=Integer) == literal_column("0")


def _is_found_by_strangers() -> ColumnElement[bool]:
    """Public, by an author who lets anyone find it."""
    author = actors.alias("finders")
    return and_(
        is_for_everyone(posts),
        exists(
            select(author.c.id).where(
                author.c.id == posts.c.author_id, author.c.indexable.is_(True)
            )
        ),
    )


def _matches(tools: Tools) -> ColumnElement[bool]:
    if tools.is_sqlite:
        return text("search_posts MATCH :words")  # type: ignore[return-value]  # a condition
    return text("search_posts.words @@ CAST(:words AS tsquery)")  # type: ignore[return-value]  # as above


def _key(tools: Tools) -> ColumnElement[Any]:
    return _found.c.rowid if tools.is_sqlite else _found.c.post_id


def _between(key: ColumnElement[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        key < bindparam("before", type_=BigInteger),
        key > bindparam("after", type_=BigInteger),
    )


def _page(tools: Tools, *, by_author: bool) -> Select[Any]:
    """Posts newest first: of the words' own order, or of few authors' posts those with the words.

    Spec: security PRV-01, PRV-02. What this lets through is judged by `communities.visibility`.
    """
    tied = or_(
        posts.c.author_id == VIEWER,
        is_addressed(posts),
        follows_them(posts.c.author_id),
        is_member(posts.c.community_id),
    )
    conditions = (
        is_published(posts),
        is_present(posts.c.author_id),
        is_wanted(tools, posts.c.author_id),
        is_readable(posts),
        or_(tied, _is_found_by_strangers()),
        or_(_is_off("library"), posts.c.author_id == VIEWER, is_addressed(posts)),
        or_(_is_off("public"), posts.c.visibility == literal_column("'public'", Text)),
        or_(_is_off("somewhere"), tools.in_list(posts.c.community_id, "communities")),
    )
    if by_author:
        with_words = exists(
            select(literal_column("1"))
            .select_from(_found)
            .where(_key(tools) == posts.c.id, _matches(tools))
            .correlate(posts)
        )
        query = select(posts.c.id).where(
            tools.in_list(posts.c.author_id, "authors"), *_between(posts.c.id), with_words
        )
        order: ColumnElement[Any] = posts.c.id
    else:
        newest = (
            select(_key(tools).label("id"))
            .select_from(_found)
            .where(_matches(tools), *_between(_key(tools)))
            .order_by(_key(tools).desc())
            .limit(MOST_LOOKED_AT)
            .subquery("newest")
        )
        query = select(posts.c.id).select_from(newest).join(posts, posts.c.id == newest.c.id)
        order = newest.c.id
    return (
        query.where(*conditions)
        .order_by(order.desc())
        .limit(bindparam("most", type_=Integer))
        .offset(bindparam("skip", type_=Integer))
    )


_BY_WORDS = Statement(lambda tools: _page(tools, by_author=False))
_BY_AUTHOR = Statement(lambda tools: _page(tools, by_author=True))


def _put(tools: Tools) -> Any:  # noqa: ANN401 - text
    if tools.is_sqlite:
        return text(
            "INSERT OR REPLACE INTO search_posts (rowid, words, marks)"
            " VALUES (:post, :words, :marks)"
        )
    return text(
        "INSERT INTO search_posts (post_id, words) VALUES (:post, CAST(:words AS tsvector))"
        " ON CONFLICT (post_id) DO UPDATE SET words = EXCLUDED.words"
    )


def _drop(tools: Tools) -> Any:  # noqa: ANN401 - text
    key = "rowid" if tools.is_sqlite else "post_id"
    return text(f"DELETE FROM search_posts WHERE {key} = :post")  # noqa: S608 - of two names


_PUT = Statement(_put, is_unremembered=True)
_DROP = Statement(_drop, is_unremembered=True)


_OLDER = Statement(
    select(posts.c.id)
    .where(posts.c.id < bindparam("below", type_=BigInteger))
    .order_by(posts.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


class PostSearch:
    """Puts the words of posts in, and finds posts by words."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(self, post_id: PostKey, words: Sequence[str], marks: Sequence[str]) -> None:
        """Let a post be found by these words; in the place of those before."""
        if self._db.is_sqlite:
            self._db.run(_PUT, post=post_id, words=" ".join(words), marks=" ".join(marks))
        else:
            self._db.run(_PUT, post=post_id, words=_vector(words, marks))

    def remove(self, post_id: PostKey) -> None:
        """Let a post be found no longer."""
        self._db.run(_DROP, post=post_id)

    def older(self, below: int | None, *, most: int) -> list[PostKey]:
        """Keys of posts below a key, highest first; None begins at the newest."""
        rows = self._db.rows(_OLDER, below=_NEWEST if below is None else below, most=most)
        return [PostKey(row[0]) for row in rows]

    def find(
        self,
        sought: Sought,
        *,
        before: int = _NEWEST,
        after: int = 0,
        most: int = 20,
        skip: int = 0,
    ) -> list[PostKey]:
        """Posts that a query finds among those that the viewer may find, newest first."""
        query = sought.query
        if not query:
            return []
        since = 0 if query.since is None else to_ms(query.since) << 16
        until = _NEWEST if query.until is None else to_ms(query.until) << 16
        values: dict[str, object] = {
            "viewer": sought.viewer,
            "hidden": json_list(sought.hidden),
            "words": _fts5(query) if self._db.is_sqlite else _tsquery(query),
            "library": int(query.only_library),
            "public": int(query.only_public),
            "somewhere": int(sought.communities is not None),
            "communities": json_list(sought.communities or ()),
            "before": min(before, max(until, 0)),
            "after": max(after, since - 1),
            "most": most,
            "skip": skip,
        }
        if sought.authors is None:
            rows = self._db.rows(_BY_WORDS, **values)
        else:
            rows = self._db.rows(_BY_AUTHOR, **values, authors=json_list(sought.authors))
        return [PostKey(row[0]) for row in rows]


def _vector(words: Sequence[str], marks: Sequence[str]) -> str:
    """A tsvector in its own spelling; marks are lexemes that no word is like."""
    places = defaultdict[str, list[int]](list)
    for place, word in enumerate(words, 1):
        if place <= _LAST_PLACE and len(places[word]) < _MOST_PLACES:
            places[word].append(place)
    lexemes = [f"'{word}':{','.join(map(str, where))}" for word, where in places.items() if where]
    return " ".join([*lexemes, *(f"'={mark}'" for mark in marks)])


def _fts5(query: Query) -> str:
    """A query of FTS5: words in double quotes, which none of them holds."""

    def spell(term: Term) -> str:
        phrase = " ".join(term.words)
        return f'words : "{phrase}"{"*" if term.is_beginning else ""}'

    wanted = [f'marks : "{mark}"' for mark in query.marks or ("post",)]
    wanted += map(spell, query.wanted)
    unwanted = [f'marks : "{mark}"' for mark in query.unwanted_marks]
    unwanted += map(spell, query.unwanted)
    found = " AND ".join(f"({part})" for part in wanted)
    if not unwanted:
        return found
    return f"({found}) NOT ({' OR '.join(f'({part})' for part in unwanted)})"


def _tsquery(query: Query) -> str:
    """A query of PostgreSQL: words in single quotes, which none of them holds."""

    def spell(term: Term) -> str:
        words = [f"'{word}'" for word in term.words]
        if term.is_beginning:
            words[-1] += ":*"
        return f"({' <-> '.join(words)})"

    wanted = [f"'={mark}'" for mark in query.marks or ("post",)]
    wanted += map(spell, query.wanted)
    unwanted = [f"!'={mark}'" for mark in query.unwanted_marks]
    unwanted += [f"!{spell(term)}" for term in query.unwanted]
    return " & ".join([*wanted, *unwanted])
