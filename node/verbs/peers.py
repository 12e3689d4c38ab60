"""What the verbs of `noaber peer` do."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from communities.errors import Invalid, NotFound
from node.peer_lists import Decision, PeerList, read_list, write_list
from node.verbs import operator_forms as forms
from node.verbs.answers import Answer, said, table
from node.verbs.desk import Desk
from protocols.activitypub.parsing_origins import is_web_url, origin
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue
from protocols.webfinger import parse_host
from storage.peers import Peer, PeerPolicy
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork

STEP = 200
"""How many decisions of a list are one unit."""
SHOWN = 20
_SEVERITY = {PeerPolicy.NONE: 0, PeerPolicy.ALLOW: 0, PeerPolicy.LIMIT: 1, PeerPolicy.BLOCK: 2}


async def show_all(desk: Desk, form: forms.ListPeers) -> Answer:
    """The peers."""
    facts = await desk.node.storage.read(_peers, form)
    if not facts:
        return Answer(lines=["no such peer"], data={"peers": []})
    head = ("peer", "software", "policy", "failures", "waiting", "next try")
    lines = table(head, [[one[column] for column in head] for one in facts])
    return Answer(lines=lines, data={"peers": [*facts]})


def _peers(uow: UnitOfWork, form: forms.ListPeers) -> list[JsonObject]:
    waiting = {peer: count for peer, count, _since in uow.deliveries.waiting_by_peer(10_000)}
    found: list[Peer] = []
    while page := uow.peers.page(found[-1].origin if found else ""):
        found.extend(page)
    return [
        _facts(peer, waiting.get(peer.origin, 0))
        for peer in found
        if not (form.decided and peer.policy is PeerPolicy.NONE)
        and not (form.failing and not peer.failures)
    ]


def _facts(peer: Peer, waiting: int) -> JsonObject:
    return {
        "peer": peer.origin,
        "software": f"{peer.software or 'unknown'} {peer.version or ''}".strip(),
        "policy": peer.policy.value,
        "reason": peer.reason,
        "known since": _time(peer.first_seen_at),
        "last answer": _time(peer.last_success_at),
        "failures": peer.failures,
        "next try": _time(peer.next_try_at),
        "last error": peer.last_error,
        "waiting": waiting,
    }


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(" ", "minutes")


async def show(desk: Desk, form: forms.ShowPeer) -> Answer:
    """One peer."""
    facts = await desk.node.storage.read(_one, desk, form.host)
    return Answer(lines=[f"{name}: {value or '-'}" for name, value in facts.items()], data=facts)


def _one(uow: UnitOfWork, desk: Desk, words: str) -> JsonObject:
    peer = uow.peers.get(_origin(uow, desk, words))
    if peer is None:
        raise NotFound(f"this node has not met {words}")
    facts = _facts(peer, 0)
    for name, count, since_ms in uow.deliveries.waiting_by_peer(10_000):
        if name == peer.origin:
            facts.update({"waiting": count, "waiting since": _time(from_ms(since_ms))})
    return facts


async def block(desk: Desk, form: forms.BlockPeer) -> Answer:
    """Neither listen nor talk to a peer."""
    return await _decide(desk, form.host, PeerPolicy.BLOCK, form.reason)


async def limit(desk: Desk, form: forms.LimitPeer) -> Answer:
    """Keep what comes from a peer out of public lists."""
    return await _decide(desk, form.host, PeerPolicy.LIMIT, form.reason)


async def allow(desk: Desk, form: forms.AllowPeer) -> Answer:
    """Talk with a peer also in allow-list mode."""
    return await _decide(desk, form.host, PeerPolicy.ALLOW, form.reason)


async def clear(desk: Desk, form: forms.ClearPeer) -> Answer:
    """Forget what was decided about a peer."""
    return await _decide(desk, form.host, PeerPolicy.NONE, "")


_WORDS = {
    PeerPolicy.BLOCK: "blocked",
    PeerPolicy.LIMIT: "limited",
    PeerPolicy.ALLOW: "allowed",
    PeerPolicy.NONE: "neither blocked nor limited nor allowed",
}


async def _decide(desk: Desk, words: str, policy: PeerPolicy, reason: str) -> Answer:
    peer = await desk.node.storage.read(_origin, desk, words)
    if peer == desk.node.uris.base:
        raise Invalid("host", "that is this node itself")
    await desk.acting.run(_decide_one, peer, policy, reason, desk.acting.now())
    await desk.node.policies.load(desk.node.storage)
    return said(f"{peer} is {_WORDS[policy]}", peer=peer, policy=policy.value)


def _decide_one(uow: UnitOfWork, peer: str, policy: PeerPolicy, reason: str, at: datetime) -> None:
    uow.peers.decide(peer, policy, reason=reason, at=at)


def _origin(uow: UnitOfWork, desk: Desk, words: str) -> str:
    """The origin that a host or URL stands for; that of a known peer where there is one."""
    if is_web_url(words):
        return origin(words)
    try:
        host = parse_host(words.strip().removeprefix("*.").rstrip("."))
    except RemoteProtocolError:
        raise Invalid("host", f"{words} is not the name of a host") from None
    for scheme in ("https", "http"):
        if uow.peers.get(f"{scheme}://{host}") is not None:
            return f"{scheme}://{host}"
    return f"{desk.node.uris.base.partition('://')[0]}://{host}"


async def import_list(desk: Desk, form: forms.ImportPeers) -> Answer:
    """Take over a list of decisions, or show what it would change."""
    read = read_list(form.source, PeerPolicy(form.policy))
    if not read.decisions and read.unreadable:
        raise Invalid("list", "this is neither a CSV of domain blocks nor a list of hosts")
    before = await desk.node.storage.read(_decided, desk, read.decisions)
    new = [
        (peer, decision)
        for (peer, policy), decision in zip(before, read.decisions, strict=True)
        if _SEVERITY[decision.policy] > _SEVERITY[policy]
        or (decision.policy is PeerPolicy.ALLOW and policy is PeerPolicy.NONE)
    ]
    if form.yes:
        for start in range(0, len(new), STEP):
            part = new[start : start + STEP]
            await desk.acting.run(_decide_all, part, desk.acting.now())
        await desk.node.policies.load(desk.node.storage)
    return _told(read, new, done=form.yes)


def _decided(
    uow: UnitOfWork, desk: Desk, decisions: Sequence[Decision]
) -> list[tuple[str, PeerPolicy]]:
    """For each decision the origin it is about, and what holds for it now."""
    found = []
    for decision in decisions:
        name = _origin(uow, desk, decision.host)
        peer = uow.peers.get(name)
        found.append((name, PeerPolicy.NONE if peer is None else peer.policy))
    return found


def _decide_all(uow: UnitOfWork, decisions: Sequence[tuple[str, Decision]], at: datetime) -> None:
    for peer, decision in decisions:
        uow.peers.decide(peer, decision.policy, reason=decision.reason, at=at)


def _told(read: PeerList, new: Sequence[tuple[str, Decision]], *, done: bool) -> Answer:
    counts = Counter(decision.policy for _peer, decision in new)
    asked = f"{counts[PeerPolicy.BLOCK]} to block, {counts[PeerPolicy.LIMIT]} to limit"
    lines = [
        f"the list names {len(read.decisions)} servers: {asked},"
        f" {counts[PeerPolicy.ALLOW]} to allow; {len(read.decisions) - len(new)} stand so already"
        " or are treated more severely",
    ]
    lines += [f"  {decision.policy.value}  {peer}" for peer, decision in new[:SHOWN]]
    if len(new) > SHOWN:
        lines.append(f"  ... and {len(new) - SHOWN} more")
    if read.masked or read.without_effect or read.unreadable:
        lines.append(
            f"left out: {read.masked} masked, {read.without_effect} without effect here,"
            f" {len(read.unreadable)} unreadable {', '.join(read.unreadable[:5])}".rstrip()
        )
    lines.append("changed." if done else "nothing is changed yet: say --yes to do it")
    changes: list[JsonValue] = [
        {"peer": peer, "policy": decision.policy.value} for peer, decision in new
    ]
    return Answer(
        lines=lines,
        data={
            "changes": changes,
            "named": len(read.decisions),
            "masked": read.masked,
            "without_effect": read.without_effect,
            "unreadable": [*read.unreadable],
            "done": done,
        },
    )


async def export(desk: Desk, _form: forms.ExportPeers) -> Answer:
    """What was decided, as a CSV."""
    text = write_list(await desk.node.storage.read(_all_decided))
    return Answer(lines=text.splitlines(), data={"csv": text})


def _all_decided(uow: UnitOfWork) -> list[Peer]:
    return uow.peers.decided()


async def retry(desk: Desk, form: forms.RetryPeer) -> Answer:
    """Deliver now what waits for a peer."""
    peer = await desk.acting.run(_wake, desk, form.host, desk.acting.now())
    desk.node.deliverer.peer_spoke(peer)
    return said(f"what waits for {peer} is tried again now", peer=peer)


def _wake(uow: UnitOfWork, desk: Desk, words: str, at: datetime) -> str:
    peer = uow.peers.get(_origin(uow, desk, words))
    if peer is None:
        raise NotFound(f"this node has not met {words}")
    if peer.failures:
        uow.peers.note_failure(
            peer.origin, failures=peer.failures, next_try_at=at, error=peer.last_error or ""
        )
    return peer.origin
