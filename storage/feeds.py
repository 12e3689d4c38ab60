"""Entries of timelines: which posts a page shows, and whose boost each of them is.

A post that starts a thread in a community is shown once, as the community's boost; the key of that
boost is made of the post's and stored nowhere. A boost by a person has a row of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from sqlalchemy import and_, select

from communities.lists import AccountList, RepliesPolicy
from communities.people import ActorKey
from communities.posts import PostKey
from storage import feed_statements as sql
from storage.connection import Connection, Row
from storage.feed_marks import fold
from storage.feed_sources import ManySources
from storage.feed_statements import OneSource, Origin
from storage.pages import NEWEST, Window
from storage.statements import Statement, json_list
from storage.tables.feeds import boosts
from storage.tables.social import posts
from storage.times import to_ms

_BOOST_BIT = 0x8000


def boost_id_of(post_id: int) -> int:
    """The id of a community's boost of a post; and of such an id, the post again."""
    return post_id ^ _BOOST_BIT


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A post in a timeline, under the id that the timeline sorts by.

    `booster_id` is who passed it on: a person, or the community in which it starts a thread; None
    for a post that stands for itself, whose id is the post's own.
    """

    id: int
    post_id: PostKey
    booster_id: ActorKey | None = None


STARTS_THREAD = and_(
    posts.c.community_id.is_not(None), posts.c.parent_id.is_(None), posts.c.parent_uri.is_(None)
)
"""A post that its community passes on."""
_POSTS_AMONG = Statement(
    lambda tools: select(posts.c.id, posts.c.community_id, STARTS_THREAD).where(
        tools.in_list(posts.c.id, "ids")
    )
)
_BOOSTS_AMONG = Statement(
    lambda tools: select(boosts.c.id, boosts.c.post_id, boosts.c.actor_id).where(
        tools.in_list(boosts.c.id, "ids")
    )
)

_MILLISECOND = 0xFFFF
"""The part of a key that tells those of one millisecond apart."""
_SLACK = 16
"""So many more of each kind are read than a page holds: some stand for the same post."""
_MOST_AT_ONCE = 500
_MOST_PINNED = 40
_ANY_TAGGED = {
    "origin": Origin.ANYWHERE.value,
    "only_media": 0,
    "all_of": "[]",
    "all_count": 0,
    "none_of": "[]",
    "none_count": 0,
}
Kind = tuple[OneSource | ManySources, bool]
"""A statement, and whether the keys in its rows are those of the entries themselves."""
_by_id = attrgetter("id")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagQuery:
    """Posts with any of some tags, with all of others and none of yet others."""

    any_of: Sequence[str]
    all_of: Sequence[str] = ()
    none_of: Sequence[str] = ()
    origin: Origin = Origin.ANYWHERE
    only_media: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAccount:
    """Which of an account's posts are wanted; `tagged` empty for all."""

    exclude_replies: bool = False
    exclude_reblogs: bool = False
    only_media: bool = False
    tagged: str = ""


@dataclass(frozen=True, slots=True)
class Half:
    """Entries of one kind; beyond `edge` there may be more of it, None when these are all."""

    entries: list[FeedEntry]
    edge: int | None


