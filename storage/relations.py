"""Ties of one actor to many at once, and lists of who follows whom, page by page."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)

from communities.community import CommunityVisibility
from communities.membership import MembershipState
from communities.people import ActorKey, ActorState, FollowState
from communities.ties import USUAL, Mute, Tie
from storage.connection import Connection, Row
from storage.follow_options import to_options
from storage.pages import Pages, Window, place_of
from storage.statements import Statement, Tools, json_list
from storage.tables.social import actors, blocks, communities, follows, memberships
from storage.tables.ties import account_notes, domain_blocks, endorsements, follow_options, mutes
from storage.times import from_ms_or_none, to_ms

_ACCEPTED, _REQUESTED = FollowState.ACCEPTED.value, FollowState.REQUESTED.value
_MEMBER, _ASKED = MembershipState.MEMBER.value, MembershipState.REQUESTED.value
_PRESENT = actors.c.state.not_in([ActorState.SUSPENDED.value, ActorState.DELETED.value])
_me = bindparam("me", type_=BigInteger)
_to, _fro = follows.alias("to_them"), follows.alias("to_me")
_joined, _joins = memberships.alias("joined"), memberships.alias("joins")
_blocking, _blocked = blocks.alias("blocking"), blocks.alias("blocked")


_between = (
    select(
        actors.c.id,
        _to.c.state,
        _fro.c.state,
        _joined.c.state,
        _joined.c.until_ms,
        _joins.c.state,
        _joins.c.until_ms,
        _blocking.c.at_ms,
        _blocked.c.at_ms,
        mutes.c.hide_notifications,
        mutes.c.until_ms,
        endorsements.c.id,
        account_notes.c.note,
        domain_blocks.c.id,
        follow_options.c.show_reblogs,
        follow_options.c.notify,
        follow_options.c.languages,
    )
    .select_from(actors)
    .outerjoin(communities, communities.c.id == actors.c.id)
    .outerjoin(_to, and_(_to.c.follower_id == _me, _to.c.followee_id == actors.c.id))
    .outerjoin(_fro, and_(_fro.c.follower_id == actors.c.id, _fro.c.followee_id == _me))
    .outerjoin(_joined, and_(_joined.c.person_id == _me, _joined.c.community_id == actors.c.id))
    .outerjoin(_joins, and_(_joins.c.person_id == actors.c.id, _joins.c.community_id == _me))
    .outerjoin(
        _blocking, and_(_blocking.c.blocker_id == _me, _blocking.c.blocked_id == actors.c.id)
    )
    .outerjoin(_blocked, and_(_blocked.c.blocker_id == actors.c.id, _blocked.c.blocked_id == _me))
    .outerjoin(mutes, and_(mutes.c.person_id == _me, mutes.c.target_id == actors.c.id))
    .outerjoin(
        endorsements, and_(endorsements.c.person_id == _me, endorsements.c.target_id == actors.c.id)
    )
    .outerjoin(
        account_notes,
        and_(account_notes.c.person_id == _me, account_notes.c.target_id == actors.c.id),
    )
    .outerjoin(
        domain_blocks,
        and_(domain_blocks.c.person_id == _me, domain_blocks.c.host == actors.c.host),
    )
    .outerjoin(
        follow_options,
        and_(follow_options.c.follower_id == _me, follow_options.c.followee_id == actors.c.id),
    )
)
_NOT_SECRET = or_(
    communities.c.visibility.is_(None),
    communities.c.visibility != CommunityVisibility.SECRET.value,
    _joined.c.state.in_([_MEMBER, MembershipState.INVITED.value]),
    actors.c.id == _me,
)
"""Whom one may know of: `communities.visibility.can_see_community`."""
_BETWEEN = Statement(lambda tools: _between.where(tools.in_list(actors.c.id, "ids"), _NOT_SECRET))
_KNOWN = Statement(
    lambda tools: (
        select(actors.c.id)
        .select_from(actors)
        .outerjoin(communities, communities.c.id == actors.c.id)
        .outerjoin(_joined, and_(_joined.c.person_id == _me, _joined.c.community_id == actors.c.id))
        .where(
            tools.in_list(actors.c.id, "ids"),
            _NOT_SECRET,
            actors.c.state != ActorState.DELETED.value,
            or_(actors.c.kind == "person", _PRESENT),
        )
    )
)


def _tie(row: Row, at: datetime) -> Tie:
    to_them, to_me, joined, banned_until, joins, ban_until, blocking, blocked = row[1:9]
    now_ms = to_ms(at)
    mute = None
    if row[9] is not None:
        mute = Mute(
            target_id=ActorKey(row[0]),
            hide_notifications=bool(row[9]),
            until=from_ms_or_none(row[10]),
        )
    return Tie(
        following=to_them == _ACCEPTED or joined == _MEMBER,
        requested=to_them == _REQUESTED or joined == _ASKED,
        followed_by=to_me == _ACCEPTED or joins == _MEMBER,
        requested_by=to_me == _REQUESTED or joins == _ASKED,
        options=USUAL if row[14] is None else to_options(*row[14:17]),
        blocking=blocking is not None or _is_ban(joins, ban_until, now_ms),
        blocked_by=blocked is not None or _is_ban(joined, banned_until, now_ms),
        mute=mute if mute is not None and mute.is_in_force(at) else None,
        blocks_host=row[13] is not None,
        endorsed=row[11] is not None,
        note=row[12] or "",
    )


def _is_ban(state: str | None, until_ms: int | None, now_ms: int) -> bool:
    return state == MembershipState.BANNED.value and (until_ms is None or until_ms > now_ms)


_FOLLOW_PLACE = place_of(follows.c.since_ms, follows.c.follower_id)
_followers = (
    select(follows.c.follower_id, _FOLLOW_PLACE)
    .join_from(follows, actors, actors.c.id == follows.c.follower_id)
    .where(follows.c.followee_id == bindparam("actor"), _PRESENT)
)
_FOLLOWERS = Pages(
    _followers.where(follows.c.state == _ACCEPTED), _FOLLOW_PLACE, follows.c.since_ms
)
_REQUESTS = Pages(
    _followers.where(follows.c.state == _REQUESTED), _FOLLOW_PLACE, follows.c.since_ms
)
_MEMBER_PLACE = place_of(memberships.c.since_ms, memberships.c.person_id)
_members = (
    select(memberships.c.person_id, _MEMBER_PLACE)
    .join_from(memberships, actors, actors.c.id == memberships.c.person_id)
    .where(memberships.c.community_id == bindparam("actor"), _PRESENT)
)
_MEMBERS = Pages(
    _members.where(memberships.c.state == _MEMBER), _MEMBER_PLACE, memberships.c.since_ms
)
_CANDIDATES = Pages(
    _members.where(memberships.c.state == _ASKED), _MEMBER_PLACE, memberships.c.since_ms
)
_FOLLOWEE_PLACE = place_of(follows.c.since_ms, follows.c.followee_id)
_followees = select(follows.c.followee_id.label("key"), _FOLLOWEE_PLACE.label("place")).where(
    follows.c.follower_id == bindparam("actor"), follows.c.state == _ACCEPTED
)
_COMMUNITY_PLACE = place_of(memberships.c.since_ms, memberships.c.community_id)
_communities = select(
    memberships.c.community_id.label("key"), _COMMUNITY_PLACE.label("place")
).where(memberships.c.person_id == bindparam("actor"), memberships.c.state == _MEMBER)
_one_way = _followees.subquery("one_way")
_both = union_all(_followees, _communities).subquery("both")
_FOLLOWING = Pages(
    select(_one_way.c.key, _one_way.c.place)
    .join_from(_one_way, actors, actors.c.id == _one_way.c.key)
    .where(_PRESENT),
    _one_way.c.place,
)
_FOLLOWING_AND_JOINED = Pages(
    select(_both.c.key, _both.c.place)
    .join_from(_both, actors, actors.c.id == _both.c.key)
    .where(_PRESENT),
    _both.c.place,
)
_COUNT_REQUESTS = Statement(
    select(func.count())
    .select_from(follows)
    .where(follows.c.followee_id == bindparam("actor"), follows.c.state == _REQUESTED)
)
_COUNT_CANDIDATES = Statement(
    select(func.count())
    .select_from(memberships)
    .where(memberships.c.community_id == bindparam("actor"), memberships.c.state == _ASKED)
)


def _familiar(tools: Tools) -> Select[int, int]:
    return (
        select(_fro.c.followee_id, _fro.c.follower_id)
        .join_from(_to, _fro, _fro.c.follower_id == _to.c.followee_id)
        .where(
            _to.c.follower_id == _me,
            _to.c.state == _ACCEPTED,
            _fro.c.state == _ACCEPTED,
            tools.in_list(_fro.c.followee_id, "ids"),
        )
        .order_by(_fro.c.since_ms.desc())
        .limit(bindparam("most"))
    )


_FAMILIAR = Statement(_familiar)
_PEOPLE_AT = Statement(
    union_all(
        select(follows.c.follower_id)
        .join_from(follows, actors, actors.c.id == follows.c.follower_id)
        .where(follows.c.followee_id == bindparam("person"), actors.c.host == bindparam("at_host")),
        select(follows.c.followee_id)
        .join_from(follows, actors, actors.c.id == follows.c.followee_id)
        .where(follows.c.follower_id == bindparam("person"), actors.c.host == bindparam("at_host")),
    ).limit(bindparam("most"))
)


class Relations:
    """Ties between actors, whatever table they stand in."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def between(
        self, actor_id: ActorKey, others: Sequence[ActorKey], at: datetime
    ) -> dict[ActorKey, Tie]:
        """What ties one to each of the others, but for those they may not know of.

        One statement, however many they are.
        """
        if not others:
            return {}
        rows = self._db.rows(_BETWEEN, me=actor_id, ids=json_list(others))
        return {ActorKey(row[0]): _tie(row, at) for row in rows}

    def known(self, viewer_id: ActorKey | None, keys: Sequence[ActorKey]) -> list[ActorKey]:
        """Those of whom the viewer may know, in the order given; None is nobody in particular.

        Secret communities are known to their members and those they invited, deleted accounts to
        nobody. Spec: security PRV-01.
        """
        if not keys:
            return []
        rows = self._db.rows(_KNOWN, me=viewer_id, ids=json_list(keys))
        found = {row[0] for row in rows}
        return [key for key in keys if key in found]

    def followers(self, actor_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Who follows someone, with places; those who are suspended or gone are left out."""
        return _found(_FOLLOWERS.rows(self._db, window, actor=actor_id))

    def following(
        self, actor_id: ActorKey, window: Window, *, with_communities: bool
    ) -> list[tuple[ActorKey, int]]:
        """Whom someone follows, with places; and of what they are a member, if wanted."""
        pages = _FOLLOWING_AND_JOINED if with_communities else _FOLLOWING
        return _found(pages.rows(self._db, window, actor=actor_id))

    def members(self, community_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Members of a community, with places."""
        return _found(_MEMBERS.rows(self._db, window, actor=community_id))

    def requests(self, person_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Who waits for someone's yes to a follow, with places."""
        return _found(_REQUESTS.rows(self._db, window, actor=person_id))

    def candidates(self, community_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Who has asked to join a community and waits, with places."""
        return _found(_CANDIDATES.rows(self._db, window, actor=community_id))

    def count_waiting(self, actor_id: ActorKey, *, is_community: bool) -> int:
        """How many wait for an answer: to a follow, or to join."""
        row = self._db.row(_COUNT_CANDIDATES if is_community else _COUNT_REQUESTS, actor=actor_id)
        return 0 if row is None else int(row[0])

    def familiar(
        self, actor_id: ActorKey, others: Sequence[ActorKey], *, most: int = 200
    ) -> list[tuple[ActorKey, ActorKey]]:
        """Pairs of one of the others and who follows them and is followed by the actor."""
        rows = self._db.rows(_FAMILIAR, me=actor_id, ids=json_list(others), most=most)
        return [(ActorKey(row[0]), ActorKey(row[1])) for row in rows]

    def people_at(self, person_id: ActorKey, host: str, *, most: int) -> list[ActorKey]:
        """Those of a host who follow someone or whom they follow, accepted or not."""
        rows = self._db.rows(_PEOPLE_AT, person=person_id, at_host=host, most=most)
        return list(dict.fromkeys(ActorKey(row[0]) for row in rows))


def _found(rows: list[Row]) -> list[tuple[ActorKey, int]]:
    return [(ActorKey(row[0]), int(row[1])) for row in rows]
