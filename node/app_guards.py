"""The guards of what apps call: a bearer token, its scope, and who stands behind it.

A token counts in the header alone: in an address it would end up in logs. Streams, which browsers
cannot give a header, read theirs by themselves.

Spec: RFC 6750 2.1 and 3; reference client-apis 1.5 and 1.7; security WEB-08.
"""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from node.app import Access, Guard, Route
from node.app_tokens import Hindrance, Known, Tokens
from node.auth import CALLER, Caller
from node.errors import Refusal
from node.rates import Rates
from protocols.oauth_scopes import holds

INVALID = "The access token is invalid"
OUTSIDE = "This action is outside the authorized scopes"
NOT_A_PERSON = "This method requires an authenticated user"

_REALM = 'Bearer realm="noaber"'
_WAITING = (Hindrance.UNCONFIRMED, Hindrance.PENDING)


class AppGuards:
    """The guards of `Access.APP`, `APP_USER` and `APP_OPTIONAL`; each counts the call, too."""

    def __init__(self, tokens: Tokens, rates: Rates) -> None:
        """Look tokens up and count calls there."""
        self._tokens = tokens
        self._rates = rates

    def table(self) -> Mapping[Access, Guard]:
        """The guards by what they guard."""
        return {
            Access.APP: self.admit_app,
            Access.APP_USER: self.admit_user,
            Access.APP_OPTIONAL: self.admit_anybody,
        }

    async def admit_app(self, request: web.Request, route: Route) -> None:
        """An app, for itself or for somebody; also for one whose account waits to be opened.

        Raises:
            Refusal: there is no token that holds, or it has not the scope.
        """
        known = await self._required(request, route)
        if known.hindrance not in _WAITING:
            _refuse_hindered(known)
        request[CALLER] = known.caller

    async def admit_user(self, request: web.Request, route: Route) -> None:
        """An app that calls for somebody.

        Raises:
            Refusal: there is no token that holds, it has not the scope, is the app's own, or its
                person cannot use their account.
        """
        known = await self._required(request, route)
        if known.caller.actor_id is None:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, NOT_A_PERSON)
        _refuse_hindered(known)
        request[CALLER] = known.caller

    async def admit_anybody(self, request: web.Request, route: Route) -> None:
        """Everybody; a token that is sent must hold. One whose account waits looks as nobody.

        Raises:
            Refusal: the token does not hold, or has not the scope.
        """
        if "Authorization" not in request.headers:
            self._rates.count_call(request, route.path, None)
            return
        known = await self._required(request, route)
        if known.hindrance not in _WAITING:
            _refuse_hindered(known)
            request[CALLER] = known.caller

    async def _required(self, request: web.Request, route: Route) -> Known:
        """The token of a request, counted, with the scope of the route."""
        token = bearer_of(request)
        known = None if token is None else await self._tokens.find(token)
        is_known = known is not None and known.hindrance is not Hindrance.REVOKED
        caller: Caller | None = known.caller if known is not None and is_known else None
        # One that does not hold counts for the address: who tries many is slowed down.
        self._rates.count_call(request, route.path, caller)
        if known is None:
            raise unauthorised(INVALID, was_sent=token is not None)
        if known.hindrance is Hindrance.REVOKED:
            raise unauthorised(Hindrance.REVOKED)
        if not holds(known.caller.scopes, route.scope):
            needed = f'{_REALM}, error="insufficient_scope", scope="{route.scope}"'
            raise Refusal(HTTPStatus.FORBIDDEN, OUTSIDE, headers={"WWW-Authenticate": needed})
        return known


def bearer_of(request: web.BaseRequest) -> str | None:
    """The token in the header of a request; None when there is none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def unauthorised(sentence: str, *, was_sent: bool = True) -> Refusal:
    """The refusal of a token, or of a request without one. Spec: RFC 6750 3."""
    told = f'{_REALM}, error="invalid_token", error_description="{sentence}"'
    headers = {"WWW-Authenticate": told if was_sent else _REALM}
    return Refusal(HTTPStatus.UNAUTHORIZED, sentence, headers=headers)


def _refuse_hindered(known: Known) -> None:
    if known.hindrance is not None:
        raise Refusal(HTTPStatus.FORBIDDEN, known.hindrance.value)
