"""A Fedify server in a process of its own: what its people do, and what reached them.

`tests/interop/install.sh` brings Fedify and the Node.js that it needs. The process ends when the
test lets go of its standard input, at the latest after a quarter of an hour.
"""

import hashlib
import json
import os
import shutil
import subprocess
from asyncio import timeout
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from protocols.strict_json import JsonObject

PEER = Path(__file__).parent / "fedify"
HOST = "127.0.0.2"
INSTALL = "bash tests/interop/install.sh"
PATIENCE_SECONDS = 15.0
STOP_SECONDS = 10.0


class Scheme(StrEnum):
    """How Fedify signs, and how it wants to be signed to; the words are its own."""

    CAVAGE = "draft-cavage-http-signatures-12"
    RFC9421 = "rfc9421"


class Thing(msgspec.Struct, frozen=True, rename="camel"):
    """An activity or object as Fedify read it; an activity names its object, and has it if it may.

    Fedify leaves out what is embedded from another origin than its own id's and cannot be fetched.
    """

    type: str
    id: str | None
    actor: str | None = None
    object_id: str | None = None
    object: "Thing | None" = None
    name: str | None = None
    content: str | None = None
    author: str | None = None


class Arrival(msgspec.Struct, frozen=True, rename="camel"):
    """One request to an inbox of the Fedify server.

    Attributes:
        scheme: how it was signed; None for not at all.
        status: what was answered.
        signed_by: the key whose HTTP signature Fedify verified.
        altered_signed_by: the same for the request with one byte more.
        proofs: the keys whose FEP-8b32 proofs hold, "" for one that does not; None without proof.
        wrapped_proofs: the same of the activity or object inside.
        heard: the activity that Fedify gave to the application.
        document: as it came.
    """

    scheme: Scheme | None
    status: int
    signed_by: str | None = None
    altered_signed_by: str | None = None
    proofs: list[str] | None = None
    wrapped_proofs: list[str] | None = None
    heard: Thing | None = None
    document: dict[str, Any] | None = None

    def is_from(self, actor: str, key_id: str) -> bool:
        """Whether it is this actor's, by a signature that holds for these bytes alone."""
        is_theirs = self.heard is not None and self.heard.actor == actor
        return is_theirs and self.signed_by == key_id and self.altered_signed_by is None

    @property
    def inner(self) -> Thing | None:
        """What the activity is about, as far as Fedify believes it."""
        return None if self.heard is None else self.heard.object

    @property
    def heard_id(self) -> str | None:
        """The id of what the activity is about."""
        return None if self.heard is None else self.heard.object_id

    @property
    def wrapped(self) -> dict[str, Any]:
        """The activity inside as it came, believed or not."""
        found = (self.document or {}).get("object")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FedifyProcess:
    """The running process: where peers reach it, and where its people are told what to do."""

    origin: str
    control: str
    scheme: Scheme
    log: Path

    def actor(self, name: str) -> str:
        """The id of one of its people."""
        return f"{self.origin}/users/{name}"


def installed() -> Path | None:
    """The folder that `install.sh` made for the lock file as it is now, if it did."""
    lock = hashlib.sha256((PEER / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "noaber-interop" / f"fedify-{lock}"
    return folder if (folder / "node_modules/node/bin/node").exists() else None


@contextmanager
def running(
    modules: Path, folder: Path, scheme: Scheme, names: tuple[str, ...]
) -> Iterator[FedifyProcess]:
    """Run the server in an empty folder, beside its modules (`installed`)."""
    for source in PEER.glob("*.mjs"):
        shutil.copy(source, folder)
    (folder / "node_modules").symlink_to(modules / "node_modules")
    options = {"host": HOST, "names": names, "scheme": scheme, "secure": True}
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [modules / "node_modules/node/bin/node", folder / "peer.mjs", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={"PATH": os.environ["PATH"], "NODE_ENV": "test"},
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"the Fedify server did not start:\n{log.read_text()}"
        yield FedifyProcess(scheme=scheme, log=log, **json.loads(line))
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()


@dataclass(slots=True)
class Fedify:
    """One test's talk with the server; people are named by their names."""

    process: FedifyProcess
    session: aiohttp.ClientSession
    arrivals: list[Arrival] = field(default_factory=list)
    _log_begins: int = 0

    def __post_init__(self) -> None:
        self._log_begins = self.process.log.stat().st_size

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server."""
        return self.process.origin

    def actor(self, name: str) -> str:
        """The id of one of its people."""
        return self.process.actor(name)

    def handle(self, name: str) -> str:
        """The handle of one of its people."""
        return f"@{name}@{self.origin.removeprefix('http://')}"

    def proof_key(self, name: str) -> str:
        """The id of the key that makes the proofs of one of its people."""
        return f"{self.actor(name)}#multikey-2"

    async def call(self, command: str, **arguments: object) -> Any:
        """Run a command of commands.mjs; what it answers.

        Raises:
            CommandError: it failed, say because a delivery was refused.
        """
        url = f"{self.process.control}/{command}"
        async with self.session.post(url, data=json.dumps(arguments)) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise CommandError(body.decode())
            return json.loads(body)

    async def act(self, command: str, who: str, **arguments: object) -> str:
        """Let someone do something; the id of what came of it."""
        made: str = await self.call(command, **{"as": who}, **arguments)
        return made

    async def lookup(self, url: str, *, reader: str | None = None) -> JsonObject | None:
        """A document as Fedify reads it, expanded; signed as `reader`, or unsigned."""
        found: list[JsonObject] | None = await self.call("lookup", url=url, **{"as": reader})
        return found[0] if found else None

    async def hears(self, wanted: Callable[[Arrival], bool]) -> Arrival:
        """The first arrival of this test that fits, waited for if need be."""
        checked = 0
        try:
            async with timeout(PATIENCE_SECONDS):
                while True:
                    for arrival in self.arrivals[checked:]:
                        if wanted(arrival):
                            return arrival
                    checked = len(self.arrivals)
                    more = await self.call("received", after=checked, seconds=PATIENCE_SECONDS)
                    self.arrivals.extend(msgspec.convert(more, list[Arrival]))
        except TimeoutError:
            raise AssertionError(f"only this arrived:\n{self._told()}") from None

    def _told(self) -> str:
        lines = [f"{one.status} {one.scheme} {one.heard}" for one in self.arrivals]
        return "\n".join(lines)

    def log(self) -> str:
        """What the server wrote to its log in this test."""
        return self.process.log.read_bytes()[self._log_begins :].decode()


class CommandError(AssertionError):
    """A command of the Fedify server failed."""


def of_type(type_: str) -> Callable[[Arrival], bool]:
    """Fits an activity of this type that was verified, taken and given to the application."""
    return lambda one: one.heard is not None and one.heard.type == type_ and one.status == 202


def wraps(type_: str, about: str | None = None) -> Callable[[Arrival], bool]:
    """Fits an Announce of an activity of this type, about the object with this id."""

    def fits(one: Arrival) -> bool:
        if not of_type("Announce")(one) or one.wrapped.get("type") != type_:
            return False
        found = one.wrapped.get("object")
        return about is None or about == (found.get("id") if isinstance(found, dict) else found)

    return fits
