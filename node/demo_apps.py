"""What a check from outside needs to call as an app: tokens of people, and their password.

Checks have no screen on which to let an app in; the tokens here are made as that page makes them.
"""

from typing import Final

from communities.people import ActorKey
from node.clock import now
from node.demo_nodes import DemoNode
from node.oauth.granting import Fresh, Given, digest, give_token, new_secret
from storage.apps import App
from storage.unit_of_work import UnitOfWork

DEMO_PASSWORD: Final = "over the hedge to the neighbours"  # noqa: S105 - told to everybody
SCOPES: Final = frozenset({"read", "write", "follow", "push", "profile"})


async def set_demo_password(here: DemoNode, person_id: ActorKey) -> None:
    """Give a person of the demo its password."""
    hashed = await here.node.apps.accounts.passwords.hash(DEMO_PASSWORD)
    await here.node.storage.write(_set_password, person_id, hashed)


async def open_to_apps(here: DemoNode, person_id: ActorKey) -> str:
    """Give a person of the demo its password; a token with which an app may do everything."""
    node = here.node
    await set_demo_password(here, person_id)
    app = App(
        id=node.snowflakes.mint(),
        client_id=new_secret(),
        name="noaber demo",
        website=None,
        redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
        scopes=SCOPES,
        created_at=now(),
    )
    fresh = Fresh(token_id=node.snowflakes.mint(), token=new_secret(), at=now())
    given = await node.storage.write(_let_in, app, person_id, fresh)
    return given.token


def _set_password(uow: UnitOfWork, person_id: ActorKey, hashed: str) -> None:
    uow.credentials.set_password(person_id, hashed)


def _let_in(uow: UnitOfWork, app: App, person_id: ActorKey, fresh: Fresh) -> Given:
    uow.apps.add(app, digest(app.client_id))
    return give_token(uow, app, app.scopes, person_id, fresh)
