"""What SIGKILL costs: nothing that was answered, no effect twice, no follower missed (G2, G7)."""

import random
from collections.abc import Sequence

from benchmarks.activities import Writer, mixed
from benchmarks.fanout import found_with_followers
from benchmarks.fanout_figures import KNOWN
from benchmarks.inbox_figures import HOSTS, PEOPLE, POSTS
from benchmarks.killing import Account, Survivor
from benchmarks.peers_child import FleetChild
from benchmarks.processes import NodeChild
from benchmarks.scene import Scene
from benchmarks.table import Row
from benchmarks.village import Plan

AT = 0.2
"""At which share of a fan-out the node is killed."""


def losses(scene: Scene) -> list[Row]:
    """G2 and G7."""
    chance = random.Random()
    count = scene.sizes.killed
    scene.tell("G2: SIGKILL at the last 2xx")
    last = _burst(scene, "kill-last", count, chance)
    scene.tell("G7: SIGKILL in the middle of a burst")
    middle = _burst(scene, "kill-middle", chance.randint(count // 10, count * 9 // 10), chance)
    scene.tell("G7: SIGKILL at 20 % of a fan-out")
    fanout = _fanout(scene)
    return [_answered_row(last), _killed_row((last, middle, fanout), fanout)]


def _burst(scene: Scene, name: str, after: int, chance: random.Random) -> Account:
    peers = scene.peers(HOSTS, PEOPLE)
    facts = scene.found(name, Plan(peers=peers, posts=POSTS))
    requests = mixed(Writer(peers=peers, facts=facts, tag=name), scene.sizes.killed, facts.posts)
    survivor = Survivor(scene=scene, facts=facts, node=NodeChild(facts))
    try:
        survivor.burst(requests, after, chance)
        survivor.drain()
        account = survivor.account()
    finally:
        survivor.stop()
    scene.drop(facts)
    return account


def _fanout(scene: Scene) -> Account:
    peers = scene.peers(scene.sizes.hosts)
    facts = found_with_followers(scene, "kill-fanout", peers, KNOWN)
    writer = Writer(peers=peers, facts=facts, tag="kill")
    with FleetChild(peers, KNOWN) as fleet:
        survivor = Survivor(scene=scene, facts=facts, node=NodeChild(facts), fleet=fleet)
        try:
            survivor.spread([writer.create(0, 0, None, page=True)], int(peers.hosts * AT))
            survivor.drain()
            account = survivor.account(peers.hosts)
        finally:
            survivor.stop()
    scene.drop(facts)
    return account


def _answered_row(last: Account) -> Row:
    return Row(
        id="G2",
        workload="answered 2xx and missing after SIGKILL at the last answer",
        value=last.lost,
        must=0,
        stretch=0,
        sense="at most",
        note=f"{last.accepted} were answered 2xx",
    )


def _killed_row(accounts: Sequence[Account], fanout: Account) -> Row:
    doubled = [sentence for account in accounts for sentence in account.doubled]
    return Row(
        id="G7",
        workload="SIGKILL at the last 2xx, within a burst and at 20 % of a fan-out: lost, missed"
        " and doubled",
        value=sum(account.faults for account in accounts),
        must=0,
        stretch=0,
        sense="at most",
        note=f"{sum(account.accepted for account in accounts)} accepted,"
        f" {sum(account.lost for account in accounts)} lost, doubled: {doubled or 'nothing'};"
        f" fan-out: {fanout.missed} followers missed, {fanout.announced_twice} told twice under two"
        f" ids, {fanout.repeats} deliveries repeated under the same id",
    )
