"""One peer far away: how much gets through at 150 ms a round trip, and in which order (G14)."""

import itertools
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from benchmarks.activities import Writer
from benchmarks.fanout import found_with_followers, staged
from benchmarks.fanout_figures import KNOWN
from benchmarks.fleet import Arrival, Modes
from benchmarks.scene import Scene
from benchmarks.table import Row

ROUND_TRIP = 0.15
THREADS = 24
"""The activities are comments in so many threads; those of one thread must go in order."""


class _Object(msgspec.Struct, rename="camel"):
    id: str
    in_reply_to: str = ""


class _Create(msgspec.Struct):
    object: _Object


class _Announce(msgspec.Struct):
    object: _Create


def far_peer(scene: Scene) -> list[Row]:
    """G14: the host answers each request 150 ms after it came; connecting costs nothing here."""
    count = scene.sizes.far
    peers = scene.peers(1)
    facts = found_with_followers(scene, "far", peers, KNOWN)
    scene.tell("G14: one far peer")
    with staged(scene, facts, peers, KNOWN) as stage:
        writer = Writer(peers=peers, facts=facts, tag="far")
        pages = [writer.create(0, number, None, page=True) for number in range(THREADS)]
        scene.send(pages, facts.port, connections=1)
        stage.fleet.wait(lambda status: status.posts >= THREADS, 5)
        stage.fleet.reset()
        stage.fleet.behave(Modes(slow=[0], seconds=ROUND_TRIP))
        comments = [
            writer.create(0, THREADS + number, pages[number % THREADS].effect)
            for number in range(count)
        ]
        scene.send(comments, facts.port, connections=1)
        stage.fleet.wait(lambda status: status.posts >= count, 10)
        arrivals = stage.fleet.arrivals(scene.folder)
    scene.drop(facts)
    return [_far_row(arrivals, count)]


def _far_row(arrivals: Sequence[Arrival], count: int) -> Row:
    seconds = arrivals[-1].at - arrivals[0].at
    disorder, overlaps = _out_of_order(arrivals)
    return Row(
        id="G14",
        workload="activities to one host at a round trip of 150 ms, in 1 / RTT",
        value=(len(arrivals) - 1) / seconds * ROUND_TRIP,
        unit="/ RTT",
        must=6,
        stretch=16,
        note=f"{len(arrivals)} of {count} arrived in {seconds:.1f} s; {disorder} came out of the"
        f" order of their thread, {overlaps} before the one ahead of them was answered",
    )


def _out_of_order(arrivals: Sequence[Arrival]) -> tuple[int, int]:
    """How many came after a later one of their thread, or while one of it was under way."""
    by_thread: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for arrival in arrivals:
        comment = msgspec.json.decode(arrival.body, type=_Announce).object.object
        number = int(comment.id.rpartition("-")[2])
        by_thread[comment.in_reply_to].append((arrival.at, number))
    disorder = overlaps = 0
    for sent in by_thread.values():
        for (at, number), (next_at, next_number) in itertools.pairwise(sent):
            disorder += next_number < number
            overlaps += next_at - at < ROUND_TRIP * 0.98
    return disorder, overlaps
