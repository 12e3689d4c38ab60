"""The table: a row for each figure, with what it must be and where we want to be."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

Sense = Literal["at least", "at most"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of performance.

    Attributes:
        id: "G1".
        workload: what was done.
        value: the figure, a median of `runs` where there are several.
        unit: of the figure and its bars; empty for a ratio.
        must: the bar.
        stretch: where we want to be.
        sense: whether more or less is better.
        note: what stands behind the figure.
        runs: the figures of the single runs.
    """

    id: str
    workload: str
    value: float
    unit: str = ""
    must: float
    stretch: float
    sense: Sense = "at least"
    note: str = ""
    runs: tuple[float, ...] = ()

    def meets(self, bar: float) -> bool:
        """Whether the figure is as good as a bar."""
        return self.value >= bar if self.sense == "at least" else self.value <= bar

    @property
    def verdict(self) -> str:
        """In one word."""
        if self.meets(self.stretch):
            return "stretch"
        return "met" if self.meets(self.must) else "NOT MET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What the machine itself does, measured in the same run."""

    name: str
    text: str


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def number(value: float) -> str:
    """A figure with as many digits as tell something."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def with_unit(value: float, unit: str) -> str:
    """A figure and its unit."""
    return f"{number(value)} {unit}".rstrip()


def render(rows: Sequence[Row], bounds: Sequence[Bound]) -> str:
    """The table as Markdown."""
    lines = ["| # | workload | measured | must | stretch | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.id} | {row.workload} | **{with_unit(row.value, row.unit)}**"
        f"{_runs(row)} | {row.sense} {with_unit(row.must, row.unit)}"
        f" | {with_unit(row.stretch, row.unit)} | {row.verdict} |"
        for row in rows
    ]
    lines += ["", *(f"{row.id}: {row.note}" for row in rows if row.note)]
    lines += ["", "The machine in the same run:"]
    lines += [f"- {bound.name}: {bound.text}" for bound in bounds]
    return "\n".join(lines)


def _runs(row: Row) -> str:
    if len(row.runs) < 2:
        return ""
    return f" ({', '.join(number(value) for value in row.runs)})"


def machine() -> Bound:
    """Cores, load and Python of this machine, now."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return Bound(
        name="machine",
        text=f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}",
    )
