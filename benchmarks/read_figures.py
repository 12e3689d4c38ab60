"""Reading by the client API: a home of 200 communities, a thread of 1,000 comments (G8, G9)."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.activities import Sent
from benchmarks.processes import Child, NodeChild, free_port
from benchmarks.scene import Scene
from benchmarks.table import Bound, Row, median, percentile
from benchmarks.town import COMMENTS, TOKEN, Town, found_town

PAGE = 40
HOME_CONNECTIONS, THREAD_CONNECTIONS = 8, 4
_WARM = 20
_MADE = 5
"""So many pages are served by the bare handler for one that the node makes."""


def reading(scene: Scene) -> tuple[list[Row], list[Bound]]:
    """G8 and G9 on one node, G8 in turns with a handler that serves the same bytes."""
    folder = scene.folder / "town"
    folder.mkdir()
    scene.tell("G8, G9: founding a town")
    town = found_town(folder, free_port(), scene.sizes.read)
    with NodeChild(town.facts) as node:
        home, thread = body_of(town, town.home), body_of(town, town.thread)
        if (found := len(msgspec.json.decode(home))) != PAGE:
            raise RuntimeError(f"a home timeline of {found} statuses was answered")
        if (found := len(msgspec.json.decode(thread)["descendants"])) != COMMENTS:
            raise RuntimeError(f"a thread of {found} comments was answered")
        with bare_reader(scene.folder / "home.json", home) as bare_port:
            rows = [_home(scene, town, bare_port, len(home)), _thread(scene, town, len(thread))]
        memory = node.rss_mib()
    scene.drop(town.facts)
    return rows, [Bound(name="memory of the node that was read", text=f"{memory:.0f} MiB")]


def body_of(town: Town, path: str) -> bytes:
    """What the node answers to its reader.

    Raises:
        RuntimeError: it refused.
    """
    connection = http.client.HTTPConnection("127.0.0.1", town.facts.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered with {answer.status}: {body[:200]!r}")
    return body


@contextmanager
def bare_reader(file: Path, body: bytes) -> Iterator[int]:
    """The handler that serves these bytes; its port."""
    file.write_bytes(body)
    port = free_port()
    with Child("-m", "benchmarks.bare_reader", str(file), "--port", str(port)) as child:
        child.line()
        yield port


def _requests(path: str, port: int, count: int) -> list[Sent]:
    """Requests of a page, each worded apart: no answer can be given twice."""
    mark = "&" if "?" in path else "?"
    return [
        Sent(
            raw=_request(f"{path}{mark}turn={turn}", port).encode(),
            kind="GET",
            activity=path,
            effect="",
        )
        for turn in range(count)
    ]


def _request(path: str, port: int) -> str:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Accept: application/json\r\n\r\n"
    )


@dataclass(frozen=True, slots=True)
class Reads:
    """How fast pages were answered: a second, and the times of one in milliseconds."""

    rate: float
    middle: float
    worst: float

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.rate:.0f}/s, p50 {self.middle:.1f} ms, p99 {self.worst:.1f} ms"


def _read(scene: Scene, requests: list[Sent], port: int, connections: int) -> Reads:
    """Send them, after a few that do not count.

    Raises:
        RuntimeError: some were refused.
    """
    scene.send(requests[:_WARM], port, connections=connections)
    result = scene.send(requests, port, connections=connections)
    if result.accepted != len(requests):
        raise RuntimeError(f"{len(requests) - result.accepted} requests were refused")
    return Reads(
        rate=result.accepted / result.seconds,
        middle=percentile(result.latencies_ms, 0.5),
        worst=percentile(result.latencies_ms, 0.99),
    )


def _middle_of(runs: list[Reads]) -> Reads:
    """The middle of each figure."""
    return Reads(
        median([run.rate for run in runs]),
        median([run.middle for run in runs]),
        median([run.worst for run in runs]),
    )


def _home(scene: Scene, town: Town, bare_port: int, size: int) -> Row:
    count, port = scene.sizes.pages, town.facts.port
    bare, own = [], []
    for turn in range(scene.sizes.runs):
        scene.tell(f"G8: run {turn + 1} of {scene.sizes.runs}")
        same = _requests(town.home, bare_port, count)
        bare.append(_read(scene, same, bare_port, HOME_CONNECTIONS))
        made = _requests(town.home, port, count // _MADE)
        own.append(_read(scene, made, port, HOME_CONNECTIONS))
    shares = tuple(one.rate / other.rate for one, other in zip(own, bare, strict=True))
    found = _middle_of(own)
    return Row(
        id="G8",
        workload=f"home timeline of 200 communities, a page of {PAGE} statuses, pages a second"
        " over those of a bare handler that serves the same bytes",
        value=median(shares),
        must=0.07,
        stretch=0.15,
        runs=shares,
        note=f"{found.text} (p99 over p50 {found.worst / found.middle:.1f}, at most 8, stretch 4)"
        f" at {HOME_CONNECTIONS} connections; bare {_middle_of(bare).rate:.0f}/s, {size / 1e3:.0f}"
        " kB a page; the node makes each page anew",
    )


def _thread(scene: Scene, town: Town, size: int) -> Row:
    count, port = max(scene.sizes.pages // 10, 2 * _WARM), town.facts.port
    own = []
    for turn in range(scene.sizes.runs):
        scene.tell(f"G9: run {turn + 1} of {scene.sizes.runs}")
        own.append(_read(scene, _requests(town.thread, port, count), port, THREAD_CONNECTIONS))
    found = _middle_of(own)
    return Row(
        id="G9",
        workload=f"thread of {COMMENTS:,} comments as JSON, requests a second",
        value=found.rate,
        unit="/s",
        must=25,
        stretch=90,
        runs=tuple(run.rate for run in own),
        note=f"{found.text} at {THREAD_CONNECTIONS} connections, {size / 1e6:.1f} MB,"
        " made anew for each",
    )
