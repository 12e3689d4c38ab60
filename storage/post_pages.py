"""What a page of posts is shown with, in batches: a fixed number of statements for any page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from communities.community import (
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
    PostingPolicy,
)
from communities.membership import Membership
from communities.people import ActorKey
from communities.posts import Post, PostKey
from storage import post_page_statements as sql
from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import Profile, to_profile
from storage.connection import Connection, Row
from storage.memberships import to_membership
from storage.post_cache import PostCache, PostRow, counts_of
from storage.post_rows import COLUMNS, to_post
from storage.row_cache import RowCache
from storage.statements import json_list
from storage.times import to_ms

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRow:
    """A person or community as its profile, and as a community if it is one."""

    profile: Profile
    community: Community | None = None
    members: int = 0


@dataclass(slots=True, kw_only=True)
class ActorCounts:
    """What is counted of an actor; `newest` is the key of its newest post."""

    followers: int = 0
    following: int = 0
    posts: int = 0
    newest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """Someone that a text may name."""

    id: ActorKey
    uri: str
    localpart: str
    host: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerMarks:
    """What one viewer has to do with a page of posts.

    Attributes:
        on_posts: pairs of a word and a post (or, for SILENCED, the first post of its thread).
        to_actors: pairs of a word and an author or booster.
        memberships: by community.
        votes: what was chosen in polls.
    """

    on_posts: frozenset[tuple[str, int]] = frozenset()
    to_actors: frozenset[tuple[str, int]] = frozenset()
    memberships: dict[ActorKey, Membership] = field(default_factory=dict)
    votes: dict[PostKey, list[int]] = field(default_factory=dict)


NO_MARKS = ViewerMarks()


class PostPages:
    """Batch reads, each of one statement."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def posts(
        self, post_ids: Iterable[PostKey], cache: PostCache | None = None
    ) -> dict[PostKey, PostRow]:
        """Posts by key, whatever their state; those that stand in the cache as they are there.

        One statement; with a cache, another one for those that are not in it.
        """
        if cache is None:
            return self._whole(post_ids)
        found: dict[PostKey, PostRow] = {}
        changed: dict[PostKey, Row] = {}
        for state in self._db.rows(sql.STATES, ids=json_list(post_ids)):
            kept = cache.find(state)
            if kept is None:
                changed[state[0]] = state
            else:
                found[state[0]] = kept
        if changed:
            for key, row in self._whole(changed).items():
                cache.keep(changed[key], row)
                found[key] = row
        return found

    def _whole(self, post_ids: Iterable[PostKey]) -> dict[PostKey, PostRow]:
        return {
            PostKey(row[0]): PostRow(
                post=to_post(row), counts=counts_of(row), parent_author_id=row[_PARENT_AUTHOR]
            )
            for row in self._db.rows(sql.POSTS, ids=json_list(post_ids))
        }

    def thread(self, root_id: PostKey) -> dict[PostKey, PostKey | None]:
        """What each post of a thread answers, oldest first; at most 20,000."""
        rows = self._db.rows(sql.THREAD, root=root_id, most=sql.MOST_IN_THREAD)
        return {PostKey(row[0]): row[1] for row in rows}

    def actors(
        self, actor_ids: Iterable[ActorKey], cache: RowCache[ActorRow] | None = None
    ) -> dict[ActorKey, ActorRow]:
        """People and communities by key; those that stand in the cache as they are there."""
        made = _as_new if cache is None else cache.made_of
        rows = self._db.rows(sql.ACTORS, ids=json_list(actor_ids))
        return {ActorKey(row[0]): made(row[0], row, _actor) for row in rows}

    def counts(self, actor_ids: Iterable[ActorKey]) -> dict[ActorKey, ActorCounts]:
        """What is counted of actors; those of whom nothing is are there, too."""
        keys = list(actor_ids)
        if not keys:
            return {}
        found = {key: ActorCounts() for key in keys}
        for word, key, number, newest in self._db.rows(sql.STANDINGS, ids=json_list(keys)):
            counts = found[key]
            if word == "followers":
                counts.followers = number
            elif word == "following":
                counts.following = number
            elif word == "posts":
                counts.posts, counts.newest = number, max(counts.newest, newest)
            else:
                counts.posts, counts.newest = number, max(counts.newest, newest or 0)
        return found

    def marks(
        self,
        viewer_id: ActorKey,
        found: Iterable[PostRow],
        actor_ids: Iterable[ActorKey],
        at: datetime,
    ) -> ViewerMarks:
        """What a viewer has to do with posts and with their authors and boosters."""
        shown = [row.post for row in found]
        ids = json_list([post.id for post in shown])
        roots = json_list({post.root_id for post in shown})
        places = {post.community_id for post in shown if post.community_id is not None}
        on_posts = self._db.rows(sql.MARKS, viewer=viewer_id, ids=ids, roots=roots)
        to_actors = self._db.rows(
            sql.TIES, viewer=viewer_id, ids=json_list(actor_ids), now_ms=to_ms(at)
        )
        held = self._db.rows(sql.MEMBERSHIPS, viewer=viewer_id, ids=json_list(places))
        return ViewerMarks(
            on_posts=frozenset((row[0], row[1]) for row in on_posts),
            to_actors=frozenset((row[0], row[1]) for row in to_actors),
            memberships={ActorKey(row[0]): to_membership(row) for row in held},
            votes=self._votes(viewer_id, shown),
        )

    def _votes(self, viewer_id: ActorKey, shown: Sequence[Post]) -> dict[PostKey, list[int]]:
        polls = [post.id for post in shown if post.content.poll is not None]
        votes: dict[PostKey, list[int]] = {}
        if polls:
            for post_id, option in self._db.rows(sql.VOTES, viewer=viewer_id, ids=json_list(polls)):
                votes.setdefault(PostKey(post_id), []).append(option)
        return votes

    def mentioned(
        self, uris: Iterable[str], names: Iterable[str], hosts: Iterable[str]
    ) -> list[Mentioned]:
        """Actors with one of these ids, or with one of the names here or at one of the hosts."""
        rows = self._db.rows(
            sql.MENTIONED, uris=json_list(uris), names=json_list(names), hosts=json_list(hosts)
        )
        return [
            Mentioned(id=ActorKey(row[0]), uri=row[1], localpart=row[2], host=row[3], url=row[4])
            for row in rows
        ]

    def boost_uris(
        self, boosts: Iterable[tuple[PostKey, ActorKey]]
    ) -> dict[tuple[PostKey, ActorKey], str]:
        """The ids of the activities by which people passed posts on."""
        ids, boosters = zip(*boosts, strict=True)
        rows = self._db.rows(sql.BOOST_URIS, ids=json_list(ids), boosters=json_list(boosters))
        return {(PostKey(row[0]), ActorKey(row[1])): row[2] for row in rows}


