"""The pages of people: who they are, what they wrote for everyone, and where else they live."""

from dataclasses import replace

import pytest

from communities.people import ActorState, Person
from communities.posts import PostContent, PostKind, Visibility
from storage.actors import Profile
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.read_html import Document
from tests.support.visitor import Visitor


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


def hrefs(document: Document) -> list[str]:
    return [link.href for link in document.links]


async def change(storage: Storage, person: Person, **changes: object) -> None:
    """Alter a profile."""

    def alter(uow: UnitOfWork) -> None:
        profile = uow.actors.get(person.id)
        assert profile is not None
        changed: Profile = replace(profile, **changes)  # type: ignore[arg-type]  # by name
        uow.actors.put(changed)

    await storage.write(alter)


async def test_posts_and_comments_of_a_person_are_apart_and_paged(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person
) -> None:
    def write(uow: UnitOfWork) -> None:
        bees = world.community(uow, "bees")
        thread = world.post(uow, ada, bees, content=PostContent(title="First"))
        for number in range(24):
            world.post(uow, ada, content=PostContent(title=f"Thread {number}"))
        world.comment(uow, ada, thread, content=PostContent(html="<p>An answer.</p>"))

    await sqlite_storage.write(write)

    threads = await visitor.read("/@ada")
    following = threads.next_page()
    assert following is not None
    rest = await visitor.read(following)
    both = await visitor.read("/@ada?show=comments")

    assert "26 posts" in threads.text
    assert "Thread 23" in threads.text
    assert "An answer." not in threads.text + rest.text
    assert "First" in rest.text
    assert "An answer." in both.text
    assert "In answer to First" in " ".join(both.text.split())


async def test_only_what_is_for_everyone_is_shown(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person
) -> None:
    def write(uow: UnitOfWork) -> None:
        for visibility in Visibility:
            if visibility is not Visibility.MEMBERS:
                title = f"for {visibility.value}"
                world.post(uow, ada, visibility=visibility, content=PostContent(title=title))

    await sqlite_storage.write(write)
    document = await visitor.read("/@ada")

    assert "for public" in document.text
    assert "for unlisted" in document.text
    assert "for followers" not in document.text
    assert "for direct" not in document.text


@pytest.mark.parametrize(
    ("state", "status"), [(ActorState.SUSPENDED, 404), (ActorState.DELETED, 410)]
)
async def test_person_who_was_taken_away_has_no_page(
    visitor: Visitor, sqlite_storage: Storage, ada: Person, state: ActorState, status: int
) -> None:
    await sqlite_storage.write(lambda uow: uow.people.set_state(ada.id, state))

    await visitor.read("/@ada", status=status)


async def test_person_who_moved_says_where_to(
    visitor: Visitor, sqlite_storage: Storage, ada: Person
) -> None:
    there = "https://elsewhere.example/@ada"
    await sqlite_storage.write(
        lambda uow: uow.actors.set_state(ada.id, ActorState.MOVED, moved_to=there)
    )

    document = await visitor.read("/@ada")

    assert "This account has moved." in document.text
    assert there in hrefs(document)
    assert document.meta("robots") == "noindex"


@pytest.mark.parametrize(("discoverable", "mark"), [(True, None), (False, "noindex")])
async def test_search_engines_list_who_wants_to_be_found(
    visitor: Visitor, sqlite_storage: Storage, ada: Person, discoverable: bool, mark: str | None
) -> None:
    await change(sqlite_storage, ada, discoverable=discoverable)

    document = await visitor.read("/@ada")

    assert document.meta("robots") == mark
    assert (document.meta("og:title") is None) == (not discoverable)


async def test_notes_are_listed_by_search_engines_where_their_author_wants_it(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person
) -> None:
    post = await sqlite_storage.write(
        lambda uow: world.post(
            uow, ada, kind=PostKind.NOTE, content=PostContent(html="<p>Frost.</p>")
        )
    )
    before = await visitor.read(f"/post/{post.id}")
    await change(sqlite_storage, ada, indexable=True)
    after = await visitor.read(f"/post/{post.id}")

    assert (before.meta("robots"), after.meta("robots")) == ("noindex", None)
    assert (1, "Frost.") in after.headings


async def test_person_elsewhere_leads_home(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    cyd = await sqlite_storage.write(world.remote_person, "cyd")

    document = await visitor.read("/@cyd@peer.example")

    assert cyd.uri in hrefs(document)
    assert document.meta("robots") == "noindex"
    assert not [head for head in document.heads if "atom" in head.get("type", "")]


async def test_person_without_posts_has_something_to_do_next(visitor: Visitor, ada: Person) -> None:
    document = await visitor.read("/@ada")

    assert "Nothing to read here yet." in document.text
    assert "/@ada?show=comments" in hrefs(document)


async def test_actor_of_the_node_is_nobody(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    def found(uow: UnitOfWork) -> None:
        person = world.person(uow, "host")
        profile = uow.actors.get(person.id)
        assert profile is not None
        uow.actors.put(replace(profile, type="Application"))

    await sqlite_storage.write(found)

    await visitor.read("/@host", status=404)


async def test_community_is_no_person_and_a_person_no_community(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person
) -> None:
    await sqlite_storage.write(world.community, "bees")

    await visitor.read("/@bees", status=404)
    await visitor.read("/c/ada", status=404)
