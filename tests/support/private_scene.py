"""A whole node with much that is private, and those who may not see it.

Ada owns the open group `bees`, the private community `hive` and the secret one `cellar`; Ben is a
member and follows her. Rik was a member and is banned, Bob followed her and is blocked, Eve is a
stranger. Every private text holds `BAIT`, by which it can be searched, and a word of its own.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from communities.banning import BanMember, ban
from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.membership import MembershipState, Role
from communities.people import ActorKey, Person
from node import notifying, searching
from node.app import DECLARED, Route
from node.compose import Node, open_node
from node.settings import DatabaseSettings, LimitsSettings, NodeSettings, Settings
from node.settings_values import Secret
from storage.apps import App
from storage.feeds import boost_id_of
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.apps import give_token, make_app
from tests.support.factories import World
from tests.support.media_files import picture

BAIT = "lanternfish"
WORDS: Mapping[str, str] = {
    "thread": "quillwort",
    "title": "sphagnum",
    "answer": "bogbean",
    "poll": "sundew",
    "followers": "butterbur",
    "warning": "marjoram",
    "direct": "hellebore",
    "hint": "tormentil",
    "alt": "saxifrage",
    "tag": "samphire",
    "secret": "orpine",
    "scheduled": "gromwell",
    "list": "yarrow",
    "filter": "comfrey",
    "note": "feverfew",
    "report": "hyssop",
}
"""What nobody but Ada, and for most of it Ben, may ever read."""
SCOPES = "read write follow push profile"
PEOPLE = ("ada", "ben", "rik", "bob", "eve", "wim")


@dataclass(frozen=True, slots=True)
class Got:
    """An answer, with its body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any = None

    @property
    def whole(self) -> bytes:
        """Everything that the caller gets to see."""
        told = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return told.encode() + b"\n\n" + self.body


@dataclass(slots=True, kw_only=True)
class Scene:
    """The node, who is there, and the ids of what is private."""

    node: Node
    client: TestClient[web.Request, web.Application]
    routes: list[tuple[str, str, Route]]
    world: World
    app: App
    people: dict[str, Person]
    places: dict[str, Community]
    ids: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    async def call(self, who: str | None, method: str, path: str, **more: Any) -> Got:
        """Call as somebody: a name, `ada as bees`, or None for nobody."""
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {who}"
        async with self.client.request(
            method, path, headers=headers, allow_redirects=False, **more
        ) as answer:
            body = await answer.read()
            is_json = answer.content_type == "application/json" and body
            return Got(
                answer.status, answer.headers.copy(), body, await answer.json() if is_json else None
            )

    async def done(self, who: str, method: str, path: str, **more: Any) -> Any:
        """What a call that must succeed gives."""
        got = await self.call(who, method, path, **more)
        assert got.status == 200, (method, path, got.status, got.body)
        return got.json

    async def post(self, who: str, **fields: Any) -> int:
        """Post a status; its id."""
        return int((await self.done(who, "POST", "/api/v1/statuses", json=fields))["id"])

    async def upload(self, who: str, description: str) -> dict[str, Any]:
        """Upload a picture with a description."""
        form = FormData()
        form.add_field("file", picture(), filename="a.png", content_type="image/png")
        form.add_field("description", description)
        made: dict[str, Any] = await self.done(who, "POST", "/api/v2/media", data=form)
        return made

    async def settle(self) -> None:
        """Have notifications and the search index say what happened."""
        for step in (notifying.step, searching.step):
            while await self.node.storage.write(step, to_ms(datetime.now(UTC)), 200):
                continue

    @property
    def statuses(self) -> list[int]:
        """Every id under which a private post could be asked for: its own, and its wrapper's."""
        posts = [self.ids[name] for name in ("thread", "answer", "poll", "followers", "direct")]
        return [*posts, *(boost_id_of(key) for key in posts), self.ids["boost"]]


@asynccontextmanager
async def private_scene(folder: Path, *, database_url: str | None = None) -> AsyncIterator[Scene]:
    """Serve it inside the block, over SQLite unless another database is named."""
    settings = Settings(
        node=NodeSettings(domain="noaber.example", data_dir=folder),
        database=DatabaseSettings(url=None if database_url is None else Secret(database_url)),
        limits=LimitsSettings(client_rates=False),
    )
    async with open_node(settings) as node:
        app = node.app()
        routes = [
            (each.method, each.resource.canonical, route)
            for each, route in app[DECLARED].items()
            if each.resource is not None
        ]
        world = World(datetime.now(UTC) - timedelta(hours=2))
        made, people, places = await node.storage.write(_settle, world)
        async with TestClient(TestServer(app)) as client:
            yield Scene(
                node=node,
                client=client,
                routes=routes,
                world=world,
                app=made,
                people=people,
                places=places,
            )
            await node.apps.close()


def _settle(uow: UnitOfWork, world: World) -> tuple[App, dict[str, Person], dict[str, Community]]:
    people = {name: world.person(uow, name) for name in PEOPLE}
    private = {"visibility": CommunityVisibility.PRIVATE, "join": JoinPolicy.ASK}
    places = {
        "bees": world.community(uow, "bees"),
        "hive": world.community(uow, "hive", **private),
        WORDS["secret"]: world.community(
            uow, WORDS["secret"], visibility=CommunityVisibility.SECRET, join=JoinPolicy.ASK
        ),
    }
    for place in places.values():
        world.member(uow, place, people["ada"], Role.OWNER)
        world.member(uow, place, people["ben"])
    world.member(uow, places["bees"], people["eve"])
    world.member(uow, places["hive"], people["rik"])
    world.member(uow, places["hive"], people["wim"], state=MembershipState.REQUESTED)
    for name in ("ben", "bob"):
        world.follow(uow, people[name], people["ada"])
    app = make_app(uow, world, scopes=SCOPES)
    for name, person in people.items():
        give_token(uow, world, app, name, person, scopes=SCOPES)
    bees = ActorKey(places["bees"].id)
    give_token(uow, world, app, "ada as bees", people["ada"], actor_id=bees, scopes=SCOPES)
    return app, people, places


