"""Fetching what a community elsewhere published before anyone here followed it."""

import logging
from datetime import timedelta

import pytest

from communities.membership import MembershipState, Role
from federation.errors import Failure, PeerUnreachable
from federation.policies import Policies
from federation.wanted_jobs import ask_backfill
from node import notifying
from protocols.strict_json import JsonValue
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.job_bench import Bench, Pages
from tests.support.library import FAR, Library, ask, bench_over, stored
from tests.support.outbox import LEMMY, Village
from tests.support.postbox import page


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def library(village: Village, pages: Pages) -> Library:
    return Library(village, pages)


@pytest.fixture
def bench(storage: Storage, clock: Clock, pages: Pages) -> Bench:
    return bench_over(storage, clock, pages)


@pytest.fixture
async def asked(village: Village) -> None:
    await ask(village)


@pytest.mark.usefixtures("asked")
async def test_threads_in_the_outbox_are_stored_as_the_communitys(
    village: Village, library: Library, bench: Bench
) -> None:
    posts = [library.thread() for _ in range(3)]
    library.outbox(*posts)

    await bench.run_all()

    for document in posts:
        post = await stored(village, document)
        assert post is not None
        assert post.community_id == village.trees.id
        assert post.published_at.year == 2024


@pytest.mark.usefixtures("asked")
async def test_answers_come_from_the_context_page_by_page(
    village: Village, library: Library, bench: Bench
) -> None:
    """Spec: FEP-f228: the first page inline, the others behind `next`."""
    post = library.thread()
    first = library.comment(post)
    second = library.comment(first)
    library.outbox(post)
    url = str(post["context"])
    library.pages[url] = {
        "id": url,
        "type": "OrderedCollection",
        "first": {
            "type": "OrderedCollectionPage",
            "orderedItems": [post, first],
            "next": f"{url}?page=2",
        },
    }
    library.pages[f"{url}?page=2"] = {
        "type": "OrderedCollectionPage",
        "partOf": url,
        "orderedItems": [second["id"]],
    }

    await bench.run_all()

    root, below, last = [await stored(village, one) for one in (post, first, second)]
    assert root is not None
    assert below is not None
    assert last is not None
    assert below.parent_id == root.id
    assert last.parent_id == below.id
    assert last.root_id == root.id


@pytest.mark.usefixtures("asked")
async def test_without_a_context_answers_are_looked_for_level_by_level(
    village: Village, library: Library, bench: Bench
) -> None:
    """As Mastodon publishes them: `replies` lists one level, by id."""
    post = library.thread(context="tag:lemmy.example,2024:1")
    first = library.comment(post)
    second = library.comment(first)
    for above, below in ((post, first), (first, second)):
        above["replies"] = f"{above['id']}/replies"
        library.collection(str(above["replies"]), [below["id"]])
    library.outbox(post)

    await bench.run_all()

    assert await stored(village, first) is not None
    assert await stored(village, second) is not None


@pytest.mark.usefixtures("asked")
async def test_where_the_context_cannot_be_had_the_replies_are_read(
    village: Village, library: Library, bench: Bench
) -> None:
    post = library.thread()
    first = library.comment(post)
    post["replies"] = f"{post['id']}/replies"
    library.collection(str(post["replies"]), [first])
    library.outbox(post)

    await bench.run_all()

    assert await stored(village, first) is not None


@pytest.mark.usefixtures("asked")
async def test_a_copy_of_another_servers_post_only_names_it(
    village: Village, library: Library, bench: Bench, pages: Pages
) -> None:
    """Spec: security ORI-07."""
    real = library.thread(library.author(FAR))
    forged = {**real, "content": "<p>Forged.</p>"}
    library.outbox(forged)

    await bench.run_all()

    post = await stored(village, real)
    assert post is not None
    assert post.content.html == "<p>Moin.</p>"
    assert real["id"] in pages.asked


