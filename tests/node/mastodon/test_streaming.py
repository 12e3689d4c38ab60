"""Streaming through the API: a real WebSocket and real server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient

from communities import editing, following, joining, reactions
from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.people import Person
from communities.posting import PublishPost, submit
from communities.posts import (
    Attachment,
    Post,
    PostContent,
    PostKey,
    PostKind,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.ties import Mute
from node import notifying
from node.auth import Caller
from node.mastodon import streaming
from node.mastodon.desk import Desk
from node.settings_streaming import StreamingSettings
from node.streaming.doors import Doors
from node.streaming.hub import Hub
from node.streaming.listeners import MOST_WAITING, Listener
from node.tasks import Tasks
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App, caller_of_token, calling, desk_over
from tests.support.clock import Clock
from tests.support.factories import World

PATH = "/api/v1/streaming"


@dataclass
class TokensOfTests:
    """Believes tokens that name a person's key, and ends them on demand."""

    scopes: frozenset[str] | None = None
    watched: dict[int, Callable[[], None]] = field(default_factory=dict)

    async def identify(self, token: str) -> Caller | None:
        caller = caller_of_token(token)
        if caller is not None and self.scopes is not None:
            return replace(caller, scopes=self.scopes)
        return caller

    def on_end(self, caller: Caller, call: Callable[[], None]) -> Callable[[], None]:
        self.watched[caller.token_id] = call
        return lambda: None


