"""How often apps may call: so many calls in a time, for each account and each address.

The state of a caller is one moment: when all it has used would be given back (GCRA, a token bucket
that needs no timer). It is kept in memory and bounded; a restart forgives everybody.

Spec: reference client-apis 1.7, "Rate limits"; security WEB-11.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus
from math import ceil

from aiohttp import web

from node.accounts.attempts import network_of
from node.auth import Caller
from node.errors import Refusal
from node.rate_headers import RATE, Rate

MOST_KEYS = 50_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` calls at once, and as many in each `seconds`."""

    most: int
    seconds: float

    @property
    def interval(self) -> float:
        """How long until one more call is given back, in seconds."""
        return self.seconds / self.most


class Kind(StrEnum):
    """What is counted apart."""

    CALLS = "calls"
    MEDIA = "media"
    DELETES = "deletes"
    SIGN_UPS = "sign-ups"
    APPS = "apps"


_FIVE_MINUTES, _HALF_AN_HOUR = 300.0, 1800.0
LIMITS = {
    Kind.CALLS: Limit(300, _FIVE_MINUTES),
    Kind.MEDIA: Limit(30, _HALF_AN_HOUR),
    Kind.DELETES: Limit(30, _HALF_AN_HOUR),
    Kind.SIGN_UPS: Limit(5, _HALF_AN_HOUR),
    Kind.APPS: Limit(30, _HALF_AN_HOUR),
}


class Rates:
    """Counts calls; `off` lets everybody call as often as they like."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        address_of: Callable[[web.BaseRequest], str],
        off: bool = False,
        most_keys: int = MOST_KEYS,
    ) -> None:
        """Count nothing yet; of the keys, those that called longest ago are forgotten first."""
        self._now = now
        self._address_of = address_of
        self._off = off
        self._most_keys = most_keys
        self._given_back: OrderedDict[Hashable, float] = OrderedDict()

    def count_call(self, request: web.BaseRequest, path: str, caller: Caller | None) -> None:
        """Count a call of a route, by the account; without a token, by the address.

        Raises:
            Refusal: it was one too many.
        """
        if self._off:
            return
        who: Hashable
        if caller is None:
            who = self._network(request)
        else:
            who = caller.person_id or ("app", caller.app_id)
        self._count(request, kinds_of(request.method, path), who)

    def count_from_address(self, request: web.BaseRequest, *kinds: Kind) -> None:
        """Count a call by the address that it comes from, whoever it is for.

        Raises:
            Refusal: it was one too many.
        """
        if not self._off:
            self._count(request, kinds, self._network(request))

    def _network(self, request: web.BaseRequest) -> str:
        return network_of(self._address_of(request))

    def _count(self, request: web.BaseRequest, kinds: Iterable[Kind], who: Hashable) -> None:
        """Count under each kind, and keep the tightest one for the answer."""
        now = self._now().timestamp()
        tightest: Rate | None = None
        for kind in kinds:
            rate, wait = self._take(kind, who, now)
            if wait > 0:
                request[RATE] = rate
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "Too many requests",
                    headers={"Retry-After": str(ceil(wait))},
                )
            if tightest is None or rate.remaining < tightest.remaining:
                tightest = rate
        if tightest is not None:
            request[RATE] = tightest

    def _take(self, kind: Kind, who: Hashable, now: float) -> tuple[Rate, float]:
        """Take one call; what is left, and how long to wait where nothing was."""
        limit, key = LIMITS[kind], (kind, who)
        full_at = max(self._given_back.get(key, now), now)
        wait = full_at + limit.interval - limit.seconds - now
        if wait <= _ROUNDING:
            full_at += limit.interval
            wait = 0.0
        self._keep(key, full_at)
        left = int((limit.seconds - (full_at - now)) / limit.interval + _ROUNDING)
        reset_at = datetime.fromtimestamp(full_at, UTC)
        return Rate(limit.most, max(0, left), reset_at), wait

    def _keep(self, key: Hashable, full_at: float) -> None:
        self._given_back[key] = full_at
        self._given_back.move_to_end(key)
        if len(self._given_back) > self._most_keys:
            self._given_back.popitem(last=False)


_ROUNDING = 1e-6
"""Seconds since 1970 as a float are right to a fraction of a microsecond, and no better."""


@lru_cache(maxsize=1024)
def kinds_of(method: str, path: str) -> tuple[Kind, ...]:
    """What a call of a route counts as, by its method and the path that it was declared with."""
    if method == "POST" and path in ("/api/v1/media", "/api/v2/media"):
        return (Kind.CALLS, Kind.MEDIA)
    if method == "POST" and path == "/api/v1/apps":
        return (Kind.CALLS, Kind.APPS)
    deletes = method == "DELETE" and path.startswith("/api/v1/statuses/")
    if deletes or path.endswith("/unreblog"):
        return (Kind.CALLS, Kind.DELETES)
    return (Kind.CALLS,)
