"""Keys carry the time of what they stand for, and never meet."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from federation.snowflakes import Snowflakes

NOW = datetime(2026, 11, 22, 9, 0, 0, 500_000, tzinfo=UTC)
WHOLE = datetime(2022, 11, 5, tzinfo=UTC)


def milliseconds(key: int) -> datetime:
    return datetime.fromtimestamp((key >> 16) / 1000, UTC)


def test_keys_of_one_moment_differ_far_beyond_sixteen_bits() -> None:
    snowflakes = Snowflakes(lambda: NOW, first=0)

    keys = [snowflakes.mint_at(WHOLE, received=NOW) for _ in range(200_000)]

    assert len(set(keys)) == len(keys)
    assert all(WHOLE <= milliseconds(key) < WHOLE + timedelta(seconds=1) for key in keys[::997])


def test_a_key_is_never_of_the_future_nor_of_before_the_web() -> None:
    snowflakes = Snowflakes(lambda: NOW, first=70_000)

    late = snowflakes.mint_at(NOW + timedelta(days=9), received=NOW)
    early = snowflakes.mint_at(datetime(1, 1, 1, tzinfo=UTC), received=NOW)

    assert milliseconds(late) == NOW
    assert milliseconds(early).year == 2000


def test_keys_of_our_own_never_run_backwards() -> None:
    times = [NOW, NOW - timedelta(seconds=5), NOW + timedelta(seconds=1)]
    snowflakes = Snowflakes(iter(times).__next__, first=0)

    keys = [snowflakes.mint() for _ in times]

    assert keys == sorted(keys)
    assert milliseconds(keys[1]) == NOW


@pytest.fixture
def _threads_take_turns_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_threads_take_turns_often")
def test_keys_that_threads_mint_at_once_differ() -> None:
    snowflakes = Snowflakes(lambda: NOW, first=0)

    with ThreadPoolExecutor(4) as threads:
        parts = threads.map(lambda _: [snowflakes.mint() for _ in range(10_000)], range(4))

    keys = [key for part in parts for key in part]
    assert len(set(keys)) == len(keys)
