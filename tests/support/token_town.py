"""Ada with an app and its token, and what knows which tokens hold."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from communities.people import Person
from node.app_tokens import Hindrance, Tokens
from storage.app_tokens import AppToken
from storage.apps import App
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.apps import give_token, make_app
from tests.support.clock import Clock
from tests.support.factories import World


@dataclass(slots=True)
class Town:
    """Ada with an app, and the node that knows its token `ada's`."""

    storage: Storage
    world: World
    clock: Clock
    tokens: Tokens
    ada: Person
    app: App
    token: AppToken

    async def give(self, name: str, person: Person | None = None, **more: Any) -> AppToken:
        def unit(uow: UnitOfWork) -> AppToken:
            return give_token(uow, self.world, self.app, name, person, **more)

        return await self.storage.write(unit)

    async def hindrance(self, name: str = "ada's") -> Hindrance | None:
        found = await self.tokens.find(name)
        assert found is not None
        return found.hindrance


async def token_town(storage: Storage) -> Town:
    """Ada, a day after she let the app in."""
    world = World()
    ada = await storage.write(world.person, "ada")
    app = await storage.write(make_app, world)
    token = await storage.write(give_token, world, app, "ada's", ada)
    clock = Clock(world.now + timedelta(days=1))
    return Town(storage, world, clock, Tokens(storage, now=clock), ada, app, token)
