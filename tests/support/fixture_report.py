"""What becomes of every recorded document of other software, as a page of the documentation.

python -m tests.support.fixture_report > docs/conformance-fixtures.md
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from protocols.activitypub.vocabulary import Activity
from protocols.errors import ProtocolError
from storage import schema
from storage.engine import make_engine
from storage.store import Storage
from tests.support import fixture_outcomes
from tests.support.fixture_play import Played, play, prepared

_INTRODUCTION = """\
# Recorded documents

What becomes of every document of other software that was recorded in `../shared/fixtures`. An
activity comes in through the inbox, in a world in which it makes sense: the group to which it was
sent is ours, what it likes or deletes is here, its actors and what it embeds are served by their
own servers. Any other document is read as if it had been fetched.

Understood: it took effect, or was read. Ignored: answered with 202, and nothing happened. Refused:
answered with an error, and nothing was kept.

This page is written by `python -m tests.support.fixture_report`; a test compares it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One recorded document: whose it is, what it is, and what became of it."""

    software: str
    path: str
    kind: str
    outcome: str
    reason: str = ""


async def findings(storage: Storage) -> list[Finding]:
    """A finding for each recorded document, in the order of their paths."""
    bodies = dict(fixture_outcomes.documents())
    return [
        await _finding(storage, row, bodies[row.path]) for row in fixture_outcomes.outcome_table()
    ]


async def _finding(storage: Storage, row: fixture_outcomes.Row, raw: bytes) -> Finding:
    if row.outcome != "refused" and isinstance(fixture_outcomes.read(raw), Activity):
        outcome, reason = await _played(storage, row.path, raw)
    else:
        outcome, reason = row.outcome, row.reason or ""
    return Finding(
        software=row.software,
        path=row.path,
        kind=row.found or "",
        outcome=outcome,
        reason=reason,
    )


async def _played(storage: Storage, path: str, raw: bytes) -> tuple[str, str]:
    try:
        await storage.write(play, prepared(path, raw))
    except Played as played:
        return played.outcome, played.reason
    except ProtocolError as error:
        return "refused", str(error)
    raise AssertionError("a play always ends with what became of it")


def render(found: Iterable[Finding]) -> str:
    """The page."""
    rows = list(found)
    return "\n".join([_INTRODUCTION, *_table(rows), "", *_reasons(rows), ""])


def _table(rows: list[Finding]) -> list[str]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.software, Counter())[row.outcome] += 1
    lines = ["| software | understood | ignored | refused |", "|---|---:|---:|---:|"]
    for software, count in sorted(counts.items()):
        figures = " | ".join(str(count[word]) for word in ("understood", "ignored", "refused"))
        lines.append(f"| {software} | {figures} |")
    total = Counter(row.outcome for row in rows)
    figures = " | ".join(f"**{total[word]}**" for word in ("understood", "ignored", "refused"))
    return [*lines, f"| **all** | {figures} |"]


def _reasons(rows: list[Finding]) -> list[str]:
    """Why documents were ignored or refused: each reason once for each software, with one file."""
    grouped: dict[tuple[str, str, str], list[Finding]] = {}
    for row in rows:
        if row.outcome != "understood":
            grouped.setdefault((row.software, row.outcome, row.reason), []).append(row)
    lines = [
        "## Why",
        "",
        "| software | outcome | documents | for example | reason |",
        "|---|---|---:|---|---|",
    ]
    for (software, outcome, reason), alike in sorted(grouped.items()):
        example = f"`{alike[0].path}`" + (f" ({alike[0].kind})" if alike[0].kind else "")
        lines.append(f"| {software} | {outcome} | {len(alike)} | {example} | {reason} |")
    return lines


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'report.db'}")
        schema.prepare(engine, snapshot_dir=None)
        storage = Storage(engine, threads=False, durable=False)
        sys.stdout.write(render(await findings(storage)))
        await storage.close()


if __name__ == "__main__":
    asyncio.run(_write())
