"""The account that an app calls for: its profile, its pictures, its preferences."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import FormData

from communities.community import CommunityVisibility, JoinPolicy
from communities.events import CommunityChanged, PersonChanged
from communities.limits import MAX_FIELDS
from communities.membership import MembershipState, Role
from communities.people import FollowState, Person
from communities.registration import AccountRole
from federation.wanted_jobs import VERIFY_FIELDS_JOB
from node.mastodon.desk import Desk
from storage.accounts import Account
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World
from tests.support.media_files import picture

As = Callable[[Person | None], App]
VERIFY = "/api/v1/accounts/verify_credentials"
UPDATE = "/api/v1/accounts/update_credentials"


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def ben(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ben")


async def changes(desk: Desk, kind: type) -> int:
    """How many events of a kind are in the log."""
    found = await desk.storage.read(lambda uow: uow.events.after(0, 100))
    return sum(isinstance(logged.event, kind) for logged in found)


async def test_one_is_told_what_everyone_sees_and_what_one_edits(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    await desk.storage.write(lambda uow: world.follow(uow, ben, ada, FollowState.REQUESTED))

    mine = await as_(ada).get(VERIFY)

    assert (mine["id"], mine["acct"]) == (str(ada.id), "ada")
    assert mine["source"]["follow_requests_count"] == 1
    assert (mine["source"]["privacy"], mine["source"]["sensitive"]) == ("public", False)
    assert (mine["role"]["id"], mine["role"]["name"]) == ("-99", "")


async def test_who_helps_to_run_the_node_is_told_so(desk: Desk, as_: As, ada: Person) -> None:
    def appoint(uow: UnitOfWork) -> None:
        if uow.accounts.get(ada.id) is None:
            uow.accounts.add(Account(person_id=ada.id, created_at=desk.now()))
        uow.accounts.set_role(ada.id, AccountRole.MODERATOR)

    await desk.storage.write(appoint)

    assert (await as_(ada).get(VERIFY))["role"]["name"] == "Moderator"


async def test_a_profile_is_edited_as_a_form_and_other_servers_hear_once(
    desk: Desk, as_: As, ada: Person
) -> None:
    edited = await as_(ada).done(
        "PATCH",
        UPDATE,
        data={
            "display_name": "Ada  of the hill",
            "note": "Keeps *bees*\nand hens",
            "locked": "true",
            "bot": "1",
            "discoverable": "false",
            "indexable": "true",
            "hide_collections": "true",
            "fields_attributes[0][name]": "Home",
            "fields_attributes[0][value]": "https://ada.example/",
            "fields_attributes[1][name]": "",
            "fields_attributes[1][value]": "",
        },
    )

    assert edited["display_name"] == "Ada of the hill"
    assert "<br>" in edited["note"]
    assert (edited["locked"], edited["bot"], edited["discoverable"]) == (True, True, False)
    assert (edited["indexable"], edited["hide_collections"]) == (True, True)
    (field,) = edited["fields"]
    assert (field["name"], 'rel="me ' in field["value"]) == ("Home", True)
    source = edited["source"]
    assert source["note"] == "Keeps *bees*\nand hens"
    assert [(one["name"], one["value"]) for one in source["fields"]] == [
        ("Home", "https://ada.example/")
    ]
    assert (source["discoverable"], source["indexable"]) == (False, True)
    assert source["hide_collections"] is True
    assert await changes(desk, PersonChanged) == 1


async def test_what_is_not_said_stays_and_a_name_can_be_given_up(as_: As, ada: Person) -> None:
    await as_(ada).done("PATCH", UPDATE, json={"display_name": "Ada B.", "note": "Bees"})

    edited = await as_(ada).done("PATCH", UPDATE, json={"display_name": " ", "locked": True})

    assert (edited["display_name"], edited["source"]["note"]) == ("ada", "Bees")
    assert edited["locked"] is True


async def test_defaults_for_posts_are_kept_without_a_word_to_other_servers(
    desk: Desk, as_: As, ada: Person
) -> None:
    edited = await as_(ada).done(
        "PATCH",
        UPDATE,
        data={
            "source[privacy]": "private",
            "source[sensitive]": "true",
            "source[language]": "nds",
            "source[quote_policy]": "nobody",
        },
    )

    source = edited["source"]
    assert (source["privacy"], source["sensitive"]) == ("private", True)
    assert (source["language"], source["quote_policy"]) == ("nds", "nobody")
    assert await changes(desk, PersonChanged) == 0
    told = await as_(ada).get("/api/v1/preferences")
    assert told["posting:default:visibility"] == "private"
    assert told["posting:default:language"] == "nds"
    assert told["reading:expand:media"] == "default"


@pytest.mark.parametrize(
    "said",
    [
        {"display_name": "n" * 101},
        {"note": "n" * 5_001},
        {"fields_attributes": [{"name": "n", "value": "v"}] * (MAX_FIELDS + 1)},
        {"fields_attributes": [{"name": "", "value": "v"}]},
        {"locked": "perhaps"},
        {"source": {"privacy": "secret"}},
        {"source": {"language": "<b>"}},
        {"source": {"quote_policy": "friends"}},
    ],
)
async def test_a_profile_that_cannot_be_shown_is_refused_and_nothing_changes(
    as_: As, ada: Person, said: dict[str, Any]
) -> None:
    before = await as_(ada).get(VERIFY)

    reply = await as_(ada).call("PATCH", UPDATE, json={**said})

    assert reply.status == 422
    assert await as_(ada).get(VERIFY) == before


def form(**fields: str | bytes) -> FormData:
    made = FormData()
    for name, value in fields.items():
        if isinstance(value, bytes):
            made.add_field(name, value, filename="x.png", content_type="image/png")
        else:
            made.add_field(name, value)
    return made


async def test_pictures_come_with_the_texts_and_go_one_by_one(
    desk: Desk, as_: As, ada: Person
) -> None:
    plain = await as_(ada).get(VERIFY)

    edited = await as_(ada).done(
        "PATCH",
        UPDATE,
        data=form(
            display_name="Ada B.",
            avatar=picture(),
            avatar_description="A bee",
            header=picture(size=(300, 100)),
        ),
    )

    assert edited["display_name"] == "Ada B."
    assert edited["avatar"] != plain["avatar"]
    assert edited["header"] != plain["header"]
    assert edited["avatar_description"] == "A bee"
    assert await changes(desk, PersonChanged) == 2, "one for each picture, one with the texts"
    bare = await as_(ada).done("DELETE", "/api/v1/profile/avatar")
    assert bare["avatar_description"] == ""
    assert (bare["avatar"], bare["header"]) == (plain["avatar"], edited["header"])
    bare = await as_(ada).done("DELETE", "/api/v1/profile/header")
    assert bare["header"] == plain["header"]


async def test_what_is_no_picture_is_refused_with_all_that_came_with_it(
    as_: As, ada: Person
) -> None:
    reply = await as_(ada).call(
        "PATCH", UPDATE, data=form(display_name="Ada B.", avatar=b"<svg onload=alert(1)>")
    )

    assert reply.status == 422
    assert (await as_(ada).get(VERIFY))["display_name"] == "Ada"


async def test_the_profile_of_its_own_call_has_texts_as_typed_and_pictures_only_where_set(
    as_: As, ada: Person
) -> None:
    edited = await as_(ada).done("PATCH", "/api/v1/profile", data=form(note="*Bees*"))

    assert (edited["note"], edited["avatar"], edited["header"]) == ("*Bees*", None, None)
    edited = await as_(ada).done("PATCH", "/api/v1/profile", data=form(avatar=picture()))
    assert edited["avatar"] is not None
    assert (await as_(ada).get("/api/v1/profile")) == edited


async def test_an_app_that_acts_as_a_community_shows_and_edits_the_community(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.OWNER)
    await desk.storage.write(
        lambda uow: world.member(uow, bees, ben, state=MembershipState.REQUESTED)
    )
    group = as_(ada).acting_as(bees.id)

    before = await group.get(VERIFY)
    edited = await group.done(
        "PATCH",
        UPDATE,
        data=form(display_name="Bees of Drenthe", note="All about *bees*", locked="true"),
    )
    pictured = await group.done(
        "PATCH", UPDATE, data=form(avatar=picture(), header=picture(size=(300, 100)))
    )

    assert (before["id"], before["group"]) == (str(bees.id), True)
    assert before["source"]["follow_requests_count"] == 1
    assert (edited["display_name"], edited["locked"]) == ("Bees of Drenthe", True)
    assert edited["source"]["note"] == "All about *bees*"
    assert pictured["avatar"] != edited["avatar"]
    assert pictured["header"] != edited["header"]
    stored = await desk.storage.read(lambda uow: uow.communities.get(bees.id))
    assert stored is not None
    assert stored.join is JoinPolicy.ASK
    assert await changes(desk, CommunityChanged) == 3


async def test_a_moderator_does_not_edit_the_community_through_an_app(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.MODERATOR)
    group = as_(ada).acting_as(bees.id)

    for data in (form(display_name="Wasps"), form(avatar=picture())):
        assert (await group.call("PATCH", UPDATE, data=data)).status == 403
    assert (await group.call("DELETE", "/api/v1/profile/avatar")).status == 403


async def test_a_private_community_cannot_be_thrown_open_by_unlocking(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    hive = await desk.storage.write(
        lambda uow: world.community(
            uow, "hive", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
    )
    await desk.storage.write(world.member, hive, ada, Role.OWNER)

    reply = await as_(ada).acting_as(hive.id).call("PATCH", UPDATE, json={"locked": False})

    assert reply.status == 422


async def test_preferences_are_changed_by_their_own_names(as_: As, ada: Person) -> None:
    changed = await as_(ada).done(
        "PATCH",
        "/api/v1/preferences",
        json={
            "reading:expand:media": "hide_all",
            "reading:expand:spoilers": True,
            "posting:default:language": "nl",
        },
    )

    assert changed == await as_(ada).get("/api/v1/preferences")
    assert (changed["reading:expand:media"], changed["reading:expand:spoilers"]) == (
        "hide_all",
        True,
    )
    assert changed["posting:default:language"] == "nl"
    cleared = await as_(ada).done(
        "PATCH", "/api/v1/preferences", json={"posting:default:language": None}
    )
    assert cleared["posting:default:language"] is None
    reply = await as_(ada).call(
        "PATCH", "/api/v1/preferences", json={"reading:expand:media": "some"}
    )
    assert reply.status == 422


async def test_pages_named_in_a_profile_are_looked_at_and_shown_as_verified(
    desk: Desk, as_: As, ada: Person
) -> None:
    page = {"name": "Home", "value": "https://ada.example/?a&b"}

    await as_(ada).done("PATCH", UPDATE, json={"fields_attributes": [page]})
    waiting = await desk.storage.read(lambda uow: uow.jobs.counts())

    def note(uow: UnitOfWork) -> None:
        profile = uow.actors.get(ada.id)
        assert profile is not None
        extra = replace(profile.extra, verified=((page["value"], to_ms(desk.now())),))
        uow.actors.put(replace(profile, extra=extra))

    await desk.storage.write(note)
    mine = await as_(ada).get(VERIFY)

    assert VERIFY_FIELDS_JOB in waiting
    assert mine["fields"][0]["verified_at"] == "2026-11-22T09:00:00.000Z"
    assert mine["source"]["fields"][0]["verified_at"] == "2026-11-22T09:00:00.000Z"
