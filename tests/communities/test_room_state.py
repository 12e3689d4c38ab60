"""What a change of the community asks of the state of its rooms."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.community import CommunityKind, CommunityVisibility, JoinPolicy
from communities.errors import Invalid
from communities.room_levels import RoomRole, power_levels
from communities.room_state import (
    MAX_TOPIC,
    Content,
    RoomState,
    WantedState,
    changes,
    chat_state,
    creation,
    space_state,
)
from communities.room_tree import room_in_space, space_of_room
from communities.rooms import TABLE, Reach, RoomSettings, RoomUse
from tests.communities.room_states import (
    DOMAIN,
    MEMBER,
    MODERATOR,
    OWNER,
    ROLES,
    SPACE_ID,
    wanted,
)

BEES = RoomSettings(localpart="bees", name="Bees", topic="All about bees")
JOIN_RULES = ("m.room.join_rules", "")

settings_of = st.builds(
    lambda pair, kind, shows_past, topic: RoomSettings(
        localpart="bees",
        name="Bees",
        topic=topic,
        kind=kind,
        visibility=pair[0],
        join=pair[1],
        shows_past=shows_past,
    ),
    st.sampled_from(list(TABLE)),
    st.sampled_from(list(CommunityKind)),
    st.booleans(),
    st.sampled_from(["", "bees", "honey"]),
)
roles_of = st.dictionaries(
    st.sampled_from([f"@p{n}:home.example" for n in range(5)]), st.sampled_from(list(RoomRole))
)


def carry_out(before: RoomState, wished: list[WantedState]) -> RoomState:
    state: dict[tuple[str, str], Content] = dict(before)
    state.update({(each.type, each.state_key): each.content for each in wished})
    return state


def changed(before: RoomSettings, after: RoomSettings, use: RoomUse) -> dict[str, Content]:
    return {each.type: each.content for each in changes(wanted(before, use), wanted(after, use))}


@given(settings_of, roles_of, settings_of, roles_of)
def test_a_second_run_finds_nothing_to_change(
    first: RoomSettings,
    roles: dict[str, RoomRole],
    second: RoomSettings,
    other_roles: dict[str, RoomRole],
) -> None:
    pairs = [
        (space_state(first, roles, DOMAIN), space_state(second, other_roles, DOMAIN)),
        (
            chat_state(first, roles, DOMAIN, SPACE_ID),
            chat_state(second, other_roles, DOMAIN, SPACE_ID),
        ),
    ]

    for before, after in pairs:
        reached = carry_out(before, changes(before, after))
        assert changes(reached, after) == []
        assert changes(after, after) == []


def test_a_new_space_has_all_that_its_community_says() -> None:
    state = space_state(BEES, {OWNER: RoomRole.OWNER}, DOMAIN, [room_in_space("!chat", DOMAIN)])

    assert creation(BEES, RoomUse.SPACE) == {"m.federate": True, "type": "m.space"}
    assert {key: content for key, content in state.items() if "power" not in key[0]} == {
        ("m.room.join_rules", ""): {"join_rule": "public"},
        ("m.room.history_visibility", ""): {"history_visibility": "shared"},
        ("m.room.guest_access", ""): {"guest_access": "forbidden"},
        ("m.room.canonical_alias", ""): {"alias": "#bees:home.example"},
        ("m.room.name", ""): {"name": "Bees"},
        ("m.room.topic", ""): {"topic": "All about bees"},
        ("m.space.child", "!chat"): {"via": [DOMAIN], "order": " ", "suggested": True},
    }


def test_a_new_chat_room_opens_to_members_of_its_space() -> None:
    settings = replace(BEES, join=JoinPolicy.ASK, reach=Reach.LOCAL_ONLY)

    state = chat_state(settings, ROLES, DOMAIN, SPACE_ID, [space_of_room(SPACE_ID, DOMAIN)])

    assert creation(settings, RoomUse.CHAT) == {"m.federate": False}
    assert state[JOIN_RULES] == {
        "join_rule": "knock_restricted",
        "allow": [{"type": "m.room_membership", "room_id": SPACE_ID}],
    }
    assert state["m.room.canonical_alias", ""] == {"alias": "#bees.chat:home.example"}
    assert state["m.space.parent", SPACE_ID] == {"via": [DOMAIN], "canonical": True}
    assert ("m.room.topic", "") not in state


def test_only_restricted_rooms_name_a_condition() -> None:
    for visibility, join in TABLE:
        settings = replace(BEES, visibility=visibility, join=join)
        rules = wanted(settings, RoomUse.CHAT)[JOIN_RULES]
        assert ("allow" in rules) is ("restricted" in str(rules["join_rule"]))
        assert "allow" not in wanted(settings, RoomUse.SPACE)[JOIN_RULES]


def test_another_way_of_joining_changes_the_rule_alone() -> None:
    after = replace(BEES, join=JoinPolicy.ASK)

    assert changed(BEES, after, RoomUse.SPACE) == {"m.room.join_rules": {"join_rule": "knock"}}
    assert set(changed(BEES, after, RoomUse.CHAT)) == {"m.room.join_rules"}


def test_closing_the_door_takes_invitations_away_too() -> None:
    after = replace(BEES, join=JoinPolicy.CLOSED)

    found = changed(BEES, after, RoomUse.SPACE)

    assert set(found) == {"m.room.join_rules", "m.room.power_levels"}
    assert found["m.room.power_levels"]["invite"] == 150


def test_becoming_private_starts_a_history_for_members() -> None:
    after = replace(BEES, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)

    for use in RoomUse:
        found = changed(BEES, after, use)
        assert found["m.room.history_visibility"] == {"history_visibility": "joined"}
        assert str(found["m.room.join_rules"]["join_rule"]).startswith("knock")


def test_becoming_secret_takes_the_name_away() -> None:
    after = replace(BEES, visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE)

    assert changed(BEES, after, RoomUse.SPACE)["m.room.canonical_alias"] == {}


def test_a_new_role_changes_the_levels_alone() -> None:
    before = wanted(BEES, RoomUse.CHAT)
    after = chat_state(BEES, {**ROLES, MEMBER: RoomRole.MODERATOR}, DOMAIN, SPACE_ID)

    (found,) = changes(before, after)

    assert found.type == "m.room.power_levels"
    assert found.content == power_levels(BEES, RoomUse.CHAT, {**ROLES, MEMBER: RoomRole.MODERATOR})
    assert found.content != before["m.room.power_levels", ""]


def test_who_left_loses_their_level() -> None:
    roles = {user: role for user, role in ROLES.items() if user != MODERATOR}

    (found,) = changes(wanted(BEES, RoomUse.SPACE), space_state(BEES, roles, DOMAIN))

    assert found.type == "m.room.power_levels"
    assert MODERATOR not in str(found.content)


def test_a_room_that_was_meddled_with_is_set_right_and_the_rest_left_alone() -> None:
    after = wanted(BEES, RoomUse.CHAT)
    before = {
        **after,
        ("m.room.name", ""): {"name": "Wasps"},
        ("m.room.topic", ""): {"topic": "today: honey"},
        ("m.room.member", MEMBER): {"membership": "join"},
    }

    assert changes(before, after) == [
        WantedState(type="m.room.name", state_key="", content={"name": "Bees"})
    ]


def test_links_that_are_no_longer_wanted_become_empty_once() -> None:
    after = space_state(BEES, ROLES, DOMAIN, [room_in_space("!chat", DOMAIN)])
    before = {**after, ("m.space.child", "!old"): {"via": [DOMAIN]}}

    wished = changes(before, after)

    assert wished == [WantedState(type="m.space.child", state_key="!old", content={})]
    assert changes(carry_out(before, wished), after) == []


def test_a_topic_is_a_piece_of_the_description() -> None:
    state = space_state(replace(BEES, topic="x" * 100_000), {}, DOMAIN)

    assert state["m.room.topic", ""] == {"topic": "x" * MAX_TOPIC}


def test_what_does_not_go_together_has_no_state() -> None:
    settings = replace(BEES, visibility=CommunityVisibility.SECRET)

    for use in RoomUse:
        with pytest.raises(Invalid):
            wanted(settings, use)
