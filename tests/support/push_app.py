"""An app on a phone that wants pushes: its token, its keys, and what it reads with them."""

import base64
from typing import Any

import http_ece
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from communities.people import Person
from protocols.web_push import public_point
from storage.accounts import Account
from storage.app_tokens import AppToken
from storage.apps import App
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.loopback_peer import Received

AUTH = b"sixteen bytes ok"


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class PushApp:
    """Subscribes with keys of its own, and decrypts what its push service was sent."""

    def __init__(self) -> None:
        self.key = ec.derive_private_key(13, ec.SECP256R1())

    def subscription(self, endpoint: str, *, standard: bool = True) -> dict[str, Any]:
        """What it sends to be told of everything."""
        alerts = ("mention", "favourite", "follow", "reblog", "poll")
        return {
            "subscription": {
                "endpoint": endpoint,
                "standard": standard,
                "keys": {"p256dh": _text(public_point(self.key)), "auth": _text(AUTH)},
            },
            "data": {"alerts": dict.fromkeys(alerts, True), "policy": "all"},
        }

    def read(self, received: Received) -> dict[str, Any]:
        """The payload of a push, in whichever form it came."""
        headers = received.headers
        if headers["content-encoding"] == "aes128gcm":
            plain = http_ece.decrypt(
                received.body, private_key=self.key, auth_secret=AUTH, version="aes128gcm"
            )
        else:
            dh = headers["crypto-key"].partition(";")[0].removeprefix("dh=")
            plain = http_ece.decrypt(
                received.body,
                salt=_octets(headers["encryption"].removeprefix("salt=")),
                dh=_octets(dh),
                private_key=self.key,
                auth_secret=AUTH,
                version="aesgcm",
            )
        found: dict[str, Any] = msgspec.json.decode(plain)
        return found


def give_token(uow: UnitOfWork, world: World, person: Person) -> None:
    """An account for a person, and a token whose id is the person's key, as these tests call."""
    if uow.accounts.get(person.id) is None:
        uow.accounts.add(Account(person_id=person.id, created_at=world.now))
    app = App(
        id=world.key(),
        client_id=f"client-of-{person.localpart}",
        name="Phone",
        website=None,
        redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
        scopes=frozenset({"read", "write", "push"}),
        created_at=world.now,
    )
    uow.apps.add(app, b"secret")
    token = AppToken(
        id=person.id,
        app_id=app.id,
        scopes=app.scopes,
        created_at=world.now,
        used_at=world.now,
        person_id=person.id,
        actor_id=person.id,
    )
    uow.app_tokens.add(f"digest-of-{person.localpart}".encode(), token)
