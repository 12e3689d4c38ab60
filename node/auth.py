"""Who calls: what a guard has found out about a request, for the handlers behind it.

An app calls with a token (`Caller`), a browser with a session (`SignedIn`). Handlers ask here and
nowhere else; what the caller may see is decided by `communities.visibility`.
"""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from communities.people import ActorKey
from communities.visibility import ANONYMOUS, Viewer
from node.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An app, and whom it acts for.

    Attributes:
        actor_id: who acts: the person, or a community that a moderator lets the app act as; None
            for a token of the app itself.
        person_id: whose account it is; the same as `actor_id` but for such a community.
        scopes: what was granted, as granted: `protocols.oauth_scopes` knows what holds what.
    """

    token_id: int
    app_id: int
    scopes: frozenset[str]
    actor_id: ActorKey | None = None
    person_id: ActorKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Someone at the pages; `csrf` is what their forms must send back."""

    session_id: int
    person_id: ActorKey
    csrf: str


CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
SIGNED_IN: web.RequestKey[SignedIn] = web.RequestKey("signed_in", SignedIn)


def caller_of(request: web.BaseRequest) -> Caller | None:
    """The app that calls; None for a request without a token."""
    return request.get(CALLER)


def required_caller(request: web.BaseRequest) -> Caller:
    """The app that calls, where the route lets nobody else in."""
    return request[CALLER]


def actor_of(request: web.BaseRequest) -> ActorKey:
    """Who acts through the app.

    Raises:
        Refusal: the token is of the app alone.
    """
    caller = caller_of(request)
    if caller is None or caller.actor_id is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "This method requires an authenticated user")
    return caller.actor_id


def viewer_of(request: web.BaseRequest) -> Viewer:
    """Who looks, for `communities.visibility`: the one who acts, or nobody in particular."""
    caller = caller_of(request)
    if caller is None or caller.actor_id is None:
        return ANONYMOUS
    return Viewer(person_id=caller.actor_id)


def signed_in(request: web.BaseRequest) -> SignedIn | None:
    """Who is signed in at the pages; None for a visitor."""
    return request.get(SIGNED_IN)
