"""Notifications and other words to one person; server-sent events."""

import msgspec
import pytest

from communities import following
from node import notifying
from node.mastodon import streaming
from node.mastodon.desk import Desk
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.listening import PATH, Client, Home, Listen, TokensOfTests


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
