"""What streams tell of posts: to whom, where, and to whom not."""

import msgspec
import pytest

from communities import editing, joining, reactions
from communities.posts import (
    Attachment,
    PostContent,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.ties import Mute
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.listening import Client, Home, Listen


async def test_home_hears_of_those_one_follows_and_is_a_member_with(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    async with listen(home.ada, "&stream=user") as ada, listen(home.cyd) as cyd:
        await cyd.ask("subscribe", "user")
        post = await sqlite_storage.write(home.write, home.ben)
        await sqlite_storage.write(home.write, home.cyd, home.bees)

        (told,) = await ada.frames()

        assert (told["stream"], told["event"]) == (["user"], "update")
        status = msgspec.json.decode(told["payload"])
        assert (status["id"], status["account"]["acct"]) == (str(post.id), "ben")
        assert status["favourited"] is False
        assert await cyd.heard() == [("user", "update")], "their own"


async def test_a_thread_comes_as_the_boost_of_its_community(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    async with listen(home.ben, "&stream=user") as ear:
        await sqlite_storage.write(home.write, home.cyd, home.bees)

        (told,) = await ear.frames()

        status = msgspec.json.decode(told["payload"])
        assert (status["account"]["acct"], status["reblog"]["account"]["acct"]) == (
            "bees",
            "cyd",
        )


async def test_a_thread_of_an_open_community_is_public_as_timelines_show_it(
    home: Home, listen: Listen, client: Client, sqlite_storage: Storage
) -> None:
    async with listen(home.ada, "&stream=public:local") as ear:
        post = await sqlite_storage.write(home.write, home.cyd, home.bees)
        (told,) = await ear.frames()
        (shown,) = await App(client, home.ada.id).get("/api/v1/timelines/public?local=true")
        await sqlite_storage.write(editing.withdraw, post.id, home.cyd.id, home.clock())

        assert msgspec.json.decode(told["payload"])["id"] == shown["id"]
        assert shown["id"] in {each["payload"] for each in await ear.frames()}


async def test_who_joins_hears_and_who_leaves_does_not(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    def join(uow: UnitOfWork) -> None:
        at = home.clock()
        joining.ask_to_join(uow, home.bees.id, home.ada.id, "https://noaber.example/f/1", at)

    def leave(uow: UnitOfWork) -> None:
        joining.leave(uow, home.bees.id, home.ada.id, home.clock())

    async with listen(home.ada, "&stream=user") as ear:
        await sqlite_storage.write(home.write, home.cyd, home.bees)
        assert await ear.heard() == []
        await sqlite_storage.write(join)
        await sqlite_storage.write(home.write, home.cyd, home.bees)
        assert await ear.heard() == [("user", "update")]
        await sqlite_storage.write(leave)
        await sqlite_storage.write(home.write, home.cyd, home.bees)
        assert await ear.heard() == []


async def test_what_is_private_reaches_its_audience_alone_and_no_public_stream(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    def say(uow: UnitOfWork) -> None:
        home.write(uow, home.ben, home.hive, visibility=Visibility.MEMBERS)
        home.write(uow, home.ben, visibility=Visibility.FOLLOWERS, hashtags=("bees",))
        home.write(uow, home.ben, visibility=Visibility.DIRECT, to=(home.cyd,))
        home.write(uow, home.ben, visibility=Visibility.UNLISTED)

    async with listen(home.ada, "&stream=user") as ada, listen(home.cyd) as cyd:
        for stream in ("public", "public:local", "user"):
            await cyd.ask("subscribe", stream)
        await cyd.ask("subscribe", "hashtag", tag="bees")
        await ada.ask("subscribe", "public")
        await sqlite_storage.write(say)

        told = await ada.frames()

        seen = {
            (each["stream"][0], msgspec.json.decode(each["payload"])["visibility"]) for each in told
        }
        assert seen == {("user", "private"), ("user", "unlisted")}
        assert await cyd.heard() == []


async def test_public_streams_tell_what_they_are_named_for(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    picture = Attachment(kind="Image", url="https://noaber.example/1.png")

    def say(uow: UnitOfWork) -> None:
        post = home.write(uow, home.ben, hashtags=("Bees",), attachments=(picture,))
        home.write(uow, home.cyd, parent=post, hashtags=("bees",))

    async with listen(home.ada) as ear:
        for stream in (
            "public",
            "public:local",
            "public:remote",
            "public:media",
            "public:local:media",
            "public:remote:media",
        ):
            await ear.ask("subscribe", stream)
        for stream in ("hashtag", "hashtag:local"):
            await ear.ask("subscribe", stream, tag="bees")
        await ear.ask("subscribe", "hashtag", tag="wasps")
        await sqlite_storage.write(say)

        heard = await ear.heard()

        assert sorted(stream for stream, _ in heard) == [
            "hashtag bees",
            "hashtag bees",
            "hashtag:local bees",
            "hashtag:local bees",
            "public",
            "public:local",
            "public:local:media",
            "public:media",
        ]
        await ear.ask("unsubscribe", "public")
        await sqlite_storage.write(home.write, home.ben)
        assert ("public", "update") not in await ear.heard()


@pytest.mark.parametrize("way", ["muted", "blocked", "blocks"])
async def test_nobody_hears_of_whom_they_muted_or_of_whom_a_block_parts_them(
    home: Home, listen: Listen, sqlite_storage: Storage, way: str
) -> None:
    def part(uow: UnitOfWork) -> None:
        if way == "muted":
            uow.mutes.put(home.ada.id, Mute(target_id=home.ben.id), key=1)
            return
        pair = (home.ada.id, home.ben.id) if way == "blocked" else (home.ben.id, home.ada.id)
        uow.people.set_blocked(
            *pair, blocked=True, uri="https://noaber.example/b/1", at=home.clock()
        )

    async with listen(home.ada, "&stream=user") as ear:
        await ear.ask("subscribe", "public")
        await sqlite_storage.write(part)
        await sqlite_storage.write(home.write, home.ben)

        assert await ear.heard() == []


async def test_an_edit_and_an_end_are_told(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    async with listen(home.ada, "&stream=user") as ear, listen(home.cyd) as stranger:
        await stranger.ask("subscribe", "user")
        await ear.ask("subscribe", "public")
        post = await sqlite_storage.write(home.write, home.ben)
        await ear.frames()

        def edit(uow: UnitOfWork) -> None:
            content = PostContent(html="<p>Dag.</p>", source="Dag.")
            at = home.clock()
            editing.edit(
                uow,
                editing.EditPost(
                    post_id=post.id,
                    editor_id=home.ben.id,
                    content=content,
                    edited_at=at,
                    at=at,
                ),
            )

        await sqlite_storage.write(edit)
        edited = await ear.frames()
        await sqlite_storage.write(editing.withdraw, post.id, home.ben.id, home.clock())
        ended = await ear.frames()

        assert {(each["stream"][0], each["event"]) for each in edited} == {
            ("user", "status.update"),
            ("public", "status.update"),
        }
        assert "Dag." in msgspec.json.decode(edited[0]["payload"])["content"]
        assert {(each["stream"][0], each["event"], each["payload"]) for each in ended} == {
            ("user", "delete", str(post.id)),
            ("public", "delete", str(post.id)),
        }
        assert await stranger.heard() == []


async def test_the_end_of_a_thread_is_told_under_both_of_its_ids(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    async with listen(home.ben, "&stream=user") as ear:
        post = await sqlite_storage.write(home.write, home.cyd, home.bees)
        (told,) = await ear.frames()
        wrapper = msgspec.json.decode(told["payload"])["id"]

        await sqlite_storage.write(editing.withdraw, post.id, home.cyd.id, home.clock())

        assert {each["payload"] for each in await ear.frames()} == {str(post.id), wrapper}


async def test_a_boost_is_told_and_taken_back(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    post = await sqlite_storage.write(home.write, home.cyd)

    def boost(uow: UnitOfWork) -> None:
        reactions.react(
            uow,
            Reaction(
                actor_id=home.ben.id,
                post_id=post.id,
                kind=ReactionKind.BOOST,
                uri="https://noaber.example/a/1",
                at=home.clock(),
            ),
        )

    def take_back(uow: UnitOfWork) -> None:
        reactions.undo_reaction(uow, "https://noaber.example/a/1", home.ben.id)

    async with listen(home.ada, "&stream=user") as ear:
        await sqlite_storage.write(boost)
        (told,) = await ear.frames()
        status = msgspec.json.decode(told["payload"])
        await sqlite_storage.write(take_back)
        (ended,) = await ear.frames()

        assert status["account"]["acct"] == "ben"
        assert status["reblog"]["id"] == str(post.id)
        assert (ended["event"], ended["payload"]) == ("delete", status["id"])


async def test_lists_tell_of_their_members_alone(
    home: Home,
    listen: Listen,
    client: Client,
    sqlite_storage: Storage,
) -> None:
    app = App(client, home.ada.id)
    made = await app.post("/api/v1/lists", data={"title": "Friends"})
    await app.post(f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [str(home.ben.id)]})

    async with listen(home.ada) as ear, listen(home.cyd) as stranger:
        await ear.ask("subscribe", "list", list=made["id"])
        await stranger.socket.send_json({"type": "subscribe", "stream": "list", "list": made["id"]})
        assert (await stranger.frame())["status"] == 404
        await sqlite_storage.write(home.write, home.cyd)
        await sqlite_storage.write(home.write, home.ben)

        assert await ear.heard() == [(f"list {made['id']}", "update")]


async def test_private_messages_come_as_conversations(
    home: Home, listen: Listen, sqlite_storage: Storage
) -> None:
    def say(uow: UnitOfWork) -> None:
        home.write(uow, home.ben, visibility=Visibility.DIRECT, to=(home.ada,))

    async with listen(home.ada, "&stream=direct") as ear, listen(home.cyd) as stranger:
        await stranger.ask("subscribe", "direct")
        await sqlite_storage.write(say)

        (told,) = await ear.frames()

        assert told["event"] == "conversation"
        assert msgspec.json.decode(told["payload"])["accounts"][0]["acct"] == "ben"
        assert await stranger.heard() == []
