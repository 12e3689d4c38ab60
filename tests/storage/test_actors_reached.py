"""Finding inboxes at a peer, and who receives at one; on both databases."""

from dataclasses import replace

from communities.membership import MembershipState
from communities.people import Person
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


async def test_the_inbox_at_a_peer_is_its_shared_one(storage: Storage) -> None:
    world = World()
    await storage.write(lambda uow: world.remote_person(uow, "ada", shared=False))
    await storage.write(lambda uow: world.remote_person(uow, "bob"))

    inbox = await storage.read(lambda uow: uow.actors.inbox_at("https://peer.example"))

    assert inbox == "https://peer.example/inbox"


async def test_the_inbox_at_a_peer_without_a_shared_one_is_anybodys(storage: Storage) -> None:
    world = World()
    ada = await storage.write(lambda uow: world.remote_person(uow, "ada", shared=False))

    inbox = await storage.read(lambda uow: uow.actors.inbox_at("https://peer.example"))
    unknown = await storage.read(lambda uow: uow.actors.inbox_at("https://nobody.example"))
    other_port = await storage.read(lambda uow: uow.actors.inbox_at("https://peer.example:444"))

    assert inbox == f"{ada.uri}/inbox"
    assert (unknown, other_port) == (None, None)


async def test_only_followers_and_members_receive_at_an_inbox(storage: Storage) -> None:
    world = World()

    def arrange(uow: UnitOfWork) -> list[Person]:
        home = world.person(uow, "home")
        group = world.community(uow, "bees")
        member, follower, _stranger, left = (
            world.remote_person(uow, name) for name in ("ada", "bob", "eve", "kim")
        )
        world.member(uow, group, member)
        world.follow(uow, follower, home)
        gone = world.member(uow, group, left)
        uow.memberships.put(replace(gone, state=MembershipState.LEFT))
        return [member, follower]

    expected = await storage.write(arrange)

    inbox = "https://peer.example/inbox"
    found = await storage.read(lambda uow: uow.actors.receiving_at(inbox))
    rest = await storage.read(lambda uow: uow.actors.receiving_at(inbox, after=expected[0].id))

    assert [one.id for one in found] == [person.id for person in expected]
    assert [one.id for one in rest] == [expected[1].id]


async def test_the_only_local_member_of_a_community_is_known(storage: Storage) -> None:
    world = World()

    def arrange(uow: UnitOfWork) -> tuple[bool, bool]:
        group = world.remote_community(uow, "bees")
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        world.member(uow, group, ada)
        world.member(uow, group, world.remote_person(uow, "eve"))
        alone = uow.memberships.is_only_local_member(group.id, ada.id)
        world.member(uow, group, bob)
        return alone, uow.memberships.is_only_local_member(group.id, bob.id)

    assert await storage.write(arrange) == (True, False)
