"""Polls through the API: voting, once or for several, and who sees what of the counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities.people import Person
from node.mastodon.desk import Desk
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def ben(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ben")


async def poll_by(app: App, **more: Any) -> Any:
    poll = {"options": ["honey", "wax", "pollen"], "expires_in": 600, **more}
    return (await app.post("/api/v1/statuses", json={"status": "Which?", "poll": poll}))["poll"]


def votes(poll: Any) -> str:
    return f"/api/v1/polls/{poll['id']}/votes"


async def test_a_vote_counts_once(as_: As, ada: Person, ben: Person) -> None:
    poll = await poll_by(as_(ada))

    voted = await as_(ben).post(votes(poll), data={"choices[]": "1"})
    again = await as_(ben).call("POST", votes(poll), json={"choices": [0]})

    assert (voted["voted"], voted["own_votes"], voted["votes_count"]) == (True, [1], 1)
    assert [option["votes_count"] for option in voted["options"]] == [0, 1, 0]
    assert again.status == 422


async def test_several_can_be_chosen_where_the_poll_lets_one(
    as_: As, ada: Person, ben: Person
) -> None:
    single, several = await poll_by(as_(ada)), await poll_by(as_(ada), multiple=True)

    refused = await as_(ben).call("POST", votes(single), json={"choices": [0, 2]})
    voted = await as_(ben).post(votes(several), json={"choices": [0, 2]})

    assert refused.status == 422
    assert (voted["own_votes"], voted["voters_count"]) == ([0, 2], 1)


@pytest.mark.parametrize("choices", [[], [3], ["x"], [-1], ["9" * 5000]])
async def test_a_choice_that_is_none_is_refused(
    as_: As, ada: Person, ben: Person, choices: list[Any]
) -> None:
    poll = await poll_by(as_(ada))

    reply = await as_(ben).call("POST", votes(poll), json={"choices": choices})

    assert reply.status == 422


async def test_a_poll_that_has_ended_takes_no_votes(
    as_: As, ada: Person, ben: Person, clock: Clock
) -> None:
    poll = await poll_by(as_(ada))
    clock.advance(timedelta(seconds=600))

    reply = await as_(ben).call("POST", votes(poll), json={"choices": [0]})

    assert (reply.status, reply.json["error"]) == (422, "The poll has already ended")
    assert (await as_(None).get(f"/api/v1/polls/{poll['id']}"))["expired"] is True


async def test_hidden_counts_show_when_the_poll_has_ended(
    as_: As, ada: Person, ben: Person, clock: Clock
) -> None:
    poll = await poll_by(as_(ada), hide_totals=True)

    voted = await as_(ben).post(votes(poll), json={"choices": [1]})
    clock.advance(timedelta(seconds=600))
    ended = await as_(ben).get(f"/api/v1/polls/{poll['id']}")

    assert [option["votes_count"] for option in voted["options"]] == [None] * 3
    assert [option["votes_count"] for option in ended["options"]] == [0, 1, 0]


async def test_a_private_poll_is_not_there_for_others(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    poll = {"options": ["a", "b"], "expires_in": 600}
    wanted = {"status": "@ben Which?", "poll": poll, "visibility": "direct"}
    status = await as_(ada).post("/api/v1/statuses", json=wanted)
    eva = await desk.storage.write(world.person, "eva")
    plain = await as_(ada).post("/api/v1/statuses", json={"status": "no poll"})

    assert (await as_(ben).get(f"/api/v1/polls/{status['id']}"))["voted"] is False
    for person, key in ((eva, status["id"]), (None, status["id"]), (ben, plain["id"])):
        assert (await as_(person).call("GET", f"/api/v1/polls/{key}")).status == 404
    assert (await as_(eva).call("POST", votes(status), json={"choices": [0]})).status == 404


async def test_choices_change_until_somebody_has_voted(
    as_: As, ada: Person, ben: Person, clock: Clock
) -> None:
    poll = await poll_by(as_(ada))
    path = f"/api/v1/statuses/{poll['id']}"
    clock.advance(timedelta(seconds=60))
    changed = await as_(ada).done(
        "PUT", path, json={"status": "Which?", "poll": {"options": ["a", "b"], "expires_in": 900}}
    )
    await as_(ben).post(votes(poll), json={"choices": [0]})

    refused = await as_(ada).call(
        "PUT", path, json={"poll": {"options": ["a", "c"], "expires_in": 900}}
    )
    kept = await as_(ada).done("PUT", path, json={"status": "Which one?"})

    assert [option["title"] for option in changed["poll"]["options"]] == ["a", "b"]
    assert refused.status == 422
    assert kept["poll"]["votes_count"] == 1


async def test_a_poll_cannot_be_added_later(as_: As, ada: Person) -> None:
    status = await as_(ada).post("/api/v1/statuses", json={"status": "Moin"})
    poll = {"options": ["a", "b"], "expires_in": 900}

    reply = await as_(ada).call("PUT", f"/api/v1/statuses/{status['id']}", json={"poll": poll})

    assert reply.status == 422
