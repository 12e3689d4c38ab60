"""Notifications as apps read them, and what holds them back, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.notice_policy import USUAL, NoticePolicy, Treatment
from communities.notifications import NoticeKind, group_key
from communities.people import ActorKey, Person
from communities.posts import PostContent, PostKey, Reaction, ReactionKind
from storage.notice_pages import SAMPLES, Wanted
from storage.notifications import Notification
from storage.pages import Window
from storage.store import Storage
from storage.unit_of_work import NOTIFICATIONS, UnitOfWork
from tests.support.factories import World

EVERY = tuple(kind.value for kind in NoticeKind)
GROUPED = (NoticeKind.REACTION.value, NoticeKind.BOOST.value, NoticeKind.FOLLOW.value)
POST = PostKey(7)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def wanted(ada: Person) -> Wanted:
    return Wanted(person_id=ada.id, kinds=EVERY, grouped=GROUPED)


def tell(
    uow: UnitOfWork,
    world: World,
    person: Person,
    kind: NoticeKind,
    actor: int,
    post_id: PostKey | None = POST,
    *,
    filtered: bool = False,
) -> int:
    """Tell something to a person."""
    key = uow.notifications.add(
        Notification(
            person_id=person.id,
            kind=kind.value,
            actor_id=ActorKey(actor),
            at=world.now,
            post_id=post_id,
            group_key=group_key(kind, post_id, world.now),
            filtered=filtered,
        )
    )
    assert key is not None
    return key


async def test_an_id_is_never_given_out_twice(storage: Storage, world: World, ada: Person) -> None:
    def tell_and_forget(uow: UnitOfWork) -> int:
        key = tell(uow, world, ada, NoticeKind.MENTION, 1)
        assert uow.notifications.drop(ada.id, key)
        return key

    first = await storage.write(tell_and_forget)
    second = await storage.write(tell_and_forget)

    assert second > first


async def test_groups_are_found_from_both_ends(
    storage: Storage, world: World, ada: Person, wanted: Wanted
) -> None:
    def fill(uow: UnitOfWork) -> list[int]:
        return [
            tell(uow, world, ada, NoticeKind.REACTION, 1),
            tell(uow, world, ada, NoticeKind.MENTION, 1),
            tell(uow, world, ada, NoticeKind.REACTION, 2),
            tell(uow, world, ada, NoticeKind.FOLLOW, 1, None),
            tell(uow, world, ada, NoticeKind.MENTION, 2),
        ]

    like, mention, second_like, follow, last = await storage.write(fill)

    def pages(uow: UnitOfWork) -> list[list[int]]:
        windows = (
            Window(),
            Window(most=2),
            Window(before=second_like),
            Window(forward=True),
            Window(after=like, forward=True),
        )
        return [
            [one.id for one in uow.notice_pages.page_of_groups(wanted, window)]
            for window in windows
        ]

    assert await storage.read(pages) == [
        [last, follow, second_like, mention],
        [last, follow],
        [mention, like],
        [like, mention, follow, last],
        [mention, second_like, follow, last],
    ]


async def test_a_group_says_how_many_it_has_and_who_were_last(
    storage: Storage, world: World, ada: Person, wanted: Wanted
) -> None:
    def fill(uow: UnitOfWork) -> list[int]:
        return [tell(uow, world, ada, NoticeKind.REACTION, actor) for actor in range(1, 13)]

    keys = await storage.write(fill)
    key = group_key(NoticeKind.REACTION, POST, world.now)
    assert key is not None

    group = (
        await storage.read(
            lambda uow: uow.notice_pages.groups(wanted, [key], low=keys[0], high=keys[1])
        )
    )[key]

    assert group.count == 12
    assert group.latest.id == keys[-1]
    assert group.samples == tuple(range(12, 12 - SAMPLES, -1))
    assert group.newest_on_page is not None
    assert (group.oldest_on_page_id, group.newest_on_page.id) == (keys[0], keys[1])


async def test_kinds_actors_and_what_is_held_back_are_chosen(
    storage: Storage, world: World, ada: Person, wanted: Wanted
) -> None:
    def fill(uow: UnitOfWork) -> list[int]:
        return [
            tell(uow, world, ada, NoticeKind.REACTION, 1),
            tell(uow, world, ada, NoticeKind.REACTION, 2, filtered=True),
            tell(uow, world, ada, NoticeKind.BOOST, 2),
        ]

    like, held, boost = await storage.write(fill)

    async def found(**changes: object) -> list[int]:
        asked = replace(wanted, **changes)  # type: ignore[arg-type]  # fields of its own
        page = await storage.read(lambda uow: uow.notice_pages.page(asked, Window()))
        groups = await storage.read(lambda uow: uow.notice_pages.page_of_groups(asked, Window()))
        assert {one.id for one in groups} <= {one.id for one in page}
        return [one.id for one in page]

    assert await found() == [boost, like]
    assert await found(held_back=True) == [boost, held, like]
    assert await found(actor_id=ActorKey(2)) == [boost]
    assert await found(kinds=("reaction",)) == [like]
    assert await found(kinds=()) == []


async def test_groups_count_once_among_the_unread(
    storage: Storage, world: World, ada: Person, wanted: Wanted
) -> None:
    def fill(uow: UnitOfWork) -> int:
        first = tell(uow, world, ada, NoticeKind.MENTION, 1)
        for actor in range(1, 4):
            tell(uow, world, ada, NoticeKind.REACTION, actor)
        return first

    first = await storage.write(fill)

    def count(uow: UnitOfWork) -> list[int]:
        alone = replace(wanted, grouped=())
        unread = uow.notice_pages.unread
        return [
            unread(wanted, after=0, most=100),
            unread(wanted, after=first, most=100),
            unread(alone, after=0, most=100),
            unread(alone, after=0, most=2),
        ]

    assert await storage.read(count) == [2, 1, 4, 2]


async def test_who_listens_is_woken_by_new_notifications_alone(
    storage: Storage, world: World, ada: Person
) -> None:
    woken: list[str] = []
    storage.on_commit(NOTIFICATIONS, lambda: woken.append("now"))

    await storage.write(tell, world, ada, NoticeKind.MENTION, 1)
    await storage.write(lambda uow: uow.notifications.clear(ada.id))

    assert woken == ["now"]


async def test_policies_and_permissions_are_kept(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")
    ben = await storage.write(world.person, "ben")
    policy = NoticePolicy(not_following=Treatment.DROP, new_accounts=Treatment.FILTER)

    def settle(uow: UnitOfWork) -> None:
        assert uow.notice_policies.get(ada.id) == USUAL
        uow.notice_policies.put(ada.id, policy)
        uow.notice_policies.put(ada.id, policy)
        tell(uow, world, ada, NoticeKind.MENTION, ben.id, filtered=True)
        uow.notice_policies.hold(ada.id, ben.id, at=world.now)
        uow.notice_policies.hold(ada.id, ben.id, at=world.now + timedelta(hours=1))

    await storage.write(settle)

    (request,) = await storage.read(lambda uow: uow.notice_policies.requests(ada.id, Window()))
    assert (request.actor_id, request.count, request.last_post_id) == (ben.id, 1, POST)
    assert request.updated_at - request.created_at == timedelta(hours=1)
    await storage.write(lambda uow: uow.notice_policies.accept(ada.id, [ben.id]))
    await storage.write(lambda uow: uow.notice_policies.accept(ada.id, [ben.id]))

    def read(uow: UnitOfWork) -> tuple[object, ...]:
        page = uow.notifications.page(ada.id)
        policies = uow.notice_policies
        return (
            policies.get(ada.id),
            policies.is_permitted(ada.id, ben.id),
            policies.is_permitted(ben.id, ada.id),
            policies.pending(ada.id),
            [one.filtered for one in page],
        )

    assert await storage.read(read) == (policy, True, False, (0, 0), [False])


async def test_ties_of_those_who_listen_are_read_for_all_of_them(
    storage: Storage, world: World
) -> None:
    def settle(uow: UnitOfWork) -> tuple[Person, Person, ActorKey, PostKey]:
        ada, ben = world.person(uow, "ada"), world.person(uow, "ben")
        bees = world.community(uow, "bees")
        world.follow(uow, ada, ben)
        world.member(uow, bees, ada)
        post = world.post(uow, ben, content=PostContent(html="", source="", hashtags=("bees",)))
        uow.reactions.put(
            Reaction(
                actor_id=ada.id, post_id=post.id, kind=ReactionKind.BOOST, uri="a", at=world.now
            )
        )
        uow.tags.follow(1, ada.id, "bees")
        return ada, ben, bees.id, post.id

    ada, ben, bees_id, post_id = await storage.write(settle)

    def read(uow: UnitOfWork) -> tuple[object, ...]:
        ties, people = uow.stream_ties, [ada.id, ben.id]
        return (
            ties.following(people, [ada.id, ben.id, bees_id]),
            ties.following_tags(people, [post_id]),
            ties.boost_id(ada.id, post_id) is not None,
            ties.boost_id(ben.id, post_id),
        )

    assert await storage.read(read) == (
        {(ada.id, ben.id), (ada.id, bees_id)},
        {(ada.id, post_id)},
        True,
        None,
    )


async def test_nothing_is_left_of_an_account_that_is_deleted(
    storage: Storage, world: World
) -> None:
    ada = await storage.write(world.person, "ada")
    ben = await storage.write(world.person, "ben")

    def settle(uow: UnitOfWork) -> None:
        uow.notice_policies.put(ada.id, NoticePolicy())
        uow.notice_policies.hold(ada.id, ben.id, at=world.now)
        uow.notice_policies.accept(ada.id, [ben.id])
        uow.notice_policies.hold(ada.id, ben.id, at=world.now)
        tell(uow, world, ada, NoticeKind.MENTION, ben.id)
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")

    await storage.write(settle)

    tables = (
        "notifications",
        "notification_policies",
        "notification_permissions",
        "notification_requests",
    )
    rows = await storage.read(
        lambda uow: [
            uow.connection.run_text(f"SELECT count(*) FROM {name}")[0][0] for name in tables
        ]
    )
    assert rows == [0, 0, 0, 0]
