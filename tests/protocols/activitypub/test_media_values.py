"""Durations and focal points, as they are sent and as they are read."""

import pytest

from protocols.activitypub.media_values import (
    MAX_DURATION_MS,
    duration_of,
    focus_of,
    render_duration,
    render_focus,
)
from protocols.strict_json import JsonValue


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("PT3S", 3_000),
        ("PT2.1S", 2_100),
        ("PT1H2M3S", 3_723_000),
        ("PT90M", 5_400_000),
        ("P1D", 86_400_000),
        ("PT0S", 0),
    ],
)
def test_a_duration_is_read(text: str, milliseconds: int) -> None:
    assert duration_of(text) == milliseconds


@pytest.mark.parametrize(
    "value", ["", "P", "PT", "3", 3, None, "P1Y", "-PT3S", "P999D", "PT" + "9" * 50 + "S", "PTS"]
)
def test_what_is_no_duration_is_none(value: JsonValue) -> None:
    assert duration_of(value) is None


@pytest.mark.parametrize("milliseconds", [0, 1, 999, 2_100, 12_345_678, MAX_DURATION_MS])
def test_a_duration_reads_back_as_it_was(milliseconds: int) -> None:
    assert duration_of(render_duration(milliseconds)) == milliseconds


def test_no_duration_is_not_sent() -> None:
    assert render_duration(None) is None


@pytest.mark.parametrize("focus", [(0.0, 0.0), (-1.0, 1.0), (0.25, -0.5)])
def test_a_focal_point_reads_back_as_it_was(focus: tuple[float, float]) -> None:
    assert focus_of(render_focus(focus)) == focus


@pytest.mark.parametrize(
    "value", [None, [], [0.5], [0.1, 0.2, 0.3], [2, 0], [0, "0"], [True, 0], "0,0", {"x": 0}]
)
def test_what_is_no_focal_point_is_none(value: JsonValue) -> None:
    assert focus_of(value) is None
