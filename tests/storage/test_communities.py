"""Communities, memberships and audiences, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy, PostingPolicy
from communities.membership import MembershipState, Role
from communities.people import ActorKey, ActorState
from storage.audiences import Audiences, Mailbox
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_community_is_read_back_as_stored(storage: Storage, world: World) -> None:
    bees = await storage.write(
        lambda uow: world.community(
            uow,
            "bees",
            visibility=CommunityVisibility.UNLISTED,
            join=JoinPolicy.ASK,
            posting=PostingPolicy.MEMBERS,
            downvotes=False,
            description_html="<p>About bees.</p>",
            description_source="About bees.",
        )
    )

    found = await storage.read(
        lambda uow: (
            uow.communities.get(bees.id),
            uow.communities.by_uri(bees.uri),
            uow.communities.by_localpart("bees"),
        )
    )

    assert found == (bees, bees, bees)


async def test_a_person_is_no_community(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")

    found = await storage.read(
        lambda uow: (
            uow.communities.get(ada.id),
            uow.communities.by_uri(ada.uri),
            uow.communities.by_localpart("ada"),
            uow.actors.is_community(ada.uri),
        )
    )

    assert found == (None, None, None, False)


async def test_an_update_changes_policies_and_never_identity(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    changed = replace(
        bees,
        name="Honey bees",
        join=JoinPolicy.INVITE,
        posting=PostingPolicy.MODERATORS,
        visibility=CommunityVisibility.PRIVATE,
        description_html="<p>New.</p>",
        description_source="New.",
        icon_url="https://noaber.example/bee.png",
        state=ActorState.LIMITED,
        sensitive=True,
    )

    await storage.write(
        lambda uow: uow.communities.update(replace(changed, uri="https://x.example", localpart="x"))
    )

    assert await storage.read(lambda uow: uow.communities.get(bees.id)) == changed
    profile = await storage.read(lambda uow: uow.actors.get(bees.id))
    assert profile is not None
    assert profile.locked, "whoever follows is asked first"
    assert not profile.discoverable


async def test_a_remote_community_is_stored_once_and_refreshed(
    storage: Storage, world: World
) -> None:
    hive = await storage.write(world.remote_community, "hive")

    def refresh(uow: UnitOfWork) -> Community | None:
        profile = uow.actors.get(hive.id)
        assert profile is not None
        stranger = replace(hive, id=ActorKey(5), posting=PostingPolicy.MODERATORS)
        uow.communities.put_remote(profile, stranger)
        return uow.communities.get(hive.id)

    assert await storage.write(refresh) == replace(hive, posting=PostingPolicy.MODERATORS)


async def test_members_are_counted_while_they_are_members(storage: Storage, world: World) -> None:
    bees = await storage.write(world.community, "bees")
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")

    async def counted(state: MembershipState, role: Role = Role.MEMBER) -> int:
        await storage.write(lambda uow: world.member(uow, bees, ada, role, state))
        listing = await storage.read(lambda uow: uow.directory.listing(bees.id))
        assert listing is not None
        return listing.members

    await storage.write(world.member, bees, bob)

    assert await counted(MembershipState.REQUESTED) == 1
    assert await counted(MembershipState.MEMBER) == 2
    assert await counted(MembershipState.MEMBER, Role.OWNER) == 2
    assert await counted(MembershipState.BANNED) == 1
    assert await counted(MembershipState.LEFT) == 1


async def test_moderators_are_owners_first_and_longest_first(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    people = [await storage.write(world.person, name) for name in ("ada", "bob", "cas", "dirk")]
    roles = (Role.MODERATOR, Role.MEMBER, Role.OWNER, Role.MODERATOR)
    for person, role in zip(people, roles, strict=True):
        await storage.write(world.member, bees, person, role)

    found, uris = await storage.read(
        lambda uow: (
            uow.memberships.moderators(bees.id),
            uow.directory.moderator_uris(bees.id),
        )
    )

    ada, _, cas, dirk = people
    assert [membership.person_id for membership in found] == [cas.id, ada.id, dirk.id]
    assert list(uris) == [cas.uri, ada.uri, dirk.uri]


async def test_a_suspended_moderator_is_not_listed_to_others(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    ada = await storage.write(world.person, "ada")
    await storage.write(world.member, bees, ada, Role.OWNER)

    await storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.SUSPENDED))

    assert await storage.read(lambda uow: uow.directory.moderator_uris(bees.id)) == []


async def test_roles_and_communities_of_a_person_are_counted(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    ants = await storage.write(world.community, "ants")
    ada = await storage.write(world.person, "ada")
    await storage.write(world.member, bees, ada, Role.OWNER)
    requested = MembershipState.REQUESTED
    await storage.write(world.member, ants, ada, Role.MEMBER, requested)

    def of_ada(uow: UnitOfWork) -> tuple[int, list[ActorKey], list[ActorKey]]:
        return (
            uow.memberships.count_in_role(bees.id, Role.OWNER),
            [one.community_id for one in uow.memberships.of_person(ada.id, MembershipState.MEMBER)],
            [one.community_id for one in uow.memberships.of_person(ada.id, requested)],
        )

    assert await storage.read(of_ada) == (1, [bees.id], [ants.id])


async def test_members_here_and_at_a_peer_are_told_apart(storage: Storage, world: World) -> None:
    bees = await storage.write(world.community, "bees")
    bob = await storage.write(world.remote_person, "bob")
    await storage.write(world.member, bees, bob)

    def where(uow: UnitOfWork) -> tuple[bool, bool, bool]:
        members = uow.memberships
        return (
            members.has_local_member(bees.id),
            members.has_member_at(bees.id, "peer.example"),
            members.has_member_at(bees.id, "other.example"),
        )

    assert await storage.read(where) == (False, True, False)


async def test_a_ban_stands_until_its_end(storage: Storage, world: World) -> None:
    bees = await storage.write(world.community, "bees")
    ada = await storage.write(world.person, "ada")
    membership = await storage.write(world.member, bees, ada)
    banned = replace(membership, state=MembershipState.BANNED, until=NOON)
    await storage.write(lambda uow: uow.memberships.put(banned))

    def is_banned(uow: UnitOfWork, at: datetime) -> bool:
        return uow.memberships.is_banned(bees.id, ada.id, at)

    assert await storage.read(lambda uow: uow.memberships.get(bees.id, ada.id)) == banned
    assert await storage.read(is_banned, NOON - timedelta(seconds=1))
    assert not await storage.read(is_banned, NOON)


async def audience_of(storage: Storage, actor_id: ActorKey) -> tuple[list[Mailbox], int, int]:
    def read(uow: UnitOfWork) -> tuple[list[Mailbox], int, int]:
        audiences = Audiences(uow.connection)
        return (audiences.of(actor_id), *audiences.count(actor_id))

    return await storage.read(read)


async def test_an_inbox_stands_in_the_audience_once_however_many_are_behind_it(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    here = await storage.write(world.person, "ada")
    await storage.write(world.member, bees, here)
    for name in ("bob", "cas"):
        person = await storage.write(world.remote_person, name)
        await storage.write(world.member, bees, person)
    dirk = await storage.write(
        lambda uow: world.remote_person(uow, "dirk", "small.example", shared=False)
    )
    await storage.write(world.member, bees, dirk)

    audience = await audience_of(storage, bees.id)

    assert audience == (
        [
            Mailbox("https://peer.example/inbox", "https://peer.example"),
            Mailbox("https://small.example/users/dirk/inbox", "https://small.example"),
        ],
        2,
        3,
    )


async def test_an_inbox_leaves_the_audience_with_its_last_member(
    storage: Storage, world: World
) -> None:
    bees = await storage.write(world.community, "bees")
    bob = await storage.write(world.remote_person, "bob")
    cas = await storage.write(world.remote_person, "cas")
    for person in (bob, cas):
        await storage.write(world.member, bees, person)

    await storage.write(world.member, bees, bob, Role.MEMBER, MembershipState.BANNED)
    assert (await audience_of(storage, bees.id))[1:] == (1, 1)

    await storage.write(world.member, bees, cas, Role.MEMBER, MembershipState.LEFT)
    assert await audience_of(storage, bees.id) == ([], 0, 0)


async def test_the_front_page_lists_public_communities_of_this_node_alone(
    storage: Storage, world: World
) -> None:
    quiet = await storage.write(world.community, "quiet")
    busy = await storage.write(world.community, "busy")
    ada = await storage.write(world.person, "ada")
    await storage.write(world.member, busy, ada)
    await storage.write(lambda uow: world.post(uow, ada, busy))
    await storage.write(world.remote_community, "hive")
    for visibility in (
        CommunityVisibility.UNLISTED,
        CommunityVisibility.PRIVATE,
        CommunityVisibility.SECRET,
    ):
        await storage.write(
            partial(world.community, localpart=visibility.value, visibility=visibility)
        )
    gone = await storage.write(world.community, "gone")
    await storage.write(lambda uow: uow.people.set_state(gone.id, ActorState.SUSPENDED))

    found = await storage.read(lambda uow: uow.directory.front())

    assert [listing.community for listing in found] == [busy, quiet]
    assert (found[0].posts, found[0].comments, found[0].members) == (1, 0, 1)


async def test_usage_counts_what_is_of_this_node(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")
    thread = await storage.write(world.post, ada)
    await storage.write(world.comment, ada, thread)
    await storage.write(world.comment, bob, thread)
    await storage.write(world.post, bob)

    usage = await storage.read(lambda uow: uow.directory.usage())

    assert (usage.people, usage.posts, usage.comments) == (1, 1, 1)
