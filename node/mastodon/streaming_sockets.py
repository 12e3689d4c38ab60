"""One WebSocket of an app: frames in, which ask for streams; frames out, which tell."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from node.errors import Refusal
from node.streaming.doors import Doors
from node.streaming.listeners import MOST_STREAMS, Ending, Listener, Message, Objection
from protocols.errors import RemoteProtocolError
from protocols.mastodon.streaming import Stream, frame, parse_stream, refusal

PING_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 1.0
MAX_FRAME_BYTES: Final = 4096

Admit = Callable[[Stream], Awaitable[None]]
"""Returns when the app may listen to a stream; raises a Refusal when not."""


class Asked(msgspec.Struct):
    """A frame of an app; numbers are taken for texts, as some send list ids."""

    type: str = ""
    stream: str = ""
    tag: str | None = None
    list: str | int | None = None


_decode = msgspec.json.Decoder(Asked).decode


async def serve_socket(
    request: web.Request, listener: Listener, admit: Admit, doors: Doors, protocol: str
) -> web.WebSocketResponse:
    """Tell until the app goes, or is cut; `protocol` is said back, if there is one."""
    socket = web.WebSocketResponse(
        heartbeat=PING_SECONDS,
        timeout=CLOSE_SECONDS,
        compress=False,
        max_msg_size=MAX_FRAME_BYTES,
        protocols=(protocol,) if protocol else (),
    )
    await socket.prepare(request)
    doors.spawn(_hear(socket, listener, admit), "streaming: frames of an app")
    try:
        async with listener.until_cut():
            while True:
                await socket.send_str(_text(await listener.next()))
    except ConnectionError:
        listener.cut(Ending.LEFT)
    await _close(request, socket, listener.ending or Ending.LEFT)
    return socket


def _text(message: Message | Objection) -> str:
    if isinstance(message, Objection):
        return refusal(message.sentence, message.status)
    return frame(message.stream, message.event, message.payload)


async def _close(request: web.Request, socket: web.WebSocketResponse, ending: Ending) -> None:
    """Say goodbye; a client that takes nothing is not waited for."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code=ending.code, message=ending.reason.encode())
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()


async def _hear(socket: web.WebSocketResponse, listener: Listener, admit: Admit) -> None:
    """Take the app's frames; its silence, or its going, ends the listening."""
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await _answer(message.data, listener, admit)
    finally:
        listener.cut(Ending.LEFT)


async def _answer(text: str, listener: Listener, admit: Admit) -> None:
    try:
        asked = _decode(text)
    except msgspec.DecodeError:
        listener.offer(Objection("The frame cannot be read", HTTPStatus.BAD_REQUEST))
        return
    try:
        number = None if asked.list is None else str(asked.list)
        stream = parse_stream(asked.stream, asked.tag, number)
        if asked.type == "unsubscribe":
            listener.streams.pop(stream, None)
        elif asked.type == "subscribe":
            await admit(stream)
            _add(listener, stream)
    except RemoteProtocolError as error:
        listener.offer(Objection(str(error), HTTPStatus.BAD_REQUEST))
    except Refusal as error:
        listener.offer(Objection(error.sentence, error.status))


def _add(listener: Listener, stream: Stream) -> None:
    if len(listener.streams) >= MOST_STREAMS:
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many streams")
    listener.streams[stream] = None
