"""When a delivery is tried again, and when it is given up. Pure: time and chance are arguments.

`verdict` is the one response table for what peers answer; `next_try` is the back-off of a host;
`remaining` reads a stored time in a way that survives a clock that jumps.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from federation.errors import (
    Failure,
    FederationError,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
)
from protocols.errors import RemoteProtocolError
from protocols.signed_request import parse_http_date

FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=6)
PROBE_WAIT: Final = timedelta(days=1)
HORIZON: Final = timedelta(days=14)
"""An item older than this is given up; a host down for longer is only probed once a day."""
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
SHORTEST_WAIT: Final = timedelta(seconds=5)
"""Whatever a peer asks for, we come back no sooner: "Retry-After: 0" makes no busy loop."""
LONGEST_STORED_WAIT: Final = timedelta(hours=36)
"""No time that this module gives lies farther ahead: one that does was stored by a wrong clock."""

_LEAST_JITTER: Final = 0.8
_MOST_JITTER: Final = 1.4
# Cut before the jitter, so that the longest wait is 6 h and hosts that came to it stay spread.
_LONGEST_BASE: Final = LONGEST_WAIT / _MOST_JITTER
_LONGEST_PROBE_BASE: Final = PROBE_WAIT / _MOST_JITTER
_DOUBLINGS: Final = 20
_RETRY_AFTER_SPREAD: Final = 0.1
_MAX_DELTA_DIGITS: Final = 18

_PATIENCE: Final = frozenset({408, 425, 429})
_GONE: Final = 410
_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_NOT_FOUND_TRIES: Final = 4
_NOT_FOUND_WAIT: Final = timedelta(hours=8)
_UNAUTHORIZED_WAIT: Final = timedelta(minutes=5)


class Scope(StrEnum):
    """What waits for a second try."""

    ITEM = "item"
    """This item alone; the peer is alive and others go on."""
    PEER = "peer"
    """All of the peer's queue; counts as one more failure of the peer."""
    NODE = "node"
    """All of the peer's queue, but the trouble is ours: no failure of the peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver one item, that has just ended.

    Attributes:
        outcome: the HTTP status of the answer, or the error of the client.
        failures: how often in a row the host has failed (Scope.PEER), this time included.
        refusals: how often this item was answered with 401, 404 or a redirect, this included.
        age: how long ago the item was queued; below zero, after a clock jump, it counts as new.
        down_for: how long the host has failed without a success between.
        retry_after: what the peer asked for.
        is_twin: whether the item is the bare-object Announce beside the wrapped one of FEP-1b12.
            Lemmy answers 400 to it and PieFed 4xx: nothing is lost by that.
    """

    outcome: int | FederationError
    failures: int = 1
    refusals: int = 1
    age: timedelta = timedelta()
    down_for: timedelta = timedelta()
    retry_after: timedelta | None = None
    is_twin: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The peer has it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Inbox and actor are gone: the follower goes too, once a fetch of the actor confirms it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The item is given up; `reason` is one word for the log, the metrics and the dead letters."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The item stays queued; what waits until `at` is told by the scope."""

    at: datetime
    scope: Scope


Verdict = Done | Gone | Drop | Retry


def verdict(attempt: Attempt, *, now: datetime, random: float) -> Verdict:
    """Decide what becomes of an item after one try.

    2xx is done; 410 gone. 404 and redirects are tried four times over 24 h, 401 twice (the peer
    may have cached an old key), every other 4xx once. 408, 425, 429, 5xx and all failures below
    HTTP back off, or wait for Retry-After, until the item is 14 days old.

    Args:
        attempt: the try.
        now: an aware datetime.
        random: in [0, 1).
    """
    outcome = attempt.outcome
    if isinstance(outcome, FederationError):
        return _after_error(outcome, attempt, now, random)
    return _after_status(outcome, attempt, now, random)


