"""Streaming to apps: the WebSocket, and server-sent events for those that know no other.

A token may come in three places, of which browsers can use but the last two: the Authorization
header, `?access_token=`, and `Sec-WebSocket-Protocol`, which is said back then. Nobody listens
without one, as it is with Mastodon.

Spec: docs.joinmastodon.org methods/streaming; security PRV-11, WEB-08.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from communities.people import ActorKey
from node.app import Access, Handler, Route
from node.app_guards import OUTSIDE, bearer_of
from node.auth import Caller
from node.errors import Refusal
from node.limits import client_address
from node.mastodon.desk import Desk
from node.mastodon.presenting_streams import list_of
from node.mastodon.streaming_sockets import serve_socket
from node.streaming.listeners import Ending, Listener, Objection
from protocols.errors import RemoteProtocolError
from protocols.mastodon.streaming import (
    DIRECT,
    HASHTAG,
    HASHTAG_LOCAL,
    LIST,
    THUMP,
    USER,
    USER_NOTIFICATION,
    Stream,
    parse_stream,
    server_sent,
)
from protocols.oauth_scopes import holds
from storage.unit_of_work import UnitOfWork

BASE: Final = "/api/v1/streaming"
THUMP_SECONDS: Final = 15.0

_PATHS: Final = {
    "user": USER,
    "user/notification": USER_NOTIFICATION,
    "public": "public",
    "public/local": "public:local",
    "public/remote": "public:remote",
    "hashtag": HASHTAG,
    "hashtag/local": HASHTAG_LOCAL,
    "list": LIST,
    "direct": DIRECT,
}
_ON: Final = ("1", "true")


def streaming_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/streaming."""
    door = _Door(desk)
    return [
        _route(BASE, door.socket, "api-streaming"),
        _route(f"{BASE}/", door.socket, "api-streaming-slash"),
        Route(
            method="GET",
            path=f"{BASE}/health",
            handler=_health,
            access=Access.PUBLIC,
            name="api-streaming-health",
        ),
        *(
            _route(f"{BASE}/{path}", door.events, f"api-streaming-{path.replace('/', '-')}")
            for path in _PATHS
        ),
    ]


def _route(path: str, handler: Handler, name: str) -> Route:
    return Route(method="GET", path=path, handler=handler, access=Access.APP_LISTENING, name=name)


async def _health(_request: web.Request) -> web.Response:
    return web.Response(text="OK")


@dataclass(frozen=True, slots=True)
class _Door:
    desk: Desk

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket, for as many streams as the app likes."""
        token, protocol = _token_of(request)
        caller, person_id = await self._identify(token)
        listener = self._listener(request, caller, person_id)
        query = request.query
        if name := query.get("stream"):
            stream = _stream(name, query.get("tag"), query.get("list"))
            await self._admit(caller, person_id, stream)
            listener.streams[stream] = None
        if request.method == "HEAD":
            return web.Response()

        async def admit(stream: Stream) -> None:
            await self._admit(caller, person_id, stream)

        async with self._listening(caller, listener):
            return await serve_socket(request, listener, admit, self.desk.doors, protocol)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """One stream, as server-sent events."""
        token, _protocol = _token_of(request)
        caller, person_id = await self._identify(token)
        query = request.query
        name = _PATHS[request.path.removeprefix(f"{BASE}/").rstrip("/")]
        if name.startswith("public") and query.get("only_media", "").lower() in _ON:
            name += ":media"
        stream = _stream(name, query.get("tag"), query.get("list"))
        await self._admit(caller, person_id, stream)
        listener = self._listener(request, caller, person_id)
        listener.streams[stream] = None
        if request.method == "HEAD":
            return web.Response(content_type="text/event-stream")
        async with self._listening(caller, listener):
            return await _serve_events(request, listener)

    async def _identify(self, token: str) -> tuple[Caller, ActorKey]:
        """Who calls, and for whom.

        Raises:
            Refusal: there is no token that holds and is of somebody.
        """
        if not token:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Missing access token")
        caller = await self.desk.doors.identify(token)
        if caller is None or caller.actor_id is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Invalid access token")
        return caller, caller.actor_id

    async def _admit(self, caller: Caller, person_id: ActorKey, stream: Stream) -> None:
        """Let the caller listen to a stream.

        Raises:
            Refusal: the token has not the scope, or the list is not the person's.
        """
        if not holds(caller.scopes, stream.scope):
            raise Refusal(HTTPStatus.FORBIDDEN, OUTSIDE)
        if stream.name == LIST:
            is_theirs = await self.desk.storage.read(_has_list, person_id, int(stream.subject))
            if not is_theirs:
                raise Refusal(HTTPStatus.NOT_FOUND, "Not authorized to stream this list")

    def _listener(self, request: web.Request, caller: Caller, person_id: ActorKey) -> Listener:
        trusted = self.desk.settings.http.trusted_proxies
        return Listener(
            person_id,
            caller.token_id,
            client_address(request, trusted),
            notices=holds(caller.scopes, "read:notifications"),
        )

    @asynccontextmanager
    async def _listening(self, caller: Caller, listener: Listener) -> AsyncIterator[None]:
        """Have the hub tell the listener what happens, until its token ends."""
        forget = self.desk.doors.on_end(caller, lambda: listener.cut(Ending.TOKEN_ENDED))
        try:
            await self.desk.streams.join(listener)
            yield
        finally:
            self.desk.streams.leave(listener)
            forget()


def _has_list(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> bool:
    return list_of(uow, person_id, list_id) is not None


def _token_of(request: web.Request) -> tuple[str, str]:
    """The token of a request, and the protocol to say back where it came as one."""
    token = bearer_of(request) or request.query.get("access_token", "")
    if token:
        return token, ""
    protocol = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")[0].strip()
    return protocol, protocol


def _stream(name: str, tag: str | None, list_id: str | None) -> Stream:
    try:
        return parse_stream(name, tag, list_id)
    except RemoteProtocolError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _serve_events(request: web.Request, listener: Listener) -> web.StreamResponse:
    """Send events until the app goes or is cut; a line now and then keeps the way open."""
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "private, no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await answer.prepare(request)
    async with listener.until_cut():
        await answer.write(b":)\n\n")
        while True:
            await answer.write(await _next_event(listener))
    if listener.ending is Ending.TOO_SLOW and request.transport is not None:
        request.transport.abort()
    return answer


async def _next_event(listener: Listener) -> bytes:
    try:
        async with asyncio.timeout(THUMP_SECONDS):
            message = await listener.next()
    except TimeoutError:
        return THUMP
    if isinstance(message, Objection):
        return THUMP
    return server_sent(message.event, message.payload)
