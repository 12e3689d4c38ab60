"""What membership events and messages of rooms mean for the community."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from communities.community import (
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
)
from communities.errors import Reason
from communities.membership import TRANSITIONS, MembershipState
from communities.roles import Standing
from communities.room_levels import RoomRole
from communities.room_membership import (
    ACTS,
    Answer,
    Arrived,
    Command,
    InRoom,
    Judgement,
    Obey,
    RoomAct,
    answer_refused,
    judge,
    judge_message,
)
from communities.rooms import TABLE, RoomUse
from tests.communities.room_arrivals import (
    AFTER,
    BANNED,
    INVITED,
    JOINED,
    KICKED,
    KNOCKED,
    LEFT,
    PARDONED,
    STANDINGS,
)
from tests.communities.village import Village

S = MembershipState
PAIRS = list(TABLE)
OUTSIDE = (S.NONE, S.LEFT, S.REFUSED)
KICK_OUT = Answer(acts=(RoomAct.KICK,), reason=Reason.NOT_A_MEMBER)


@pytest.mark.parametrize("event", [JOINED, KNOCKED], ids=["join", "knock"])
@pytest.mark.parametrize("state", OUTSIDE)
@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (JoinPolicy.OPEN, Obey(command=Command.ASK)),
        (JoinPolicy.ASK, Obey(command=Command.ASK)),
        (JoinPolicy.INVITE, KICK_OUT),
        (JoinPolicy.CLOSED, KICK_OUT),
    ],
)
def test_who_comes_from_outside_asks_the_community(
    join: JoinPolicy, expected: Judgement, state: S, event: Arrived, village: Village
) -> None:
    community = village.change(village.bees, join=join)

    for use in RoomUse:
        assert judge(replace(event, use=use, target=state), community) == expected


@pytest.mark.parametrize(
    ("event", "state", "expected"),
    [
        (JOINED, S.INVITED, Obey(command=Command.ASK)),
        (KNOCKED, S.INVITED, Obey(command=Command.ASK)),
        (JOINED, S.MEMBER, None),
        (KNOCKED, S.MEMBER, Answer(acts=(RoomAct.INVITE,), reason=None)),
        (JOINED, S.REQUESTED, Answer(acts=(RoomAct.KICK,), reason=Reason.PENDING)),
        (KNOCKED, S.REQUESTED, None),
    ],
)
def test_who_stands_in_the_community_already_is_met_as_that(
    event: Arrived, state: S, expected: Judgement, village: Village
) -> None:
    closed = village.change(village.bees, join=JoinPolicy.CLOSED)

    assert judge(replace(event, target=state), closed) == expected


@pytest.mark.parametrize(
    ("state", "sender", "expected"),
    [
        (S.NONE, Standing.MODERATOR, Obey(command=Command.INVITE)),
        (S.REQUESTED, Standing.OWNER, Obey(command=Command.ADMIT)),
        (S.MEMBER, Standing.MEMBER, None),
        (S.INVITED, Standing.MODERATOR, None),
        (S.NONE, Standing.MEMBER, Answer(acts=(RoomAct.KICK,), reason=Reason.ROLE)),
        (S.REQUESTED, Standing.MEMBER, Answer(acts=(RoomAct.KICK,), reason=Reason.ROLE)),
    ],
)
def test_an_invitation_is_the_moderators(
    state: S, sender: Standing, expected: Judgement, village: Village
) -> None:
    arrived = replace(INVITED, target=state, sender_standing=sender)

    assert judge(arrived, village.club) == expected


def test_nobody_is_invited_to_a_closed_community_from_a_room(village: Village) -> None:
    closed = village.change(village.bees, join=JoinPolicy.CLOSED)

    judged = judge(replace(INVITED, sender_standing=Standing.OWNER), closed)

    assert judged == Answer(acts=(RoomAct.KICK,), reason=Reason.CLOSED)


@pytest.mark.parametrize(
    ("use", "was", "state", "has_tie", "ends"),
    [
        (RoomUse.SPACE, InRoom.JOIN, S.MEMBER, True, True),
        (RoomUse.SPACE, InRoom.INVITE, S.INVITED, True, True),
        (RoomUse.SPACE, InRoom.KNOCK, S.REQUESTED, True, True),
        (RoomUse.CHAT, InRoom.KNOCK, S.REQUESTED, True, True),
        (RoomUse.CHAT, InRoom.JOIN, S.MEMBER, True, False),
        (RoomUse.CHAT, InRoom.JOIN, S.MEMBER, False, True),
        (RoomUse.CHAT, InRoom.INVITE, S.INVITED, False, True),
        (RoomUse.SPACE, InRoom.JOIN, S.LEFT, False, False),
    ],
)
def test_leaving_the_space_is_leaving_and_leaving_a_chat_is_not(
    use: RoomUse, was: InRoom, state: S, has_tie: bool, ends: bool, village: Village
) -> None:
    arrived = replace(LEFT, use=use, was=was, target=state, has_tie=has_tie)

    assert judge(arrived, village.club) == (Obey(command=Command.LEAVE) if ends else None)


def test_the_last_owner_is_called_back() -> None:
    assert answer_refused(LEFT, Reason.LAST_OWNER) == Answer(
        acts=(RoomAct.INVITE,), reason=Reason.LAST_OWNER
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (KICKED, Command.EXPEL),
        (replace(KICKED, was=InRoom.INVITE, target=S.INVITED), Command.EXPEL),
        (
            replace(
                KICKED,
                was=InRoom.KNOCK,
                target=S.REQUESTED,
                target_standing=Standing.PENDING,
            ),
            Command.REFUSE,
        ),
        (BANNED, Command.BAN),
        (replace(BANNED, use=RoomUse.CHAT), Command.BAN),
        (replace(BANNED, target=S.NONE, target_standing=Standing.VISITOR), Command.BAN),
        (PARDONED, Command.UNBAN),
        (replace(PARDONED, use=RoomUse.CHAT), Command.UNBAN),
    ],
)
def test_moderators_act_in_rooms_for_the_community(
    event: Arrived, expected: Command, village: Village
) -> None:
    assert judge(event, village.club) == Obey(command=expected)


@pytest.mark.parametrize(
    ("event", "acts"),
    [
        (KICKED, (RoomAct.INVITE,)),
        (replace(KICKED, was=InRoom.INVITE, target=S.INVITED), (RoomAct.INVITE,)),
        (BANNED, (RoomAct.UNBAN, RoomAct.INVITE)),
        (replace(BANNED, target=S.NONE), (RoomAct.UNBAN,)),
        (PARDONED, (RoomAct.BAN,)),
    ],
)
@pytest.mark.parametrize("sender", [Standing.VISITOR, Standing.MEMBER])
def test_what_others_did_to_people_is_undone(
    event: Arrived, acts: tuple[RoomAct, ...], sender: Standing, village: Village
) -> None:
    judged = judge(replace(event, sender_standing=sender), village.bees)

    assert judged == Answer(acts=acts, reason=Reason.ROLE)


@pytest.mark.parametrize("event", [KICKED, BANNED])
def test_moderators_do_not_kick_or_ban_each_other(event: Arrived, village: Village) -> None:
    judged = judge(replace(event, target_standing=Standing.MODERATOR), village.bees)

    assert isinstance(judged, Answer)
    assert judged.reason is Reason.ROLE
    assert judged.acts[-1] is RoomAct.INVITE


def test_a_kick_from_the_chat_alone_leaves_the_membership(village: Village) -> None:
    assert judge(replace(KICKED, use=RoomUse.CHAT), village.bees) is None


def test_who_is_banned_and_was_kicked_by_someone_stays_banned(village: Village) -> None:
    judged = judge(replace(KICKED, target=S.BANNED), village.bees)

    assert judged == Answer(acts=(RoomAct.BAN,), reason=Reason.BANNED)


def test_a_request_turned_down_by_the_wrong_person_still_stands(village: Village) -> None:
    turned = replace(
        KICKED,
        was=InRoom.KNOCK,
        target=S.REQUESTED,
        target_standing=Standing.PENDING,
        sender_standing=Standing.MEMBER,
    )

    assert judge(turned, village.bees) is None


RESULT = {
    Command.LEAVE: S.LEFT,
    Command.ADMIT: S.MEMBER,
    Command.REFUSE: S.REFUSED,
    Command.INVITE: S.INVITED,
    Command.EXPEL: S.LEFT,
    Command.BAN: S.BANNED,
    Command.UNBAN: S.LEFT,
}
ASKED = {JoinPolicy.OPEN: S.MEMBER, JoinPolicy.ASK: S.REQUESTED}


def every_arrival() -> Iterator[Arrived]:
    for event in (JOINED, KNOCKED, LEFT, INVITED, KICKED, BANNED, PARDONED):
        for target in S:
            for sender in Standing:
                for use in RoomUse:
                    held = STANDINGS.get(target, Standing.VISITOR)
                    yield replace(
                        event,
                        use=use,
                        target=target,
                        target_standing=held,
                        sender_standing=held if event.by_self else sender,
                    )


def obeyed(arrived: Arrived, community: Community, command: Command) -> S:
    if command is not Command.ASK:
        return RESULT[command]
    return S.MEMBER if arrived.target is S.INVITED else ASKED[community.join]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_an_event_counts_once_and_its_command_is_one_that_the_graph_has(
    pair: tuple[CommunityVisibility, JoinPolicy], village: Village
) -> None:
    community = village.change(village.bees, visibility=pair[0], join=pair[1])

    for arrived in every_arrival():
        judged = judge(arrived, community)
        if not isinstance(judged, Obey):
            continue
        reached = obeyed(arrived, community, judged.command)
        assert reached in TRANSITIONS[arrived.target]
        again = replace(
            arrived, target=reached, target_standing=STANDINGS.get(reached, Standing.VISITOR)
        )
        assert not isinstance(judge(again, community), Obey)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_an_answer_leaves_the_room_as_the_community_has_it(
    pair: tuple[CommunityVisibility, JoinPolicy], village: Village
) -> None:
    community = village.change(village.bees, visibility=pair[0], join=pair[1])

    for arrived in every_arrival():
        judged = judge(arrived, community)
        if isinstance(judged, Answer):
            assert judged.acts
            assert ACTS[arrived.target][AFTER[judged.acts[-1]]] is None


@pytest.mark.parametrize(
    ("kind", "state", "role", "event_type", "reason"),
    [
        (CommunityKind.GROUP, S.MEMBER, RoomRole.MEMBER, "m.room.message", None),
        (CommunityKind.GROUP, S.MEMBER, RoomRole.MUTED, "m.room.message", Reason.ROLE),
        (CommunityKind.GROUP, S.BANNED, RoomRole.VISITOR, "m.room.message", Reason.BANNED),
        (CommunityKind.GROUP, S.LEFT, RoomRole.VISITOR, "m.room.message", Reason.NOT_A_MEMBER),
        (CommunityKind.PAGE, S.MEMBER, RoomRole.MEMBER, "m.room.message", Reason.ROLE),
        (CommunityKind.PAGE, S.MEMBER, RoomRole.MEMBER, "m.reaction", None),
        (CommunityKind.PAGE, S.MEMBER, RoomRole.MODERATOR, "m.room.message", None),
    ],
)
def test_messages_of_those_who_may_not_talk_are_taken_away(
    kind: CommunityKind,
    state: S,
    role: RoomRole,
    event_type: str,
    reason: Reason | None,
    village: Village,
) -> None:
    community = village.change(village.bees, kind=kind)

    judged = judge_message(community, state, role, event_type)

    expected = None if reason is None else Answer(acts=(RoomAct.REDACT,), reason=reason)
    assert judged == expected
