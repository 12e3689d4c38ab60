"""Apps and their tokens for tests, written through the repositories."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from communities.people import ActorKey, Person
from storage.app_tokens import AppToken
from storage.apps import App
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

CALLBACK = "https://app.example/callback"
SECRET = "s3cret-of-the-app"


def digest(text: str) -> bytes:
    """What storage knows a secret, a code or a token by."""
    return sha256(text.encode()).digest()


def make_app(
    uow: UnitOfWork,
    world: World,
    client_id: str = "tusky",
    *,
    scopes: str = "read write follow push",
    redirect_uris: Iterable[str] = (CALLBACK,),
) -> App:
    """An app whose secret is `SECRET`."""
    app = App(
        id=world.key(),
        client_id=client_id,
        name=client_id.capitalize(),
        website="https://app.example",
        redirect_uris=tuple(redirect_uris),
        scopes=frozenset(scopes.split()),
        created_at=world.now,
    )
    uow.apps.add(app, digest(SECRET))
    return app


def give_token(
    uow: UnitOfWork,
    world: World,
    app: App,
    token: str,
    person: Person | None = None,
    *,
    actor_id: ActorKey | None = None,
    scopes: str = "read write",
    at: datetime | None = None,
) -> AppToken:
    """A token of an app: its own, a person's, or one that lets it act as a community."""
    made = AppToken(
        id=world.key(),
        app_id=app.id,
        scopes=frozenset(scopes.split()),
        created_at=at or world.now,
        used_at=at or world.now,
        person_id=None if person is None else person.id,
        actor_id=actor_id or (None if person is None else person.id),
    )
    uow.app_tokens.add(digest(token), made)
    return made
