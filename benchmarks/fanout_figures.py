"""Sending: how fast to a thousand peers, and how little the sick delay the healthy (G5, G6)."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.bounds import rsa_signatures
from benchmarks.fanout import Spread, Stage, badly_signed, found_with_followers, staged
from benchmarks.fleet import Modes
from benchmarks.scene import Scene
from benchmarks.table import Bound, Row, median, percentile
from benchmarks.village import Facts, FakePeers

KNOWN = "lemmy"
"""What NodeInfo of the known peers says: groupware gets one Announce of each activity."""
WARM_UP = 3
"""Fan-outs before those that count: connections stand then, as on a node that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fanned:
    """Fan-outs to peers of one kind, after those that warm up."""

    spreads: tuple[Spread, ...]
    bad_signatures: int

    @property
    def rates(self) -> tuple[float, ...]:
        """Deliveries a second of each."""
        return tuple(spread.rate for spread in self.spreads)


def fanout(scene: Scene) -> tuple[list[Row], list[Bound]]:
    """G5: to peers known as groupware (one delivery each), and to unknown ones (two)."""
    sign_before, _verify = rsa_signatures()
    known = _fan(scene, KNOWN)
    unknown = _fan(scene, None)
    sign_after, _verify = rsa_signatures()
    sign = (sign_before + sign_after) / 2
    ratios = tuple(rate / sign for rate in known.rates)
    cpu = [spread.cpu_seconds / len(spread.arrivals) * 1e3 for spread in known.spreads]
    row = Row(
        id="G5",
        workload=f"fan-out to {scene.sizes.hosts:,} inbox hosts, deliveries a second over"
        " signatures a second of openssl speed -multi 2 rsa2048",
        value=median(ratios),
        must=0.30,
        stretch=0.55,
        runs=ratios,
        note=f"peers known as groupware: {median(known.rates):.0f}/s at {median(cpu):.2f} ms CPU;"
        f" unknown ones (Announce and twin, two deliveries each): {median(unknown.rates):.0f}/s,"
        f" {median(unknown.rates) / sign:.2f}; openssl {sign_before:.0f} before and"
        f" {sign_after:.0f} after; {known.bad_signatures + unknown.bad_signatures} bad signatures",
    )
    return [row], [Bound(name="openssl around G5", text=f"{sign:.0f} signatures/s")]


def _fan(scene: Scene, software: str | None) -> Fanned:
    peers = scene.peers(scene.sizes.hosts)
    facts = found_with_followers(scene, f"fan-{software}", peers, software)
    spreads: list[Spread] = []
    with staged(scene, facts, peers, software) as stage:
        for _ in range(WARM_UP):
            stage.spread()
        for turn in range(scene.sizes.runs):
            scene.tell(f"G5, {software or 'unknown'} peers: run {turn + 1} of {scene.sizes.runs}")
            spreads.append(_whole(stage))
        bad = badly_signed(facts, spreads[-1].arrivals)
    scene.drop(facts)
    return Fanned(spreads=tuple(spreads), bad_signatures=bad)


def _whole(stage: Stage) -> Spread:
    """A fan-out that reached everyone.

    Raises:
        RuntimeError: it did not.
    """
    spread = stage.spread()
    wanted = stage.peers.hosts * stage.copies
    if len(spread.arrivals) != wanted:
        raise RuntimeError(f"{len(spread.arrivals)} deliveries instead of {wanted}")
    return spread


def sick_peers(scene: Scene) -> list[Row]:
    """G6: the p99 of healthy hosts when others are dead, slow or hanging, over all healthy."""
    peers = scene.peers(scene.sizes.hosts)
    template = found_with_followers(scene, "sick", peers, KNOWN)
    tenth = list(range(0, peers.hosts, 10))
    quarter = list(range(0, peers.hosts, 4))
    variants: Mapping[str, tuple[Modes, list[int]]] = {
        "all healthy": (Modes(), []),
        "10 % dead": (Modes(dead=tenth), tenth),
        "10 % slow (10 s)": (Modes(slow=tenth), tenth),
        "10 % hanging": (Modes(hanging=tenth), tenth),
        "25 % dead": (Modes(dead=quarter), quarter),
    }
    tails: dict[str, list[float]] = {name: [] for name in variants}
    missed = 0
    for turn in range(scene.sizes.runs):
        for name, (modes, sick) in variants.items():
            scene.tell(f"G6, {name}: run {turn + 1} of {scene.sizes.runs}")
            healthy = sorted(set(range(peers.hosts)) - set(sick))
            spread = _with_sick(scene, template, peers, modes, len(healthy))
            missed += len(set(healthy) - spread.hosts)
            tails[name].append(percentile(spread.delays_ms(healthy), 0.99))
    scene.drop(template)
    return [_sick_row(tails, missed)]


def _with_sick(
    scene: Scene, template: Facts, peers: FakePeers, modes: Modes, healthy: int
) -> Spread:
    """A fan-out of a fresh node of which some peers fell ill after the first one."""
    facts = scene.copy(template, "sick-run")
    with staged(scene, facts, peers, KNOWN) as stage:
        stage.spread()
        stage.fleet.behave(modes)
        spread = stage.spread(healthy + len(modes.slow) + len(modes.hanging))
        stage.node.kill()
    scene.drop(facts)
    return spread


def _sick_row(tails: Mapping[str, list[float]], missed: int) -> Row:
    healthy = median(tails["all healthy"])
    ratios = {name: median(found) / healthy for name, found in tails.items()}
    worst = max(list(ratios)[1:], key=ratios.__getitem__)
    each = ", ".join(f"{name} {median(tails[name]):.0f} ms ({ratios[name]:.2f})" for name in tails)
    return Row(
        id="G6",
        workload="p99 of healthy hosts with dead, slow or hanging ones beside them, over all"
        " healthy; the worst variant",
        value=ratios[worst],
        must=1.5,
        stretch=1.1,
        sense="at most",
        note=f"{each}; {missed} healthy hosts not reached",
    )
