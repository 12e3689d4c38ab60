"""When deliveries are tried again, and when they are given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.backoff import (
    HORIZON,
    LONGEST_RETRY_AFTER,
    LONGEST_STORED_WAIT,
    LONGEST_WAIT,
    SHORTEST_WAIT,
    Attempt,
    Done,
    Drop,
    Gone,
    Retry,
    Scope,
    next_try,
    parse_retry_after,
    remaining,
    verdict,
)
from federation.errors import (
    Failure,
    FederationError,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)
failure_counts = st.integers(min_value=-5, max_value=10**9)
waits = st.timedeltas(min_value=timedelta(days=-9000), max_value=timedelta(days=9000))
statuses = st.integers(min_value=100, max_value=599)
errors = st.one_of(
    st.builds(PeerUnreachable, st.sampled_from(Failure), retry_after=st.one_of(st.none(), waits)),
    st.builds(FetchForbidden, st.sampled_from(Forbidden)),
    st.builds(PeerRefused, statuses),
)
attempts = st.builds(
    Attempt,
    outcome=st.one_of(statuses, errors),
    failures=failure_counts,
    refusals=st.integers(min_value=0, max_value=10**6),
    age=waits,
    down_for=waits,
    retry_after=st.one_of(st.none(), waits),
    is_twin=st.booleans(),
)


def judge(outcome: int | FederationError, **known: object) -> object:
    attempt = Attempt(outcome=outcome, **known)  # type: ignore[arg-type]  # by keyword, as the table
    return verdict(attempt, now=NOW, random=0.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_done(status: int) -> None:
    assert judge(status) == Done()


def test_410_says_that_the_follower_is_gone() -> None:
    assert judge(410) == Gone()
    assert judge(410, is_twin=True) == Gone()


@pytest.mark.parametrize("status", [400, 402, 403, 405, 406, 409, 413, 415, 418, 422, 451])
def test_refusal_is_not_tried_again(status: int) -> None:
    assert judge(status) == Drop(reason=f"status-{status}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_refused_bare_announce_beside_the_wrapped_one_is_done(status: int) -> None:
    assert judge(status, is_twin=True) == Done()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_bare_announce_waits_for_a_busy_peer_like_anything_else(status: int) -> None:
    decided = judge(status, is_twin=True)

    assert isinstance(decided, Retry)
    assert decided.scope is Scope.PEER


def test_401_is_tried_once_more_after_five_minutes() -> None:
    first = judge(401, refusals=1)

    assert first == Retry(at=NOW + timedelta(minutes=4), scope=Scope.ITEM)
    assert judge(401, refusals=2) == Drop(reason="status-401")


@pytest.mark.parametrize("status", [404, 301, 302, 308])
def test_missing_inbox_is_tried_three_times_more_over_a_day(status: int) -> None:
    waited = timedelta()
    for refusals in (1, 2, 3):
        decided = judge(status, refusals=refusals)
        assert isinstance(decided, Retry)
        assert decided.scope is Scope.ITEM
        waited += decided.at - NOW

    assert waited == timedelta(hours=24)
    assert judge(status, refusals=4) == Drop(reason=f"status-{status}")


@pytest.mark.parametrize(
    "failure", [Failure.DNS, Failure.CONNECT, Failure.TLS, Failure.TIMEOUT, Failure.BROKEN]
)
def test_silent_peer_waits_and_is_counted(failure: Failure) -> None:
    decided = judge(PeerUnreachable(failure), failures=3)

    assert decided == Retry(at=NOW + timedelta(seconds=120 * 0.8), scope=Scope.PEER)


def test_own_trouble_is_no_failure_of_the_peer() -> None:
    decided = judge(PeerUnreachable(Failure.LOCAL), failures=9, age=HORIZON * 2)

    assert decided == Retry(at=NOW + timedelta(seconds=24), scope=Scope.NODE)


def test_forbidden_address_may_be_a_passing_mistake_but_a_bad_url_is_not() -> None:
    assert isinstance(judge(FetchForbidden(Forbidden.ADDRESS)), Retry)
    assert judge(FetchForbidden(Forbidden.URL)) == Drop(reason="url")


def test_item_older_than_the_horizon_is_given_up() -> None:
    almost = judge(503, age=HORIZON - timedelta(seconds=1))

    assert isinstance(almost, Retry)
    assert judge(503, age=HORIZON) == Drop(reason="horizon")


def test_host_that_is_down_for_the_horizon_is_probed_once_a_day() -> None:
    soonest = next_try(500, now=NOW, random=0.0, down_for=HORIZON)
    latest = next_try(500, now=NOW, random=0.999, down_for=HORIZON)

    assert soonest - NOW > timedelta(hours=13)
    assert latest - NOW <= timedelta(days=1)


def test_waits_double_from_half_a_minute_to_six_hours() -> None:
    usual = 1 / 3  # the chance at which the jitter is 1.0
    seconds = [
        round((next_try(failures, now=NOW, random=usual) - NOW).total_seconds())
        for failures in range(1, 11)
    ]

    assert seconds == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360]
    assert next_try(30, now=NOW, random=0.9999) - NOW <= LONGEST_WAIT


@given(failure_counts, failure_counts, chances, moments)
def test_more_failures_never_mean_a_shorter_wait(
    one: int, other: int, chance: float, now: datetime
) -> None:
    fewer, more = sorted((one, other))

    assert next_try(fewer, now=now, random=chance) <= next_try(more, now=now, random=chance)


@given(failure_counts, chances, moments, st.one_of(st.none(), waits), waits)
def test_every_wait_is_positive_and_bounded(
    failures: int,
    chance: float,
    now: datetime,
    retry_after: timedelta | None,
    down_for: timedelta,
) -> None:
    at = next_try(failures, now=now, random=chance, retry_after=retry_after, down_for=down_for)

    assert now + SHORTEST_WAIT <= at <= now + LONGEST_STORED_WAIT


@given(attempts, chances, moments)
def test_every_attempt_has_a_verdict_and_no_retry_is_now(
    attempt: Attempt, chance: float, now: datetime
) -> None:
    decided = verdict(attempt, now=now, random=chance)

    if isinstance(decided, Retry):
        assert SHORTEST_WAIT <= decided.at - now <= LONGEST_STORED_WAIT


@given(attempts, chances, moments, waits)
def test_clock_that_jumps_makes_no_busy_loop_and_no_endless_silence(
    attempt: Attempt, chance: float, now: datetime, jump: timedelta
) -> None:
    decided = verdict(attempt, now=now, random=chance)
    if not isinstance(decided, Retry):
        return

    wait = remaining(decided.at, now=now + jump)

    assert timedelta() <= wait <= LONGEST_STORED_WAIT
    again = verdict(attempt, now=now + jump, random=chance)
    assert isinstance(again, Retry)
    assert remaining(again.at, now=now + jump) >= SHORTEST_WAIT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta()),
        ("86400", LONGEST_RETRY_AFTER),
        ("1000000000", LONGEST_RETRY_AFTER),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("Sun, 22 Nov 2026 09:02:00 GMT", timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 08:00:00 GMT", timedelta()),
        ("Fri, 22 Nov 2999 08:00:00 GMT", LONGEST_RETRY_AFTER),
        *((junk, None) for junk in ("", "soon", "-5", "1.5", "1e9", "٣", "0x10", "NaN", "1, 2")),
        (None, None),
    ],
)
def test_retry_after_is_read_and_clamped(value: str | None, expected: timedelta | None) -> None:
    assert parse_retry_after(value, now=NOW) == expected


@given(st.text(max_size=80), moments)
def test_any_retry_after_is_a_bounded_wait_or_none(value: str, now: datetime) -> None:
    wait = parse_retry_after(value, now=now)

    assert wait is None or timedelta() <= wait <= LONGEST_RETRY_AFTER


def test_retry_after_goes_before_the_back_off_and_spreads() -> None:
    asked = timedelta(minutes=10)

    soonest = next_try(9, now=NOW, random=0.0, retry_after=asked)
    latest = next_try(9, now=NOW, random=0.999, retry_after=asked)

    assert soonest == NOW + asked
    assert soonest < latest <= NOW + asked * 1.1
    assert judge(429, retry_after=asked) == Retry(at=NOW + asked, scope=Scope.PEER)
    error = PeerUnreachable(Failure.STATUS, status=503, retry_after=asked)
    assert judge(error) == Retry(at=NOW + asked, scope=Scope.PEER)
