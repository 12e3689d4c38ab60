"""Nothing private is told to those who may not see it, whatever they call.

Every route that reads is called with every id there is. Spec: security PRV-01, PRV-02, PRV-07.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from node.app import Access
from node.push.payloads import payload_of
from storage.unit_of_work import UnitOfWork
from tests.support.private_scene import BAIT, WORDS, Got, Scene, fill, private_scene

STRANGERS = ("eve", "rik", "bob", "wim", "ada as bees", None)
"""Someone, a banned member, a blocked follower, who asks to join, another community, nobody."""
UNSEEN = ("thread", "answer", "poll", "followers", "direct", "hint")
_ACTIVITY = "application/activity+json"
_PARAMETER = re.compile(r"\{([a-z_]+)[^}]*\}")
_ANYWHERE = (Access.PUBLIC, Access.PEER_READ, Access.SESSION_OPTIONAL)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with private_scene(tmp_path) as made:
        await fill(made)
        yield made


@dataclass(frozen=True, slots=True)
class Ids:
    """What stands for a parameter of a path, by what the path is about."""

    statuses: tuple[str, ...]
    accounts: tuple[str, ...]
    media: tuple[str, ...]
    own: tuple[str, ...]
    groups: tuple[str, ...]

    def of(self, path: str, name: str) -> tuple[str, ...]:
        """What to try for a parameter."""
        if name == "group_key":
            return self.groups
        if name == "handle":
            return ("ada", "ben", "hive", WORDS["secret"])
        if name in ("tag", "name"):
            return ("original.png", "small.webp") if "/media/" in path else (WORDS["tag"],)
        if name in ("capability", "mac", "packed", "token"):
            return ("0.AAAAAAAAAAAAAAAAAAAAAA",)
        if "/media/" in path:
            return self.media
        if re.search(r"/(statuses|polls)/|^/post/", path) and "scheduled" not in path:
            return self.statuses
        if re.search(r"/(accounts|groups|group|list|follow_requests)/|^/[ug]/", path):
            return self.accounts
        return self.own


async def ids_of(scene: Scene) -> Ids:
    """Everything that could be asked for; notices and their groups are those of Ada and Ben."""
    notices, groups = [], []
    for who in ("ada", "ben"):
        for one in await scene.done(who, "GET", "/api/v1/notifications?limit=80"):
            notices.append(str(one["id"]))
            groups.append(one["group_key"])
    assert len(groups) > 5
    actors = [one.id for one in scene.people.values()]
    actors += [one.id for one in scene.places.values()]
    own = ("scheduled", "list", "filter", "keyword", "direct", "report")
    return Ids(
        statuses=tuple(map(str, [*scene.statuses, scene.ids["own"], scene.ids["hint"]])),
        accounts=tuple(map(str, [*actors, scene.ids["list"]])),
        media=tuple(scene.files),
        own=(*(str(scene.ids[name]) for name in own), *notices[:3], *notices[-3:]),
        groups=tuple(dict.fromkeys(groups)),
    )


def paths_of(scene: Scene, ids: Ids) -> Iterator[str]:
    """Every path that can be read, filled in, and the queries that matter."""
    for method, path, route in scene.routes:
        is_doubled = path.startswith("/api/") and path.endswith("/")
        if method != "GET" or is_doubled or route.access is Access.APP_LISTENING:
            continue
        names = _PARAMETER.findall(path)
        for values in product(*(ids.of(path, name) for name in names)):
            filled = iter(values)
            yield _PARAMETER.sub(lambda _, filled=filled: next(filled), path)  # type: ignore[misc]  # mypy cannot infer a lambda's default
    yield from queries_of(scene, ids)


def queries_of(scene: Scene, ids: Ids) -> Iterator[str]:
    """Calls whose question stands in the query."""
    statuses = "&".join(f"id[]={key}" for key in ids.statuses)
    accounts = "&".join(f"id[]={key}" for key in ids.accounts)
    yield f"/api/v1/statuses?{statuses}"
    for path in ("accounts", "accounts/relationships", "accounts/familiar_followers"):
        yield f"/api/v1/{path}?{accounts}"
    sought = (
        *(BAIT, f"{BAIT} from:ada", "has:media", "in:library", "has:poll", "is:reply"),
        *(WORDS["tag"][:5], f"#{WORDS['tag'][:5]}", WORDS["secret"][:4], "ada", "hive"),
        *(f"https://noaber.example/post/{key}" for key in ids.statuses[:6]),
        *(f"https://noaber.example/g/{key}" for key in ids.accounts[-4:]),
    )
    for text in sought:
        for more in ("", "&resolve=true", "&type=statuses", "&type=hashtags"):
            yield f"/api/v2/search?q={quote(text)}{more}"
        yield f"/api/v1/accounts/search?q={quote(text)}&resolve=true"
    for key in ids.accounts:
        for flag in ("pinned", "only_media", "exclude_replies", "exclude_reblogs"):
            yield f"/api/v1/accounts/{key}/statuses?{flag}=true"
        yield f"/api/v1/accounts/{key}/statuses?tagged={WORDS['tag']}"
        for kind in ("u", "g"):
            yield f"/{kind}/{key}/outbox?page=true"
            yield f"/{kind}/{key}/outbox?page=1"
    yield f"/api/v1/accounts/lookup?acct={WORDS['secret']}"
    yield "/api/v1/directory?local=true&order=new&limit=80"
    yield "/api/v1/notifications?include_filtered=true&limit=80"
    yield "/api/v2/notifications?expand_accounts=full"
    yield "/api/v1/markers?timeline[]=home&timeline[]=notifications"
    yield f"/.well-known/webfinger?resource=acct:{WORDS['secret']}@noaber.example"
    yield "/@ada?show=comments"
    yield "/c/hive?sort=new"


async def answers(scene: Scene, who: str | None, paths: Iterable[str]) -> AsyncIterator[Got]:
    for path in paths:
        if path.startswith("/api/"):
            yield await scene.call(who, "GET", path)
        elif who is None:
            for accept in ("text/html", _ACTIVITY):
                yield await scene.call(None, "GET", path, headers={"Accept": accept})


async def told(
    scene: Scene, who: str | None, paths: Iterable[str], secrets: dict[str, bytes]
) -> set[tuple[str, str]]:
    """Which secrets somebody is told, and where; what they named themselves is none."""
    found = set()
    for path in paths:
        async for got in answers(scene, who, [path]):
            assert got.status < 500, (who, path, got.body)
            whole = got.whole
            for name, secret in secrets.items():
                if secret in whole and secret not in path.encode():
                    found.add((name, path))
    return found


async def secrets_of(scene: Scene) -> dict[str, bytes]:
    """The words, a piece of each file, and what opens the files."""
    secrets = {name: word.encode() for name, word in WORDS.items()}
    for key, url in scene.files.items():
        file = await scene.call(None, "GET", urlsplit(url).path)
        assert file.status == 200
        assert file.headers["Cache-Control"] == "private, no-store"
        secrets[f"file {key}"] = file.body[-120:-60]
        secrets[f"capability {key}"] = f"/media/{key}/".encode()
    return secrets


async def test_no_call_tells_a_stranger_anything_private(scene: Scene) -> None:
    ids = await ids_of(scene)
    secrets, paths = await secrets_of(scene), [*paths_of(scene, ids)]
    assert len(paths) > 800

    leaks = {who: await told(scene, who, paths, secrets) for who in STRANGERS}

    assert {who: found for who, found in leaks.items() if found} == {}


async def test_those_who_may_see_it_are_told(scene: Scene) -> None:
    ids = await ids_of(scene)
    secrets, paths = await secrets_of(scene), [*paths_of(scene, ids)]

    ben = {name for name, _path in await told(scene, "ben", paths, secrets)}
    ada = {name for name, _path in await told(scene, "ada", paths, secrets)}

    files = {name for name in secrets if name.startswith("capability")}
    shared = {"thread", "title", "answer", "poll", "followers", "warning", "direct", "hint"}
    assert ben >= {*shared, "alt", "tag", "secret", *files}
    assert ada >= {*shared, "alt", "secret", "scheduled", "list", "filter", "note", *files}
    assert ben.isdisjoint({"scheduled", "list", "filter", "note", "report"})


async def test_what_may_not_be_seen_is_answered_as_if_it_did_not_exist(scene: Scene) -> None:
    verbs = ("", "/context", "/history", "/favourited_by", "/reblogged_by", "/quotes", "/source")
    for who in STRANGERS:
        for key, verb in product([scene.ids[name] for name in UNSEEN], verbs):
            got = await scene.call(who, "GET", f"/api/v1/statuses/{key}{verb}")
            unknown = await scene.call(who, "GET", f"/api/v1/statuses/{key + 7}{verb}")
            assert got.status in (401, 404), (who, verb)
            assert (got.status, got.body) == (unknown.status, unknown.body)


async def test_numbers_do_not_tell_what_is_private(scene: Scene) -> None:
    eve, ada = scene.people["eve"].id, scene.people["ada"].id
    await scene.done("ada", "POST", f"/api/v1/tags/{WORDS['tag']}/feature")
    own = await scene.done("eve", "GET", f"/api/v1/statuses/{scene.ids['own']}")
    tag = await scene.done("eve", "GET", f"/api/v1/tags/{WORDS['tag']}")
    featured = await scene.done("eve", "GET", f"/api/v1/accounts/{ada}/featured_tags")
    counts = [
        (await scene.done("eve", "GET", f"/api/v1/accounts/{key}"))["statuses_count"]
        for key in (eve, ada)
    ]
    as_peer = {"Accept": _ACTIVITY}
    outbox = await scene.call(None, "GET", f"/u/{ada}/outbox", headers=as_peer)
    replies = await scene.call(None, "GET", f"/post/{scene.ids['own']}/replies", headers=as_peer)
    about = await scene.call(None, "GET", "/nodeinfo/2.1")

    assert own["replies_count"] == 0
    assert {day["uses"] for day in tag["history"]} == {"0"}
    assert [one["statuses_count"] for one in featured] == ["0"]
    assert counts == [1, 1]
    assert json.loads(outbox.body)["totalItems"] == 1
    assert json.loads(replies.body).get("totalItems", 0) == 0
    usage = json.loads(about.body)["usage"]
    assert (usage["localPosts"], usage["localComments"]) == (2, 0)


async def test_nobody_is_notified_of_what_they_may_not_see(scene: Scene) -> None:
    for who in ("eve", "bob", "wim"):
        assert await scene.done(who, "GET", "/api/v1/notifications") == []
        assert (await scene.done(who, "GET", "/api/v2/notifications/unread_count"))["count"] == 0
    of_rik = await scene.done("rik", "GET", "/api/v1/notifications")
    assert {one["type"] for one in of_rik} <= {"moderation_warning"}
    assert all(one.get("status") is None for one in of_rik)


async def test_no_push_says_what_may_not_be_seen_any_more(scene: Scene) -> None:
    strangers = {scene.people[who].id for who in ("eve", "rik", "bob", "wim")}
    account: dict[str, object] = {"display_name": "Ada", "acct": "ada", "avatar": "", "note": ""}

    def read(uow: UnitOfWork) -> list[bytes]:
        told = [one for one in uow.notifications.since(0, 500) if one.person_id in strangers]
        at = datetime.now(UTC)
        return [payload_of(uow, one, account, token="token", language="en", at=at) for one in told]

    payloads = await scene.node.storage.read(read)

    assert len(payloads) > 1
    assert [word for word in WORDS.values() if word.encode() in b"\n".join(payloads)] == []


async def test_a_token_that_was_revoked_opens_nothing(scene: Scene) -> None:
    await scene.call(None, "POST", "/oauth/revoke", data=await _revoking(scene))

    for path in (f"/api/v1/statuses/{scene.ids['thread']}", "/api/v1/timelines/home"):
        assert (await scene.call("ben", "GET", path)).status == 401
    vote = {"choices": [1]}
    ended = await scene.call("ben", "POST", f"/api/v1/polls/{scene.ids['poll']}/votes", json=vote)
    assert ended.status == 401


async def _revoking(scene: Scene) -> dict[str, str]:
    return {"client_id": "tusky", "client_secret": "s3cret-of-the-app", "token": "ben"}
