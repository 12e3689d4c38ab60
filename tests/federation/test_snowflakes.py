"""Keys carry the time of what they stand for, and never meet."""

from datetime import UTC, datetime, timedelta

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
