"""Push subscriptions through the API."""

from collections.abc import Callable
from typing import Any

import pytest

from communities.people import Person
from node.mastodon.desk import Desk
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.factories import World

pytest.importorskip("http_ece", reason="pip install http-ece")

from tests.support.push_app import PushApp, give_token

AppsOf = Callable[[Person | None], App]
PATH = "/api/v1/push/subscription"
ENDPOINT = "https://push.example.net/send/1"


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    ada = await sqlite_storage.write(world.person, "ada")
    await sqlite_storage.write(give_token, world, ada)
    return ada


@pytest.fixture
def phone() -> PushApp:
    return PushApp()


async def test_an_app_subscribes_changes_its_mind_and_leaves(
    as_: AppsOf, ada: Person, phone: PushApp, desk: Desk
) -> None:
    app = as_(ada)

    made = await app.post(PATH, json=phone.subscription(ENDPOINT))
    found = await app.get(PATH)
    changed = await app.done("PUT", PATH, json={"data": {"alerts": {"poll": True}}})
    kept = await app.done("PUT", PATH, json={"data": {"policy": "followed"}})
    gone = await app.done("DELETE", PATH)

    assert made == found
    assert (made["endpoint"], made["standard"]) == (ENDPOINT, True)
    assert made["server_key"] == desk.push_key.public
    assert made["alerts"]["mention"]
    assert not made["alerts"]["admin.report"]
    assert [name for name, on in changed["alerts"].items() if on] == ["poll"]
    assert kept["alerts"] == changed["alerts"]
    assert kept["policy"] == "followed"
    assert gone == {}
    assert (await app.call("GET", PATH)).status == 404
    assert (await app.call("PUT", PATH, json={"data": {}})).status == 404
    assert await app.done("DELETE", PATH) == {}


async def test_a_new_subscription_takes_the_place_of_the_former(
    as_: AppsOf, ada: Person, phone: PushApp, sqlite_storage: Storage
) -> None:
    app = as_(ada)
    first = await app.post(PATH, json=phone.subscription(ENDPOINT))

    second = await app.post(PATH, json=phone.subscription(f"{ENDPOINT}0", standard=False))

    assert second["id"] != first["id"]
    assert not second["standard"]
    rows = await sqlite_storage.read(lambda uow: uow.push_subscriptions.of(ada.id))
    assert [row.endpoint for row in rows] == [f"{ENDPOINT}0"]


async def test_forms_are_taken_as_apps_send_them(as_: AppsOf, ada: Person, phone: PushApp) -> None:
    keys = phone.subscription(ENDPOINT)["subscription"]["keys"]

    made = await as_(ada).post(
        PATH,
        data={
            "subscription[endpoint]": ENDPOINT,
            "subscription[keys][p256dh]": keys["p256dh"],
            "subscription[keys][auth]": keys["auth"],
            "data[alerts][follow]": "1",
        },
    )

    assert [name for name, on in made["alerts"].items() if on] == ["follow"]
    assert not made["standard"]


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://push.example.net/send"},
        {"endpoint": "https://127.0.0.1/send"},
        {"endpoint": "https://push.example.net:22/send"},
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": ""},
        {"endpoint": "https://push.example.net/" + "x" * 3000},
        {"keys": {"p256dh": "AAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}},
        {"keys": {}},
    ],
)
async def test_an_endpoint_or_key_that_is_none_is_refused(
    as_: AppsOf, ada: Person, phone: PushApp, change: dict[str, Any]
) -> None:
    wanted = phone.subscription(ENDPOINT)
    wanted["subscription"].update(change)

    assert (await as_(ada).call("POST", PATH, json=wanted)).status == 422


async def test_a_policy_that_is_none_is_refused(as_: AppsOf, ada: Person, phone: PushApp) -> None:
    wanted = phone.subscription(ENDPOINT)
    wanted["data"]["policy"] = "friends of friends"

    assert (await as_(ada).call("POST", PATH, json=wanted)).status == 422


async def test_the_token_is_not_kept_as_it_is(
    as_: AppsOf, ada: Person, phone: PushApp, sqlite_storage: Storage, desk: Desk
) -> None:
    await as_(ada).post(PATH, json=phone.subscription(ENDPOINT))

    (row,) = await sqlite_storage.read(lambda uow: uow.push_subscriptions.of(ada.id))

    assert str(ada.id).encode() not in row.sealed_token
    assert desk.push_key.unseal(row.sealed_token).startswith(str(ada.id))


async def test_the_subscription_of_a_token_that_ended_is_not_pushed_to(
    as_: AppsOf, ada: Person, phone: PushApp, sqlite_storage: Storage, world: World
) -> None:
    await as_(ada).post(PATH, json=phone.subscription(ENDPOINT))

    await sqlite_storage.write(lambda uow: uow.app_tokens.revoke(ada.id, world.tick()))

    assert await sqlite_storage.read(lambda uow: uow.push_subscriptions.of(ada.id)) == []