async def fill(scene: Scene) -> None:
    """Write what is private, have it seen by who may, and then end what Rik and Bob may."""
    ids, words = scene.ids, {name: f"{BAIT} {word}" for name, word in WORDS.items()}
    hive, tag = scene.places["hive"].id, f"#{WORDS['tag']}"
    media = [await scene.upload("ada", words["alt"]) for _ in range(3)]
    scene.files = {str(one["id"]): str(one["url"]) for one in media}
    ids["thread"] = await scene.post(
        "ada",
        title=words["title"],
        status=f"{words['thread']} {tag} @eve @rik @wim",
        group_id=str(hive),
        visibility="private",
        media_ids=[media[0]["id"]],
    )
    ids["answer"] = await scene.post("ben", status=words["answer"], in_reply_to_id=ids["thread"])
    ids["poll"] = await scene.post(
        "ada",
        status=f"Which? {tag}",
        group_id=str(hive),
        visibility="private",
        poll={"options": [words["poll"], "none"], "expires_in": 3600},
    )
    ids["followers"] = await scene.post(
        "ada",
        status=f"{words['followers']} {tag}",
        spoiler_text=words["warning"],
        visibility="private",
        media_ids=[media[1]["id"]],
    )
    ids["direct"] = await scene.post(
        "ada",
        status=f"@ben {words['direct']} {tag}",
        visibility="direct",
        media_ids=[media[2]["id"]],
    )
    ids["open"] = await scene.post("ada", status="Moin, everybody", visibility="public")
    ids["own"] = await scene.post("eve", status="I am new here", visibility="public")
    ids["hint"] = await scene.post(
        "ada",
        status=f"@ben {words['hint']}",
        visibility="direct",
        in_reply_to_id=ids["own"],
    )
    await scene.settle()
    await _see(scene)
    await _keep(scene, words)
    await _end(scene)
    await scene.settle()


async def _see(scene: Scene) -> None:
    """Let those who may see something react to it, and keep it."""
    may = {"thread": ("ben", "rik"), "poll": ("ben", "rik"), "followers": ("ben", "bob")}
    for name, people in {**may, "direct": ("ben",), "answer": ("ada",)}.items():
        for who in people:
            for verb in ("favourite", "bookmark", "mute"):
                await scene.done(who, "POST", f"/api/v1/statuses/{scene.ids[name]}/{verb}")
    shown = await scene.done("ben", "GET", f"/api/v1/statuses/{scene.ids['poll']}")
    scene.ids["poll itself"] = int(shown["poll"]["id"])
    vote = f"/api/v1/polls/{shown['poll']['id']}/votes"
    await scene.done("rik", "POST", vote, json={"choices": [0]})
    boosted = await scene.done("ada", "POST", f"/api/v1/statuses/{scene.ids['open']}/reblog")
    scene.ids["boost"] = int(boosted["id"])
    await scene.done("ada", "POST", f"/api/v1/statuses/{scene.ids['followers']}/pin")
    await scene.done("ada", "POST", f"/api/v1/statuses/{scene.ids['thread']}/pin")
    edit = {"status": f"{BAIT} {WORDS['followers']} again", "visibility": "private"}
    await scene.done("ada", "PUT", f"/api/v1/statuses/{scene.ids['followers']}", json=edit)


async def _keep(scene: Scene, words: Mapping[str, str]) -> None:
    """What is Ada's alone."""
    eve = scene.people["eve"].id
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    sent = {"status": words["scheduled"], "scheduled_at": later}
    made = {
        "scheduled": await scene.done("ada", "POST", "/api/v1/statuses", json=sent),
        "list": await scene.done("ada", "POST", "/api/v1/lists", json={"title": words["list"]}),
        "filter": await scene.done(
            "ada",
            "POST",
            "/api/v2/filters",
            json={
                "title": words["filter"],
                "context": ["home"],
                "keywords_attributes": [{"keyword": words["filter"]}],
            },
        ),
    }
    scene.ids |= {name: int(entity["id"]) for name, entity in made.items()}
    scene.ids["keyword"] = int(made["filter"]["keywords"][0]["id"])
    note = {"comment": words["note"]}
    await scene.done("ada", "POST", f"/api/v1/accounts/{eve}/note", json=note)
    report = {"account_id": str(eve), "comment": words["report"]}
    scene.ids["report"] = int(
        (await scene.done("ada", "POST", "/api/v1/reports", json=report))["id"]
    )


async def _end(scene: Scene) -> None:
    await scene.settle()
    hive, ada, rik = (
        ActorKey(scene.places["hive"].id),
        ActorKey(scene.people["ada"].id),
        ActorKey(scene.people["rik"].id),
    )
    at = datetime.now(UTC)
    command = BanMember(community_id=hive, person_id=rik, moderator_id=ada, at=at)
    await scene.node.acting.run(ban, command)
    bob = scene.people["bob"].id
    await scene.done("ada", "POST", f"/api/v1/accounts/{bob}/block")
