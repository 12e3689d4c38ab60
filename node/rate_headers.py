"""What an app is told of how often it may still call, on the answer to each of its calls.

Spec: reference client-apis 1.7 (the moment is ISO 8601, not seconds).
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Rate:
    """What a caller is told: the limit, how many calls are left, and when all are given back."""

    limit: int
    remaining: int
    reset_at: datetime


RATE: web.RequestKey[Rate] = web.RequestKey("rate", Rate)
"""Set by `node.rates` on a request that was counted."""


def tell_rate(request: web.BaseRequest, headers: MutableMapping[str, str]) -> None:
    """Say in an answer how often the caller may call, if its call was counted."""
    rate = request.get(RATE)
    if rate is not None:
        headers["X-RateLimit-Limit"] = str(rate.limit)
        headers["X-RateLimit-Remaining"] = str(rate.remaining)
        moment = rate.reset_at.isoformat(timespec="milliseconds")
        headers["X-RateLimit-Reset"] = moment.replace("+00:00", "Z")
