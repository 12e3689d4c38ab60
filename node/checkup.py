"""What `noaber doctor` looks at: each check gives findings, one sentence each.

Checks change nothing. What cannot be looked at from here (no network, no database yet) is said as
such and never counted as a fault.
"""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from aiohttp import http_parser

from federation.client import Client
from federation.documents import NODEINFO, WEBFINGER, Fetched
from federation.errors import (
    FederationError,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
)
from federation.signing import RequestSigning, SigningPool
from node.ownership import PackageClash, refuse_foreign_owners
from node.settings import Settings
from storage.engine import make_engine, sqlite_path
from storage.errors import StorageError
from storage.schema import current, head, refuse_newer
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

OLDEST_PYTHON = (3, 11)
SCARCE_BYTES = 2 * 1024**3
TOO_FEW_BYTES = 256 * 1024**2
_OF_OTHERS = 0o007
CLOCK_TOLERANCE = timedelta(minutes=2)
PEERS_ASKED = 3
QUEUES_SHOWN = 20


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence about one thing."""

    about: str
    verdict: Verdict
    sentence: str


def _ok(about: str, sentence: str) -> Finding:
    return Finding(about=about, verdict=Verdict.OK, sentence=sentence)


def _warning(about: str, sentence: str) -> Finding:
    return Finding(about=about, verdict=Verdict.WARNING, sentence=sentence)


def _fault(about: str, sentence: str) -> Finding:
    return Finding(about=about, verdict=Verdict.FAULT, sentence=sentence)


def _unknown(about: str, sentence: str) -> Finding:
    return Finding(about=about, verdict=Verdict.UNKNOWN, sentence=sentence)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """All findings about this node, in an order in which they explain each other."""
    yield interpreter()
    yield ownership()
    for finding in data_folder(settings.node.data_dir):
        yield finding
    database = schema(settings)
    yield database
    async with _client(settings) as client:
        yield await web_finger(settings, client)
        if database.verdict is Verdict.OK:
            storage = Storage(make_engine(settings.database_url.reveal()), threads=False)
            try:
                async for finding in in_database(settings, storage, client):
                    yield finding
            finally:
                await storage.close()


def interpreter() -> Finding:
    """Whether this Python will do."""
    running = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        return _fault("python", f"Python {running} is too old; noaber needs 3.11 or later.")
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        return _fault(
            "python", "aiohttp runs without its C parser, the one that refuses hostile requests."
        )
    return _ok("python", f"Python {running} with the C parser of aiohttp.")


def ownership() -> Finding:
    """Whether noaber's packages are its own."""
    try:
        refuse_foreign_owners()
    except PackageClash as clash:
        return _fault("packages", f"{clash}.")
    return _ok("packages", "No other distribution owns one of noaber's packages.")


def data_folder(folder: Path) -> Iterator[Finding]:
    """Whether there is a folder to write to, with room in it."""
    if not folder.is_dir():
        yield _warning("data", f"{folder} is not there yet; the first start makes it.")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield _fault("data", f"{folder} cannot be written to by this user.")
        return
    media = folder / "media"
    if media.exists() and not (media.is_dir() and os.access(media, os.R_OK | os.W_OK | os.X_OK)):
        yield _fault("data", f"{media} cannot be written to by this user: nobody can upload.")
        return
    if folder.stat().st_mode & _OF_OTHERS:
        sentence = f"Other users of this machine can look into {folder}: chmod o= {folder}"
        yield _warning("data", sentence)
    else:
        yield _ok("data", f"{folder} can be written to.")
    free = shutil.disk_usage(folder).free
    room = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free < TOO_FEW_BYTES:
        yield _fault("disk", f"Only {room}: the node will soon refuse everything.")
    elif free < SCARCE_BYTES:
        yield _warning("disk", f"Only {room}.")
    else:
        yield _ok("disk", f"{room}.")


def schema(settings: Settings) -> Finding:
    """Whether the database opens and has the schema that this version needs."""
    try:
        engine = make_engine(settings.database_url.reveal())
        path = sqlite_path(engine)
        if path is not None and not path.parent.is_dir():
            return _unknown("database", "There is none yet; the first start makes it.")
        revision = current(engine)
        refuse_newer(revision)
    except StorageError as error:
        return _fault("database", f"{error}.")
    if revision is None:
        return _unknown("database", "It is empty; the first start sets it up.")
    if revision != head():
        return _warning("database", f"Schema {revision}; the next start brings it to {head()}.")
    return _ok("database", f"It opens and has schema {revision}.")


