"""Who gets a status of a page, and what a page costs."""

from dataclasses import replace
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility
from communities.membership import MembershipState, Role
from communities.people import Appearance, Person
from communities.posts import (
    Poll,
    PollOption,
    PostContent,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.visibility import sees
from node.mastodon.desk import Desk
from storage.pages import Window
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.presenting import as_viewer, boost, plain, shown, write

MOST_STATEMENTS, WITH_WHAT_IS_KEPT = 17, 14
"""For a page of a home timeline: what stands in it, and everything that is shown of that."""


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def bob(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.remote_person, "bob")


@pytest.fixture
async def bees(desk: Desk, world: World) -> Community:
    return await desk.storage.write(world.community, "bees")


async def account(desk: Desk, actor: Person | Community) -> Any:
    found = await desk.storage.read(desk.presenter.accounts, [actor.id])
    return found[actor.id]


@pytest.mark.parametrize("visibility", list(Visibility))
@pytest.mark.parametrize(
    "openness", [CommunityVisibility.PUBLIC, CommunityVisibility.PRIVATE, None]
)
async def test_what_is_shown_is_what_visibility_says(
    desk: Desk,
    world: World,
    ada: Person,
    visibility: Visibility,
    openness: CommunityVisibility | None,
) -> None:
    """The batch judges as the single look does, for everyone who may stand in some relation."""
    place = None
    if openness is not None:
        place = await desk.storage.write(
            lambda uow: world.community(uow, "den", visibility=openness)
        )
    readers: list[Person | None] = [None, ada]
    for number, state in enumerate(
        (None, MembershipState.MEMBER, MembershipState.BANNED, MembershipState.REQUESTED)
    ):
        for follows in (False, True):
            reader = await desk.storage.write(world.person, f"r{number}{int(follows)}")
            readers.append(reader)
            if follows:
                await desk.storage.write(world.follow, reader, ada)
            if place is not None and state is not None:
                await desk.storage.write(world.member, place, reader, Role.MEMBER, state)
    blocked = await desk.storage.write(world.person, "blocked")
    readers.append(blocked)
    await desk.storage.write(
        lambda uow: uow.people.set_blocked(
            ada.id, blocked.id, blocked=True, uri="https://x.example/", at=world.now
        )
    )
    named = await desk.storage.write(world.person, "named")
    readers.append(named)
    draft = world.draft(ada, place, visibility=visibility)
    await desk.storage.write(lambda uow: uow.posts.add(draft, recipients=[named.id]))

    for each in readers:
        seen = await desk.storage.read(sees, as_viewer(each), draft, desk.now())
        found = await shown(desk, each, plain(draft), "account")

        assert bool(found) is seen, each


async def busy_page(desk: Desk, world: World, ada: Person) -> None:
    """A home with something of every kind that costs a look of its own."""
    places = [await desk.storage.write(world.community, f"c{number}") for number in range(8)]
    people = [await desk.storage.write(world.remote_person, f"p{number}") for number in range(8)]
    for place in places:
        await desk.storage.write(world.member, place, ada)
    for person in people:
        await desk.storage.write(world.follow, ada, person)
    poll = Poll(options=(PollOption(name="yes"), PollOption(name="no")))
    for number in range(24):
        author = people[number % 8]
        mention = f'<p><a href="{ada.uri}" class="mention">@ada</a></p>'
        content = PostContent(html=mention, poll=poll, hashtags=("honey",))
        thread = await write(desk, world, author, community=places[number % 8], content=content)
        post = await write(desk, world, author, content=content, visibility=Visibility.FOLLOWERS)
        await desk.storage.write(world.comment, author, post)
        await boost(desk, world, people[(number + 1) % 8], thread)


async def test_a_page_costs_the_same_statements_whatever_its_length(
    desk: Desk, world: World, ada: Person
) -> None:
    await busy_page(desk, world, ada)

    def count(uow: UnitOfWork, most: int) -> tuple[int, int]:
        ran: list[str] = []
        uow.connection.raw.set_trace_callback(ran.append)
        hidden = uow.feeds.hidden_from(ada.id, desk.now())
        entries = uow.feeds.home(ada.id, Window(most=most), hidden)
        found = desk.presenter.statuses(uow, as_viewer(ada), entries, desk.now(), "home")
        uow.connection.raw.set_trace_callback(None)
        return len(found), len(ran)

    few, many, again = [await desk.storage.read(count, most) for most in (20, 40, 40)]

    assert (few[0], many[0]) == (20, 40)
    assert few[1] <= MOST_STATEMENTS
    assert many[1] <= few[1], "what is counted of an account is kept for a minute"
    assert again[1] <= WITH_WHAT_IS_KEPT


async def test_what_is_kept_of_a_status_is_made_anew_when_it_changes(
    desk: Desk, world: World, ada: Person
) -> None:
    post = await write(desk, world, ada)
    (before,) = await shown(desk, ada, plain(post))

    def change(uow: UnitOfWork) -> None:
        uow.posts.edit(post.id, PostContent(html="<p>Changed.</p>"), at=world.tick())
        uow.posts.set_locked(post.id, locked=True)
        uow.people.set_appearance(ada.id, Appearance(name="Ada L."))
        uow.reactions.put(
            Reaction(
                actor_id=ada.id, post_id=post.id, kind=ReactionKind.LIKE, uri=None, at=world.now
            )
        )

    await desk.storage.write(change)
    (after,) = await shown(desk, ada, plain(post))

    assert before["content"] != after["content"] == "<p>Changed.</p>"
    assert (after["locked"], after["favourited"], after["favourites_count"]) == (True, True, 1)
    assert after["edited_at"] is not None
    assert after["account"]["display_name"] == "Ada L."


async def test_a_kept_status_is_judged_for_each_reader(
    desk: Desk, world: World, ada: Person
) -> None:
    post = await write(desk, world, ada, visibility=Visibility.FOLLOWERS)

    own = await shown(desk, ada, plain(post))
    other = await shown(desk, None, plain(post))

    assert (len(own), len(other)) == (1, 0)


async def test_a_closed_community_makes_what_was_said_there_private(
    desk: Desk, world: World, ada: Person
) -> None:
    den = await desk.storage.write(world.community, "den")
    await desk.storage.write(world.member, den, ada)
    post = await write(desk, world, ada, community=den)
    (before,) = await shown(desk, ada, plain(post))
    closed = replace(den, visibility=CommunityVisibility.PRIVATE)
    await desk.storage.write(lambda uow: uow.communities.update(closed))

    (after,) = await shown(desk, ada, plain(post))

    assert (before["visibility"], after["visibility"]) == ("public", "private")
