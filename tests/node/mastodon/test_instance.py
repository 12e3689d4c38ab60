"""What the node says about itself: true numbers, nothing empty that apps fail on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities import limits
from communities.people import Person
from communities.registration import RegistrationMode
from node.mastodon import allowances
from node.media.desk import supported_types
from node.settings import FederationMode, FederationSettings
from node.settings_instance import InstanceSettings
from node.settings_registration import RegistrationSettings
from storage.peers import PeerPolicy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App, calling, desk_over
from tests.support.clock import Clock
from tests.support.factories import HOME, World

AppsOf = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


async def told(storage: Storage, clock: Clock, path: str, **settings: Any) -> Any:
    async with calling(desk_over(storage, clock, **settings)) as client:
        return await App(client, None).get(path)


async def test_the_instance_names_software_and_versions(as_: AppsOf, ada: Person) -> None:
    found = await as_(None).get("/api/v2/instance")

    assert found["domain"] == HOME.domain
    assert found["version"].startswith("4.6.0 (compatible; noaber ")
    assert found["api_versions"]["groups.noaber"] == 1
    assert found["configuration"]["urls"]["streaming"] == "wss://noaber.example"
    assert found["configuration"]["vapid"]["public_key"]
    assert found["configuration"]["translation"] == {"enabled": False}
    assert found["usage"]["users"]["active_month"] == 0


async def test_the_numbers_are_those_in_force(as_: AppsOf, ada: Person) -> None:
    numbers = (await as_(None).get("/api/v2/instance"))["configuration"]

    assert numbers["statuses"]["max_characters"] == allowances.MAX_CHARACTERS
    assert numbers["statuses"]["max_media_attachments"] == limits.MAX_ATTACHMENTS
    assert numbers["polls"] == {
        "max_options": allowances.MAX_POLL_OPTIONS,
        "max_characters_per_option": allowances.MAX_OPTION_CHARACTERS,
        "min_expiration": 300,
        "max_expiration": 31 * 86400,
    }
    assert numbers["accounts"]["max_note_length"] == limits.MAX_ABOUT
    assert numbers["media_attachments"]["image_size_limit"] == 16 * 1024 * 1024
    assert numbers["media_attachments"]["supported_mime_types"] == list(supported_types())


async def test_older_apps_find_the_bare_host_and_the_stream(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, world: World
) -> None:
    post = await sqlite_storage.write(world.post, ada)
    await sqlite_storage.write(world.comment, ada, post)

    reply = await as_(None).call("GET", "/api/v1/instance")

    assert reply.headers["Deprecation"].startswith("@")
    assert reply.json["uri"] == "noaber.example"
    assert reply.json["urls"] == {"streaming_api": "wss://noaber.example"}
    assert reply.json["stats"] == {"user_count": 1, "status_count": 2, "domain_count": 0}
    assert reply.json["configuration"]["polls"]["max_options"] == allowances.MAX_POLL_OPTIONS
    assert reply.json["invites_enabled"] is True


async def test_thumbnail_and_contact_are_never_empty(as_: AppsOf, ada: Person) -> None:
    newer = await as_(None).get("/api/v2/instance")
    older = await as_(None).get("/api/v1/instance")

    assert newer["thumbnail"]["url"].startswith("https://noaber.example/static/header.png")
    assert older["thumbnail"] == newer["thumbnail"]["url"]
    assert newer["contact"]["account"]["acct"] == "ada"
    assert older["contact_account"]["acct"] == "ada"


async def test_the_contact_is_the_account_of_the_settings(
    sqlite_storage: Storage, clock: Clock, world: World, ada: Person
) -> None:
    await sqlite_storage.write(world.person, "bob")

    found = await told(
        sqlite_storage,
        clock,
        "/api/v2/instance",
        instance=InstanceSettings(contact_account="@Bob"),
    )

    assert found["contact"]["account"]["acct"] == "bob"


async def test_rules_and_words_come_from_the_settings(
    sqlite_storage: Storage, clock: Clock, ada: Person
) -> None:
    instance = InstanceSettings(
        description="Beekeepers.", about="We *keep* bees.", rules=("Be kind.", "No ads.")
    )

    found = await told(sqlite_storage, clock, "/api/v2/instance", instance=instance)

    assert found["description"] == "Beekeepers."
    assert [(rule["id"], rule["text"]) for rule in found["rules"]] == [
        ("1", "Be kind."),
        ("2", "No ads."),
    ]
    rules = await told(sqlite_storage, clock, "/api/v1/instance/rules", instance=instance)
    assert rules == found["rules"]
    about = await told(
        sqlite_storage, clock, "/api/v1/instance/extended_description", instance=instance
    )
    assert about["content"] == "<p>We <em>keep</em> bees.</p>"


@pytest.mark.parametrize(
    ("mode", "enabled", "approval", "invites"),
    [
        (RegistrationMode.OPEN, True, False, False),
        (RegistrationMode.APPROVAL, True, True, False),
        (RegistrationMode.INVITE, False, False, True),
        (RegistrationMode.CLOSED, False, False, False),
    ],
)
async def test_the_door_is_as_the_settings_say(
    sqlite_storage: Storage,
    clock: Clock,
    ada: Person,
    mode: RegistrationMode,
    *,
    enabled: bool,
    approval: bool,
    invites: bool,
) -> None:
    settings = RegistrationSettings(mode=mode, message="Ask a neighbour.")

    newer = await told(sqlite_storage, clock, "/api/v2/instance", registration=settings)
    older = await told(sqlite_storage, clock, "/api/v1/instance", registration=settings)

    door = newer["registrations"]
    assert (door["enabled"], door["approval_required"]) == (enabled, approval)
    assert (door["message"], door["min_age"]) == ("Ask a neighbour.", 16)
    assert (older["registrations"], older["approval_required"]) == (enabled, approval)
    assert older["invites_enabled"] is invites


async def test_a_node_with_an_allow_list_says_so(
    sqlite_storage: Storage, clock: Clock, ada: Person
) -> None:
    found = await told(
        sqlite_storage,
        clock,
        "/api/v2/instance",
        federation=FederationSettings(mode=FederationMode.ALLOW_LIST),
    )

    assert found["configuration"]["limited_federation"] is True


async def test_policies_that_nobody_wrote_are_not_there(as_: AppsOf, ada: Person) -> None:
    for path in ("privacy_policy", "terms_of_service", "terms_of_service/2026-01-01"):
        assert (await as_(None).call("GET", f"/api/v1/instance/{path}")).status == 404


async def test_policies_are_shown_with_their_day(
    sqlite_storage: Storage, clock: Clock, ada: Person
) -> None:
    instance = InstanceSettings(
        privacy_policy="We *keep* little.",
        privacy_policy_since="2026-11-01",
        terms="Stay.",
        terms_since="2026-12-01",
    )

    async with calling(desk_over(sqlite_storage, clock, instance=instance)) as client:
        app = App(client, None)
        privacy = await app.get("/api/v1/instance/privacy_policy")
        terms = await app.get("/api/v1/instance/terms_of_service")
        assert await app.get("/api/v1/instance/terms_of_service/2026-12-01") == terms
        other = await app.call("GET", "/api/v1/instance/terms_of_service/2025-12-01")

    assert privacy["updated_at"] == "2026-11-01T00:00:00.000Z"
    assert privacy["content"] == "<p>We <em>keep</em> little.</p>"
    assert terms == {
        "effective_date": "2026-12-01",
        "effective": False,
        "content": "<p>Stay.</p>",
        "succeeded_by": None,
    }
    assert other.status == 404


def _meet(uow: UnitOfWork, clock: Clock) -> None:
    for host, policy in (
        ("good.example", PeerPolicy.NONE),
        ("quiet.example", PeerPolicy.LIMIT),
        ("bad.example", PeerPolicy.BLOCK),
    ):
        uow.peers.ensure(f"https://{host}", at=clock())
        uow.peers.note_success(f"https://{host}", at=clock())
        if policy is not PeerPolicy.NONE:
            uow.peers.decide(f"https://{host}", policy, reason="a reason", at=clock())
    uow.peers.ensure("https://never.example", at=clock())


async def test_peers_are_those_that_were_reached(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    await sqlite_storage.write(_meet, clock)

    assert await as_(None).get("/api/v1/instance/peers") == ["good.example", "quiet.example"]
    assert (await as_(None).get("/api/v1/instance"))["stats"]["domain_count"] == 2


async def test_people_of_this_node_see_which_domains_are_blocked(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    await sqlite_storage.write(_meet, clock)
    path = "/api/v1/instance/domain_blocks"

    found = await as_(ada).get(path)

    assert {(one["domain"], one["severity"]) for one in found} == {
        ("quiet.example", "silence"),
        ("bad.example", "suspend"),
    }
    assert all(len(one["digest"]) == 64 for one in found)
    assert "a reason" not in str(found)
    assert (await as_(None).call("GET", path)).status == 401


async def test_the_activity_counts_by_weeks_from_monday(
    as_: AppsOf, sqlite_storage: Storage, clock: Clock
) -> None:
    world = World(clock() - timedelta(days=9))
    ada = await sqlite_storage.write(world.person, "ada")
    carl = await sqlite_storage.write(world.remote_person, "carl")
    await sqlite_storage.write(world.post, ada)
    world.now = clock() - timedelta(days=1)
    for author in (ada, ada, carl):
        await sqlite_storage.write(world.post, author)

    weeks = await as_(None).get("/api/v1/instance/activity")

    assert len(weeks) == 12
    assert weeks[0] == {
        "week": "1794787200",
        "statuses": "2",
        "logins": "1",
        "registrations": "0",
    }
    assert (weeks[1]["statuses"], weeks[1]["registrations"]) == ("1", "1")
    assert {week["statuses"] for week in weeks[2:]} == {"0"}


async def test_what_is_counted_is_kept_for_some_minutes(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, world: World, clock: Clock
) -> None:
    async def statuses() -> Any:
        return (await as_(None).get("/api/v1/instance"))["stats"]["status_count"]

    assert await statuses() == 0
    await sqlite_storage.write(world.post, ada)

    assert await statuses() == 0
    clock.advance(timedelta(minutes=5))
    assert await statuses() == 1


async def test_there_are_no_emojis_and_no_translations(as_: AppsOf) -> None:
    assert await as_(None).get("/api/v1/custom_emojis") == []
    assert await as_(None).get("/api/v1/instance/translation_languages") == {}
