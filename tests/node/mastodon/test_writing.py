"""Writing statuses through the API: posting, answering, editing, deleting, once and no more."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from communities.people import Person
from communities.posts import Post, PostState, Visibility
from communities.ties import DefaultVisibility, Preferences
from node.drafts import Draft
from node.mastodon import allowances
from node.mastodon.desk import Desk
from node.mastodon.publishing import Enclosed, Once, publish
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App, calling, desk_over
from tests.support.clock import Clock
from tests.support.factories import World

As = Callable[[Person | None], App]
STATUSES = "/api/v1/statuses"


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    """Who writes."""
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def ben(sqlite_storage: Storage, world: World) -> Person:
    """Who reads and answers."""
    return await sqlite_storage.write(world.person, "ben")


async def post_of(desk: Desk, status: Any) -> Post:
    """The stored post of a Status."""
    found = await desk.storage.read(lambda uow: uow.posts.get(int(status["id"])))  # type: ignore[arg-type]  # a PostKey
    assert found is not None
    return found


async def posts_of(desk: Desk, person: Person) -> int:
    def count(uow: UnitOfWork) -> int:
        return len(uow.timelines.by_author(person.id, before=1 << 62, most=50))

    return await desk.storage.read(count)


async def test_a_status_keeps_its_line_breaks_and_its_markdown(as_: As, ada: Person) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin\r\n**zusammen**\x00"})

    assert status["content"] == "<p>Moin<br><strong>zusammen</strong></p>"
    assert status["visibility"] == "public"
    assert status["account"]["username"] == "ada"
    assert status["title"] is None


async def test_plain_text_can_be_asked_for(as_: As, ada: Person) -> None:
    wanted = {"status": "**not bold**", "content_type": "text/plain"}

    status = await as_(ada).post(STATUSES, json=wanted)

    assert status["content"] == "<p>**not bold**</p>"


@pytest.mark.parametrize(
    ("wanted", "visibility"),
    [
        ("public", Visibility.PUBLIC),
        ("unlisted", Visibility.UNLISTED),
        ("private", Visibility.FOLLOWERS),
        ("direct", Visibility.DIRECT),
    ],
)
async def test_each_visibility_is_kept(
    as_: As, ada: Person, desk: Desk, wanted: str, visibility: Visibility
) -> None:
    status = await as_(ada).post(STATUSES, data={"status": "Moin", "visibility": wanted})

    assert status["visibility"] == wanted
    assert (await post_of(desk, status)).visibility is visibility


async def test_what_the_app_does_not_say_is_as_its_owner_likes_it(
    as_: As, ada: Person, desk: Desk
) -> None:
    liked = Preferences(visibility=DefaultVisibility.UNLISTED, sensitive=True, language="nl")
    await desk.storage.write(lambda uow: uow.preferences.put(ada.id, liked))

    status = await as_(ada).post(STATUSES, json={"status": "Moin"})

    assert status["visibility"] == "unlisted"
    assert status["language"] == "nl"
    assert status["sensitive"] is False, "the default is about pictures"


async def test_a_warning_makes_it_sensitive(as_: As, ada: Person) -> None:
    wanted = {"status": "They sting", "spoiler_text": "bees", "language": "en"}

    status = await as_(ada).post(STATUSES, json=wanted)

    assert status["spoiler_text"] == "bees"
    assert status["sensitive"] is True
    assert status["language"] == "en"


@pytest.mark.parametrize(
    "wanted",
    [
        {"status": "  "},
        {},
        {"status": "x" * (allowances.MAX_CHARACTERS + 1)},
        {"status": "x", "visibility": "secret"},
        {"status": "x", "content_type": "text/html"},
        {"status": "x", "link": "javascript:X"},
        {"status": "x", "media_ids": ["one"]},
        {"status": "x", "media_ids": ["77"], "poll": {"options": ["a", "b"], "expires_in": 600}},
        {"status": "x", "in_reply_to_id": "no"},
        {"status": "x", "poll": {"options": ["a"], "expires_in": 600}},
        {"status": "x", "poll": {"options": ["a", "a"], "expires_in": 600}},
        {"status": "x", "poll": {"options": ["a", "b" * 101], "expires_in": 600}},
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 299}},
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 10**18}},
        {"status": "x", "poll": {"options": [*"abcdefghijk"], "expires_in": 600}},
        {"status": "x", "poll": {"options": ["a", "b"]}},
    ],
)
async def test_what_cannot_be_posted_is_refused_in_words(
    as_: As, ada: Person, desk: Desk, wanted: dict[str, Any]
) -> None:
    reply = await as_(ada).call("POST", STATUSES, json=wanted)

    assert reply.status == 422
    assert reply.json["error"].startswith("Validation failed: ")
    assert await posts_of(desk, ada) == 0


async def test_an_address_counts_as_apps_count_it(as_: As, ada: Person) -> None:
    text = "x" * (allowances.MAX_CHARACTERS - 24) + " https://bees.example/" + "y" * 100

    status = await as_(ada).post(STATUSES, json={"status": text})

    assert status["id"]


async def test_a_quote_is_refused_in_words(as_: As, ada: Person) -> None:
    wanted = {"status": "x", "quoted_status_id": "1"}

    reply = await as_(ada).call("POST", STATUSES, json=wanted)

    assert (reply.status, reply.json["error"]) == (
        422,
        "This server has no quotes; link instead",
    )


async def test_mentions_and_hashtags_become_links_and_recipients(
    as_: As, ada: Person, ben: Person, desk: Desk
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "@ben see #Bees"})

    assert [mention["username"] for mention in status["mentions"]] == ["ben"]
    assert [tag["name"] for tag in status["tags"]] == ["bees"]
    assert 'href="https://noaber.example/tags/bees"' in status["content"]
    post = await post_of(desk, status)
    assert await desk.storage.read(lambda uow: uow.posts.recipients(post.id)) == [ben.id]


async def test_a_direct_message_is_for_those_it_mentions(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    eva = await desk.storage.write(world.person, "eva")

    status = await as_(ada).post(STATUSES, json={"status": "psst @ben", "visibility": "direct"})

    answer = {"status": "@ada what?", "in_reply_to_id": status["id"]}
    assert (await as_(ben).post(STATUSES, json=answer))["visibility"] == "direct"
    assert (await as_(eva).call("POST", STATUSES, json=answer)).status == 404


async def test_an_answer_to_what_is_for_followers_is_so_too_unless_told_otherwise(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    await desk.storage.write(world.follow, ben, ada)
    status = await as_(ada).post(STATUSES, json={"status": "home", "visibility": "private"})
    answer = {"status": "nice", "in_reply_to_id": status["id"]}

    assert (await as_(ben).post(STATUSES, json=answer))["visibility"] == "private"
    told = {**answer, "visibility": "unlisted"}
    assert (await as_(ben).post(STATUSES, json=told))["visibility"] == "unlisted"


async def test_a_direct_message_to_nobody_is_a_note_to_oneself(
    as_: As, ada: Person, desk: Desk
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "milk", "visibility": "direct"})

    post = await post_of(desk, status)
    assert await desk.storage.read(lambda uow: uow.posts.recipients(post.id)) == [ada.id]
    assert status["mentions"] == []


async def test_an_answer_hangs_under_what_it_answers(as_: As, ada: Person, ben: Person) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin"})

    answer = await as_(ben).post(STATUSES, json={"status": "Moin!", "in_reply_to_id": status["id"]})

    assert answer["in_reply_to_id"] == status["id"]
    assert answer["in_reply_to_account_id"] == str(ada.id)


async def test_the_same_key_posts_once(as_: As, ada: Person, ben: Person, desk: Desk) -> None:
    headers, wanted = {"Idempotency-Key": "k1"}, {"status": "Moin"}
    app = as_(ada)

    first = await app.post(STATUSES, json=wanted, headers=headers)
    second = await app.post(STATUSES, json={"status": "else"}, headers=headers)
    others = await as_(ben).post(STATUSES, json=wanted, headers=headers)

    assert first["id"] == second["id"]
    assert second["content"] == "<p>Moin</p>"
    assert others["id"] != first["id"], "keys of one token mean nothing to another"
    assert await posts_of(desk, ada) == 1


async def test_a_key_is_forgotten_after_an_hour(as_: As, ada: Person, clock: Clock) -> None:
    headers, wanted = {"Idempotency-Key": "k1"}, {"status": "Moin"}
    first = await as_(ada).post(STATUSES, json=wanted, headers=headers)

    clock.advance(allowances.IDEMPOTENT_FOR + timedelta(milliseconds=1))

    assert (await as_(ada).post(STATUSES, json=wanted, headers=headers))["id"] != first["id"]


async def test_requests_at_once_with_one_key_make_one_post(
    sqlite_engine: Engine, world: World, clock: Clock
) -> None:
    storage = Storage(sqlite_engine, durable=False)
    desk = desk_over(storage, clock)
    ada = await storage.write(world.person, "ada")
    headers = {"Idempotency-Key": "k1"}

    async with calling(desk) as client:
        app = App(client, ada.id)
        made = await asyncio.gather(
            *(app.post(STATUSES, json={"status": "Moin"}, headers=headers) for _ in range(8))
        )
    try:
        assert len({status["id"] for status in made}) == 1
        assert await posts_of(desk, ada) == 1
    finally:
        await storage.close()


async def test_a_unit_that_comes_second_finds_what_the_first_made(desk: Desk, ada: Person) -> None:
    once = Once(token_id=1, key="k1", at=desk.now())
    commands = [desk.acting.prepare(ada.id, Draft(source="Moin")) for _ in range(2)]
    enclosed = Enclosed(ids=(), urls=desk.media.urls)

    keys = [await desk.acting.run(publish, command, enclosed, once) for command in commands]

    assert keys == [commands[0].id] * 2
    assert await posts_of(desk, ada) == 1


async def test_a_refused_status_leaves_no_key(as_: As, ada: Person) -> None:
    headers = {"Idempotency-Key": "k1"}
    await as_(ada).call("POST", STATUSES, json={"status": ""}, headers=headers)

    status = await as_(ada).post(STATUSES, json={"status": "Moin"}, headers=headers)

    assert status["content"] == "<p>Moin</p>"


async def test_an_edit_changes_what_it_names(as_: As, ada: Person, clock: Clock) -> None:
    wanted = {"status": "Moin", "spoiler_text": "hm", "language": "nl"}
    status = await as_(ada).post(STATUSES, json=wanted)
    clock.advance(timedelta(minutes=1))

    changed = await as_(ada).done(
        "PUT", f"{STATUSES}/{status['id']}", json={"status": "Moin #bees", "spoiler_text": ""}
    )

    assert changed["id"] == status["id"]
    assert "#bees" in changed["content"]
    assert changed["edited_at"] is not None
    assert (changed["spoiler_text"], changed["language"]) == ("", "nl")


async def test_an_edit_to_nothing_is_refused(as_: As, ada: Person) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin"})

    reply = await as_(ada).call("PUT", f"{STATUSES}/{status['id']}", json={"status": " "})

    assert reply.status == 422


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(text=st.text(max_size=300).filter(str.strip), titled=st.booleans())
async def test_a_source_sent_back_changes_nothing(
    desk: Desk, as_: As, ada: Person, world: World, text: str, titled: bool
) -> None:
    app = as_(ada)
    bees = await desk.storage.write(world.community, f"bees{world.key()}")
    wanted = {"status": text, **({"group_id": str(bees.id)} if titled else {})}
    reply = await app.call("POST", STATUSES, json=wanted)
    if reply.status == 422:
        return
    before = await post_of(desk, reply.json)
    source = (await app.get(f"{STATUSES}/{before.id}/source"))["text"]

    await app.done("PUT", f"{STATUSES}/{before.id}", json={"status": source})

    assert (await post_of(desk, reply.json)).content == before.content


@pytest.mark.parametrize(("method", "body"), [("PUT", {"status": "mine"}), ("DELETE", None)])
async def test_another_persons_status_cannot_be_changed(
    as_: As, ada: Person, ben: Person, desk: Desk, method: str, body: object
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin"})

    reply = await as_(ben).call(method, f"{STATUSES}/{status['id']}", json=body)

    assert (reply.status, reply.json["error"]) == (404, "Record not found")
    post = await post_of(desk, status)
    assert (post.state, post.content.source) == (PostState.PUBLISHED, "Moin")


async def test_a_deleted_status_is_answered_with_its_source(
    as_: As, ada: Person, desk: Desk
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin **du**"})

    deleted = await as_(ada).done("DELETE", f"{STATUSES}/{status['id']}")

    assert deleted["text"] == "Moin **du**"
    assert (await post_of(desk, status)).state is PostState.WITHDRAWN
    assert (await as_(ada).call("DELETE", f"{STATUSES}/{status['id']}")).status == 404


async def test_that_nobody_quotes_is_the_only_policy(as_: As, ada: Person) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin"})
    path = f"{STATUSES}/{status['id']}/interaction_policy"

    refused = await as_(ada).call("PUT", path, json={"quote_approval_policy": "public"})
    kept = await as_(ada).done("PUT", path, json={"quote_approval_policy": "nobody"})

    assert refused.status == 422
    assert kept["quote_approval"]["current_user"] == "denied"


async def test_nothing_is_quoted_and_no_quote_is_there_to_revoke(
    as_: As, ada: Person, ben: Person
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "Moin"})
    hidden = await as_(ada).post(STATUSES, json={"status": "x", "visibility": "direct"})
    path = f"{STATUSES}/{status['id']}/quotes"

    assert await as_(None).get(path) == []
    assert (await as_(ben).call("GET", f"{STATUSES}/{hidden['id']}/quotes")).status == 404
    assert (await as_(ada).call("POST", f"{path}/1/revoke")).status == 404
