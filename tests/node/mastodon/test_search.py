"""Search through the API: accounts, hashtags, posts; never what the searcher may not see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility
from communities.people import ActorKey, Person
from communities.posts import Post, PostContent, Visibility
from node import searching
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@dataclass
class Town:
    """Ada writes, Bob follows her, Eve does not know her."""

    storage: Storage
    world: World
    ada: Person
    bob: Person
    eve: Person

    async def post(
        self,
        text: str,
        *,
        tags: Sequence[str] = (),
        recipients: Sequence[ActorKey] = (),
        community: Community | None = None,
        **changes: Any,
    ) -> Post:
        def make(uow: UnitOfWork) -> Post:
            content = PostContent(html=f"<p>{text}</p>", source=text, hashtags=tuple(tags))
            post = self.world.draft(self.ada, community, content=content, **changes)
            assert uow.posts.add(post, recipients=recipients)
            searching.index_post(uow, post.id)
            return post

        return await self.storage.write(make)


@pytest.fixture
async def town(sqlite_storage: Storage, world: World) -> Town:
    def make(uow: UnitOfWork) -> Town:
        people = [world.person(uow, name) for name in ("ada", "bob", "eve")]
        profile = uow.actors.get(people[0].id)
        assert profile is not None
        uow.actors.put(replace(profile, indexable=True))
        return Town(sqlite_storage, world, *people)

    return await sqlite_storage.write(make)


async def test_search_finds_accounts_hashtags_and_posts(as_: AppsOf, town: Town) -> None:
    post = await town.post("Adaptable bees", tags=["Adamite"])

    found = await as_(town.eve).get("/api/v2/search?q=ada*")

    assert [account["acct"] for account in found["accounts"]] == ["ada"]
    assert [status["id"] for status in found["statuses"]] == [str(post.id)]
    tags = await as_(town.eve).get("/api/v2/search?q=%23ada&type=hashtags")
    assert [tag["name"] for tag in tags["hashtags"]] == ["adamite"]
    assert tags["hashtags"][0]["history"][0].keys() == {"day", "uses", "accounts"}
    assert tags["accounts"] == tags["statuses"] == []


async def test_a_direct_message_is_never_found_by_a_stranger(as_: AppsOf, town: Town) -> None:
    post = await town.post(
        "Secret honey", tags=["hush"], recipients=[town.bob.id], visibility=Visibility.DIRECT
    )

    for query in (
        "secret",
        "honey",
        "sec*",
        "from:@ada",
        "hush",
        "#hush",
        f"from:@ada secret&account_id={town.ada.id}",
        f"secret&min_id={post.id - 1}",
        post.uri,
        f"{post.uri}&resolve=true",
    ):
        for someone in (town.eve, None):
            path = f"/api/v2/search?q={query.replace('#', '%23')}"
            found = await as_(someone).get(path)
            assert (found["statuses"], found["hashtags"]) == ([], []), query
    for reader in (town.ada, town.bob):
        found = await as_(reader).get("/api/v2/search?q=secret&type=statuses")
        assert [status["id"] for status in found["statuses"]] == [str(post.id)]


async def test_posts_are_searched_by_people_of_this_node_alone(as_: AppsOf, town: Town) -> None:
    await town.post("Honey")

    assert (await as_(None).get("/api/v2/search?q=honey"))["statuses"] == []
    assert len((await as_(town.eve).get("/api/v2/search?q=honey"))["statuses"]) == 1


async def test_operators_narrow_the_search(as_: AppsOf, town: Town) -> None:
    bees = await town.storage.write(town.world.community, "bees")
    inside = await town.post("Honey in the hive", community=bees)
    outside = await town.post("Honey on bread")
    app = as_(town.eve)

    async def ids(query: str, more: str = "") -> list[str]:
        found = await app.get(f"/api/v2/search?type=statuses&q={query}{more}")
        return [status["id"] for status in found["statuses"]]

    both = [str(outside.id), str(inside.id)]
    assert await ids("honey") == both
    assert await ids("honey -bread") == both[1:]
    assert await ids('"in the hive"') == both[1:]
    assert await ids("honey in:@bees") == both[1:]
    assert await ids("honey in:@wasps") == []
    assert await ids("from:ada honey") == both
    assert await ids("from:@bob honey") == []
    assert await ids("from:me honey") == []
    assert await ids("from:nobody@nowhere.example honey") == []
    assert await ids("honey", f"&account_id={town.ada.id}") == both
    assert await ids("honey", f"&account_id={town.bob.id}") == []
    assert await ids("honey", f"&max_id={outside.id}") == both[1:]
    assert await ids("honey", f"&min_id={inside.id}") == both[:1]


async def test_a_page_of_one_kind_goes_on(as_: AppsOf, town: Town) -> None:
    posts = [await town.post("Honey") for _ in range(5)]
    app = as_(town.eve)

    pages = [
        await app.get(f"/api/v2/search?q=honey&type=statuses&limit=2&offset={skip}")
        for skip in (0, 2, 4, 6)
    ]

    found = [[status["id"] for status in page["statuses"]] for page in pages]
    ids = [str(post.id) for post in reversed(posts)]
    assert found == [ids[:2], ids[2:4], ids[4:], []]


async def test_an_address_names_what_is_known(as_: AppsOf, town: Town) -> None:
    post = await town.post("Honey")
    carl = await town.storage.write(town.world.remote_person, "carl")
    app = as_(town.eve)

    by_post = await app.get(f"/api/v2/search?q={post.uri}&resolve=true")
    by_person = await app.get(f"/api/v2/search?q={carl.uri}")
    by_page = await app.get("/api/v2/search?q=https://noaber.example/@ada&resolve=true")
    by_handle = await app.get("/api/v2/search?q=@carl@peer.example&resolve=true")
    by_nothing = await app.get("/api/v2/search?q=https://noaber.example/@zed&resolve=true")

    assert [status["id"] for status in by_post["statuses"]] == [str(post.id)]
    assert [account["acct"] for account in by_person["accounts"]] == ["carl@peer.example"]
    assert [account["acct"] for account in by_page["accounts"]] == ["ada"]
    assert [account["acct"] for account in by_handle["accounts"]] == ["carl@peer.example"]
    assert by_nothing == {"accounts": [], "statuses": [], "hashtags": []}


async def test_a_secret_community_is_not_found(as_: AppsOf, town: Town) -> None:
    def make(uow: UnitOfWork) -> Community:
        bees = town.world.community(uow, "bees", visibility=CommunityVisibility.SECRET)
        town.world.member(uow, bees, town.ada)
        return bees

    bees = await town.storage.write(make)

    for query in ("bees", bees.uri, "@bees@noaber.example"):
        found = await as_(town.eve).get(f"/api/v2/search?q={query}&resolve=true")
        assert found["accounts"] == []
    found = await as_(town.ada).get("/api/v2/search?q=bees")
    assert [account["acct"] for account in found["accounts"]] == ["bees"]


async def test_only_whom_one_follows_can_be_asked_for(as_: AppsOf, town: Town) -> None:
    await town.storage.write(town.world.follow, town.bob, town.ada)
    path = "/api/v2/search?q=ada&type=accounts&following=true"

    assert len((await as_(town.bob).get(path))["accounts"]) == 1
    assert (await as_(town.eve).get(path))["accounts"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("q=", 422),
        ("q=x&type=everything", 422),
        ("q=x&limit=many", 422),
        ("q=x&offset=-5&type=statuses", 200),
        ("q=x&limit=100000", 200),
        ("q=%00", 422),
        ("q=%22%27%2A%28NEAR", 200),
        ("q=https://", 200),
        ("q=@@@", 200),
        ("q=x&account_id=abc", 200),
        ("q=x&max_id=abc", 200),
        ("q=" + "a" * 7000, 200),
    ],
)
async def test_odd_searches_are_answered(as_: AppsOf, town: Town, query: str, status: int) -> None:
    reply = await as_(town.eve).call("GET", f"/api/v2/search?{query}")

    assert reply.status == status