class Feeds:
    """Pages of entries."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def entry(self, status_id: int) -> FeedEntry | None:
        """What a status id names: a post, a community's boost of one, or a person's."""
        return self.entries([status_id]).get(status_id)

    def entries(self, status_ids: Sequence[int]) -> dict[int, FeedEntry]:
        """The same for many ids; those that name nothing are left out."""
        wanted = [*status_ids, *map(boost_id_of, status_ids)]
        known = {int(row[0]): row for row in self._db.rows(_POSTS_AMONG, ids=json_list(wanted))}
        found: dict[int, FeedEntry] = {}
        for status_id in status_ids:
            post_id = boost_id_of(status_id)
            if status_id in known:
                found[status_id] = FeedEntry(id=status_id, post_id=PostKey(status_id))
            elif post_id in known and known[post_id][2]:
                community = ActorKey(known[post_id][1])
                found[status_id] = FeedEntry(
                    id=status_id, post_id=PostKey(post_id), booster_id=community
                )
        rest = [status_id for status_id in status_ids if status_id not in found]
        if rest:
            for row in self._db.rows(_BOOSTS_AMONG, ids=json_list(rest)):
                found[row[0]] = _boost(row)
        return found

    def home(
        self, person_id: ActorKey, window: Window, hidden: Collection[ActorKey]
    ) -> list[FeedEntry]:
        """What a person follows.

        Their own posts; posts of those they follow, with answers to whom they follow; boosts by
        these; the threads of their communities; what bears a tag that they follow.
        """
        values = {
            "viewer": person_id,
            "hidden": json_list(hidden),
            "replies": RepliesPolicy.FOLLOWED.value,
            "list": 0,
            **_ANY_TAGGED,
            "threads_only": 1,
        }
        kinds = (
            (sql.OWN_POSTS, False),
            (sql.HOME_POSTS, False),
            (sql.HOME_BOOSTS, True),
            (sql.HOME_THREADS, False),
            (sql.HOME_TAGS, False),
        )
        return self._page(kinds, window, values)

    def of_list(
        self, wanted: AccountList, window: Window, hidden: Collection[ActorKey]
    ) -> list[FeedEntry]:
        """What the accounts of a list post and boost."""
        values = {
            "viewer": wanted.person_id,
            "hidden": json_list(hidden),
            "replies": wanted.replies_policy.value,
            "list": wanted.id,
        }
        kinds = ((sql.LIST_POSTS, False), (sql.LIST_BOOSTS, True), (sql.LIST_THREADS, False))
        return self._page(kinds, window, values)

    def public(
        self,
        window: Window,
        hidden: Collection[ActorKey] = (),
        *,
        origin: Origin = Origin.ANYWHERE,
        only_media: bool = False,
    ) -> list[FeedEntry]:
        """Public posts that answer nothing, as far as they are known here."""
        values = {"hidden": json_list(hidden), "only_media": int(only_media)}
        kinds = {
            Origin.ANYWHERE: ((sql.PUBLIC_LOCAL, False), (sql.PUBLIC_REMOTE, False)),
            Origin.LOCAL: ((sql.PUBLIC_LOCAL, False),),
            Origin.REMOTE: ((sql.PUBLIC_REMOTE, False),),
        }
        return self._page(kinds[origin], window, values)

    def tagged(
        self, tags: TagQuery, window: Window, hidden: Collection[ActorKey] = ()
    ) -> list[FeedEntry]:
        """Public posts and answers with some tag."""
        all_of, none_of = {fold(tag) for tag in tags.all_of}, {fold(tag) for tag in tags.none_of}
        values = {
            "hidden": json_list(hidden),
            "tags": json_list({fold(tag) for tag in tags.any_of}),
            "all_of": json_list(all_of),
            "all_count": len(all_of),
            "none_of": json_list(none_of),
            "none_count": len(none_of),
            "origin": tags.origin.value,
            "only_media": int(tags.only_media),
            "threads_only": 0,
        }
        return self._page(((sql.TAG, False),), window, values)

    def of_group(
        self,
        community_id: ActorKey,
        viewer_id: ActorKey | None,
        window: Window,
        hidden: Collection[ActorKey] = (),
        *,
        wanted: OfAccount | None = None,
    ) -> list[FeedEntry]:
        """The threads of a community that a viewer may read, as its boosts."""
        narrowed = wanted or OfAccount()
        values = {
            "actor": community_id,
            "viewer": viewer_id or 0,
            "hidden": json_list(hidden),
            "only_media": int(narrowed.only_media),
            "tag": fold(narrowed.tagged),
        }
        return self._page(((sql.GROUP, False),), window, values)

    def of_account(
        self,
        actor_id: ActorKey,
        viewer_id: ActorKey | None,
        window: Window,
        wanted: OfAccount,
    ) -> list[FeedEntry]:
        """What a person wrote and boosted, as far as a viewer may read it."""
        values = {
            "actor": actor_id,
            "viewer": viewer_id or 0,
            "only_media": int(wanted.only_media),
            "without_replies": int(wanted.exclude_replies),
            "tag": fold(wanted.tagged),
        }
        with_boosts = not (wanted.exclude_reblogs or wanted.only_media or wanted.tagged)
        boosts_of = ((sql.AUTHOR_BOOSTS, True),) if with_boosts else ()
        return self._page(((sql.AUTHOR, True), *boosts_of), window, values, once=False)

    def featured(self, community_id: ActorKey, viewer_id: ActorKey | None) -> list[PostKey]:
        """What is pinned in a community, as far as a viewer may read it, newest first."""
        rows = self._db.rows(
            sql.FEATURED, actor=community_id, viewer=viewer_id or 0, most=_MOST_PINNED
        )
        return [PostKey(row[0]) for row in rows]

    def favourites(self, person_id: ActorKey, window: Window) -> list[tuple[int, PostKey]]:
        """What a person of this node liked, with the places in that list."""
        rows = self._rows(sql.FAVOURITES, window, {"viewer": person_id})
        return [(int(row[0]), PostKey(row[1])) for row in rows]

    def reblogged_by(self, post_id: PostKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Who boosted a post, with the places in that list."""
        rows = self._rows(sql.BOOSTERS, window, {"post": post_id})
        return [(ActorKey(row[0]), int(row[1])) for row in rows]

    def favourited_by(self, post_id: PostKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Who liked a post, with the places in that list."""
        rows = self._rows(sql.LIKERS, window, {"post": post_id})
        return [(ActorKey(row[0]), int(row[1])) for row in rows]

    def hidden_from(self, viewer_id: ActorKey | None, at: datetime) -> list[ActorKey]:
        """Whom a viewer muted or blocked, and who blocked them."""
        if viewer_id is None:
            return []
        rows = self._db.rows(sql.HIDDEN, viewer=viewer_id, now_ms=to_ms(at))
        return [ActorKey(row[0]) for row in rows]

    def _rows(
        self, kind: OneSource | ManySources, window: Window, values: Mapping[str, object]
    ) -> list[Row]:
        return self._db.rows(
            kind.forward if window.forward else kind.back,
            before=window.before,
            after=window.after,
            most=window.most,
            **values,
        )

    def _page(
        self,
        kinds: Sequence[Kind],
        window: Window,
        values: Mapping[str, object],
        *,
        once: bool = True,
    ) -> list[FeedEntry]:
        """The newest entries of all kinds together (with `once` each post a single time).

        More is looked for, once or twice, where some that were found stand for the same post.
        """
        most = window.most + _SLACK
        while True:
            halves = [self._of_kind(kind, replace(window, most=most), values) for kind in kinds]
            page = _merge(halves, window, once=once)
            is_all = all(half.edge is None for half in halves)
            if len(page) >= window.most or is_all or most > _MOST_AT_ONCE:
                return page[: window.most]
            most *= 4

    def _of_kind(self, kind: Kind, window: Window, values: Mapping[str, object]) -> Half:
        pages, is_exact = kind
        if is_exact:
            rows = self._rows(pages, window, values)
            entries = [_boost(row) if row[2] else _plain(row) for row in rows]
            is_full = len(rows) == window.most
            return Half(entries, entries[-1].id if is_full else None)
        # Keys of community boosts differ from those of their posts within the millisecond.
        wider = replace(
            window,
            before=min(window.before | _MILLISECOND, NEWEST - 1) + 1,
            after=max((window.after & ~_MILLISECOND) - 1, 0),
        )
        rows = self._rows(pages, wider, values)
        entries = [_of_community(row) if row[2] else _plain(row) for row in rows]
        inside = [entry for entry in entries if window.after < entry.id < window.before]
        if len(rows) < window.most:
            return Half(inside, None)
        last = int(rows[-1][0])
        edge = (last & ~_MILLISECOND) - 1 if window.forward else (last | _MILLISECOND) + 1
        return Half(inside, edge)


def _merge(halves: Sequence[Half], window: Window, *, once: bool) -> list[FeedEntry]:
    """The entries of all kinds in order, up to where one kind may have more than was read."""
    edges = [half.edge for half in halves if half.edge is not None]
    everything = (entry for half in halves for entry in half.entries)
    if window.forward:
        last = min(edges, default=NEWEST)
        known = sorted((entry for entry in everything if entry.id <= last), key=_by_id)
    else:
        first = max(edges, default=0)
        later = (entry for entry in everything if entry.id >= first)
        known = sorted(later, key=_by_id, reverse=True)
    return _each_once(known, window) if once else known


def _each_once(entries: Sequence[FeedEntry], window: Window) -> list[FeedEntry]:
    """Each post a single time on a page: of a post and its boosts the newest stays."""
    found: dict[int, FeedEntry] = {}
    for entry in entries:
        if entry.post_id in found:
            if window.forward:
                found[entry.post_id] = entry
        elif len(found) < window.most:
            found[entry.post_id] = entry
        else:
            break
    return sorted(found.values(), key=_by_id, reverse=not window.forward)


def _plain(row: Row) -> FeedEntry:
    return FeedEntry(id=row[0], post_id=PostKey(row[1]))


def _boost(row: Row) -> FeedEntry:
    return FeedEntry(id=row[0], post_id=PostKey(row[1]), booster_id=ActorKey(row[2]))


def _of_community(row: Row) -> FeedEntry:
    return FeedEntry(id=boost_id_of(row[0]), post_id=PostKey(row[1]), booster_id=ActorKey(row[2]))