async def in_database(
    settings: Settings, storage: Storage, client: Client
) -> AsyncIterator[Finding]:
    """What the database tells: fixed names, what waits for whom, the clock as peers see it."""
    domain, web_host = await storage.read(_fixed_names)
    for path, now, then in (
        ("node.domain", settings.node.domain, domain),
        ("node.web_host", settings.web_host, web_host),
    ):
        if then not in (None, now):
            yield _fault("domain", f"{path} is {now}, but the node was started as {then}.")
    waiting = await storage.read(_waiting)
    if not waiting:
        yield _ok("queue", "No delivery waits.")
    for peer, count, since_ms in waiting:
        since = datetime.fromtimestamp(since_ms / 1000, UTC).isoformat(" ", "minutes")
        yield _warning("queue", f"{count} deliveries wait for {peer}, the oldest since {since}.")
    yield await clock(client, await storage.read(_healthy_peers))


def _fixed_names(uow: UnitOfWork) -> tuple[str | None, str | None]:
    return uow.instance.get("domain"), uow.instance.get("web_host")


def _waiting(uow: UnitOfWork) -> list[tuple[str, int, int]]:
    return uow.deliveries.waiting_by_peer(QUEUES_SHOWN)


def _healthy_peers(uow: UnitOfWork) -> list[str]:
    spoken = [peer for peer in uow.peers.page() if peer.last_success_at and not peer.failures]
    return [peer.origin for peer in spoken[:PEERS_ASKED]]


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Client]:
    pool = SigningPool()
    try:
        async with Client(
            user_agent=f"noaber doctor (+{settings.base_url})",
            signing=RequestSigning(pool, lambda: datetime.now(UTC)),
            allow_networks=settings.federation.allow_networks.items,
        ) as client:
            yield client
    finally:
        pool.close()


async def web_finger(settings: Settings, client: Client) -> Finding:
    """Whether the domain leads to this node, as a peer would find it.

    Spec: RFC 7033 section 4; FEP-d556 (the server's own actor under its root URL).
    """
    domain = settings.node.domain
    root = quote(f"{settings.base_url}/", safe="")
    site = f"{settings.http.public_scheme}://{domain}"
    url = f"{site}/.well-known/webfinger?resource={root}"
    try:
        fetched = await client.get_json(url, WEBFINGER)
    except PeerUnreachable as error:
        return _warning(
            "webfinger",
            f"{site} could not be reached from here: {error}. Is this machine online,"
            " does the name lead here, does the proxy run?",
        )
    except FetchForbidden as error:
        if error.reason is Forbidden.ADDRESS:
            return _warning(
                "webfinger", f"{domain} leads to a private address as seen from this machine."
            )
        return _fault("webfinger", f"{domain} answers, but not as noaber does: {error}.")
    except PeerRefused as error:
        return _fault(
            "webfinger",
            f"{domain} answers {error.status}: pass /.well-known/webfinger there on to this node.",
        )
    if _leads_to(settings.base_url, fetched):
        return _ok("webfinger", f"{domain} leads to {settings.base_url}.")
    return _fault("webfinger", f"{domain} is answered by another server than this node.")


def _leads_to(base_url: str, fetched: Fetched) -> bool:
    links = fetched.document.get("links")
    for link in links if isinstance(links, list) else ():
        target = link.get("href") if isinstance(link, dict) else None
        if isinstance(target, str) and target.startswith(f"{base_url}/"):
            return True
    return False


async def clock(client: Client, peers: list[str]) -> Finding:
    """Whether the clock agrees with that of a peer: signatures carry the time."""
    for origin in peers:
        try:
            fetched = await client.get_json(f"{origin}/.well-known/nodeinfo", NODEINFO)
            theirs = parsedate_to_datetime(fetched.headers["date"])
        except (FederationError, KeyError, ValueError):
            continue
        ahead = datetime.now(UTC) - theirs.replace(tzinfo=UTC)  # HTTP dates are in GMT always
        if abs(ahead) > CLOCK_TOLERANCE:
            minutes = ahead / timedelta(minutes=1)
            return _fault("clock", f"It is {minutes:+.0f} minutes off, compared with {origin}.")
        return _ok("clock", f"It agrees with that of {origin}.")
    return _unknown("clock", "No peer could be asked for the time.")
