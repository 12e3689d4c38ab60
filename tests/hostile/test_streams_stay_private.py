"""Streams tell nobody what they may not see: neither words, nor ids, nor that something was there.

Spec: security PRV-11, WEB-08.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from communities.banning import BanMember, ban
from communities.people import ActorKey
from node.streaming.hub import Hub
from storage.feeds import boost_id_of
from tests.support.private_scene import WORDS, Scene, fill, private_scene

STRANGERS = ("eve", "rik", "bob", "wim", "ada as bees")
THE_END = "and that was the end"
PATHS = ("user", "user/notification", "public", "public/local", "public/remote", "direct")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with private_scene(tmp_path) as made:
        await fill(made)
        yield made


def hub_of(scene: Scene) -> Hub:
    return scene.node.apps.desk.streams


@asynccontextmanager
async def listening(
    scene: Scene, who: str, *streams: dict[str, str]
) -> AsyncIterator[ClientWebSocketResponse]:
    """Somebody who listens to everything that they can."""
    asked = (
        *({"stream": name} for name in ("user", "user:notification", "public", "public:local")),
        *({"stream": name} for name in ("public:media", "public:local:media", "direct")),
        *({"stream": name, "tag": WORDS["tag"]} for name in ("hashtag", "hashtag:local")),
        *streams,
    )
    headers = {"Authorization": f"Bearer {who}"}
    async with scene.client.ws_connect("/api/v1/streaming", headers=headers) as socket:
        for one in asked:
            await socket.send_json({"type": "subscribe", **one})
        # The answer to a frame that nobody understands comes when the others were understood.
        await socket.send_str("?")
        assert "error" in (await socket.receive_json())
        yield socket


async def tell(scene: Scene) -> None:
    await scene.settle()
    while await hub_of(scene).step():
        continue


async def heard(socket: ClientWebSocketResponse) -> list[str]:
    """All that was told, up to the end."""
    found: list[str] = []
    while not (found and THE_END in found[-1] and '"public"' in found[-1]):
        message = await socket.receive(5)
        assert message.type is WSMsgType.TEXT, message
        found.append(message.data)
    return found


async def write_much(scene: Scene) -> list[int]:
    """Ada makes, changes and deletes something of every private kind; the ids of all of it."""
    hive, tag = str(scene.places["hive"].id), f"#{WORDS['tag']}"
    made = [
        await scene.post(
            "ada",
            title=WORDS["title"],
            status=f"{WORDS['thread']} {tag} @rik @eve",
            group_id=hive,
            visibility="private",
        ),
        await scene.post("ada", status=f"{WORDS['followers']} {tag}", visibility="private"),
        await scene.post("ada", status=f"@ben {WORDS['direct']} {tag}", visibility="direct"),
    ]
    # Of what is for followers Ben's answer would be for his own, of whom Eve is one.
    answers = [
        await scene.post("ben", status=f"{WORDS['answer']} {tag}", in_reply_to_id=key)
        for key in (made[0], made[2])
    ]
    await tell(scene)
    for key in made:
        path = f"/api/v1/statuses/{key}"
        await scene.done("ben", "POST", f"{path}/favourite")
        edit = {"status": f"{WORDS['hint']} {tag}", "title": WORDS["title"]}
        await scene.done("ada", "PUT", path, json=edit)
        await tell(scene)
    for who, key in (*(("ben", key) for key in answers), *(("ada", key) for key in made)):
        await scene.done(who, "DELETE", f"/api/v1/statuses/{key}")
    for name in ("thread", "followers", "poll", "direct"):
        await scene.done("ada", "DELETE", f"/api/v1/statuses/{scene.ids[name]}")
        made.append(scene.ids[name])
    await tell(scene)
    return [*made, *answers]


async def end(scene: Scene) -> None:
    await scene.post("wim", status=THE_END, visibility="public")
    await tell(scene)


async def test_strangers_who_listen_are_told_nothing_private(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        sockets = {}
        for who in STRANGERS:
            own = await list_with_ben(scene, who)
            sockets[who] = await stack.enter_async_context(listening(scene, who, own))
        ben = await stack.enter_async_context(listening(scene, "ben"))

        posts = await write_much(scene)
        await end(scene)

        ids = [str(key) for post in posts for key in (post, boost_id_of(post))]
        secrets = [*WORDS.values(), *ids]
        for who, socket in sockets.items():
            told = "\n".join(await heard(socket))
            assert [secret for secret in secrets if secret in told] == [], who
        told = "\n".join(await heard(ben))
        assert all(WORDS[name] in told for name in ("thread", "followers", "direct", "hint"))


async def list_with_ben(scene: Scene, who: str) -> dict[str, str]:
    """A list of theirs with someone in it whom they follow, but for the community, which cannot."""
    made = await scene.done(who, "POST", "/api/v1/lists", json={"title": "Neighbours"})
    if who != "ada as bees":
        ben = str(scene.people["ben"].id)
        await scene.done(who, "POST", f"/api/v1/accounts/{ben}/follow")
        path = f"/api/v1/lists/{made['id']}/accounts"
        await scene.done(who, "POST", path, json={"account_ids": [ben]})
    return {"stream": "list", "list": str(made["id"])}


async def test_who_is_banned_while_listening_hears_no_more_of_the_community(scene: Scene) -> None:
    hive, ada = scene.places["hive"].id, ActorKey(scene.people["ada"].id)
    async with listening(scene, "ben", {"stream": "list", "list": str(hive)}) as socket:
        ben, at = ActorKey(scene.people["ben"].id), datetime.now(UTC)
        command = BanMember(community_id=hive, person_id=ben, moderator_id=ada, at=at)
        await scene.node.acting.run(ban, command)
        await scene.done("ben", "POST", f"/api/v1/accounts/{ada}/unfollow")
        await tell(scene)

        sent = {"title": WORDS["title"], "group_id": str(hive), "visibility": "private"}
        key = await scene.post("ada", status=f"{WORDS['thread']} @ben", **sent)
        await scene.post("ada", status=WORDS["followers"], visibility="private")
        await tell(scene)
        await end(scene)

        told = "\n".join(await heard(socket))
        secrets = (WORDS["thread"], WORDS["title"], WORDS["followers"], str(key))
        assert [secret for secret in secrets if secret in told] == []


async def test_nobody_listens_without_a_token_that_holds(scene: Scene) -> None:
    for path in ("", "/", *(f"/{path}{slash}" for path in PATHS for slash in ("", "/"))):
        url = f"/api/v1/streaming{path}?stream=user"
        for who in (None, "nonsense", ""):
            assert (await scene.call(who, "GET", url)).status == 401, path
        assert (await scene.call(None, "GET", f"{url}&access_token=nonsense")).status == 401


async def test_a_stream_ends_with_its_token(scene: Scene) -> None:
    app = {"client_id": "tusky", "client_secret": "s3cret-of-the-app", "token": "ben"}
    async with listening(scene, "ben") as socket:
        await scene.call(None, "POST", "/oauth/revoke", data=app)
        await scene.node.apps.tokens.step()

        message = await socket.receive(5)

        assert message.type is WSMsgType.CLOSE


async def test_server_sent_events_have_both_spellings_of_their_path(scene: Scene) -> None:
    headers: dict[str, Any] = {"Authorization": "Bearer eve"}
    for path in ("user", "user/", "public/local", "public/local/"):
        async with scene.client.get(f"/api/v1/streaming/{path}", headers=headers) as answer:
            assert answer.status == 200, path
            assert answer.content_type == "text/event-stream"