class Home:
    """Ada, Ben and Cyd live here, Ada follows Ben; `bees` is open, `hive` is private."""

    def __init__(self, uow: UnitOfWork, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.numbers = count()
        self.ada = world.person(uow, "ada")
        self.ben = world.person(uow, "ben")
        self.cyd = world.person(uow, "cyd")
        self.bees = world.community(uow, "bees")
        self.hive = world.community(
            uow, "hive", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        for community in (self.bees, self.hive):
            world.member(uow, community, self.ben)
        world.follow(uow, self.ada, self.ben)
        world.now = clock()

    def write(
        self,
        uow: UnitOfWork,
        author: Person,
        community: Community | None = None,
        *,
        parent: Post | None = None,
        to: tuple[Person, ...] = (),
        visibility: Visibility = Visibility.PUBLIC,
        **content: Any,
    ) -> Post:
        """Publish through the domain, at the clock's time."""
        key = PostKey((int(self.clock().timestamp() * 1000) << 16) + next(self.numbers))
        words = {"html": "<p>Moin.</p>", "source": "Moin.", **content}
        return submit(
            uow,
            PublishPost(
                id=key,
                uri=f"https://noaber.example/post/{key}",
                author_id=author.id,
                kind=PostKind.NOTE,
                content=PostContent(**words),
                published_at=self.clock(),
                at=self.clock(),
                community_id=None if community is None else community.id,
                parent_id=None if parent is None else parent.id,
                visibility=visibility,
                recipients=tuple(person.id for person in to),
                local=True,
            ),
        )


class Ear:
    """Listens over a WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse, hub: Hub) -> None:
        self.socket = socket
        self.hub = hub

    async def ask(self, kind: str, stream: str, **more: Any) -> None:
        """Subscribe or unsubscribe; the hub has heard of it once this returns."""
        await self.socket.send_str(
            msgspec.json.encode({"type": kind, "stream": stream, **more}).decode()
        )
        # An answer to a frame that asks for nothing shows that those before it were read.
        await self.socket.send_str('{"type":"subscribe","stream":"?"}')
        told = await self.frame()
        if "Unknown stream type" not in str(told):
            raise AssertionError(told)

    async def frame(self) -> Any:
        """The next frame."""
        async with asyncio.timeout(5):
            return await self.socket.receive_json()

    async def heard(self) -> list[tuple[str, str]]:
        """Stream and event of everything that the hub tells now."""
        return [(" ".join(each["stream"]), each["event"]) for each in await self.frames()]

    async def frames(self) -> list[Any]:
        """Everything that the hub tells now."""
        while await self.hub.step():
            continue
        await self.socket.send_str('{"type":"subscribe","stream":"?"}')
        found = []
        while "error" not in (told := await self.frame()):
            found.append(told)
        return found


Listen = Callable[..., AbstractAsyncContextManager[Ear]]


@pytest.fixture
def tokens() -> TokensOfTests:
    return TokensOfTests()


@pytest.fixture
async def desk(sqlite_storage: Storage, clock: Clock, tokens: TokensOfTests) -> Desk:
    settings = StreamingSettings(max_per_token=3, max_connections=5)
    made = desk_over(sqlite_storage, clock, streaming=settings)
    doors = Doors(identify=tokens.identify, on_end=tokens.on_end, spawn=Tasks().spawn)
    return replace(made, doors=doors)


@pytest.fixture
async def home(sqlite_storage: Storage, world: World, clock: Clock) -> Home:
    return await sqlite_storage.write(Home, world, clock)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with calling(desk) as client:
        yield client
        desk.streams.close()


@pytest.fixture
def listen(desk: Desk, client: TestClient[web.Request, web.Application]) -> Listen:
    @asynccontextmanager
    async def listening(person: Person, query: str = "") -> AsyncIterator[Ear]:
        url = f"{PATH}?access_token={person.id}{query}"
        async with client.ws_connect(url) as socket:
            yield Ear(socket, desk.streams)

    return listening


Client = TestClient[web.Request, web.Application]


class TestDoor:
    """Who may listen."""

    async def test_a_token_counts_in_each_of_three_places(
        self, client: Client, home: Home, desk: Desk
    ) -> None:
        token = str(home.ada.id)
        ways: list[dict[str, Any]] = [
            {"params": {"access_token": token}},
            {"headers": {"Authorization": f"Bearer {token}"}},
            {"protocols": (token,)},
        ]

        for path in (PATH, f"{PATH}/"):
            for way in ways:
                async with client.ws_connect(path, **way) as socket:
                    await Ear(socket, desk.streams).ask("subscribe", "user")
                    assert socket.protocol == (token if "protocols" in way else None)
        assert desk.streams.count == 0

    @pytest.mark.parametrize("token", ["", "nobody"])
    async def test_nobody_listens_without_a_token(
        self, client: Client, home: Home, token: str
    ) -> None:
        for path in (PATH, f"{PATH}/public", f"{PATH}/user"):
            async with client.get(path, params={"access_token": token}) as answer:
                assert answer.status == 401
                assert "access token" in (await answer.json())["error"]
        with pytest.raises(WSServerHandshakeError, match="401"):
            await client.ws_connect(PATH, params={"access_token": token})

    async def test_a_token_of_too_little_scope_does_not_listen(
        self, client: Client, home: Home, tokens: TokensOfTests, listen: Listen
    ) -> None:
        tokens.scopes = frozenset({"read:notifications"})

        async with client.get(f"{PATH}/user?access_token={home.ada.id}") as answer:
            assert answer.status == 403
        async with listen(home.ada) as ear:
            await ear.socket.send_json({"type": "subscribe", "stream": "public"})
            assert (await ear.frame())["status"] == 403
            await ear.ask("subscribe", "user:notification")

    async def test_health_is_told_to_everybody(self, client: Client) -> None:
        async with client.get(f"{PATH}/health") as answer:
            assert (answer.status, await answer.text()) == (200, "OK")

    async def test_a_head_request_is_answered_and_ends(self, client: Client, home: Home) -> None:
        for path in (PATH, f"{PATH}/user"):
            async with client.head(f"{path}?access_token={home.ada.id}") as answer:
                assert answer.status == 200

    @pytest.mark.parametrize(
        "frame",
        [
            "not json",
            "[]",
            '{"type":"subscribe","stream":"nowhere"}',
            '{"type":"subscribe","stream":"hashtag"}',
            '{"type":"subscribe","stream":"list"}',
            '{"type":"subscribe","stream":"list","list":"one"}',
            '{"type":"subscribe","stream":"list","list":"12345"}',
        ],
    )
    async def test_a_frame_that_makes_no_sense_is_answered_with_an_error(
        self, home: Home, listen: Listen, frame: str
    ) -> None:
        async with listen(home.ada) as ear:
            await ear.socket.send_str(frame)

            told = await ear.frame()

            assert set(told) == {"error", "status"}
            assert told["status"] in (400, 404)

    async def test_a_frame_that_is_too_large_ends_the_connection(
        self, home: Home, listen: Listen, desk: Desk
    ) -> None:
        async with listen(home.ada) as ear:
            await ear.socket.send_str("x" * 10_000)
            assert (await ear.socket.receive()).type is WSMsgType.CLOSE

    async def test_so_many_connections_are_let_in_and_no_more(
        self, client: Client, home: Home, listen: Listen
    ) -> None:
        async with listen(home.ada), listen(home.ada), listen(home.ada):
            with pytest.raises(WSServerHandshakeError, match="429"):
                await client.ws_connect(f"{PATH}?access_token={home.ada.id}")
            async with listen(home.ben), listen(home.ben):
                with pytest.raises(WSServerHandshakeError, match="503"):
                    await client.ws_connect(f"{PATH}?access_token={home.cyd.id}")
        async with listen(home.ada):
            pass


class TestEnds:
    """How a connection ends."""

    async def test_a_token_that_ends_ends_its_connections(
        self, home: Home, listen: Listen, tokens: TokensOfTests, desk: Desk
    ) -> None:
        async with listen(home.ada, "&stream=user") as ear:
            tokens.watched[home.ada.id]()

            told = await ear.socket.receive()

            assert (told.type, told.data) == (WSMsgType.CLOSE, 1008)
        assert desk.streams.count == 0

    async def test_events_end_with_the_token_too(
        self, client: Client, home: Home, tokens: TokensOfTests
    ) -> None:
        async with client.get(f"{PATH}/user?access_token={home.ada.id}") as answer:
            assert await answer.content.readline() == b":)\n"
            tokens.watched[home.ada.id]()

            assert await answer.content.read() == b"\n"

    async def test_the_node_says_that_it_stops(
        self, client: Client, home: Home, listen: Listen, desk: Desk
    ) -> None:
        async with listen(home.ada, "&stream=user") as ear:
            desk.streams.close()

            told = await ear.socket.receive()

            assert (told.type, told.data) == (WSMsgType.CLOSE, 1001)
            with pytest.raises(WSServerHandshakeError, match="503"):
                await client.ws_connect(f"{PATH}?access_token={home.ada.id}")

    async def test_who_does_not_read_is_cut(self, home: Home, listen: Listen, desk: Desk) -> None:
        async with listen(home.ada, "&stream=user") as ear:
            # Far more than the sockets hold, and than may wait; nothing is sent in between.
            for _ in range(MOST_WAITING + 2):
                desk.streams.announce("announcement", "x" * 1000)

            frames = [told async for told in ear.socket]

            assert ear.socket.close_code == 1013
            assert len(frames) <= MOST_WAITING
        assert desk.streams.count == 0

    @pytest.mark.parametrize("path", ["?stream=user", "/user?"])
    async def test_who_takes_nothing_off_the_wire_is_cut_and_holds_up_nobody(
        self, home: Home, client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        left, leave = asyncio.Event(), desk.streams.leave

        def noted(listener: Listener) -> None:
            leave(listener)
            left.set()

        monkeypatch.setattr(desk.streams, "leave", noted)
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1024)
        upgrade = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        writer.write(
            f"GET {PATH}{path}&access_token={home.ada.id} HTTP/1.1\r\nHost: noaber.example\r\n"
            f"{upgrade if path.startswith('?') else ''}\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport

        for _ in range(2000):
            desk.streams.announce("announcement", "x" * 100_000)
            await asyncio.sleep(0)
            if left.is_set():
                break
        async with asyncio.timeout(5):
            await left.wait()

        assert desk.streams.count == 0
        writer.transport.abort()

    async def test_an_app_that_goes_is_forgotten(
        self, home: Home, listen: Listen, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        left, leave = asyncio.Event(), desk.streams.leave

        def noted(listener: Listener) -> None:
            leave(listener)
            left.set()

        monkeypatch.setattr(desk.streams, "leave", noted)
        async with listen(home.ada, "&stream=user"):
            assert desk.streams.count == 1

        async with asyncio.timeout(5):
            await left.wait()
        assert desk.streams.count == 0


class TestPosts:
    """New posts, changes and ends."""

    async def test_home_hears_of_those_one_follows_and_is_a_member_with(
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
        self, home: Home, listen: Listen, sqlite_storage: Storage
    ) -> None:
        async with listen(home.ben, "&stream=user") as ear:
            await sqlite_storage.write(home.write, home.cyd, home.bees)

            (told,) = await ear.frames()

            status = msgspec.json.decode(told["payload"])
            assert (status["account"]["acct"], status["reblog"]["account"]["acct"]) == (
                "bees",
                "cyd",
            )

    async def test_who_joins_hears_and_who_leaves_does_not(
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
                (each["stream"][0], msgspec.json.decode(each["payload"])["visibility"])
                for each in told
            }
            assert seen == {("user", "private"), ("user", "unlisted")}
            assert await cyd.heard() == []

    async def test_public_streams_tell_what_they_are_named_for(
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
        self, home: Home, listen: Listen, sqlite_storage: Storage, way: str
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
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
        self, home: Home, listen: Listen, sqlite_storage: Storage
    ) -> None:
        async with listen(home.ben, "&stream=user") as ear:
            post = await sqlite_storage.write(home.write, home.cyd, home.bees)
            (told,) = await ear.frames()
            wrapper = msgspec.json.decode(told["payload"])["id"]

            await sqlite_storage.write(editing.withdraw, post.id, home.cyd.id, home.clock())

            assert {each["payload"] for each in await ear.frames()} == {str(post.id), wrapper}

    async def test_a_boost_is_told_and_taken_back(
        self, home: Home, listen: Listen, sqlite_storage: Storage
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
        self,
        home: Home,
        listen: Listen,
        client: Client,
        sqlite_storage: Storage,
    ) -> None:
        app = App(client, home.ada.id)
        made = await app.post("/api/v1/lists", data={"title": "Friends"})
        await app.post(
            f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [str(home.ben.id)]}
        )

        async with listen(home.ada) as ear, listen(home.cyd) as stranger:
            await ear.ask("subscribe", "list", list=made["id"])
            await stranger.socket.send_json(
                {"type": "subscribe", "stream": "list", "list": made["id"]}
            )
            assert (await stranger.frame())["status"] == 404
            await sqlite_storage.write(home.write, home.cyd)
            await sqlite_storage.write(home.write, home.ben)

            assert await ear.heard() == [(f"list {made['id']}", "update")]

    async def test_private_messages_come_as_conversations(
        self, home: Home, listen: Listen, sqlite_storage: Storage
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


class TestNotices:
    """Notifications and other words to one person."""

    async def test_a_notification_comes_once_it_is_made(
        self, home: Home, listen: Listen, sqlite_storage: Storage, tokens: TokensOfTests
    ) -> None:
        def follow(uow: UnitOfWork) -> None:
            following.follow(
                uow, home.cyd.id, home.ada.id, "https://noaber.example/f/2", home.clock()
            )

        async with listen(home.ada, "&stream=user:notification") as ear:
            await ear.ask("subscribe", "user")
            tokens.scopes = frozenset({"read:statuses"})
            async with listen(home.ada, "&stream=user") as narrow, listen(home.ben) as stranger:
                await stranger.ask("subscribe", "user")
                await sqlite_storage.write(follow)
                assert await ear.heard() == []
                await sqlite_storage.write(notifying.step, to_ms(home.clock()), 200)

                told = await ear.frames()

                assert [each["stream"] for each in told] == [["user:notification"], ["user"]]
                notification = msgspec.json.decode(told[0]["payload"])
                assert (notification["type"], notification["account"]["acct"]) == ("follow", "cyd")
                assert await narrow.heard() == [], "its token may not read notifications"
                assert await stranger.heard() == []

    async def test_apps_are_told_that_filters_and_requests_changed(
        self, home: Home, listen: Listen, client: Client
    ) -> None:
        app = App(client, home.ada.id)
        async with listen(home.ada, "&stream=user") as ear, listen(home.ben) as other:
            await other.ask("subscribe", "user")
            await app.get("/api/v2/filters")
            await app.post("/api/v2/filters", json={"title": "Wasps", "context": ["home"]})
            await app.post("/api/v1/notifications/requests/accept", json={"id": []})

            told = await ear.frames()

            assert [each["event"] for each in told] == ["filters_changed", "notifications_merged"]
            assert "payload" not in told[0]
            assert await other.heard() == []


class TestEvents:
    """Server-sent events."""

    @pytest.mark.parametrize(
        ("path", "event"),
        [
            ("user", b"update"),
            ("public", b"update"),
            ("public/local", b"update"),
            ("public?only_media=true", None),
            ("public/remote", None),
            ("hashtag?tag=bees", b"update"),
            ("hashtag/local?tag=bees", b"update"),
            ("user/notification", None),
            ("direct", None),
        ],
    )
    async def test_each_stream_has_a_path(
        self,
        home: Home,
        client: Client,
        desk: Desk,
        sqlite_storage: Storage,
        monkeypatch: pytest.MonkeyPatch,
        path: str,
        event: bytes | None,
    ) -> None:
        monkeypatch.setattr(streaming, "THUMP_SECONDS", 0.05)
        headers = {"Authorization": f"Bearer {home.ada.id}"}
        async with client.get(f"{PATH}/{path}", headers=headers) as answer:
            assert answer.content_type == "text/event-stream"
            assert await answer.content.readuntil(b"\n\n") == b":)\n\n"
            await sqlite_storage.write(lambda uow: home.write(uow, home.ben, hashtags=("bees",)))
            await desk.streams.step()

            told = await answer.content.readuntil(b"\n\n")

            if event is None:
                assert told == b":thump\n\n"
            else:
                first, second, _, _ = told.split(b"\n")
                assert first == b"event: " + event
                status = msgspec.json.decode(second.removeprefix(b"data: "))
                assert status["account"]["acct"] == "ben"

    @pytest.mark.parametrize("path", ["hashtag", "list", "list?list=x"])
    async def test_a_stream_without_its_subject_is_refused(
        self, home: Home, client: Client, path: str
    ) -> None:
        headers = {"Authorization": f"Bearer {home.ada.id}"}
        async with client.get(f"{PATH}/{path}", headers=headers) as answer:
            assert answer.status == 400


async def test_nothing_is_read_while_nobody_listens(
    home: Home, desk: Desk, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(*_given: object) -> None:
        pytest.fail("the hub read the database for nobody")

    await sqlite_storage.write(home.write, home.ben)
    monkeypatch.setattr(sqlite_storage, "read", read)

    assert await desk.streams.step() == 0
