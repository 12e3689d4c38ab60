"""The table of rooms reads like the product page, and keeps what it promises."""

from dataclasses import replace
from pathlib import Path

import pytest

from communities.community import JOINS, CommunityVisibility, JoinPolicy
from communities.errors import Invalid
from communities.rooms import (
    NODE_LOCALPART,
    TABLE,
    Inviter,
    Listing,
    Reach,
    RoomSettings,
    RoomUse,
    history_visibility,
    join_rule,
    listing,
    node_user,
    room_alias,
    room_settings,
    terms,
)
from tests.communities.room_tables import joining_row, render
from tests.communities.village import Village

BEES = RoomSettings(localpart="bees", name="Bees")
ILLEGAL = [
    (visibility, join)
    for visibility in CommunityVisibility
    for join in JoinPolicy
    if join not in JOINS[visibility]
]
EXPECTED = """
public   open   public public            space+chat moderators shared   yes no
public   ask    knock  knock_restricted  space+chat moderators shared   yes no
public   invite invite restricted        space      moderators shared   yes no
public   closed invite restricted        space      nobody     shared   yes no
unlisted open   public public            no         moderators shared   yes no
unlisted ask    knock  knock_restricted  no         moderators shared   yes no
unlisted invite invite restricted        no         moderators shared   yes no
unlisted closed invite restricted        no         nobody     shared   yes no
private  ask    knock  knock_restricted  no         moderators joined*  yes owners_choose
private  invite invite restricted        no         moderators joined*  yes owners_choose
private  closed invite restricted        no         nobody     joined*  yes owners_choose
secret   invite invite restricted        no         moderators joined*  no  owners_choose
secret   closed invite restricted        no         nobody     joined*  no  owners_choose
"""


def all_settings() -> list[RoomSettings]:
    """Every pair, with every reach, with and without the past."""
    return [
        replace(BEES, visibility=visibility, join=join, reach=reach, shows_past=shows_past)
        for visibility, join in TABLE
        for reach in Reach
        for shows_past in (False, True)
    ]


@pytest.mark.parametrize("line", EXPECTED.strip().splitlines())
def test_rooms_are_as_the_product_page_has_them(line: str) -> None:
    visibility, join, *_rest = line.split()
    row = joining_row(CommunityVisibility(visibility), JoinPolicy(join))

    words = [word.replace(" and ", "+").replace(" *", "*").replace(" ", "_") for word in row]

    assert words == line.split()


def test_every_legal_pair_stands_above_and_no_other() -> None:
    pairs = [tuple(line.split()[:2]) for line in EXPECTED.strip().splitlines()]

    assert pairs == [tuple(pair) for pair in TABLE]
    assert len(pairs) + len(ILLEGAL) == len(CommunityVisibility) * len(JoinPolicy)


@pytest.mark.parametrize(("visibility", "join"), ILLEGAL)
def test_pairs_that_do_not_go_together_are_refused(
    visibility: CommunityVisibility, join: JoinPolicy
) -> None:
    settings = replace(BEES, visibility=visibility, join=join)

    for ask in (terms, history_visibility, lambda each: room_alias(each, RoomUse.CHAT, "h")):
        with pytest.raises(Invalid) as caught:
            ask(settings)
        assert caught.value.field == "join"


def test_a_secret_community_is_neither_listed_nor_named() -> None:
    secret = [each for each in all_settings() if each.visibility is CommunityVisibility.SECRET]

    assert {listing(each, use) for each in secret for use in RoomUse} == {Listing.NOWHERE}
    assert {room_alias(each, use, "h") for each in secret for use in RoomUse} == {None}


def test_no_room_is_world_readable() -> None:
    assert {history_visibility(each).value for each in all_settings()} == {"shared", "joined"}


def test_the_past_of_a_private_community_is_shown_by_its_own_setting_alone() -> None:
    for settings in all_settings():
        is_open = settings.visibility in (CommunityVisibility.PUBLIC, CommunityVisibility.UNLISTED)
        shown = history_visibility(settings).value == "shared"
        assert shown is (is_open or settings.shows_past)


def test_other_servers_never_list_rooms_of_a_local_community() -> None:
    for settings in all_settings():
        for use in RoomUse:
            federated = listing(replace(settings, reach=Reach.FEDERATED), use)
            local = listing(replace(settings, reach=Reach.LOCAL_ONLY), use)
            assert local is (Listing.NOWHERE if federated is Listing.NOWHERE else Listing.NODE)


def test_only_public_communities_are_listed() -> None:
    listed = {
        each.visibility
        for each in all_settings()
        for use in RoomUse
        if listing(each, use) is not Listing.NOWHERE
    }

    assert listed == {CommunityVisibility.PUBLIC}


def test_nobody_is_let_into_the_chat_more_easily_than_into_the_space() -> None:
    ease = {"invite": 0, "restricted": 0, "knock": 1, "knock_restricted": 1, "public": 2}

    for settings in all_settings():
        space, chat = (join_rule(settings, use) for use in RoomUse)
        assert ease[chat] == ease[space]


def test_closed_communities_are_those_that_nobody_invites_to() -> None:
    for (_visibility, join), row in TABLE.items():
        assert (row.inviter is Inviter.NODE) is (join is JoinPolicy.CLOSED)


def test_space_and_chat_have_names_of_their_own() -> None:
    names = [room_alias(BEES, use, "home.example") for use in RoomUse]

    assert names == ["#bees:home.example", "#bees.chat:home.example"]


def test_the_node_makes_rooms_under_a_name_that_nobody_can_have() -> None:
    assert node_user("home.example") == f"@{NODE_LOCALPART}:home.example"
    assert NODE_LOCALPART.startswith("_")


def test_settings_are_those_of_the_community(village: Village) -> None:
    club = village.change(village.club, description_source="Books *and* cake")

    settings = room_settings(club, reach=Reach.LOCAL_ONLY, shows_past=True)

    assert settings == RoomSettings(
        localpart="club",
        name=club.name,
        topic="Books *and* cake",
        kind=club.kind,
        visibility=CommunityVisibility.PRIVATE,
        join=JoinPolicy.ASK,
        reach=Reach.LOCAL_ONLY,
        shows_past=True,
    )


def test_the_page_about_rooms_is_made_of_the_tables() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "rooms.md"

    assert page.read_text(encoding="utf-8") == render(), (
        "run python -m tests.communities.room_tables > docs/rooms.md"
    )
