"""How long a medium lasts and where its middle is, read and written.

Spec: ActivityStreams Vocabulary "duration" (xsd:duration); Mastodon "Focal points" (focalPoint).
"""

import re
from typing import Final

from protocols.strict_json import JsonValue

MAX_DURATION_MS: Final = 7 * 24 * 3_600_000
"""Longer than anybody's film; a duration beyond it is taken for none."""
_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,3})D)?(?:T(?:([0-9]{1,4})H)?(?:([0-9]{1,6})M)?"
    r"(?:([0-9]{1,8}(?:\.[0-9]{1,9})?)S)?)?"
)
_MOST_CHARACTERS: Final = 40


def duration_of(value: JsonValue) -> int | None:
    """Give an xsd:duration of days and less in milliseconds; None for anything else."""
    if type(value) is not str or len(value) > _MOST_CHARACTERS:
        return None
    match = _DURATION.fullmatch(value)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    found = round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
    return found if found <= MAX_DURATION_MS else None


def render_duration(milliseconds: int | None) -> str | None:
    """Give a duration as seconds: "PT2.1S"."""
    if milliseconds is None:
        return None
    seconds = f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")
    return f"PT{seconds}S"


def focus_of(value: JsonValue) -> tuple[float, float] | None:
    """Give a focal point, each coordinate from -1 to 1; None for anything else."""
    if type(value) is not list or len(value) != 2:  # noqa: PLR2004 - x and y
        return None
    x, y = value
    if type(x) not in {int, float} or type(y) not in {int, float}:
        return None
    assert isinstance(x, int | float)  # noqa: S101 - for mypy
    assert isinstance(y, int | float)  # noqa: S101 - for mypy
    return (float(x), float(y)) if abs(x) <= 1 and abs(y) <= 1 else None


def render_focus(focus: tuple[float, float] | None) -> JsonValue:
    """Give a focal point as a list of two numbers."""
    return None if focus is None else list(focus)
