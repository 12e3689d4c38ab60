"""Memberships, with the audience of the community kept beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey
from storage.audiences import Audiences
from storage.connection import Connection, Row
from storage.lists import Lists
from storage.statements import Statement, Tools
from storage.tables.social import actors, communities, memberships
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none

COLUMNS = (
    memberships.c.community_id,
    memberships.c.person_id,
    memberships.c.state,
    memberships.c.role,
    memberships.c.uri,
    memberships.c.since_ms,
    memberships.c.until_ms,
)
_GET = Statement(
    select(*COLUMNS).where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.person_id == bindparam("person"),
    )
)
_MODERATORS = Statement(
    select(*COLUMNS)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        memberships.c.role.in_([Role.OWNER.value, Role.MODERATOR.value]),
    )
    .order_by(case((memberships.c.role == Role.OWNER.value, 0), else_=1), memberships.c.since_ms)
)
_IN_ROLE = Statement(
    select(func.count()).where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        memberships.c.role == bindparam("role"),
    )
)
_OF_PERSON = Statement(
    select(*COLUMNS)
    .where(
        memberships.c.person_id == bindparam("person"),
        memberships.c.state == bindparam("state"),
    )
    .order_by(memberships.c.community_id)
    .limit(bindparam("most"))
)
_BY_URI = Statement(
    select(*COLUMNS)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.uri == bindparam("uri"),
    )
    .limit(1)
)
_OF_PERSON_BY_URI = Statement(
    select(*COLUMNS)
    .where(memberships.c.person_id == bindparam("person"), memberships.c.uri == bindparam("uri"))
    .limit(1)
)
_HAS_LOCAL_MEMBER = Statement(
    select(memberships.c.person_id)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        actors.c.host.is_(None),
    )
    .limit(1)
)
_OTHER_LOCAL_MEMBER = Statement(
    select(memberships.c.person_id)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.person_id != bindparam("person"),
        memberships.c.state == MembershipState.MEMBER.value,
        actors.c.host.is_(None),
    )
    .limit(1)
)
_LOCAL_MEMBERS = Statement(
    select(memberships.c.person_id)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        actors.c.host.is_(None),
    )
    .order_by(memberships.c.person_id)
    .limit(bindparam("most"))
)
_HAS_MEMBER_AT = Statement(
    select(memberships.c.person_id)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(
        memberships.c.community_id == bindparam("community"),
        memberships.c.state == MembershipState.MEMBER.value,
        actors.c.host == bindparam("host"),
    )
    .limit(1)
)
_COUNT = Statement(
    update(communities)
    .where(communities.c.id == bindparam("community"))
    .values(members=communities.c.members + bindparam("change")),
    is_unremembered=True,
)
_NAMES = ("community_id", "person_id", "state", "role", "uri", "since_ms", "until_ms")


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(memberships)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_update(
            index_elements=["community_id", "person_id"],
            set_={name: bindparam(name) for name in _NAMES[2:]},
        )
    )


_PUT = Statement(_put)


def to_membership(row: Row) -> Membership:
    """The membership of a row with `COLUMNS`."""
    return Membership(
        community_id=ActorKey(row[0]),
        person_id=ActorKey(row[1]),
        state=MembershipState(row[2]),
        role=Role(row[3]),
        uri=row[4],
        since=from_ms(row[5]),
        until=from_ms_or_none(row[6]),
    )


class Memberships:
    """Satisfies `communities.ports.Memberships`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._audiences = Audiences(connection)
        self._lists = Lists(connection)

    def get(self, community_id: ActorKey, person_id: ActorKey) -> Membership | None:
        """The row of one person in one community."""
        row = self._db.row(_GET, community=community_id, person=person_id)
        return None if row is None else to_membership(row)

    def put(self, membership: Membership) -> None:
        """Store, replacing the row before; member count, audience and lists follow."""
        before = self.get(membership.community_id, membership.person_id)
        self._db.run(
            _PUT,
            community_id=membership.community_id,
            person_id=membership.person_id,
            state=membership.state.value,
            role=membership.role.value,
            uri=membership.uri,
            since_ms=to_ms(membership.since),
            until_ms=to_ms_or_none(membership.until),
        )
        was = before is not None and before.state is MembershipState.MEMBER
        now = membership.state is MembershipState.MEMBER
        if was and not now:
            self._lists.forget(membership.person_id, membership.community_id)
        if was != now:
            self._db.run(_COUNT, community=membership.community_id, change=1 if now else -1)
        self._audiences.change(membership.community_id, membership.person_id, was=was, now=now)

    def moderators(self, community_id: ActorKey) -> Sequence[Membership]:
        """Owners and moderators, owners first, longest first."""
        return [to_membership(row) for row in self._db.rows(_MODERATORS, community=community_id)]

    def count_in_role(self, community_id: ActorKey, role: Role) -> int:
        """How many members have this role."""
        row = self._db.row(_IN_ROLE, community=community_id, role=role.value)
        return 0 if row is None else int(row[0])

    def of_person(
        self, person_id: ActorKey, state: MembershipState, most: int = 500
    ) -> Sequence[Membership]:
        """The communities where a person stands so."""
        found = self._db.rows(_OF_PERSON, person=person_id, state=state.value, most=most)
        return [to_membership(row) for row in found]

    def asked_by(self, community_id: ActorKey, uri: str) -> Membership | None:
        """The membership of a community elsewhere that was asked for by this Follow or Join."""
        row = self._db.row(_BY_URI, community=community_id, uri=uri)
        return None if row is None else to_membership(row)

    def asked_by_person(self, person_id: ActorKey, uri: str) -> Membership | None:
        """The membership that this person asked for by this Follow or Join."""
        row = self._db.row(_OF_PERSON_BY_URI, person=person_id, uri=uri)
        return None if row is None else to_membership(row)

    def has_local_member(self, community_id: ActorKey) -> bool:
        """Whether anyone of this node is a member: only then its announces are wanted."""
        return self._db.row(_HAS_LOCAL_MEMBER, community=community_id) is not None

    def is_only_local_member(self, community_id: ActorKey, person_id: ActorKey) -> bool:
        """Whether nobody else of this node is a member."""
        row = self._db.row(_OTHER_LOCAL_MEMBER, community=community_id, person=person_id)
        return row is None

    def local_members(self, community_id: ActorKey, *, most: int = 100) -> list[ActorKey]:
        """People of this node who are members."""
        rows = self._db.rows(_LOCAL_MEMBERS, community=community_id, most=most)
        return [ActorKey(row[0]) for row in rows]

    def has_member_at(self, community_id: ActorKey, host: str) -> bool:
        """Whether a member of the community lives at this peer."""
        return self._db.row(_HAS_MEMBER_AT, community=community_id, host=host) is not None

    def is_banned(self, community_id: ActorKey, person_id: ActorKey, at: datetime) -> bool:
        """Whether a ban stands at this moment."""
        found = self.get(community_id, person_id)
        if found is None or found.state is not MembershipState.BANNED:
            return False
        return found.until is None or found.until > at
