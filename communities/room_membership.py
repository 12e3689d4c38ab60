"""Who is in the rooms of a community: what the community asks of them, and what they tell it.

Both ways the community decides. `asked_of_rooms` says what a room must do for a membership to be
true there, by one table. `judge` says which command of the community an event of a room stands
for, or how the room is answered where the community's rules refuse it.

To leave the Space, or be kicked from it, ends the membership; to leave a chat room does not, for
who has a tie to the community besides it. A ban in any room is a ban from the community.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from communities.community import Community, JoinPolicy
from communities.errors import Reason
from communities.membership import MembershipState
from communities.roles import Action, Standing, refusal
from communities.room_levels import LEVELS, RoomRole, sending_level
from communities.rooms import Inviter, RoomUse, room_settings, terms


class InRoom(StrEnum):
    """The `membership` of m.room.member; who never was in the room is at `leave`."""

    LEAVE = "leave"
    INVITE = "invite"
    KNOCK = "knock"
    JOIN = "join"
    BAN = "ban"


class RoomAct(StrEnum):
    """What the node's own user does in a room.

    `KICK` also takes back an invitation and turns down a knock; `ENTER` lets a person of this
    node join, who asked for it elsewhere.
    """

    ENTER = "enter"
    INVITE = "invite"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    REDACT = "redact"


class Command(StrEnum):
    """What an event of a room asks of the community.

    `ASK`, `LEAVE` are those of the person; the others are moderators' about the person. `EXPEL`
    ends a membership or an invitation without a ban.
    """

    ASK = "ask"
    LEAVE = "leave"
    ADMIT = "admit"
    REFUSE = "refuse"
    INVITE = "invite"
    EXPEL = "expel"
    BAN = "ban"
    UNBAN = "unban"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obey:
    """The event counts: the community carries the command out, which may still refuse."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The community stays as it is, and the room is set right, in this order.

    `reason` says what was refused; None where a member is let in.
    """

    acts: tuple[RoomAct, ...]
    reason: Reason | None


Judgement = Obey | Answer | None
"""None where the event changes nothing for the community."""

_S, _R = MembershipState, InRoom

_NO_PLACE: Final[Mapping[InRoom, RoomAct | None]] = {
    _R.LEAVE: None,
    _R.INVITE: RoomAct.KICK,
    _R.KNOCK: RoomAct.KICK,
    _R.JOIN: RoomAct.KICK,
    _R.BAN: RoomAct.UNBAN,
}

ACTS: Mapping[MembershipState, Mapping[InRoom, RoomAct | None]] = {
    _S.MEMBER: {
        _R.LEAVE: None,
        _R.INVITE: None,
        _R.KNOCK: RoomAct.INVITE,
        _R.JOIN: None,
        _R.BAN: RoomAct.UNBAN,
    },
    _S.INVITED: {
        _R.LEAVE: None,
        _R.INVITE: None,
        _R.KNOCK: RoomAct.INVITE,
        _R.JOIN: None,
        _R.BAN: RoomAct.UNBAN,
    },
    _S.REQUESTED: {
        _R.LEAVE: None,
        _R.INVITE: RoomAct.KICK,
        _R.KNOCK: None,
        _R.JOIN: RoomAct.KICK,
        _R.BAN: RoomAct.UNBAN,
    },
    _S.BANNED: {
        _R.LEAVE: RoomAct.BAN,
        _R.INVITE: RoomAct.BAN,
        _R.KNOCK: RoomAct.BAN,
        _R.JOIN: RoomAct.BAN,
        _R.BAN: None,
    },
    _S.NONE: _NO_PLACE,
    _S.LEFT: _NO_PLACE,
    _S.REFUSED: _NO_PLACE,
}
"""What a room must do, by how somebody stands in the community and in the room.

