"""What a page of posts is shown with, in batches: a fixed number of statements for any page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from communities.community import (
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
    PostingPolicy,
)
from communities.membership import Membership
from communities.people import ActorKey, FollowState
from communities.posts import Post, PostCounts, PostKey, ReactionKind
from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import Profile, to_profile
from storage.connection import Connection, Row
from storage.memberships import COLUMNS as MEMBERSHIP_COLUMNS
from storage.memberships import to_membership
from storage.post_rows import COLUMNS, to_post
from storage.statements import Statement, Tools, json_list
from storage.tables.social import (
    actors,
    blocks,
    communities,
    follows,
    memberships,
    poll_votes,
    post_counts,
    post_recipients,
    posts,
    reactions,
)
from storage.tables.ties import domain_blocks, mutes
from storage.tables.writing import bookmarks, profile_pins, thread_mutes
from storage.times import to_ms

_parents = posts.alias("parents")
_POSTS = Statement(
    lambda tools: (
        select(
            *COLUMNS,
            func.coalesce(post_counts.c.comments, 0),
            func.coalesce(post_counts.c.likes, 0),
            func.coalesce(post_counts.c.dislikes, 0),
            func.coalesce(post_counts.c.boosts, 0),
            _parents.c.author_id,
        )
        .select_from(posts)
        .outerjoin(post_counts, post_counts.c.post_id == posts.c.id)
        .outerjoin(_parents, _parents.c.id == posts.c.parent_id)
        .where(tools.in_list(posts.c.id, "ids"))
    )
)
_POLICIES = (
    communities.c.kind,
    communities.c.visibility,
    communities.c.join_policy,
    communities.c.posting,
    communities.c.downvotes,
    communities.c.sensitive,
    communities.c.posts,
    communities.c.members,
)
_ACTORS = Statement(
    lambda tools: (
        select(*ACTOR_COLUMNS, *_POLICIES)
        .select_from(actors)
        .outerjoin(communities, communities.c.id == actors.c.id)
        .where(tools.in_list(actors.c.id, "ids"))
    )
)
_MEMBERSHIPS = Statement(
    lambda tools: select(*MEMBERSHIP_COLUMNS).where(
        memberships.c.person_id == bindparam("viewer"),
        tools.in_list(memberships.c.community_id, "ids"),
    )
)
_VOTES = Statement(
    lambda tools: (
        select(poll_votes.c.post_id, poll_votes.c.option)
        .where(
            tools.in_list(poll_votes.c.post_id, "ids"),
            poll_votes.c.voter_id == bindparam("viewer"),
        )
        .order_by(poll_votes.c.post_id, poll_votes.c.option)
    )
)


def _word(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'")


def _marks(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    viewer = bindparam("viewer", type_=BigInteger)
    by_person = [
        select(_word(word), table.c.post_id).where(
            tools.in_list(table.c.post_id, "ids"), table.c.person_id == viewer
        )
        for word, table in (
            (BOOKMARKED, bookmarks),
            (PINNED, profile_pins),
            (NAMED, post_recipients),
        )
    ]
    reacted = select(reactions.c.kind, reactions.c.post_id).where(
        tools.in_list(reactions.c.post_id, "ids"),
        reactions.c.actor_id == viewer,
        reactions.c.slot.in_(["vote", "boost"]),
    )
    silent = select(_word(SILENCED), thread_mutes.c.root_id).where(
        tools.in_list(thread_mutes.c.root_id, "roots"), thread_mutes.c.person_id == viewer
    )
    return union_all(reacted, *by_person, silent)


LIKED, DISLIKED, BOOSTED = (
    ReactionKind.LIKE.value,
    ReactionKind.DISLIKE.value,
    ReactionKind.BOOST.value,
)
BOOKMARKED, PINNED, NAMED, SILENCED = "bookmarked", "pinned", "named", "silenced"
FOLLOWS, BLOCKS, BLOCKED_BY, MUTES = "follows", "blocks", "blocked-by", "mutes"
_MARKS = Statement(_marks)


def _ties(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    viewer = bindparam("viewer", type_=BigInteger)
    return union_all(
        select(_word(FOLLOWS), follows.c.followee_id).where(
            follows.c.follower_id == viewer,
            tools.in_list(follows.c.followee_id, "ids"),
            follows.c.state == FollowState.ACCEPTED.value,
        ),
        select(_word(BLOCKS), blocks.c.blocked_id).where(
            blocks.c.blocker_id == viewer, tools.in_list(blocks.c.blocked_id, "ids")
        ),
        select(_word(BLOCKED_BY), blocks.c.blocker_id).where(
            tools.in_list(blocks.c.blocker_id, "ids"), blocks.c.blocked_id == viewer
        ),
        select(_word(MUTES), mutes.c.target_id).where(
            mutes.c.person_id == viewer,
            tools.in_list(mutes.c.target_id, "ids"),
            or_(mutes.c.until_ms.is_(None), mutes.c.until_ms > bindparam("now_ms")),
        ),
        select(_word(BLOCKS), actors.c.id)
        .join_from(actors, domain_blocks, domain_blocks.c.host == actors.c.host)
        .where(domain_blocks.c.person_id == viewer, tools.in_list(actors.c.id, "ids")),
    )


_TIES = Statement(_ties)
_threads = posts.alias("threads")


def _standings(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    """Words, keys, counts and newest posts, of people and of communities."""
    nothing: ColumnElement[int] = literal_column("0")
    accepted = follows.c.state == FollowState.ACCEPTED.value
    newest_thread = (
        select(func.max(_threads.c.id))
        .where(_threads.c.community_id == communities.c.id, _threads.c.parent_id.is_(None))
        .scalar_subquery()
    )
    return union_all(
        select(_word("followers"), follows.c.followee_id, func.count(), nothing)
        .where(tools.in_list(follows.c.followee_id, "ids"), accepted)
        .group_by(follows.c.followee_id),
        select(_word("following"), follows.c.follower_id, func.count(), nothing)
        .where(tools.in_list(follows.c.follower_id, "ids"), accepted)
        .group_by(follows.c.follower_id),
        select(_word("posts"), posts.c.author_id, func.count(), func.max(posts.c.id))
        .where(tools.in_list(posts.c.author_id, "ids"))
        .group_by(posts.c.author_id),
        select(_word("threads"), communities.c.id, communities.c.posts, newest_thread).where(
            tools.in_list(communities.c.id, "ids")
        ),
    )


_STANDINGS = Statement(_standings)


def _mentioned(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    by_name = and_(
        tools.in_texts(actors.c.localpart, "names"),
        or_(actors.c.host.is_(None), tools.in_texts(actors.c.host, "hosts")),
    )
    return (
        select(actors.c.id, actors.c.uri, actors.c.localpart, actors.c.host, actors.c.url)
        .where(or_(tools.in_texts(actors.c.uri, "uris"), by_name))
        .limit(500)
    )


_MENTIONED = Statement(_mentioned)
_BOOST_URIS = Statement(
    lambda tools: select(reactions.c.post_id, reactions.c.actor_id, reactions.c.uri).where(
        tools.in_list(reactions.c.post_id, "ids"),
        tools.in_list(reactions.c.actor_id, "boosters"),
        reactions.c.slot == "boost",
        reactions.c.uri.is_not(None),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRow:
    """A post with what is counted of it, and who wrote what it answers."""

    post: Post
    counts: PostCounts
    parent_author_id: ActorKey | None


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

    def posts(self, post_ids: Iterable[PostKey]) -> dict[PostKey, PostRow]:
        """Posts by key, whatever their state."""
        found = {}
        for row in self._db.rows(_POSTS, ids=json_list(post_ids)):
            post = to_post(row)
            comments, likes, dislikes, boosts, parent_author = row[len(COLUMNS) :]
            counts = PostCounts(comments=comments, likes=likes, dislikes=dislikes, boosts=boosts)
            found[post.id] = PostRow(post=post, counts=counts, parent_author_id=parent_author)
        return found

    def actors(self, actor_ids: Iterable[ActorKey]) -> dict[ActorKey, ActorRow]:
        """People and communities by key."""
        rows = self._db.rows(_ACTORS, ids=json_list(actor_ids))
        return {ActorKey(row[0]): _actor(row) for row in rows}

    def counts(self, actor_ids: Iterable[ActorKey]) -> dict[ActorKey, ActorCounts]:
        """What is counted of actors; those of whom nothing is are there, too."""
        keys = list(actor_ids)
        found = {key: ActorCounts() for key in keys}
        for word, key, number, newest in self._db.rows(_STANDINGS, ids=json_list(keys)):
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
        on_posts = self._db.rows(_MARKS, viewer=viewer_id, ids=ids, roots=roots)
        to_actors = self._db.rows(
            _TIES, viewer=viewer_id, ids=json_list(actor_ids), now_ms=to_ms(at)
        )
        held = self._db.rows(_MEMBERSHIPS, viewer=viewer_id, ids=json_list(places))
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
            for post_id, option in self._db.rows(_VOTES, viewer=viewer_id, ids=json_list(polls)):
                votes.setdefault(PostKey(post_id), []).append(option)
        return votes

    def mentioned(
        self, uris: Iterable[str], names: Iterable[str], hosts: Iterable[str]
    ) -> list[Mentioned]:
        """Actors with one of these ids, or with one of the names here or at one of the hosts."""
        rows = self._db.rows(
            _MENTIONED, uris=json_list(uris), names=json_list(names), hosts=json_list(hosts)
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
        rows = self._db.rows(_BOOST_URIS, ids=json_list(ids), boosters=json_list(boosters))
        return {(PostKey(row[0]), ActorKey(row[1])): row[2] for row in rows}


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