_PARENT_AUTHOR = len(COLUMNS)


def _as_new(_key: int, row: Row, make: Callable[[Row], T]) -> T:
    return make(row)


_KINDS = {kind.value: kind for kind in CommunityKind}
_OPENNESS = {visibility.value: visibility for visibility in CommunityVisibility}
_JOINING = {policy.value: policy for policy in JoinPolicy}
_POSTING = {policy.value: policy for policy in PostingPolicy}


def _actor(row: Row) -> ActorRow:
    profile = to_profile(row)
    kind, visibility, joining, posting, downvotes, sensitive, _posts, members = row[
        len(ACTOR_COLUMNS) :
    ]
    if kind is None:
        return ActorRow(profile=profile)
    community = Community(
        id=profile.id,
        uri=profile.uri,
        localpart=profile.localpart,
        host=profile.host,
        name=profile.name,
        kind=_KINDS[kind],
        visibility=_OPENNESS[visibility],
        join=_JOINING[joining],
        posting=_POSTING[posting],
        state=profile.state,
        downvotes=bool(downvotes),
        sensitive=bool(sensitive),
        description_html=profile.summary_html,
        url=profile.url,
        icon_url=profile.icon_url,
        created_at=profile.published_at,
    )
    return ActorRow(profile=profile, community=community, members=members)
