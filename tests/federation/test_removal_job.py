"""Taking away all that a banned person posted, however much it is."""

from datetime import timedelta

import pytest

from communities import banning
from communities.banning import BanMember
from communities.community import Community
from communities.membership import Role
from communities.people import Person
from communities.posts import Post, PostState
from federation.removal_job import remove_content_job
from federation.wanted_jobs import REMOVE_CONTENT_JOB
from storage import posts as posts_module
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.job_bench import Bench
from tests.support.outbox import LEMMY, Village

REMOVED, PUBLISHED = PostState.REMOVED, PostState.PUBLISHED


@pytest.fixture
def bench(storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Jobs that remove two posts at once."""
    monkeypatch.setattr(posts_module, "MOST_REMOVED_AT_ONCE", 2)
    return Bench(storage, clock, {REMOVE_CONTENT_JOB: remove_content_job(storage, now=clock)})


def ban_of(village: Village, community: Community, moderator: Person) -> BanMember:
    return BanMember(
        community_id=community.id,
        person_id=village.members[LEMMY].id,
        moderator_id=moderator.id,
        at=village.world.tick(),
        remove_content=True,
    )


async def posts_of_lem(village: Village, community: Community, number: int) -> list[Post]:
    lem = village.members[LEMMY]
    return [await village.storage.write(village.world.post, lem, community) for _ in range(number)]


async def states(village: Village, posts: list[Post]) -> list[PostState]:
    return [(await village.post(post.id)).state for post in posts]


async def test_a_ban_takes_away_more_posts_than_one_unit_does(
    village: Village, bench: Bench
) -> None:
    here = await posts_of_lem(village, village.bees, 7)
    elsewhere = await posts_of_lem(village, village.trees, 1)

    await village.do(banning.ban, ban_of(village, village.bees, village.ada))
    assert await states(village, here) == [REMOVED] * 2 + [PUBLISHED] * 5
    await village.step()
    await bench.run_all()

    assert await states(village, here) == [REMOVED] * 7
    assert await states(village, elsewhere) == [PUBLISHED]
    assert await bench.left() == 0


async def test_the_end_of_the_ban_ends_the_removal(village: Village, bench: Bench) -> None:
    posts = await posts_of_lem(village, village.bees, 5)
    ban = ban_of(village, village.bees, village.ada)
    await village.do(banning.ban, ban)
    await village.do(banning.unban, ban)

    await village.step()
    await bench.run_all()

    assert await states(village, posts) == [REMOVED] * 2 + [PUBLISHED] * 3


async def test_a_ban_that_keeps_the_posts_removes_none(village: Village, bench: Bench) -> None:
    posts = await posts_of_lem(village, village.bees, 3)
    kept = BanMember(
        community_id=village.bees.id,
        person_id=village.members[LEMMY].id,
        moderator_id=village.ada.id,
        at=village.world.tick(),
        until=village.world.now + timedelta(days=7),
    )

    await village.do(banning.ban, kept)
    await village.step()

    assert await bench.left() == 0
    assert await states(village, posts) == [PUBLISHED] * 3


async def test_what_a_community_elsewhere_is_asked_to_remove_stays_until_it_does(
    village: Village, bench: Bench
) -> None:
    posts = await posts_of_lem(village, village.trees, 3)
    await village.storage.write(village.world.member, village.trees, village.bob, Role.MODERATOR)

    await village.do(banning.ban, ban_of(village, village.trees, village.bob))
    await village.step()

    assert await bench.left() == 0
    assert await states(village, posts) == [PUBLISHED] * 3