def next_try(
    failures: int,
    *,
    now: datetime,
    random: float,
    retry_after: timedelta | None = None,
    down_for: timedelta = timedelta(),
) -> datetime:
    """Give the time when a host is asked again.

    30 s after the first failure, doubling to 6 h, each times 0.8 to 1.4; a day, less its jitter,
    once it has been down for 14 days. Retry-After goes before that, within [5 s, 24 h] and
    lengthened by up to a tenth so that not everyone comes back at once.

    Args:
        failures: in a row, the last one included; below one counts as one.
        now: an aware datetime.
        random: in [0, 1).
        retry_after: what the peer asked for.
        down_for: how long it has been failing.
    """
    if retry_after is not None:
        wait = min(max(retry_after, SHORTEST_WAIT), LONGEST_RETRY_AFTER)
        return now + wait * (1 + _RETRY_AFTER_SPREAD * random)
    if down_for >= HORIZON:
        return now + _jittered(_LONGEST_PROBE_BASE, random)
    doublings = min(max(failures - 1, 0), _DOUBLINGS)
    return now + _jittered(min(FIRST_WAIT * 2**doublings, _LONGEST_BASE), random)


def remaining(at: datetime, *, now: datetime) -> timedelta:
    """Give how long to wait for a stored time: zero when it is due.

    A time farther ahead than this module ever plans was stored before the clock was set back, and
    is due: a peer must not stay silent for years because of one wrong second.
    """
    wait = at - now
    if wait <= timedelta() or wait > LONGEST_STORED_WAIT:
        return timedelta()
    return wait


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Give the wait that a Retry-After header asks for, within [0, 24 h]; None if unreadable.

    Spec: RFC 9110 section 10.2.3 (seconds or an HTTP date).
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        if len(text) > _MAX_DELTA_DIGITS:
            return LONGEST_RETRY_AFTER
        return timedelta(seconds=min(int(text), LONGEST_RETRY_AFTER.total_seconds()))
    try:
        wait = parse_http_date(text) - now
    except RemoteProtocolError:
        return None
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def asks_for_patience(status: int) -> bool:
    """Tell whether the status means "later", not "no": 408, 425, 429 and 5xx."""
    return status in _PATIENCE or status >= 500  # noqa: PLR2004 - the class of statuses


def _after_error(error: FederationError, attempt: Attempt, now: datetime, random: float) -> Verdict:
    if isinstance(error, PeerRefused):
        return _after_status(error.status, attempt, now, random)
    if isinstance(error, PeerUnreachable):
        if error.failure is Failure.LOCAL:
            return Retry(at=now + _jittered(FIRST_WAIT, random), scope=Scope.NODE)
        return _back_off(attempt, now, random, error.retry_after)
    if isinstance(error, FetchForbidden) and error.reason is Forbidden.ADDRESS:
        # A name may point inside for an hour, while its owner moves house.
        return _back_off(attempt, now, random, None)
    return Drop(reason=error.reason if isinstance(error, FetchForbidden) else "refused")


def _after_status(status: int, attempt: Attempt, now: datetime, random: float) -> Verdict:
    if 200 <= status < 300:  # noqa: PLR2004 - the class of statuses
        return Done()
    if status == _GONE:
        return Gone()
    if asks_for_patience(status):
        return _back_off(attempt, now, random, None)
    if attempt.is_twin and status >= 400:  # noqa: PLR2004
        return Done()
    if status == _UNAUTHORIZED and attempt.refusals <= 1:
        return _item(now + _jittered(_UNAUTHORIZED_WAIT, random))
    moved = status < 400  # noqa: PLR2004
    if (status == _NOT_FOUND or moved) and attempt.refusals < _NOT_FOUND_TRIES:
        return _item(now + _NOT_FOUND_WAIT * (1 + _RETRY_AFTER_SPREAD * random))
    return Drop(reason=f"status-{status}")


def _back_off(
    attempt: Attempt, now: datetime, random: float, retry_after: timedelta | None
) -> Verdict:
    if attempt.age >= HORIZON:
        return Drop(reason="horizon")
    at = next_try(
        attempt.failures,
        now=now,
        random=random,
        retry_after=retry_after if attempt.retry_after is None else attempt.retry_after,
        down_for=attempt.down_for,
    )
    return Retry(at=at, scope=Scope.PEER)


def _item(at: datetime) -> Retry:
    return Retry(at=at, scope=Scope.ITEM)


def _jittered(wait: timedelta, random: float) -> timedelta:
    return wait * (_LEAST_JITTER + (_MOST_JITTER - _LEAST_JITTER) * random)