@pytest.mark.usefixtures("asked")
async def test_what_is_not_the_communitys_or_not_for_everyone_is_left_out(
    village: Village, library: Library, bench: Bench
) -> None:
    other = page(library.author(), "https://lemmy.example/c/other")
    hidden = library.thread(to=[library.group])
    foreign = library.comment(other)
    library.outbox(other, hidden)
    post = library.thread()
    library.collection(f"{library.group}/featured", [post])
    library.collection(str(post["context"]), [post, foreign])

    await bench.run_all()

    assert await stored(village, post) is not None
    for document in (other, hidden, foreign):
        assert await stored(village, document) is None


@pytest.mark.usefixtures("asked")
async def test_featured_posts_are_pinned(village: Village, library: Library, bench: Bench) -> None:
    whole, named = library.thread(), library.thread()
    library.collection(f"{library.group}/featured", [whole, named["id"]])

    await bench.run_all()

    for document in (whole, named):
        post = await stored(village, document)
        assert post is not None
        assert post.pinned


@pytest.mark.usefixtures("asked")
async def test_moderators_are_those_of_the_collection(
    village: Village, library: Library, bench: Bench
) -> None:
    new, old = library.author(), village.members[LEMMY]
    await village.storage.write(village.world.member, village.trees, old, Role.MODERATOR)
    library.collection(f"{library.group}/moderators", [new])

    await bench.run_all()

    def roles(uow: UnitOfWork) -> list[str]:
        keys = [one.person_id for one in uow.memberships.moderators(village.trees.id)]
        return [profile.uri for profile in uow.actors.many(keys).values()]

    assert await village.storage.read(roles) == [new]


@pytest.mark.usefixtures("asked")
async def test_history_is_told_to_nobody_neither_here_nor_elsewhere(
    village: Village, library: Library, bench: Bench
) -> None:
    await village.storage.write(
        lambda uow: uow.events.move_cursor(notifying.CURSOR, uow.events.last())
    )
    bob: JsonValue = {"type": "Mention", "href": village.bob.uri}
    library.outbox(library.thread(tag=[bob]), library.thread())
    library.collection(f"{library.group}/moderators", [library.author()])

    await bench.run_all()
    sent = await village.step()
    while await village.storage.write(notifying.step, to_ms(bench.clock())):
        continue
    notices = await village.storage.read(
        lambda uow: uow.notifications.page(village.bob.id, most=10)
    )

    assert sent == []
    assert list(notices) == []


@pytest.mark.usefixtures("asked")
async def test_requests_are_made_one_at_a_time_with_a_pause(
    village: Village, library: Library, bench: Bench, pages: Pages, clock: Clock
) -> None:
    library.outbox(library.thread(), library.thread())
    counts = []

    for _ in range(4):
        before = len(pages.asked)
        await bench.run()
        await bench.run()
        counts.append(len(pages.asked) - before)
        clock.advance(timedelta(seconds=1))

    assert counts == [1, 1, 1, 1]


async def test_a_second_community_of_the_same_server_waits_for_the_first(
    village: Village, library: Library, bench: Bench, pages: Pages
) -> None:
    oaks = await village.storage.write(village.world.remote_community, "oaks", LEMMY)
    await village.storage.write(village.world.member, oaks, village.bob)
    library.outbox()
    await ask(village)
    await village.storage.write(lambda uow: ask_backfill(uow, oaks.id, oaks.uri, at_ms=0))

    await bench.run_all()

    of_oaks = [place for place, url in enumerate(pages.asked) if oaks.uri in url]
    of_trees = [place for place, url in enumerate(pages.asked) if village.trees.uri in url]
    assert min(of_oaks) > max(of_trees)


@pytest.mark.usefixtures("asked")
async def test_a_killed_backfill_goes_on_where_it_was(
    village: Village, library: Library, storage: Storage, clock: Clock, pages: Pages
) -> None:
    posts = [library.thread() for _ in range(3)]
    library.outbox(*posts)
    bench = bench_over(storage, clock, pages)
    for _ in range(5):
        await bench.run()
        clock.advance(timedelta(seconds=1))
    asked_before = list(pages.asked)

    restarted = bench_over(storage, clock, pages)
    await restarted.run_all()

    assert all([await stored(village, one) is not None for one in posts])
    again = pages.asked[len(asked_before) :]
    assert f"{library.group}/moderators" not in again


