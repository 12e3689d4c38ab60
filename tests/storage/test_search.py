"""Posts found by words: the same answers on both databases, and nothing private."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from communities.community import CommunityVisibility
from communities.people import ActorState
from communities.posts import Attachment, Poll, PollOption, Post, PostContent, PostState, Visibility
from node import searching
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.shelves import NOBODY, Library


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def library(storage: Storage, world: World) -> Library:
    return Library(storage, world)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Bees in the garden", "bees", True),
        ("Bees in the garden", "BEES garden", True),
        ("Bees in the garden", "garden bees", True),
        ("Bees in the garden", '"garden bees"', False),
        ("Bees in the garden", '"the garden"', True),
        ("Bees in the garden", "bees -garden", False),
        ("Bees in the garden", "bees -wasps", True),
        ("Bees in the garden", 'bees -"the garden"', False),
        ("Bees in the garden", "gard", False),
        ("Bees in the garden", "gard*", True),
        ("Bees in the garden", "bees wasps", False),
        ("Café de la gare", "cafe", True),
        ("Cafe de la gare", "CAFÉ", True),
        ("Straße", "strasse", True),
        ("Ελληνικά", "ελληνικα", True),
        ("日本語の投稿", "日本", True),
        ("日本語の投稿", "本日", False),
        ("It's 3.5 km to N50, Zutphen", "n50", True),
        ("see https://example.org/a-page", "example.org", True),
        ("snake_case", "snake_case", True),
        ("#bees are here", "#bees", True),
        ("AND OR NOT NEAR", "near", True),
        ("AND OR NOT NEAR", "not or", True),
        ("ﬁne", "fine", True),
    ],
)
async def test_words_are_found(library: Library, text: str, query: str, *, found: bool) -> None:
    ada = await library.person("ada")
    post = await library.post(ada, text)

    assert await library.find(query) == ([post.id] if found else [])


async def test_the_newest_comes_first_in_pages(library: Library) -> None:
    ada = await library.person("ada")
    posts = [await library.post(ada, "Bees") for _ in range(5)]
    newest_first = [post.id for post in reversed(posts)]

    assert await library.find("bees", most=2) == newest_first[:2]
    assert await library.find("bees", most=2, skip=2) == newest_first[2:4]
    assert await library.find("bees", most=9, skip=4) == newest_first[4:]


async def test_a_direct_message_is_found_by_those_in_it_alone(library: Library) -> None:
    ada, bob, eve = [await library.person(name) for name in ("ada", "bob", "eve")]
    post = await library.post(
        ada, "The secret word", recipients=[bob.id], visibility=Visibility.DIRECT
    )

    assert await library.find("secret", ada) == [post.id]
    assert await library.find("secret", bob) == [post.id]
    for query in ("secret", "sec*", "-nothing secret", "has:media", "in:public secret"):
        assert await library.find(query, eve) == []
        assert await library.find(query) == []
        assert await library.find(query, eve, authors=[ada.id]) == []


async def test_followers_find_what_is_for_followers(
    library: Library, storage: Storage, world: World
) -> None:
    ada, bob, eve = [await library.person(name) for name in ("ada", "bob", "eve")]
    await storage.write(world.follow, bob, ada)
    post = await library.post(ada, "For friends", visibility=Visibility.FOLLOWERS)

    assert await library.find("friends", bob) == [post.id]
    assert await library.find("friends", eve) == []
    assert await library.find("friends") == []


async def test_members_find_what_is_for_members(
    library: Library, storage: Storage, world: World
) -> None:
    ada, bob, eve = [await library.person(name) for name in ("ada", "bob", "eve")]
    bees = await storage.write(
        lambda uow: world.community(uow, "bees", visibility=CommunityVisibility.PRIVATE)
    )
    for member in (ada, bob):
        await storage.write(world.member, bees, member)
    post = await library.post(ada, "Honey", bees, visibility=Visibility.MEMBERS)

    assert await library.find("honey", bob) == [post.id]
    assert await library.find("honey", eve) == []
    assert await library.find("honey") == []


async def test_what_was_said_in_public_is_private_with_its_community(
    library: Library, storage: Storage, world: World
) -> None:
    ada, eve = [await library.person(name) for name in ("ada", "eve")]
    bees = await storage.write(world.community, "bees")
    await storage.write(world.member, bees, ada)
    post = await library.post(ada, "Honey", bees)
    assert await library.find("honey", eve) == [post.id]

    await storage.write(
        lambda uow: uow.communities.update(replace(bees, visibility=CommunityVisibility.PRIVATE))
    )

    assert await library.find("honey", eve) == []
    assert await library.find("honey", ada) == [post.id]


async def test_strangers_find_only_authors_who_let_them(
    library: Library, storage: Storage, world: World
) -> None:
    ada = await library.person("ada", indexable=False)
    bob, eve, carl = [await library.person(name) for name in ("bob", "eve", "carl")]
    bees = await storage.write(world.community, "bees")
    await storage.write(world.follow, bob, ada)
    await storage.write(world.member, bees, carl)
    post = await library.post(ada, "Honey", bees)

    assert await library.find("honey", eve) == []
    assert await library.find("honey") == []
    for tied in (ada, bob, carl):
        assert await library.find("honey", tied) == [post.id]


async def test_strangers_do_not_find_what_is_unlisted(library: Library) -> None:
    ada, eve = [await library.person(name) for name in ("ada", "eve")]
    post = await library.post(ada, "Honey", visibility=Visibility.UNLISTED)

    assert await library.find("honey", eve) == []
    assert await library.find("honey", ada) == [post.id]


async def test_suspended_and_hidden_authors_are_not_found(
    library: Library, storage: Storage
) -> None:
    ada, eve = [await library.person(name) for name in ("ada", "eve")]
    post = await library.post(ada, "Honey")

    assert await library.find("honey", eve, hidden=[ada.id]) == []
    assert await library.find("honey", eve) == [post.id]
    await storage.write(lambda uow: uow.actors.set_state(ada.id, ActorState.SUSPENDED))
    assert await library.find("honey", eve) == []


def _set_state(uow: UnitOfWork, post: Post, state: PostState) -> None:
    uow.posts.set_state(post.id, state, at=post.published_at + timedelta(minutes=1))


async def test_what_is_removed_or_withdrawn_is_not_found(
    library: Library, storage: Storage
) -> None:
    ada = await library.person("ada")
    for state in (PostState.REMOVED, PostState.WITHDRAWN):
        post = await library.post(ada, "Honey")
        assert await library.find("honey", ada) == [post.id]

        # Already before the consumer comes to it.
        await storage.write(_set_state, post, state)
        assert await library.find("honey", ada) == []
        await storage.write(searching.index_post, post.id)
        assert await library.find("honey", ada) == []


async def test_an_edit_is_found_by_its_new_words(
    library: Library, storage: Storage, world: World
) -> None:
    ada = await library.person("ada")
    post = await library.post(ada, "Honey")

    def edit(uow: UnitOfWork) -> None:
        uow.posts.edit(post.id, PostContent(html="<p>Wax</p>"), at=world.tick())
        searching.index_post(uow, post.id)

    await storage.write(edit)

    assert await library.find("honey") == []
    assert await library.find("wax") == [post.id]


async def test_what_a_post_has_and_is_can_be_asked(library: Library) -> None:
    ada = await library.person("ada")
    picture = Attachment(kind="image", url="https://a.example/1.png", alt="A hive")
    poll = Poll(options=(PollOption(name="Clover"), PollOption(name="Heather")))
    with_image = await library.post(
        ada, "", content=PostContent(html="<p>Bees</p>", attachments=(picture,))
    )
    with_poll = await library.post(ada, "", content=PostContent(html="<p>Bees</p>", poll=poll))
    in_dutch = await library.post(
        ada, "", content=PostContent(html="<p>Bees</p>", language="nl-NL", warning="Stings")
    )

    assert await library.find("bees has:media") == [with_image.id]
    assert await library.find("has:image") == [with_image.id]
    assert await library.find("hive") == [with_image.id]
    assert await library.find("bees has:poll") == [with_poll.id]
    assert await library.find("heather") == [with_poll.id]
    assert await library.find("language:nl") == [in_dutch.id]
    assert await library.find("is:sensitive") == [in_dutch.id]
    assert await library.find("bees -has:image -is:sensitive") == [with_poll.id]
    assert await library.find("bees has:video") == []


async def test_authors_places_and_days_can_be_asked(
    library: Library, storage: Storage, world: World
) -> None:
    ada, bob = [await library.person(name) for name in ("ada", "bob")]
    bees = await storage.write(world.community, "bees")
    first = await library.post(ada, "Honey", bees)
    world.tick(timedelta(days=2))
    second = await library.post(bob, "Honey")

    assert await library.find("honey", authors=[ada.id]) == [first.id]
    assert await library.find("from:@ada", authors=[ada.id]) == [first.id]
    assert await library.find("honey", authors=[]) == []
    assert await library.find("honey", communities=[bees.id]) == [first.id]
    assert await library.find("honey before:2026-11-02") == [first.id]
    assert await library.find("honey after:2026-11-02") == [second.id]
    assert await library.find("during:2026-11-01") == [first.id]
    assert await library.find("in:library honey", bob) == [second.id]


async def test_a_post_takes_its_words_with_it(
    library: Library, storage: Storage, engine: Engine
) -> None:
    ada = await library.person("ada")
    await library.post(ada, "Honey")

    def drop(uow: UnitOfWork) -> int:
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")
        return len(uow.connection.run_text("SELECT 1 FROM search_posts"))

    assert await storage.write(drop) == 0


async def test_what_was_there_before_is_taken_in_afterwards(
    library: Library, storage: Storage, world: World
) -> None:
    ada = await library.person("ada")

    def write_unseen(uow: UnitOfWork) -> None:
        for _ in range(5):
            world.post(uow, ada, content=PostContent(html="<p>Honey</p>"))
        uow.connection.run_text("DELETE FROM actor_words")

    await storage.write(write_unseen)
    taken = []
    while count := await storage.write(searching.step, 0, 2):
        taken.append(count)

    assert taken == [2, 2, 1, 1]
    assert len(await library.find("honey")) == 5
    assert await storage.read(lambda uow: uow.actor_words.find("ad", viewer=NOBODY)) == [ada.id]
