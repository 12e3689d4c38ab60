"""Rates: how often an app may call, what it is told of it, and that memory stays bounded."""

from datetime import datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from communities.people import ActorKey
from node.auth import Caller
from node.errors import Refusal
from node.rate_headers import RATE, tell_rate
from node.rates import Kind, Rates, kinds_of
from tests.support.clock import Clock

STATUSES = "/api/v1/statuses"


class Town:
    """Callers, a clock and what counts them."""

    def __init__(self, **options: int | bool) -> None:
        self.clock = Clock()
        self.address = "192.0.2.1"
        self.rates = Rates(now=self.clock, address_of=lambda _request: self.address, **options)  # type: ignore[arg-type]  # of a test

    def call(
        self, person: int | None = None, path: str = STATUSES, method: str = "GET"
    ) -> web.Request:
        """Call once; what was asked, with what is told about it."""
        request = make_mocked_request(method, path)
        caller = None
        if person is not None:
            caller = Caller(token_id=1, app_id=1, scopes=frozenset(), person_id=ActorKey(person))
        self.rates.count_call(request, path, caller)
        return request

    def calls(self, times: int, person: int | None = None, **more: str) -> int:
        """How many of so many calls were let through."""
        passed = 0
        for _time in range(times):
            try:
                self.call(person, **more)
            except Refusal:
                continue
            passed += 1
        return passed


def told(request: web.Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    tell_rate(request, headers)
    return headers


def test_account_may_call_300_times_at_once_and_then_once_a_second() -> None:
    town = Town()

    assert town.calls(310, person=7) == 300
    town.clock.advance(timedelta(seconds=3))
    assert town.calls(10, person=7) == 3
    town.clock.advance(timedelta(minutes=5))
    assert town.calls(310, person=7) == 300


def test_accounts_and_addresses_are_counted_apart() -> None:
    town = Town()
    town.calls(300, person=7)

    assert town.calls(300) == 300
    assert town.calls(1) == 0
    town.address = "192.0.2.2"
    assert town.calls(1) == 1
    assert town.calls(1, person=8) == 1
    assert town.calls(1, person=7) == 0


def test_network_of_one_customer_counts_as_one_address() -> None:
    town = Town()
    town.address = "2001:db8:1:2::1"
    town.calls(300)

    town.address = "2001:db8:1:2:ffff::9"
    assert town.calls(1) == 0
    town.address = "2001:db8:1:3::1"
    assert town.calls(1) == 1


def test_caller_is_told_what_is_left_and_when_all_is_given_back() -> None:
    town = Town()

    first, second = told(town.call(7)), told(town.call(7))

    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("300", "299")
    assert second["X-RateLimit-Remaining"] == "298"
    reset = datetime.fromisoformat(second["X-RateLimit-Reset"])
    assert reset - town.clock() == timedelta(seconds=2)
    assert second["X-RateLimit-Reset"].endswith(".000Z")


def test_call_too_many_says_when_to_come_back() -> None:
    town = Town()
    town.calls(300, person=7)
    request = make_mocked_request("GET", STATUSES)
    caller = Caller(token_id=1, app_id=1, scopes=frozenset(), person_id=ActorKey(7))

    with pytest.raises(Refusal, match="Too many requests") as refused:
        town.rates.count_call(request, STATUSES, caller)

    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "1"
    assert request[RATE].remaining == 0


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/v2/media", Kind.MEDIA),
        ("POST", "/api/v1/media", Kind.MEDIA),
        ("DELETE", "/api/v1/statuses/{id}", Kind.DELETES),
        ("POST", "/api/v1/statuses/{id}/unreblog", Kind.DELETES),
    ],
)
def test_what_costs_more_is_counted_by_itself_too(method: str, path: str, kind: Kind) -> None:
    town = Town()

    assert kinds_of(method, path) == (Kind.CALLS, kind)
    assert town.calls(40, person=7, path=path, method=method) == 30
    assert told(town_call := town.call(8, path, method))["X-RateLimit-Limit"] == "30"
    assert town_call[RATE].remaining == 29
    assert town.calls(1, person=7) == 1
    town.clock.advance(timedelta(minutes=1))
    assert town.calls(5, person=7, path=path, method=method) == 1


def test_sign_ups_are_counted_by_address() -> None:
    town = Town()
    passed = 0
    for _time in range(7):
        try:
            town.rates.count_from_address(make_mocked_request("POST", "/"), Kind.SIGN_UPS)
        except Refusal:
            continue
        passed += 1

    assert passed == 5


def test_rates_can_be_off() -> None:
    town = Town(off=True)

    assert town.calls(1000, person=7) == 1000
    assert told(town.call(7)) == {}


def test_who_called_longest_ago_is_forgotten_first() -> None:
    town = Town(most_keys=3)
    for person in (1, 2, 3):
        town.calls(300, person=person)

    town.calls(1, person=1)  # refused, but it called
    town.calls(1, person=4)

    assert [town.calls(1, person=person) for person in (1, 3)] == [0, 0]
    assert town.calls(1, person=2) == 1
