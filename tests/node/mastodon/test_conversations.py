"""Conversations through the API: threads of direct messages, as each of those in them sees them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from communities.people import ActorState, Person
from communities.posts import Post, PostContent, PostState, Visibility
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@dataclass
class Mail:
    """Ada, Bob and Eve live here, Carl elsewhere."""

    storage: Storage
    world: World
    ada: Person
    bob: Person
    eve: Person
    carl: Person

    async def write(
        self, author: Person, to: Sequence[Person], parent: Post | None = None, text: str = "Moin"
    ) -> Post:
        def make(uow: UnitOfWork) -> Post:
            post = self.world.draft(
                author, content=PostContent(html=f"<p>{text}</p>"), visibility=Visibility.DIRECT
            )
            if parent is not None:
                post = replace(post, parent_id=parent.id, root_id=parent.root_id, depth=1)
            assert uow.posts.add(post, recipients=[person.id for person in to])
            return post

        return await self.storage.write(make)


@pytest.fixture
async def mail(sqlite_storage: Storage, world: World) -> Mail:
    def make(uow: UnitOfWork) -> Mail:
        ada, bob, eve = [world.person(uow, name) for name in ("ada", "bob", "eve")]
        return Mail(sqlite_storage, world, ada, bob, eve, world.remote_person(uow, "carl"))

    return await sqlite_storage.write(make)


async def test_both_sides_of_a_message_have_a_conversation(as_: AppsOf, mail: Mail) -> None:
    message = await mail.write(mail.ada, [mail.bob])

    (sent,) = await as_(mail.ada).get("/api/v1/conversations")
    (got,) = await as_(mail.bob).get("/api/v1/conversations")

    assert (sent["unread"], got["unread"]) == (False, True)
    assert [account["acct"] for account in sent["accounts"]] == ["bob"]
    assert [account["acct"] for account in got["accounts"]] == ["ada"]
    assert sent["last_status"]["id"] == got["last_status"]["id"] == str(message.id)
    assert got["last_status"]["visibility"] == "direct"
    assert await as_(mail.eve).get("/api/v1/conversations") == []


async def test_an_answer_moves_the_conversation_up(as_: AppsOf, mail: Mail) -> None:
    first = await mail.write(mail.ada, [mail.bob])
    await mail.write(mail.ada, [mail.eve])
    answer = await mail.write(mail.bob, [mail.ada], first)

    found = await as_(mail.ada).get("/api/v1/conversations")

    assert [one["accounts"][0]["acct"] for one in found] == ["bob", "eve"]
    assert found[0]["last_status"]["id"] == str(answer.id)
    assert [one["unread"] for one in found] == [True, False]
    assert (await as_(mail.bob).get("/api/v1/conversations"))[0]["unread"] is False


async def test_who_is_not_named_in_an_answer_does_not_see_it(as_: AppsOf, mail: Mail) -> None:
    first = await mail.write(mail.ada, [mail.bob, mail.eve])
    await mail.write(mail.bob, [mail.ada], first, text="Between us")

    (of_eve,) = await as_(mail.eve).get("/api/v1/conversations")

    assert of_eve["last_status"]["id"] == str(first.id)
    assert "Between us" not in str(of_eve)


async def test_a_conversation_is_marked_as_read_and_unread(as_: AppsOf, mail: Mail) -> None:
    await mail.write(mail.carl, [mail.bob])
    app = as_(mail.bob)
    (got,) = await app.get("/api/v1/conversations")
    one = f"/api/v1/conversations/{got['id']}"

    assert (await app.post(f"{one}/read")) == {**got, "unread": False}
    assert (await app.get("/api/v1/conversations"))[0]["unread"] is False
    assert (await app.post(f"{one}/unread"))["unread"] is True


async def test_a_conversation_that_was_hidden_comes_back_with_the_next_message(
    as_: AppsOf, mail: Mail
) -> None:
    first = await mail.write(mail.ada, [mail.bob])
    app = as_(mail.bob)
    (got,) = await app.get("/api/v1/conversations")

    assert await app.done("DELETE", f"/api/v1/conversations/{got['id']}") == {}

    assert await app.get("/api/v1/conversations") == []
    assert len(await as_(mail.ada).get("/api/v1/conversations")) == 1
    await mail.write(mail.ada, [mail.bob], first)
    assert len(await app.get("/api/v1/conversations")) == 1


async def test_conversations_of_others_are_not_there(as_: AppsOf, mail: Mail) -> None:
    message = await mail.write(mail.ada, [mail.bob])
    one = f"/api/v1/conversations/{message.root_id}"

    assert (await as_(mail.eve).call("POST", f"{one}/read")).status == 404
    assert (await as_(mail.eve).call("DELETE", one)).status == 404
    assert len(await as_(mail.bob).get("/api/v1/conversations")) == 1


async def test_a_message_that_is_withdrawn_gives_way_to_the_one_before(
    as_: AppsOf, mail: Mail
) -> None:
    first = await mail.write(mail.ada, [mail.bob])
    second = await mail.write(mail.ada, [mail.bob], first)

    async def withdraw(post: Post) -> None:
        await mail.storage.write(
            lambda uow: uow.posts.set_state(post.id, PostState.WITHDRAWN, at=mail.world.tick())
        )

    await withdraw(second)
    (left,) = await as_(mail.bob).get("/api/v1/conversations")
    await withdraw(first)

    assert left["last_status"]["id"] == str(first.id)
    assert await as_(mail.bob).get("/api/v1/conversations") == []
    assert await as_(mail.ada).get("/api/v1/conversations") == []


async def test_threads_that_turn_out_to_be_one_are_one(as_: AppsOf, mail: Mail) -> None:
    def answer_first(uow: UnitOfWork) -> Post:
        post = mail.world.draft(mail.carl, visibility=Visibility.DIRECT)
        parent_uri = "https://peer.example/post/first"
        assert uow.posts.add(replace(post, parent_uri=parent_uri), recipients=[mail.bob.id])
        first = mail.world.draft(mail.carl, visibility=Visibility.DIRECT)
        assert uow.posts.add(replace(first, uri=parent_uri), recipients=[mail.bob.id])
        return first

    first = await mail.storage.write(answer_first)

    (one,) = await as_(mail.bob).get("/api/v1/conversations")
    assert one["id"] == str(first.id)


async def test_pages_of_conversations_end(as_: AppsOf, mail: Mail) -> None:
    for _ in range(5):
        await mail.write(mail.carl, [mail.bob])
    app = as_(mail.bob)

    seen, path = [], "/api/v1/conversations?limit=2"
    while path:
        reply = await app.call("GET", path)
        seen.append(len(reply.json))
        link = reply.headers["Link"]
        path = link.partition(">")[0].partition("noaber.example")[2] if "next" in link else ""

    assert seen == [2, 2, 1]


async def test_a_message_to_nobody_shows_its_author(as_: AppsOf, mail: Mail) -> None:
    await mail.write(mail.ada, [])

    (one,) = await as_(mail.ada).get("/api/v1/conversations")

    assert [account["acct"] for account in one["accounts"]] == ["ada"]


async def test_what_suspended_people_wrote_is_not_shown(as_: AppsOf, mail: Mail) -> None:
    await mail.write(mail.carl, [mail.bob])
    await mail.storage.write(lambda uow: uow.actors.set_state(mail.carl.id, ActorState.SUSPENDED))

    assert await as_(mail.bob).get("/api/v1/conversations") == []


async def test_public_posts_make_no_conversation(as_: AppsOf, mail: Mail) -> None:
    mail.world.tick(timedelta(hours=1))
    await mail.storage.write(mail.world.post, mail.ada)

    assert await as_(mail.ada).get("/api/v1/conversations") == []
