"""What becomes of every recorded ActivityPub document of other software.

`outcome_table()` reads each as the inbox would (strict JSON, contexts, parsing) and says whether it
was understood, ignored or refused; `format_counts` makes a table of it by software.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from protocols.activitypub.contexts import compact, is_plain
from protocols.activitypub.parsing import parse_collection, parse_document
from protocols.activitypub.parsing_types import collection_type
from protocols.activitypub.vocabulary import (
    Activity,
    ActivityObject,
    ActivityType,
    Collection,
    Document,
    Reference,
    Tombstone,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, load_object

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "activitypub"

Outcome = Literal["understood", "ignored", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recorded document and what became of it.

    `expected` is the type chain of the manifest, where it names the file; `found` the chain that
    was read ("Announce/Create/Page"), `reason` the status and sentence of a refusal.
    """

    software: str
    path: str
    expected: str | None
    outcome: Outcome
    found: str | None = None
    reason: str | None = None


def outcome_table() -> list[Row]:
    """A row for each JSON document below the fixtures, in the order of their paths."""
    expected = manifest_chains()
    return [
        _row(path, raw, expected.get(path)) for path, raw in documents() if _is_document(path, raw)
    ]


def format_counts(rows: Iterable[Row]) -> str:
    """Understood, ignored and refused by software, as lines of text."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.software, Counter())[row.outcome] += 1
    lines = [f"{'software':14} {'understood':>10} {'ignored':>8} {'refused':>8}"]
    for software, found in sorted(counts.items()):
        lines.append(
            f"{software:14} {found['understood']:10} {found['ignored']:8} {found['refused']:8}"
        )
    return "\n".join(lines)


def manifest_chains() -> dict[str, str]:
    """The type chain that the manifest gives for a file, by path."""
    chains: dict[str, str] = {}
    for line in (FIXTURES / "MANIFEST.md").read_text("utf-8").splitlines():
        parts = line.removeprefix("- ").split(" | ")
        if line.startswith("- ") and len(parts) == 4:
            chains[parts[0]] = parts[2]
    return chains


def documents() -> Iterator[tuple[str, bytes]]:
    """Path and body of each recorded document; placeholders of mbin/ are filled in."""
    for path in sorted(FIXTURES.rglob("*")):
        name = path.relative_to(FIXTURES).as_posix()
        if path.suffix == ".json":
            yield name, _filled(path.read_bytes())
        elif path.suffix == ".txt":
            yield name, path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def _filled(raw: bytes) -> bytes:
    if b'"response"' in raw[-400:] and b'"body"' in raw:
        recorded = json.loads(raw)
        return str(recorded["body"]).encode()
    return raw.replace(b'"SCRUBBED_ID"', b'"https://kbin.test/f/object/1"').replace(
        b"SCRUBBED_DATE", b"2024-05-01T00:00:00+00:00"
    )


def _is_document(path: str, raw: bytes) -> bool:
    """Whether it is JSON at all: one raw HTTP answer has an empty body."""
    return raw.lstrip().startswith(b"{") and not path.endswith(".rdf")


def software_of(path: str) -> str:
    """Whose document it is: the folder, or the one below for Lemmy's collection of others."""
    parts = path.split("/")
    return parts[1] if parts[0] == "lemmy-assets" else parts[0].removesuffix("-docs")


def read(raw: bytes) -> Document | Collection:
    """The document as the inbox or a fetch would read it.

    Raises:
        RemoteProtocolError: as those it calls do.
    """
    found: JsonObject = load_object(raw)
    if not is_plain(found):
        found = compact(found)
    return parse_collection(found) if collection_type(found) else parse_document(found)


def _row(path: str, raw: bytes, expected: str | None) -> Row:
    software = software_of(path)
    try:
        found = read(raw)
    except RemoteProtocolError as error:
        return Row(
            software=software,
            path=path,
            expected=expected,
            outcome="refused",
            reason=f"{error.status_hint} {error}",
        )
    return Row(
        software=software,
        path=path,
        expected=expected,
        outcome="ignored" if _is_ignored(found) else "understood",
        found=chain_of(found),
    )


def _is_ignored(found: Document | Collection) -> bool:
    """Whether no handler would do anything: an unknown activity, or one about unknown things."""
    if not isinstance(found, Activity):
        return False
    if found.type is ActivityType.OTHER:
        return True
    if found.type in (ActivityType.CREATE, ActivityType.UPDATE):
        return isinstance(found.object, Reference)
    return isinstance(found.object, Activity) and _is_ignored(found.object)


def chain_of(found: ActivityObject | Collection) -> str:
    """The types from the outside inwards, as the manifest writes them."""
    match found:
        case Activity(objects=()):
            return f"{found.type_name}/None"
        case Activity(objects=(only,)):
            return f"{found.type_name}/{chain_of(only)}"
        case Activity():
            return f"{found.type_name}/[{','.join(chain_of(item) for item in found.objects)}]"
        case Reference():
            return found.type or "IRI"
        case Tombstone():
            return "Tombstone"
        case Collection():
            return found.type
        case _:
            return found.type.value
