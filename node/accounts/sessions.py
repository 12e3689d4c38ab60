"""Sessions of browsers: a cookie with a random token, the guard that reads it, and their ends.

The token is made anew at each sign-in, and storage knows its SHA-256. What a form must send back
is made of the token, so that a page of another site cannot know it.

Spec: RFC 6265bis 4.1.3 (the prefix __Host-); security WEB-09.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from communities.people import ActorKey, ActorState
from federation.uris import Uris
from node.app import Access, Route
from node.auth import SIGNED_IN, SignedIn
from node.errors import Refusal
from node.welcoming import digest_of, new_token
from storage.maintenance import SESSIONS_KEPT
from storage.sessions import Session
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

KEPT = SESSIONS_KEPT
"""After so long without a visit a session ends."""
TOUCHED_EVERY = timedelta(hours=1)
"""A write for each request would be too much for what it tells."""
_CSRF = b"form"
_UNUSABLE = (ActorState.SUSPENDED, ActorState.DELETED)
_SAFE_METHODS = ("GET", "HEAD")
_LONGEST_NEXT = 2_000


class Sessions:
    """Starts, reads and ends the sessions of browsers."""

    def __init__(self, *, storage: Storage, uris: Uris, now: Callable[[], datetime]) -> None:
        """Work on this storage; over plain http (a trial) the cookie has a plain name."""
        self._storage = storage
        self._uris = uris
        self._now = now
        self.is_secure = uris.base.startswith("https://")
        self.cookie = "__Host-sid" if self.is_secure else "sid"

    async def start(self, person_id: ActorKey, request: web.BaseRequest, *, address: str) -> str:
        """Begin a session; the token for `give`. One that the browser had before ends."""
        token = new_token()
        before = digest_of(request.cookies.get(self.cookie, ""))
        agent = _printable(request.headers.get("User-Agent", ""))
        await self._storage.write(
            _start, person_id, _digest(token), before, self._now(), address, agent
        )
        return token

    def give(self, answer: web.StreamResponse, token: str) -> None:
        """Put the token into the browser; it goes when the session has not been used for long."""
        answer.set_cookie(
            self.cookie,
            token,
            path="/",
            max_age=int(KEPT.total_seconds()),
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    async def end(self, signed_in: SignedIn, answer: web.StreamResponse) -> None:
        """End the session of a browser, and take its cookie away."""
        await self._storage.write(_end, signed_in.person_id, signed_in.session_id)
        answer.del_cookie(
            self.cookie, path="/", secure=self.is_secure, httponly=True, samesite="Lax"
        )

    async def signed_in(self, request: web.BaseRequest, *, address: str) -> SignedIn | None:
        """Who is signed in with this browser; None for a visitor."""
        token = request.cookies.get(self.cookie, "")
        digest = digest_of(token)
        if digest is None:
            return None
        now = self._now()
        session = await self._storage.read(find_session, digest, now)
        if session is None:
            return None
        if now - session.used_at >= TOUCHED_EVERY:
            await self._storage.write(_touch, session, now, address)
        return SignedIn(session_id=session.id, person_id=session.person_id, csrf=csrf_of(token))


class SessionGuard:
    """The guard of the routes that people call with a browser (`Access.SESSION...`).

    A request that changes something must come from a page of this node; that its form has the
    token of the session is looked at where the form is read (`node.web.forms`).
    """

    def __init__(
        self,
        sessions: Sessions,
        uris: Uris,
        address_of: Callable[[web.BaseRequest], str],
    ) -> None:
        """Read sessions; `address_of` tells the client's address from a request."""
        self._sessions = sessions
        self._uris = uris
        self._address_of = address_of

    async def __call__(self, request: web.Request, route: Route) -> None:
        """Find out who is signed in.

        Raises:
            Refusal: a page of another site has sent the request.
            web.HTTPSeeOther: nobody is signed in and the route needs somebody.
        """
        if request.method not in _SAFE_METHODS:
            refuse_foreign(request, self._uris.base)
        found = await self._sessions.signed_in(request, address=self._address_of(request))
        if found is not None:
            request[SIGNED_IN] = found
        elif route.access is Access.SESSION:
            raise web.HTTPSeeOther(_sign_in_path(request), headers={"Cache-Control": "no-store"})


def _sign_in_path(request: web.Request) -> str:
    wanted = request.raw_path if request.method in _SAFE_METHODS else ""
    target = local_path(wanted)
    return "/sign-in" if target is None else f"/sign-in?{urlencode({'next': target})}"


def local_path(text: str) -> str | None:
    """The path of a page of this node; None for whatever a browser could take for elsewhere.

    Spec: security WEB-16; WHATWG URL 4.4 (backslashes and control characters).
    """
    is_path = text.startswith("/") and not text.startswith(("//", "/\\"))
    is_plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    return text if is_path and is_plain and len(text) <= _LONGEST_NEXT else None


def refuse_foreign(request: web.BaseRequest, base: str) -> None:
    """Refuse a request that a page of another site has made.

    Pages that forbid referrers send the origin "null"; browsers of today say in `Sec-Fetch-Site`
    whose page it was. Programs say neither.

    Raises:
        Refusal: another site has made it.
    """
    sender = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "null")
    if sender not in ("same-origin", "none") or origin not in ("null", base):
        raise Refusal(HTTPStatus.FORBIDDEN, "This form belongs to another site")


def csrf_of(token: str) -> str:
    """What the forms of a session send back: nobody can tell the session's token from it."""
    return hmac.new(token.encode(), _CSRF, hashlib.sha256).hexdigest()


def find_session(uow: UnitOfWork, digest: bytes, now: datetime) -> Session | None:
    """The session of a token, while its account can be used."""
    session = uow.sessions.find(digest, used_after=now - KEPT)
    if session is None:
        return None
    account = uow.accounts.get(session.person_id)
    person = uow.people.get(session.person_id)
    if account is None or not account.is_open or person is None or person.state in _UNUSABLE:
        return None
    return session


def _digest(token: str) -> bytes:
    digest = digest_of(token)
    if digest is None:
        raise ValueError("that is no token")
    return digest


def _start(
    uow: UnitOfWork,
    person_id: ActorKey,
    digest: bytes,
    before: bytes | None,
    at: datetime,
    address: str,
    agent: str,
) -> None:
    older = None if before is None else uow.sessions.find(before, used_after=at - KEPT)
    if older is not None:
        uow.sessions.end(older.person_id, older.id)
    uow.sessions.start(person_id, digest, at=at, address=address, agent=agent)


def _end(uow: UnitOfWork, person_id: ActorKey, session_id: int) -> None:
    uow.sessions.end(person_id, session_id)


def _touch(uow: UnitOfWork, session: Session, at: datetime, address: str) -> None:
    uow.sessions.touch(session.id, at=at, address=address)
    uow.accounts.touch(session.person_id, at)


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
