"""What a membership of the community asks of its rooms, tried under the auth rules."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from communities.community import (
    CommunityVisibility,
    JoinPolicy,
)
from communities.errors import Reason
from communities.membership import TRANSITIONS, MembershipState
from communities.roles import Standing
from communities.room_membership import (
    Answer,
    Held,
    InRoom,
    RoomAct,
    asked_of_room,
    asked_of_rooms,
    judge,
)
from communities.rooms import TABLE, RoomSettings, RoomUse, room_settings
from tests.communities.room_arrivals import (
    AFTER,
    INVITED,
    JOINED,
    KNOCKED,
)
from tests.communities.room_states import MODERATOR, NODE, SPACE_ID, STRANGER, MatrixRoom
from tests.communities.village import Village

S = MembershipState
BEES = RoomSettings(localpart="bees", name="Bees")
PAIRS = list(TABLE)


def held_of() -> Iterator[Held]:
    for was in S:
        for state in (was, *TRANSITIONS[was]):
            for is_local in (False, True):
                yield Held(state=state, was=was, is_local=is_local)


def settle(room: MatrixRoom, use: RoomUse, held: Held, start: InRoom) -> InRoom:
    """Carry out what is asked, under the auth rules, and give where the person is then."""
    place = start
    for act in asked_of_room(held, use, start):
        following = AFTER[act]
        if act is not RoomAct.ENTER:
            assert room.may_be(NODE, STRANGER, following)
        place = following
        room.place(STRANGER, following)
    return place


@pytest.mark.parametrize("use", list(RoomUse))
def test_what_a_room_is_asked_for_is_allowed_and_done_once(use: RoomUse) -> None:
    for held in held_of():
        for start in InRoom:
            room = MatrixRoom(BEES, use)
            room.place(STRANGER, start)
            place = settle(room, use, held, start)
            assert asked_of_room(held, use, place) == ()


@pytest.mark.parametrize("use", list(RoomUse))
def test_only_members_stay_in_a_room_and_who_is_banned_is_banned_there(use: RoomUse) -> None:
    for held in held_of():
        for start in InRoom:
            room = MatrixRoom(BEES, use)
            place = settle(room, use, held, start)
            assert (place is InRoom.BAN) is (held.state is S.BANNED)
            if place is InRoom.JOIN:
                assert held.state in (S.MEMBER, S.INVITED)


@pytest.mark.parametrize("use", list(RoomUse))
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_who_is_banned_has_no_way_in_by_any_pair(
    pair: tuple[CommunityVisibility, JoinPolicy], use: RoomUse, village: Village
) -> None:
    community = village.change(village.bees, visibility=pair[0], join=pair[1])
    room = MatrixRoom(room_settings(community), use)
    held = Held(state=S.BANNED, was=S.MEMBER, is_local=False)

    for start in InRoom:
        room.place(STRANGER, start)
        assert settle(room, use, held, start) is InRoom.BAN
        assert not room.may_be(STRANGER, STRANGER, InRoom.JOIN)
        assert not room.may_be(
            STRANGER, STRANGER, InRoom.JOIN, join_authorised_via_users_server=NODE
        )
        assert not room.may_be(STRANGER, STRANGER, InRoom.KNOCK)
        assert not room.may_be(MODERATOR, STRANGER, InRoom.INVITE)
    for event in (JOINED, KNOCKED, INVITED):
        arrived = replace(event, use=use, target=S.BANNED, target_standing=Standing.BANNED)
        assert judge(arrived, community) == Answer(acts=(RoomAct.BAN,), reason=Reason.BANNED)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_strangers_get_into_rooms_as_the_way_of_joining_says(
    pair: tuple[CommunityVisibility, JoinPolicy],
) -> None:
    settings = replace(BEES, visibility=pair[0], join=pair[1])

    for use in RoomUse:
        room = MatrixRoom(settings, use)
        may_join = room.may_be(STRANGER, STRANGER, InRoom.JOIN)
        may_knock = room.may_be(STRANGER, STRANGER, InRoom.KNOCK)
        assert may_join is (pair[1] is JoinPolicy.OPEN)
        assert may_knock is (pair[1] is JoinPolicy.ASK)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_members_of_the_space_get_into_the_chat(
    pair: tuple[CommunityVisibility, JoinPolicy],
) -> None:
    room = MatrixRoom(replace(BEES, visibility=pair[0], join=pair[1]), RoomUse.CHAT)

    # The node vouches for a member of the Space where the rule is restricted.
    assert room.may_be(STRANGER, STRANGER, InRoom.JOIN, join_authorised_via_users_server=NODE)
    assert (SPACE_ID in str(room.state["m.room.join_rules", ""].content)) is (
        pair[1] is not JoinPolicy.OPEN
    )


def test_a_new_member_of_this_node_enters_all_rooms() -> None:
    held = Held(state=S.MEMBER, was=S.NONE, is_local=True)
    rooms = {"!c": (RoomUse.CHAT, InRoom.LEAVE), "!s": (RoomUse.SPACE, InRoom.LEAVE)}

    assert asked_of_rooms(held, rooms) == [("!s", RoomAct.ENTER), ("!c", RoomAct.ENTER)]


def test_a_new_member_from_elsewhere_is_invited_to_the_space() -> None:
    held = Held(state=S.MEMBER, was=S.REQUESTED, is_local=False)
    rooms = {"!c": (RoomUse.CHAT, InRoom.LEAVE), "!s": (RoomUse.SPACE, InRoom.LEAVE)}

    assert asked_of_rooms(held, rooms) == [("!s", RoomAct.INVITE)]


def test_a_knock_is_answered_in_the_room_where_it_was() -> None:
    rooms = {"!c": (RoomUse.CHAT, InRoom.KNOCK), "!s": (RoomUse.SPACE, InRoom.LEAVE)}

    admitted = asked_of_rooms(Held(state=S.MEMBER, was=S.REQUESTED, is_local=False), rooms)
    refused = asked_of_rooms(Held(state=S.REFUSED, was=S.REQUESTED, is_local=False), rooms)

    assert admitted == [("!s", RoomAct.INVITE), ("!c", RoomAct.INVITE)]
    assert refused == [("!c", RoomAct.KICK)]


def test_who_is_invited_on_the_web_is_invited_to_the_space_alone() -> None:
    held = Held(state=S.INVITED, was=S.NONE, is_local=True)
    rooms = {"!s": (RoomUse.SPACE, InRoom.LEAVE), "!c": (RoomUse.CHAT, InRoom.LEAVE)}

    assert asked_of_rooms(held, rooms) == [("!s", RoomAct.INVITE)]


def test_a_ban_a_pardon_and_leaving_reach_every_room() -> None:
    rooms = {
        "!s": (RoomUse.SPACE, InRoom.JOIN),
        "!c": (RoomUse.CHAT, InRoom.JOIN),
        "!d": (RoomUse.CHAT, InRoom.LEAVE),
    }
    banned = {room: (use, InRoom.BAN) for room, (use, _place) in rooms.items()}

    ban = asked_of_rooms(Held(state=S.BANNED, was=S.MEMBER, is_local=True), rooms)
    pardon = asked_of_rooms(Held(state=S.LEFT, was=S.BANNED, is_local=True), banned)
    leave = asked_of_rooms(Held(state=S.LEFT, was=S.MEMBER, is_local=True), rooms)

    assert ban == [(room, RoomAct.BAN) for room in rooms]
    assert pardon == [(room, RoomAct.UNBAN) for room in rooms]
    assert leave == [("!s", RoomAct.KICK), ("!c", RoomAct.KICK)]


def test_a_member_who_left_a_room_is_not_called_back() -> None:
    held = Held(state=S.MEMBER, was=S.MEMBER, is_local=True)

    assert all(asked_of_room(held, use, InRoom.LEAVE) == () for use in RoomUse)
