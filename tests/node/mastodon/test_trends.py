"""Trends and suggestions through the API: from what the node knows, never what is private."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility
from communities.people import Person
from communities.posts import Post, PostContent, Reaction, ReactionKind, Visibility
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@dataclass
class Square:
    """Where people talk."""

    storage: Storage
    world: World
    people: dict[str, Person]

    async def post(
        self,
        by: str,
        *,
        tags: Sequence[str] = (),
        link: str | None = None,
        likes: Sequence[str] = (),
        boosts: Sequence[str] = (),
        **changes: Any,
    ) -> Post:
        def make(uow: UnitOfWork) -> Post:
            content = PostContent(
                title="A page" if link else None,
                html="<p>Moin</p>",
                hashtags=tuple(tags),
                link=link,
            )
            post = self.world.post(uow, self.people[by], content=content, **changes)
            for kind, names in ((ReactionKind.LIKE, likes), (ReactionKind.BOOST, boosts)):
                for name in names:
                    uow.reactions.put(
                        Reaction(
                            actor_id=self.people[name].id,
                            post_id=post.id,
                            kind=kind,
                            uri=f"https://a.example/{kind}/{name}/{post.id}",
                            at=self.world.now,
                        )
                    )
            return post

        return await self.storage.write(make)


@pytest.fixture
def world(clock: Clock) -> World:
    """Began two days ago."""
    return World(clock() - timedelta(days=2))


@pytest.fixture
async def square(sqlite_storage: Storage, world: World) -> Square:
    def make(uow: UnitOfWork) -> dict[str, Person]:
        people = {name: world.person(uow, name) for name in ("ada", "bob", "eve", "fay")}
        for person in people.values():
            profile = uow.actors.get(person.id)
            assert profile is not None
            uow.actors.put(replace(profile, discoverable=True))
        return people

    return Square(sqlite_storage, world, await sqlite_storage.write(make))


async def test_posts_that_people_like_and_pass_on_trend(as_: AppsOf, square: Square) -> None:
    liked = await square.post("ada", likes=["bob", "eve"])
    boosted = await square.post("ada", boosts=["bob", "eve"])
    await square.post("ada")
    await square.post("ada", likes=["bob"], visibility=Visibility.UNLISTED)
    await square.post("ada", likes=["bob"], visibility=Visibility.FOLLOWERS)

    found = await as_(None).get("/api/v1/trends/statuses")

    assert [status["id"] for status in found] == [str(boosted.id), str(liked.id)]
    rest = await as_(None).get("/api/v1/trends/statuses?offset=1&limit=1")
    assert [status["id"] for status in rest] == [str(liked.id)]


async def test_old_posts_do_not_trend(as_: AppsOf, square: Square, clock: Clock) -> None:
    await square.post("ada", likes=["bob"], tags=["bees"])
    clock.advance(timedelta(days=3))

    assert await as_(None).get("/api/v1/trends/statuses") == []


async def test_hashtags_of_several_people_trend(as_: AppsOf, square: Square) -> None:
    for by, tags in (("ada", ["Bees", "Wax"]), ("bob", ["bees"]), ("ada", ["wax"])):
        await square.post(by, tags=tags)
    await square.post("eve", tags=["wax"], visibility=Visibility.DIRECT)

    found = await as_(None).get("/api/v1/trends/tags")

    assert [tag["name"] for tag in found] == ["bees"]
    assert found[0]["history"][2] == {**found[0]["history"][2], "uses": "2", "accounts": "2"}
    assert await as_(None).get("/api/v1/trends") == found


async def test_links_that_people_post_trend(as_: AppsOf, square: Square) -> None:
    for by, link in (
        ("ada", "https://bees.example/a"),
        ("bob", "https://bees.example/a"),
        ("eve", "https://wax.example/"),
        ("eve", "javascript:alert(1)"),
    ):
        await square.post(by, link=link)
    await square.post("fay", link="https://secret.example/", visibility=Visibility.DIRECT)

    found = await as_(None).get("/api/v1/trends/links")

    assert [link["url"] for link in found] == ["https://bees.example/a", "https://wax.example/"]
    assert found[0]["title"] == "A page"
    assert found[0]["provider_name"] == "bees.example"
    assert found[0]["history"][2]["accounts"] == "2"


async def test_what_trends_is_counted_out_every_few_minutes(
    as_: AppsOf, square: Square, clock: Clock
) -> None:
    assert await as_(None).get("/api/v1/trends/statuses") == []
    await square.post("ada", likes=["bob"])

    assert await as_(None).get("/api/v1/trends/statuses") == []
    clock.advance(timedelta(minutes=5))
    assert len(await as_(None).get("/api/v1/trends/statuses")) == 1


async def test_a_post_that_was_hidden_meanwhile_is_not_shown(as_: AppsOf, square: Square) -> None:
    post = await square.post("ada", likes=["bob"])
    path = "/api/v1/trends/statuses"
    assert len(await as_(None).get(path)) == 1

    def block(uow: UnitOfWork) -> None:
        uow.people.set_blocked(
            square.people["ada"].id,
            square.people["eve"].id,
            blocked=True,
            uri="https://a.example/block",
            at=square.world.now,
        )

    await square.storage.write(block)

    assert await as_(square.people["eve"]).get(path) == []
    assert [status["id"] for status in await as_(None).get(path)] == [str(post.id)]


async def _found(square: Square, name: str, members: Sequence[str], **changes: Any) -> Community:
    def make(uow: UnitOfWork) -> Community:
        community = square.world.community(uow, name, **changes)
        profile = uow.actors.get(community.id)
        assert profile is not None
        uow.actors.put(replace(profile, discoverable=True))
        for member in members:
            square.world.member(uow, community, square.people[member])
        return community

    return await square.storage.write(make)


async def test_communities_with_members_in_common_are_suggested(
    as_: AppsOf, square: Square
) -> None:
    await _found(square, "bees", ["ada", "bob", "eve"])
    await _found(square, "wax", ["bob", "eve"])
    await _found(square, "clover", ["eve"])
    await _found(square, "secrets", ["bob", "eve"], visibility=CommunityVisibility.PRIVATE)
    await _found(square, "far", ["fay"])

    found = await as_(square.people["ada"]).get("/api/v2/suggestions")

    told = {one["account"]["acct"]: one for one in found}
    assert list(told) == ["wax", "clover", "far"]
    assert told["wax"]["sources"] == ["similar_to_recently_followed"]
    assert told["wax"]["reason"] == "2 people from your communities are members"
    assert told["far"]["sources"] == ["most_followed"]


async def test_whom_those_follow_whom_one_follows_is_suggested(as_: AppsOf, square: Square) -> None:
    people = square.people
    for follower, followee in (("ada", "bob"), ("ada", "eve"), ("bob", "fay"), ("bob", "eve")):
        await square.storage.write(square.world.follow, people[follower], people[followee])

    found = await as_(people["ada"]).get("/api/v2/suggestions")

    assert [one["account"]["acct"] for one in found] == ["fay"]
    assert found[0]["sources"] == ["friends_of_friends"]
    assert found[0]["reason"] == "1 person you follow follow them"


async def test_a_suggestion_that_was_declined_does_not_come_back(
    as_: AppsOf, square: Square, clock: Clock
) -> None:
    wax = await _found(square, "wax", ["bob"])
    app = as_(square.people["ada"])
    older = await app.call("GET", "/api/v1/suggestions")
    assert [account["acct"] for account in older.json] == ["wax"]
    assert older.headers["Deprecation"].startswith("@")

    assert await app.done("DELETE", f"/api/v1/suggestions/{wax.id}") == {}
    assert await app.done("DELETE", "/api/v1/suggestions/12345") == {}

    assert await app.get("/api/v2/suggestions") == []
    clock.advance(timedelta(hours=1))
    assert await app.get("/api/v1/suggestions") == []
    assert len(await as_(square.people["eve"]).get("/api/v2/suggestions")) == 1