Nobody is called back who stays away. A ban stands in every room, also for those who never came.
"""

if set(ACTS) != set(_S) or any(set(row) != set(_R) for row in ACTS.values()):
    raise AssertionError("every standing in a community needs its act for every one in a room")

_INSIDE: Final = frozenset({_S.MEMBER, _S.REQUESTED, _S.INVITED})
_ENTERING: Final = frozenset({_S.MEMBER, _S.INVITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a person stands in the community, now: a ban that has run out is LEFT.

    `was` is the state before a change, the same as `state` where nothing changed. `is_local` says
    that the person has an account on this node.
    """

    state: MembershipState
    was: MembershipState
    is_local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An m.room.member event of one of the community's rooms, of which the node is not the sender.

    Attributes:
        use: the room it is of.
        membership: what it makes of the person it is about.
        was: what that person was in the room before.
        by_self: the sender is that person.
        target: how they stand in the community.
        target_standing: the same, as power.
        sender_standing: where the sender stands in the community; the target's, when `by_self`.
        has_tie: the person is joined or invited to the Space, or has an account on this node.
    """

    use: RoomUse
    membership: InRoom
    was: InRoom
    by_self: bool
    target: MembershipState
    target_standing: Standing
    sender_standing: Standing
    has_tie: bool


def asked_of_room(held: Held, use: RoomUse, in_room: InRoom) -> tuple[RoomAct, ...]:
    """Give what one room must do for a membership to be true there, in order.

    Someone who becomes a member enters all rooms at once where this node has their account; others
    are invited to the Space, which opens the rooms. Asked again after that was done, about the
    same change and with the person where they are now, there is nothing left to do.

    Spec: house 2.10 (the community's rules decide, the room follows).
    """
    act = ACTS[held.state][in_room]
    acts = () if act is None else (act,)
    if held.state is held.was or held.state not in _ENTERING or in_room is InRoom.JOIN:
        return acts
    if held.is_local and held.state is MembershipState.MEMBER:
        return (*(done for done in acts if done is RoomAct.UNBAN), RoomAct.ENTER)
    is_outside = in_room in (InRoom.LEAVE, InRoom.BAN)
    return (*acts, RoomAct.INVITE) if use is RoomUse.SPACE and is_outside else acts


def asked_of_rooms(
    held: Held, rooms: Mapping[str, tuple[RoomUse, InRoom]]
) -> list[tuple[str, RoomAct]]:
    """Give what every room must do, by room id: the Space first, since it lets into the others."""
    ordered = sorted(rooms.items(), key=lambda item: item[1][0] is not RoomUse.SPACE)
    return [(room_id, act) for room_id, place in ordered for act in asked_of_room(held, *place)]


def judge(arrived: Arrived, community: Community) -> Judgement:
    """Say what a membership event means for the community of this node that the room is of.

    The same event judged again, after its command was carried out, changes nothing.

    Spec: house 2.9 step 3 (a refusal becomes a kick or a redaction), 2.10.
    """
    match arrived.membership:
        case InRoom.JOIN | InRoom.KNOCK:
            return _judge_entry(arrived, community)
        case InRoom.INVITE:
            return _judge_invite(arrived, community)
        case InRoom.BAN:
            return _judge_ban(arrived, community)
        case InRoom.LEAVE if arrived.by_self:
            return _judge_leaving(arrived)
        case InRoom.LEAVE:
            return _judge_removal(arrived, community)


def answer_refused(arrived: Arrived, reason: Reason) -> Answer | None:
    """Give how the room is set right when the command that an event asked for was refused.

    A member who was taken away, or may not leave as the last owner, is invited back. None where
    the room cannot be set right, as after somebody's knock was turned down by the wrong person:
    in the community the request still stands.
    """
    act = ACTS[arrived.target][arrived.membership]
    acts = () if act is None else (act,)
    if arrived.target in _ENTERING and arrived.membership in (InRoom.BAN, InRoom.LEAVE):
        acts = (*acts, RoomAct.INVITE)
    return Answer(acts=acts, reason=reason) if acts else None


def judge_message(
    community: Community, state: MembershipState, role: RoomRole, event_type: str
) -> Answer | None:
    """Say whether a message that came through in a chat room is taken away, and why.

    The rules of the room let it in where the community changed its mind meanwhile.

    Spec: house 2.9 step 3.
    """
    if state is MembershipState.BANNED:
        return Answer(acts=(RoomAct.REDACT,), reason=Reason.BANNED)
    if role is RoomRole.VISITOR:
        return Answer(acts=(RoomAct.REDACT,), reason=Reason.NOT_A_MEMBER)
    if LEVELS[role] < sending_level(room_settings(community), event_type):
        return Answer(acts=(RoomAct.REDACT,), reason=Reason.ROLE)
    return None


def _judge_entry(arrived: Arrived, community: Community) -> Judgement:
    if arrived.target is MembershipState.BANNED:
        return answer_refused(arrived, Reason.BANNED)
    if arrived.target is MembershipState.INVITED:
        return Obey(command=Command.ASK)
    if arrived.target is MembershipState.MEMBER:
        act = ACTS[arrived.target][arrived.membership]
        return None if act is None else Answer(acts=(act,), reason=None)
    if arrived.target is MembershipState.REQUESTED:
        return answer_refused(arrived, Reason.PENDING)
    if community.join in (JoinPolicy.OPEN, JoinPolicy.ASK):
        return Obey(command=Command.ASK)
    return answer_refused(arrived, Reason.NOT_A_MEMBER)


def _judge_invite(arrived: Arrived, community: Community) -> Judgement:
    if arrived.target is MembershipState.BANNED:
        return answer_refused(arrived, Reason.BANNED)
    if arrived.target in _ENTERING:
        return None
    if terms(room_settings(community)).inviter is Inviter.NODE:
        return answer_refused(arrived, Reason.CLOSED)
    is_asking = arrived.target is MembershipState.REQUESTED
    refused = refusal(
        community, arrived.sender_standing, Action.ADMIT if is_asking else Action.INVITE
    )
    if refused is not None:
        return answer_refused(arrived, refused)
    return Obey(command=Command.ADMIT if is_asking else Command.INVITE)


def _judge_ban(arrived: Arrived, community: Community) -> Judgement:
    if arrived.target is MembershipState.BANNED:
        return None
    refused = _refuse_over(arrived, community, Action.BAN)
    return Obey(command=Command.BAN) if refused is None else answer_refused(arrived, refused)


def _judge_leaving(arrived: Arrived) -> Judgement:
    if arrived.target is MembershipState.BANNED:
        return answer_refused(arrived, Reason.BANNED)
    if arrived.target not in _INSIDE or not _ends_membership(arrived):
        return None
    return Obey(command=Command.LEAVE)


def _judge_removal(arrived: Arrived, community: Community) -> Judgement:
    if arrived.was is InRoom.BAN or arrived.target is MembershipState.BANNED:
        return _judge_pardon(arrived, community)
    if arrived.target not in _INSIDE:
        return None
    is_asking = arrived.target is MembershipState.REQUESTED
    refused = _refuse_over(arrived, community, Action.ADMIT if is_asking else Action.BAN)
    if refused is not None:
        return answer_refused(arrived, refused)
    if is_asking:
        return Obey(command=Command.REFUSE) if arrived.was is InRoom.KNOCK else None
    return Obey(command=Command.EXPEL) if _ends_membership(arrived) else None


def _judge_pardon(arrived: Arrived, community: Community) -> Judgement:
    if arrived.target is not MembershipState.BANNED:
        return None
    # Someone banned who was kicked, too, is no less banned.
    refused = Reason.BANNED if arrived.was is not InRoom.BAN else None
    refused = refused or refusal(community, arrived.sender_standing, Action.BAN)
    return Obey(command=Command.UNBAN) if refused is None else answer_refused(arrived, refused)


def _refuse_over(arrived: Arrived, community: Community, action: Action) -> Reason | None:
    """Why the sender may not do it to this person; moderators do not do it to each other."""
    refused = refusal(community, arrived.sender_standing, action)
    if refused is None and arrived.target_standing >= arrived.sender_standing:
        return Reason.ROLE
    return refused


def _ends_membership(arrived: Arrived) -> bool:
    """Whether leaving this room is leaving the community, or taking back what was asked there."""
    is_asking = arrived.was is InRoom.KNOCK and arrived.target is MembershipState.REQUESTED
    return arrived.use is RoomUse.SPACE or is_asking or not arrived.has_tie
