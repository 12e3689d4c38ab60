"""Who may listen over a WebSocket, and how a connection ends."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from node.mastodon.desk import Desk
from node.streaming.listeners import MOST_WAITING, Listener
from tests.support.listening import PATH, Client, Ear, Home, Listen, TokensOfTests


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
