"""The directory: this node's public communities, and how many follow, take part and write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, literal, select, true

from communities.community import Community, CommunityVisibility
from communities.membership import MembershipState, Role
from communities.people import ActorKey, ActorState, FollowState
from storage import visible
from storage.communities import COLUMNS, to_community
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.social import actors, communities, follows, memberships, posts
from storage.times import to_ms


@dataclass(frozen=True, slots=True)
class Listing:
    """A community with its counts."""

    community: Community
    posts: int
    comments: int
    members: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What NodeInfo tells of this node: its people, and what they wrote."""

    people: int
    posts: int
    comments: int


_PRESENT = [ActorState.ACTIVE.value, ActorState.LIMITED.value]
_LISTING = select(
    *COLUMNS, communities.c.posts, communities.c.comments, communities.c.members
).join_from(communities, actors, actors.c.id == communities.c.id)
_LOCAL = (actors.c.kind == "community", actors.c.host.is_(None))
_FRONT = Statement(
    _LISTING.where(
        *_LOCAL,
        actors.c.state == ActorState.ACTIVE.value,
        communities.c.visibility == CommunityVisibility.PUBLIC.value,
    )
    .order_by(communities.c.members.desc(), communities.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_ONE = Statement(_LISTING.where(communities.c.id == bindparam("id")))
_FOLLOWERS = Statement(
    select(func.count())
    .select_from(follows)
    .where(
        follows.c.followee_id == bindparam("actor"), follows.c.state == FollowState.ACCEPTED.value
    )
)
_FOLLOWING = Statement(
    select(func.count())
    .select_from(follows)
    .where(
        follows.c.follower_id == bindparam("actor"), follows.c.state == FollowState.ACCEPTED.value
    )
)
_MODERATOR_URIS = Statement(
    select(actors.c.uri)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        memberships.c.role.in_([Role.OWNER.value, Role.MODERATOR.value]),
        actors.c.state.in_(_PRESENT),
    )
    .order_by(memberships.c.role.desc(), memberships.c.since_ms, actors.c.id)
)
_PEOPLE = Statement(
    select(func.count())
    .select_from(actors)
    .where(
        actors.c.kind == "person",
        actors.c.host.is_(None),
        # The node signs what it fetches as an actor of its own, which is nobody.
        actors.c.type != "Application",
        actors.c.state.in_(_PRESENT),
    )
)
_WRITTEN = Statement(
    select(func.count(), func.coalesce(func.sum(literal(1)).filter(posts.c.depth > 0), 0)).where(
        posts.c.local == true(), visible.FOR_ANYONE, visible.PUBLISHED
    )
)


_ACTIVE = Statement(
    select(func.count(func.distinct(posts.c.author_id))).where(
        posts.c.local == true(), posts.c.id >= bindparam("first")
    )
)


_NAMES = Statement(
    select(actors.c.id, actors.c.localpart)
    .where(
        actors.c.kind == bindparam("kind"),
        actors.c.host.is_(None),
        actors.c.type != "Application",
        actors.c.state != ActorState.DELETED.value,
    )
    .order_by(actors.c.localpart)
    .limit(bindparam("most"))
)


class Directory:
    """Communities and figures, for anyone."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def front(self, *, skip: int = 0, most: int = 50) -> Sequence[Listing]:
        """This node's public communities, those with most members first."""
        rows = self._db.rows(_FRONT, skip=skip, most=most)
        return [Listing(to_community(row), *row[len(COLUMNS) :]) for row in rows]

    def listing(self, community_id: ActorKey) -> Listing | None:
        """One community with its counts, whatever its visibility."""
        row = self._db.row(_ONE, id=community_id)
        return None if row is None else Listing(to_community(row), *row[len(COLUMNS) :])

    def moderator_uris(self, community_id: ActorKey) -> Sequence[str]:
        """The actor ids of a community's owners and moderators, owners first, longest first."""
        return [row[0] for row in self._db.rows(_MODERATOR_URIS, community=community_id)]

    def followers(self, actor_id: ActorKey) -> int:
        """How many follow an actor, here and elsewhere; the members of a community are apart."""
        row = self._db.row(_FOLLOWERS, actor=actor_id)
        return 0 if row is None else int(row[0])

    def following(self, actor_id: ActorKey) -> int:
        """How many an actor follows."""
        row = self._db.row(_FOLLOWING, actor=actor_id)
        return 0 if row is None else int(row[0])

    def names(self, kind: str, *, most: int = 10_000) -> Sequence[tuple[ActorKey, str]]:
        """Keys and names of this node's people or communities, suspended ones too, by name."""
        rows = self._db.rows(_NAMES, kind=kind, most=most)
        return [(ActorKey(row[0]), row[1]) for row in rows]

    def usage(self) -> Usage:
        """This node's people and what they wrote."""
        people = self._db.row(_PEOPLE)
        written = self._db.row(_WRITTEN)
        total, comments = (0, 0) if written is None else (int(written[0]), int(written[1]))
        return Usage(0 if people is None else int(people[0]), total - comments, comments)

    def active_since(self, at: datetime) -> int:
        """How many of this node's people wrote anything since a time."""
        row = self._db.row(_ACTIVE, first=to_ms(at) << 16)
        return 0 if row is None else int(row[0])
