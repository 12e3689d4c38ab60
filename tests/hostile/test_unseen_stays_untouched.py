"""What one may not see, or does not own, one cannot act on: 404, and nothing changes.

Every route that writes is called with every id that is another's. Spec: security PRV-01, WEB-08.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from storage.feeds import boost_id_of
from tests.support.private_scene import WORDS, Scene, fill, private_scene

WRITES = ("POST", "PUT", "PATCH", "DELETE")
STRANGERS = ("eve", "rik", "bob", "wim", "ada as bees")
UNSEEN = ("thread", "answer", "poll", "followers", "direct", "hint")
BODY = {
    "status": "mine now",
    "comment": "mine now",
    "title": "mine now",
    "description": "mine now",
    "keyword": "mine now",
    "phrase": "mine now",
    "context": ["home"],
    "choices": [0],
    "scheduled_at": "2031-01-01T00:00:00Z",
    "quote_approval_policy": "nobody",
}
"""Enough for every call that needs something."""
_PARAMETER = re.compile(r"\{([a-z_]+)[^}]*\}")
_NOT_OTHERS = re.compile(
    r"/(accounts|tags|suggestions|follow_requests|groups|markers|featured_tags|announcements)/"
)
"""Paths whose ids are of what anyone may act on."""
_TOKENS = ("app_tokens", "sqlite_sequence")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with private_scene(tmp_path) as made:
        await fill(made)
        yield made


def rows_of(scene: Scene) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored, but for when tokens were used."""
    url = scene.node.settings.database_url.reveal().removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{url}?mode=ro", uri=True) as database:
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in _TOKENS
        ]
        found = {
            name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in tables
        }
    database.close()
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in after if before.get(name) != after[name]]


async def others_ids(scene: Scene) -> dict[str, tuple[int, ...]]:
    """Ids by what a path is about: of posts that are not seen, of media, and of Ada's own."""
    notices = await scene.done("ada", "GET", "/api/v1/notifications?limit=10")
    posts = [scene.ids[name] for name in UNSEEN]
    own = ("scheduled", "list", "filter", "keyword", "direct", "report")
    return {
        "statuses": (*posts, *(boost_id_of(key) for key in posts)),
        "media": tuple(map(int, scene.files)),
        "own": (*(scene.ids[name] for name in own), *(int(one["id"]) for one in notices)),
    }


def calls(scene: Scene, ids: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    for method, path, _route in scene.routes:
        if method not in WRITES or not path.startswith("/api/") or path.endswith("/"):
            continue
        if "{id" not in path or _NOT_OTHERS.search(path):
            continue
        kind = "own"
        if re.search(r"/(statuses|polls)/", path) and "filters" not in path:
            kind = "statuses"
        elif "/media/" in path:
            kind = "media"
        for key in ids[kind]:
            yield method, _PARAMETER.sub(str(key), path)


async def test_nothing_of_others_can_be_acted_on_by_its_id(scene: Scene) -> None:
    every = [*calls(scene, await others_ids(scene))]
    assert len(every) > 350
    before = rows_of(scene)
    named = {"status_id": str(scene.ids["own"]), "account_ids": [str(scene.people["ben"].id)]}

    answers = {
        (who, method, path): await scene.call(who, method, path, json={**BODY, **named})
        for who, (method, path) in product(STRANGERS, every)
    }

    assert {call: got.status for call, got in answers.items() if got.status != 404} == {}
    assert changed(before, rows_of(scene)) == []


async def test_nothing_of_others_can_be_named_in_what_one_writes(scene: Scene) -> None:
    ids, media = scene.ids, [*scene.files]
    ada = str(scene.people["ada"].id)
    before = rows_of(scene)
    statuses = [
        *({"status": "x", "in_reply_to_id": str(ids[name])} for name in UNSEEN),
        *({"status": "x", "media_ids": [key]} for key in media),
        {"status": "x", "group_id": str(scene.places[WORDS["secret"]].id)},
    ]
    reports = [{"account_id": ada, "status_ids": [str(ids[name])]} for name in UNSEEN]

    for who in STRANGERS:
        for fields in statuses:
            got = await scene.call(who, "POST", "/api/v1/statuses", json=fields)
            assert got.status in (404, 422), (who, fields, got.body)
        # Whoever acts as a community reports as themselves, who may see all of it.
        for fields in reports if who != "ada as bees" else ():
            got = await scene.call(who, "POST", "/api/v1/reports", json=fields)
            assert got.status == 404, (who, fields, got.body)

    assert changed(before, rows_of(scene)) == []


async def test_posts_of_others_can_be_neither_changed_nor_deleted(scene: Scene) -> None:
    before = rows_of(scene)
    one = f"/api/v1/statuses/{scene.ids['open']}"

    for who in STRANGERS:
        assert (await scene.call(who, "PUT", one, json={"status": "mine now"})).status == 404
        assert (await scene.call(who, "DELETE", one)).status == 404
        assert (await scene.call(who, "GET", f"{one}/source")).status == 404
        assert (await scene.call(who, "POST", f"{one}/pin")).status in (404, 422)
        policy = await scene.call(who, "PUT", f"{one}/interaction_policy", json=BODY)
        assert policy.status == 404

    assert changed(before, rows_of(scene)) == []


async def test_posts_for_followers_or_members_are_passed_on_by_nobody_else(scene: Scene) -> None:
    before = rows_of(scene)

    for name in ("followers", "thread", "answer", "poll", "direct"):
        got = await scene.call("ben", "POST", f"/api/v1/statuses/{scene.ids[name]}/reblog")
        assert got.status in (403, 404, 422), (name, got.body)

    assert changed(before, rows_of(scene)) == []


async def test_a_filter_cannot_be_used_to_ask_whether_a_post_exists(scene: Scene) -> None:
    made = await scene.done(
        "eve", "POST", "/api/v2/filters", json={"title": "t", "context": ["home"]}
    )
    path = f"/api/v2/filters/{made['id']}/statuses"

    for name in UNSEEN:
        unseen = await scene.call("eve", "POST", path, json={"status_id": str(scene.ids[name])})
        unknown = await scene.call("eve", "POST", path, json={"status_id": "1234567"})
        assert (unseen.status, unseen.body) == (unknown.status, unknown.body)
        assert unseen.status == 404
