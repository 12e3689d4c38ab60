"""What tests of the presenter do again and again: write, boost, and look as somebody."""

from collections.abc import Sequence
from typing import Any

from communities.people import Person
from communities.posts import Post, Reaction, ReactionKind
from communities.visibility import ANONYMOUS, Viewer
from node.mastodon.desk import Desk
from storage.feeds import FeedEntry, boost_id_of
from tests.support.factories import World


def as_viewer(person: Person | None) -> Viewer:
    return ANONYMOUS if person is None else Viewer(person_id=person.id)


def plain(*posts: Post) -> list[FeedEntry]:
    return [FeedEntry(id=post.id, post_id=post.id) for post in posts]


def passed_on(post: Post) -> FeedEntry:
    assert post.community_id is not None
    return FeedEntry(id=boost_id_of(post.id), post_id=post.id, booster_id=post.community_id)


async def write(desk: Desk, world: World, author: Person, **changes: Any) -> Post:
    community = changes.pop("community", None)
    return await desk.storage.write(lambda uow: world.post(uow, author, community, **changes))


async def boost(desk: Desk, world: World, person: Person, post: Post) -> None:
    reaction = Reaction(
        actor_id=person.id,
        post_id=post.id,
        kind=ReactionKind.BOOST,
        uri=f"{person.uri}/{post.id}",
        at=world.tick(),
    )
    await desk.storage.write(lambda uow: uow.reactions.put(reaction))


async def shown(
    desk: Desk, person: Person | None, entries: Sequence[FeedEntry], context: str | None = None
) -> list[Any]:
    return await desk.storage.read(
        desk.presenter.statuses, as_viewer(person), entries, desk.now(), context
    )


async def the_one(desk: Desk, person: Person | None, post: Post) -> Any:
    (status,) = await shown(desk, person, plain(post))
    return status
