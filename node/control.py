"""How a command reaches the data: through the running node if there is one, else by itself.

The running node answers on a Unix socket in its data folder, which only its own user may open:
one line of JSON in, one line out, for one verb of `node.verbs.forms`. So commands may change data
while the node runs, and one process alone ever writes to the database.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from communities.errors import DomainError, Invalid, NotFound
from communities.registration import RegistrationRefused
from federation.errors import FederationError
from node.errors import NodeError, Refused
from node.verbs.answers import Answer
from node.verbs.forms import form_named, name_of
from node.verbs.words import Form
from protocols.errors import ProtocolError
from storage.errors import StorageError

SOCKET_FILE = "control.sock"
MAX_LINE_BYTES = 16 * 1024 * 1024
MOST_PATH_BYTES = 100
FORESEEN = (DomainError, FederationError, ProtocolError, StorageError, NodeError)
"""What may leave a verb: its sentence is for the operator."""

Run = Callable[[Form], Awaitable[Answer]]
"""Does what a form asks, on this node."""


class _Request(msgspec.Struct, frozen=True):
    verb: str
    form: msgspec.Raw


class _Reply(msgspec.Struct, frozen=True):
    lines: list[str] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")
    refusal: str | None = None
    is_input: bool = False


def is_input(error: Exception) -> bool:
    """Whether an error is about what was typed (exit code 2), not about what became of it (1)."""
    if isinstance(error, Refused):
        return error.is_input
    return isinstance(error, NotFound | Invalid | RegistrationRefused)


def ask(data_dir: Path, form: Form, alone: Callable[[], Answer]) -> Answer:
    """The answer of the running node; where none runs, that of `alone`.

    Raises:
        Refused: the running node refused.
        NodeError: it ended in the middle.
    """
    with socket.socket(socket.AF_UNIX) as line:
        if not _connected(line, data_dir):
            return alone()
        request = _Request(name_of(type(form)), msgspec.Raw(msgspec.json.encode(form)))
        line.sendall(msgspec.json.encode(request) + b"\n")
        with line.makefile("rb") as replies:
            told = replies.readline(MAX_LINE_BYTES)
    if not told.endswith(b"\n"):
        raise NodeError("the running node ended before it answered; its log tells more")
    reply = msgspec.json.decode(told, type=_Reply)
    if reply.lines is None:
        raise Refused(reply.refusal or "the node refused", is_input=reply.is_input)
    return Answer(lines=reply.lines, data=msgspec.json.decode(reply.data))


def _connected(line: socket.socket, data_dir: Path) -> bool:
    """Whether there is a node at the other end."""
    try:
        with _reachable(data_dir) as path:
            line.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


@asynccontextmanager
async def answering(data_dir: Path, run: Run) -> AsyncIterator[None]:
    """Answer commands inside the block; the caller holds the data folder."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(msgspec.json.encode(await _reply(await reader.readline(), run)) + b"\n")
            await writer.drain()
        finally:
            writer.close()

    listener = _listen(data_dir)
    server = await asyncio.start_unix_server(serve, sock=listener, limit=MAX_LINE_BYTES)
    try:
        yield
    finally:
        server.close()
        (data_dir / SOCKET_FILE).unlink(missing_ok=True)


async def _reply(line: bytes, run: Run) -> _Reply:
    try:
        request = msgspec.json.decode(line, type=_Request)
        form = form_named(request.verb)
        if form is None:
            return _Reply(refusal=f"this node knows no {request.verb}", is_input=True)
        answer = await run(msgspec.json.decode(request.form, type=form))
    except msgspec.MsgspecError as error:
        return _Reply(refusal=f"the node did not understand that: {error}", is_input=True)
    except FORESEEN as error:
        return _Reply(refusal=str(error), is_input=is_input(error))
    return _Reply(lines=[*answer.lines], data=msgspec.Raw(msgspec.json.encode(answer.data)))


def _listen(data_dir: Path) -> socket.socket:
    """The socket, for its owner alone from its first moment on; what a killed node left goes."""
    (data_dir / SOCKET_FILE).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with _reachable(data_dir) as path:
            listener.bind(path)
    finally:
        os.umask(before)
    listener.listen()
    return listener


@contextmanager
def _reachable(data_dir: Path) -> Iterator[str]:
    """A path of the socket that is short enough: the system takes 107 bytes at most."""
    path = data_dir / SOCKET_FILE
    if len(os.fsencode(path)) < MOST_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET_FILE}"
    finally:
        os.close(folder)