@pytest.mark.usefixtures("asked")
async def test_it_stops_when_enough_was_stored(
    village: Village, library: Library, storage: Storage, clock: Clock, pages: Pages
) -> None:
    posts = [library.thread() for _ in range(12)]
    library.outbox(*posts)
    bench = bench_over(storage, clock, pages, max_posts=5)

    await bench.run_all()

    found = [await stored(village, one) for one in posts]
    assert sum(one is not None for one in found) == 5


@pytest.mark.usefixtures("asked")
async def test_a_server_that_lists_without_end_is_asked_a_bounded_number_of_times(
    village: Village, library: Library, storage: Storage, clock: Clock, pages: Pages
) -> None:
    url = f"{library.group}/outbox"
    post = library.thread(library.author())
    context_url = str(post["context"])
    for name, items in ((url, [post]), (context_url, [])):
        for number in range(400):
            here = name if number == 0 else f"{name}?page={number}"
            library.pages[here] = {
                "id": here,
                "type": "OrderedCollectionPage",
                "orderedItems": [*items, f"{library.home}/nothing/{number}"],
                "next": f"{name}?page={number + 1}",
            }
    bench = bench_over(storage, clock, pages, max_posts=10)

    await bench.run_all()

    assert len(pages.asked) <= 3 * 10 + 50


@pytest.mark.usefixtures("asked")
async def test_a_community_that_does_not_answer_is_waited_for_and_at_last_left(
    village: Village, library: Library, bench: Bench, pages: Pages, clock: Clock
) -> None:
    for name in ("moderators", "featured", "outbox"):
        library.pages[f"{library.group}/{name}"] = PeerUnreachable(Failure.TIMEOUT)

    await bench.run()
    soon = len(pages.asked)
    clock.advance(timedelta(seconds=30))
    await bench.run()
    later = len(pages.asked)
    await bench.run_all(5000)

    assert (soon, later) == (1, 1)
    assert len(pages.asked) < 30


@pytest.mark.usefixtures("asked")
async def test_a_third_server_that_does_not_answer_holds_nothing_up(
    village: Village, library: Library, bench: Bench
) -> None:
    dead = library.thread(library.author(FAR))
    library.pages[str(dead["id"])] = PeerUnreachable(Failure.TIMEOUT)
    alive = library.thread()
    library.outbox(dead, alive)

    runs = await bench.run_all()

    assert await stored(village, alive) is not None
    assert await stored(village, dead) is None
    assert runs < 20


@pytest.mark.usefixtures("asked")
async def test_it_ends_when_nobody_here_is_a_member_any_more(
    village: Village, bench: Bench, pages: Pages
) -> None:
    await village.storage.write(
        lambda uow: village.world.member(
            uow, village.trees, village.bob, state=MembershipState.LEFT
        )
    )

    await bench.run_all()

    assert pages.asked == []


@pytest.mark.usefixtures("asked")
async def test_a_blocked_server_is_not_asked(storage: Storage, clock: Clock, pages: Pages) -> None:
    policies = Policies()
    policies.replace(
        [Peer(origin=f"https://{LEMMY}", first_seen_at=clock(), policy=PeerPolicy.BLOCK)]
    )

    await bench_over(storage, clock, pages, policies=policies).run_all()

    assert pages.asked == []


@pytest.mark.usefixtures("asked")
async def test_the_log_says_how_far_it_has_come(
    library: Library, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="federation.backfill")
    library.outbox(library.thread())

    await bench.run_all()

    assert "history of https://lemmy.example/c/trees: 0 posts stored" in caplog.messages[0]
    assert "1 posts stored" in caplog.messages[-1]
    assert caplog.messages[-1].endswith("ended")
