"""What the figures of the node count: nothing that only a few may read."""

from communities.community import CommunityVisibility
from communities.people import ActorKey
from communities.posts import Visibility
from storage.actors import Profile
from storage.names import NameKind
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


async def test_prv_02_messages_and_members_posts_are_not_counted(storage: Storage) -> None:
    world = World()

    def write(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        club = world.community(uow, "club", visibility=CommunityVisibility.PRIVATE)
        world.post(uow, ada)
        world.post(uow, ada, visibility=Visibility.DIRECT)
        world.post(uow, ada, visibility=Visibility.FOLLOWERS)
        world.post(uow, ada, club, visibility=Visibility.MEMBERS)

    await storage.write(write)
    usage = await storage.read(lambda uow: uow.directory.usage())

    assert (usage.posts, usage.comments) == (1, 0)


async def test_the_actor_of_the_node_itself_is_nobody(storage: Storage) -> None:
    world = World()

    def write(uow: UnitOfWork) -> None:
        world.person(uow, "ada")
        key = ActorKey(world.key())
        uow.names.claim("_node", NameKind.NODE, key)
        uri = "https://noaber.example/actor"
        uow.actors.add(
            Profile(
                id=key,
                uri=uri,
                kind="person",
                type="Application",
                localpart="_node",
                host=None,
                name="noaber.example",
                inbox=f"{uri}/inbox",
            )
        )

    await storage.write(write)
    usage = await storage.read(lambda uow: uow.directory.usage())

    assert usage.people == 1
