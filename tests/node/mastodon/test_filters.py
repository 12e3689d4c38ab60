"""Filters through the API: made, changed, with keywords and posts, and as older apps know them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities.filtering import MAX_FILTERS, MAX_KEYWORDS
from communities.people import Person
from communities.posts import Visibility
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]
NEW = {"title": "Football", "context": ["home", "public"]}


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bob(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "bob")


async def test_a_filter_is_made_with_its_keywords(as_: AppsOf, ada: Person, clock: Clock) -> None:
    app = as_(ada)

    made = await app.post(
        "/api/v2/filters",
        json={
            **NEW,
            "filter_action": "hide",
            "expires_in": 3600,
            "keywords_attributes": [
                {"keyword": "goal", "whole_word": True},
                {"keyword": "ball"},
                {"keyword": "never", "_destroy": True},
            ],
        },
    )

    assert made["title"] == "Football"
    assert made["context"] == ["home", "public"]
    assert made["filter_action"] == "hide"
    ends = (clock() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert made["expires_at"].startswith(ends)
    words = [(one["keyword"], one["whole_word"]) for one in made["keywords"]]
    assert words == [("goal", True), ("ball", False)]
    assert await app.get("/api/v2/filters") == [made]
    assert await app.get(f"/api/v2/filters/{made['id']}") == made


async def test_a_form_makes_a_filter_too(as_: AppsOf, ada: Person) -> None:
    made = await as_(ada).post(
        "/api/v2/filters",
        data={
            "title": "Football",
            "context[]": "thread",
            "keywords_attributes[0][keyword]": "goal",
            "keywords_attributes[0][whole_word]": "true",
            "expires_in": "",
        },
    )

    assert made["context"] == ["thread"]
    assert made["expires_at"] is None
    assert made["filter_action"] == "warn"
    assert made["keywords"][0]["keyword"] == "goal"


async def test_a_change_leaves_what_it_does_not_name(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    made = await app.post(
        "/api/v2/filters",
        json={**NEW, "expires_in": 60, "keywords_attributes": [{"keyword": "goal"}]},
    )
    keyword = made["keywords"][0]

    changed = await app.done(
        "PUT",
        f"/api/v2/filters/{made['id']}",
        json={
            "filter_action": "blur",
            "keywords_attributes": [
                {"id": keyword["id"], "keyword": "goals"},
                {"keyword": "ball"},
            ],
        },
    )

    assert changed["title"] == made["title"]
    assert changed["expires_at"] == made["expires_at"]
    assert changed["filter_action"] == "blur"
    assert [one["keyword"] for one in changed["keywords"]] == ["goals", "ball"]
    ended = await app.done(
        "PUT",
        f"/api/v2/filters/{made['id']}",
        json={
            "expires_in": None,
            "keywords_attributes": [{"id": keyword["id"], "_destroy": True}],
        },
    )
    assert ended["expires_at"] is None
    assert [one["keyword"] for one in ended["keywords"]] == ["ball"]


async def test_keywords_are_added_changed_and_dropped(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    made = await app.post("/api/v2/filters", json=NEW)
    base = f"/api/v2/filters/{made['id']}/keywords"

    added = await app.post(base, json={"keyword": "goal", "whole_word": True})

    one = f"/api/v2/filters/keywords/{added['id']}"
    assert await app.get(base) == [added]
    assert await app.get(one) == added
    changed = await app.done("PUT", one, json={"keyword": "ball", "whole_word": False})
    assert changed == {"id": added["id"], "keyword": "ball", "whole_word": False}
    await app.done("DELETE", one)
    assert await app.get(base) == []
    assert (await app.call("GET", one)).status == 404


async def test_a_post_is_named_in_a_filter_once(
    as_: AppsOf, ada: Person, bob: Person, sqlite_storage: Storage, world: World
) -> None:
    app = as_(ada)
    post = await sqlite_storage.write(world.post, bob)
    made = await app.post("/api/v2/filters", json=NEW)
    base = f"/api/v2/filters/{made['id']}/statuses"

    added = await app.post(base, json={"status_id": str(post.id)})

    one = f"/api/v2/filters/statuses/{added['id']}"
    assert added["status_id"] == str(post.id)
    assert await app.get(base) == [added]
    assert await app.get(one) == added
    assert (await app.call("POST", base, json={"status_id": str(post.id)})).status == 422
    assert await app.done("DELETE", one) == {}
    assert await app.get(base) == []


async def test_a_post_that_one_may_not_see_cannot_be_named(
    as_: AppsOf, ada: Person, bob: Person, sqlite_storage: Storage, world: World
) -> None:
    app = as_(ada)
    secret = await sqlite_storage.write(
        lambda uow: world.post(uow, bob, visibility=Visibility.DIRECT)
    )
    made = await app.post("/api/v2/filters", json=NEW)
    base = f"/api/v2/filters/{made['id']}/statuses"

    refused = await app.call("POST", base, json={"status_id": str(secret.id)})
    unknown = await app.call("POST", base, json={"status_id": "12345"})

    assert refused.status == unknown.status == 404
    assert refused.json == unknown.json


async def test_filters_of_others_are_not_there(as_: AppsOf, ada: Person, bob: Person) -> None:
    made = await as_(ada).post(
        "/api/v2/filters", json={**NEW, "keywords_attributes": [{"keyword": "goal"}]}
    )
    paths = [
        f"/api/v2/filters/{made['id']}",
        f"/api/v2/filters/{made['id']}/keywords",
        f"/api/v2/filters/keywords/{made['keywords'][0]['id']}",
        f"/api/v1/filters/{made['keywords'][0]['id']}",
    ]

    for path in paths:
        assert (await as_(bob).call("GET", path)).status == 404
    for path in (paths[0], paths[2], paths[3]):
        assert (await as_(bob).call("DELETE", path)).status == 404
    assert await as_(bob).get("/api/v2/filters") == []
    assert await as_(ada).get("/api/v2/filters") == [made]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 256},
        {"context": []},
        {"context": ["everywhere"]},
        {"filter_action": "burn"},
        {"expires_in": "soon"},
        {"expires_in": -1},
        {"expires_in": 10**18},
        {"keywords_attributes": [{"keyword": "x" * 1001}]},
        {"keywords_attributes": [{"keyword": "x"}] * (MAX_KEYWORDS + 1)},
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(
    as_: AppsOf, ada: Person, wrong: dict[str, Any]
) -> None:
    refused = await as_(ada).call("POST", "/api/v2/filters", json={**NEW, **wrong})

    assert refused.status == 422
    assert await as_(ada).get("/api/v2/filters") == []


async def test_there_is_an_end_to_the_number_of_filters(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    for _ in range(MAX_FILTERS):
        await app.post("/api/v2/filters", json=NEW)

    assert (await app.call("POST", "/api/v2/filters", json=NEW)).status == 422


async def test_older_apps_make_a_filter_of_one_keyword(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)

    reply = await app.call(
        "POST",
        "/api/v1/filters",
        json={"phrase": "goal", "context": ["home"], "irreversible": True, "whole_word": True},
    )

    assert reply.status == 200
    assert reply.headers["Deprecation"] == "@1668384000"
    assert reply.json["phrase"] == "goal"
    assert reply.json["irreversible"]
    (newer,) = await app.get("/api/v2/filters")
    assert newer["filter_action"] == "hide"
    assert newer["title"] == "goal"
    assert newer["keywords"][0]["id"] == reply.json["id"]


async def test_older_apps_change_and_drop_it(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    made = await app.post("/api/v1/filters", json={"phrase": "goal", "context": ["home"]})
    one = f"/api/v1/filters/{made['id']}"

    changed = await app.done(
        "PUT", one, json={"phrase": "ball", "context": ["thread"], "irreversible": True}
    )

    assert changed["phrase"] == "ball"
    assert changed["context"] == ["thread"]
    assert changed["irreversible"]
    assert await app.get(one) == changed
    assert (await app.get("/api/v2/filters"))[0]["title"] == "ball"
    await app.done("DELETE", one)
    assert await app.get("/api/v2/filters") == []


async def test_older_apps_cannot_change_a_filter_of_several_keywords(
    as_: AppsOf, ada: Person
) -> None:
    app = as_(ada)
    made = await app.post(
        "/api/v2/filters",
        json={**NEW, "keywords_attributes": [{"keyword": "goal"}, {"keyword": "ball"}]},
    )
    one = f"/api/v1/filters/{made['keywords'][0]['id']}"

    refused = await app.call("PUT", one, json={"phrase": "goal", "context": ["thread"]})
    await app.done("DELETE", one)

    assert refused.status == 422
    (left,) = await app.get("/api/v2/filters")
    assert [keyword["keyword"] for keyword in left["keywords"]] == ["ball"]
    assert left["context"] == made["context"]


async def test_filters_are_for_people_who_are_signed_in(as_: AppsOf) -> None:
    assert (await as_(None).call("GET", "/api/v2/filters")).status == 401
