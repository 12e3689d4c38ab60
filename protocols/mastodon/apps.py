"""Apps as they see themselves: the entities Application, CredentialApplication and Token.

Spec: Mastodon API 4.7, entities/Application, entities/Token; reference client-apis 1.5.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from protocols.oauth_scopes import in_order, render

Entity = dict[str, object]


def application(
    *,
    app_id: int,
    name: str,
    website: str | None,
    scopes: Iterable[str],
    redirect_uris: Sequence[str],
    vapid_key: str,
) -> Entity:
    """An app, without its secret; `vapid_key` is the node's key for push messages."""
    return {
        "id": str(app_id),
        "name": name,
        "website": website,
        "scopes": in_order(scopes),
        "redirect_uris": list(redirect_uris),
        "redirect_uri": "\n".join(redirect_uris),
        "vapid_key": vapid_key,
    }


def with_credentials(app: Entity, *, client_id: str, client_secret: str) -> Entity:
    """An app right after it was registered: the one time that its secret is told."""
    return {
        **app,
        "client_id": client_id,
        "client_secret": client_secret,
        "client_secret_expires_at": 0,
    }


def token(*, access_token: str, scopes: Iterable[str], created_at: datetime) -> Entity:
    """A token; `created_at` is a whole number of seconds, without which some apps break."""
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "scope": render(scopes),
        "created_at": int(created_at.timestamp()),
    }
