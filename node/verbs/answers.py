"""What a verb answers: lines for people, and the same as data for machines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import category

from protocols.strict_json import JsonValue

_LONGEST_CELL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`lines` is what a terminal shows, `data` what `--json` prints."""

    lines: Sequence[str]
    data: Mapping[str, JsonValue] = field(default_factory=dict)


def said(sentence: str, **data: JsonValue) -> Answer:
    """An answer of one sentence."""
    return Answer(lines=[sentence], data=data)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows under a head, in columns as wide as what they hold; cells are cut at 60 characters."""
    texts = [[_cell(str(cell)) for cell in row] for row in rows]
    lines = [[title.upper() for title in head], *texts]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def printable(text: str) -> str:
    """The text without control characters: what a peer wrote must not move the cursor."""
    return "".join(
        one if one == "\n" or not category(one).startswith("C") else "\N{REPLACEMENT CHARACTER}"
        for one in text
    )


def _cell(text: str) -> str:
    plain = " ".join(printable(text).split())
    if len(plain) <= _LONGEST_CELL:
        return plain
    return plain[: _LONGEST_CELL - 1] + "\N{HORIZONTAL ELLIPSIS}"
