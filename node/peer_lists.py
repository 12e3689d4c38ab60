"""Lists of decisions about peers, as servers give them to each other: read and written. Pure.

Read are Mastodon's CSV of domain blocks (its columns in any order, with or without "#" before
their names) and plain lists with one host a line. Written is that CSV.

Spec: Mastodon app/models/form/import and admin/export_domain_blocks (#domain, #severity,
#public_comment).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocols.errors import RemoteProtocolError
from protocols.webfinger import parse_host
from storage.peers import Peer, PeerPolicy

SEVERITIES = {
    "suspend": PeerPolicy.BLOCK,
    "block": PeerPolicy.BLOCK,
    "silence": PeerPolicy.LIMIT,
    "limit": PeerPolicy.LIMIT,
    "allow": PeerPolicy.ALLOW,
}
_NOTHING = frozenset({"noop", "none"})
_COLUMNS = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment")
_WORDS = {PeerPolicy.BLOCK: "suspend", PeerPolicy.LIMIT: "silence", PeerPolicy.ALLOW: "allow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a list says of one host."""

    host: str
    policy: PeerPolicy
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerList:
    """What a list says: its decisions, one for each host, and the lines that say nothing usable.

    `masked` are hosts written with asterisks, so that nobody can act on them; `without_effect`
    those that the list names without asking for anything this node does.
    """

    decisions: tuple[Decision, ...]
    unreadable: tuple[str, ...] = ()
    masked: int = 0
    without_effect: int = 0


def read_list(text: str, default: PeerPolicy) -> PeerList:
    """The decisions in a list; `default` is meant where it names no severity."""
    rows = _rows(text.lstrip("\ufeff"))
    columns = _columns(rows[0]) if rows else {}
    if columns:
        rows = rows[1:]
    found: dict[str, Decision] = {}
    unreadable: list[str] = []
    masked = without_effect = 0
    for row in rows:
        if not columns and row[0].lstrip().startswith("#"):
            continue
        named = _cell(row, columns.get("domain", 0))
        policy = _policy(_cell(row, columns.get("severity")), default)
        if "*" in named.removeprefix("*."):
            masked += 1
        elif policy is None:
            without_effect += 1
        elif (host := _host(named)) is None:
            unreadable.append(named)
        else:
            reason = _cell(row, columns.get("public_comment"))
            found.setdefault(host, Decision(host=host, policy=policy, reason=reason))
    return PeerList(
        decisions=tuple(found.values()),
        unreadable=tuple(unreadable),
        masked=masked,
        without_effect=without_effect,
    )


def write_list(peers: Iterable[Peer]) -> str:
    """The CSV of what was decided about these peers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for peer in sorted(peers, key=lambda one: one.origin):
        word = _WORDS.get(peer.policy)
        if word is not None:
            host = peer.origin.partition("://")[2] or peer.origin
            writer.writerow((host, word, "FALSE", "FALSE", peer.reason))
    return out.getvalue()


def _rows(text: str) -> list[list[str]]:
    """The rows that hold anything; what is no CSV at all is taken line by line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return [row for row in csv.reader(io.StringIO(lines)) if any(row)]
    except csv.Error:
        return [[line] for line in lines.split("\n") if line]


def _columns(head: Sequence[str]) -> dict[str, int]:
    """Where each column is; empty when the first row is no head but a host."""
    names = {name.strip().lstrip("#").strip().lower(): at for at, name in enumerate(head)}
    if "domain" in names:
        return names
    return {}


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _policy(severity: str, default: PeerPolicy) -> PeerPolicy | None:
    """What a severity asks for; None when that is nothing that this node does."""
    word = severity.lower()
    if not word:
        return default
    return None if word in _NOTHING else SEVERITIES.get(word)


def _host(words: str) -> str | None:
    bare = words.partition("://")[2] or words
    try:
        return parse_host(bare.partition("/")[0].removeprefix("*."))
    except RemoteProtocolError:
        return None
