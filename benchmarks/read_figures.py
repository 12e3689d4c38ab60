"""Reading by the client API: a home of 200 communities, a thread of 1,000 comments (G8, G9)."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.activities import Sent
from benchmarks.generator import Result
from benchmarks.processes import Child, NodeChild, free_port
from benchmarks.scene import Scene
from benchmarks.table import Bound, Row, median, percentile
from benchmarks.town import COMMENTS, TOKEN, Town, found_town

PAGE = 40
HOME_CONNECTIONS, THREAD_CONNECTIONS = 8, 4
_WARM = 20


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
    raw = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Accept: application/json\r\n\r\n"
    )
    return [Sent(raw=raw.encode(), kind="GET", activity=path, effect="")] * count


def _read(scene: Scene, path: str, port: int, count: int, connections: int) -> Result:
    scene.send(_requests(path, port, _WARM), port, connections=connections)
    result = scene.send(_requests(path, port, count), port, connections=connections)
    if result.accepted != count:
        raise RuntimeError(f"{count - result.accepted} of {count} requests were refused")
    return result


def _rate(result: Result) -> float:
    return result.accepted / result.seconds


def _home(scene: Scene, town: Town, bare_port: int, size: int) -> Row:
    count = scene.sizes.pages
    shares, rates, bare_rates, spreads, middles = [], [], [], [], []
    for turn in range(scene.sizes.runs):
        scene.tell(f"G8: run {turn + 1} of {scene.sizes.runs}")
        bare = _read(scene, town.home, bare_port, count, HOME_CONNECTIONS)
        own = _read(scene, town.home, town.facts.port, count, HOME_CONNECTIONS)
        middle = percentile(own.latencies_ms, 0.5)
        shares.append(_rate(own) / _rate(bare))
        rates.append(_rate(own))
        bare_rates.append(_rate(bare))
        middles.append(middle)
        spreads.append(percentile(own.latencies_ms, 0.99) / middle)
    return Row(
        id="G8",
        workload=f"home timeline of 200 communities, a page of {PAGE} statuses, pages a second"
        " over those of a bare handler that serves the same bytes",
        value=median(shares),
        must=0.07,
        stretch=0.15,
        runs=tuple(shares),
        note=f"{median(rates):.0f}/s over {median(bare_rates):.0f}/s, {size / 1e3:.0f} kB a page;"
        f" p50 {median(middles):.1f} ms, p99 over p50 {median(spreads):.1f}"
        f" (at most 8, stretch 4) at {HOME_CONNECTIONS} connections",
    )


def _thread(scene: Scene, town: Town, size: int) -> Row:
    count = max(scene.sizes.pages // 20, THREAD_CONNECTIONS)
    rates, middles, worst = [], [], []
    for turn in range(scene.sizes.runs):
        scene.tell(f"G9: run {turn + 1} of {scene.sizes.runs}")
        found = _read(scene, town.thread, town.facts.port, count, THREAD_CONNECTIONS)
        rates.append(_rate(found))
        middles.append(percentile(found.latencies_ms, 0.5))
        worst.append(percentile(found.latencies_ms, 0.99))
    return Row(
        id="G9",
        workload=f"thread of {COMMENTS:,} comments as JSON, requests a second",
        value=median(rates),
        unit="/s",
        must=25,
        stretch=90,
        runs=tuple(rates),
        note=f"{size / 1e6:.1f} MB; p50 {median(middles):.0f} ms, p99 {median(worst):.0f} ms"
        f" at {THREAD_CONNECTIONS} connections",
    )
