"""Posts with words, and what people find among them."""

from collections.abc import Sequence
from dataclasses import replace

from communities.community import Community
from communities.people import ActorKey, Person
from communities.posts import Post, PostContent
from communities.search_query import parse_query
from node import searching
from storage.post_search import Sought
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOBODY = ActorKey(0)


class Library:
    """Posts with words, and what people find among them."""

    def __init__(self, storage: Storage, world: World) -> None:
        self.storage = storage
        self.world = world

    async def person(self, name: str, *, indexable: bool = True) -> Person:
        def make(uow: UnitOfWork) -> Person:
            person = self.world.person(uow, name)
            profile = uow.actors.get(person.id)
            assert profile is not None
            uow.actors.put(replace(profile, indexable=indexable))
            return person

        return await self.storage.write(make)

    async def post(
        self,
        author: Person,
        text: str,
        community: Community | None = None,
        *,
        recipients: Sequence[ActorKey] = (),
        content: PostContent | None = None,
        **changes: object,
    ) -> Post:
        def make(uow: UnitOfWork) -> Post:
            written = content or PostContent(html=f"<p>{text}</p>", source=text)
            post = self.world.draft(author, community, content=written, **changes)
            assert uow.posts.add(post, recipients=recipients)
            searching.index_post(uow, post.id)
            return post

        return await self.storage.write(make)

    async def find(
        self,
        text: str,
        viewer: Person | None = None,
        *,
        authors: Sequence[ActorKey] | None = None,
        communities: Sequence[ActorKey] | None = None,
        hidden: Sequence[ActorKey] = (),
        most: int = 20,
        skip: int = 0,
    ) -> list[int]:
        sought = Sought(
            query=parse_query(text),
            viewer=NOBODY if viewer is None else viewer.id,
            authors=authors,
            communities=communities,
            hidden=hidden,
        )
        return await self.storage.read(
            lambda uow: list(map(int, uow.post_search.find(sought, most=most, skip=skip)))
        )
