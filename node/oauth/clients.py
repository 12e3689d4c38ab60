"""Which app is at an endpoint: by its secret, in a header or among the parameters.

Spec: RFC 6749 2.3.1 (client_secret_basic, client_secret_post).
"""

import base64
import binascii
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import unquote_plus

from aiohttp import web

from node.errors import Refusal
from node.mastodon.parameters import Parameters
from node.oauth.granting import digest
from protocols.oauth import DESCRIPTIONS, OAuthError
from storage.apps import App
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="noaber"'}


async def find_client(
    storage: Storage, request: web.BaseRequest, parameters: Parameters
) -> App | None:
    """The app whose id and secret were sent; None when they are missing or wrong."""
    sent = _credentials(request, parameters)
    if sent is None:
        return None
    client_id, secret = sent
    found = await storage.read(_find, client_id)
    if found is None or not compare_digest(found[1], digest(secret)):
        return None
    return found[0]


def _find(uow: UnitOfWork, client_id: str) -> tuple[App, bytes] | None:
    return uow.apps.by_client_id(client_id)


def _credentials(request: web.BaseRequest, parameters: Parameters) -> tuple[str, str] | None:
    """Id and secret; those in the header count, and nothing else beside them."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        client_id, secret = parameters.text("client_id"), parameters.text("client_secret")
        return (client_id, secret) if client_id and secret else None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    client_id, colon, secret = text.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None


def refused(
    error: OAuthError, description: str = "", *, status: int = HTTPStatus.BAD_REQUEST
) -> Refusal:
    """An error of OAuth, as apps are told. Spec: RFC 6749 5.2."""
    headers = _CHALLENGE if error is OAuthError.INVALID_CLIENT else {}
    details = {"error_description": description or DESCRIPTIONS[error]}
    return Refusal(status, error.value, details=details, headers=headers)
