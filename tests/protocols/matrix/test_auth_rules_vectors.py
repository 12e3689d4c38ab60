"""The auth rules give the verdicts that another server gave, for every recorded case."""

from functools import cache
from typing import Any

import pytest

from protocols.errors import RemoteProtocolError
from protocols.matrix.auth_rules import check_against_state
from protocols.matrix.auth_rules_state import ALLOWED, StateKey
from protocols.matrix.event import Event, parse_event
from protocols.matrix.room_versions import REFUSED_VERSIONS, ROOM_VERSIONS, room_version
from tests.support.matrix_rooms import recorded, state_of

CASES_BY_VERSION = {
    "1": 196,
    "6": 199,
    "7": 199,
    "8": 197,
    "9": 198,
    "10": 199,
    "11": 198,
    "12": 197,
}


@cache
def vectors() -> Any:
    return recorded("auth_rules.json")


def cases(identifier: str) -> list[Any]:
    return [case for case in vectors()["cases"] if case["room_version"] == identifier]


@cache
def state(identifier: str, name: str) -> dict[StateKey, Event]:
    version = ROOM_VERSIONS[identifier]
    return state_of(parse_event(pdu, version) for pdu in vectors()["states"][name])


def verdict(case: Any) -> bool:
    version = ROOM_VERSIONS[case["room_version"]]
    event = parse_event(case["event"], version)
    held = state(case["room_version"], case["state"])
    return check_against_state(event, held, version) == ALLOWED


@pytest.mark.parametrize(("identifier", "count"), CASES_BY_VERSION.items())
def test_every_recorded_case_is_looked_at(identifier: str, count: int) -> None:
    assert len(cases(identifier)) == count
    assert len(vectors()["cases"]) == sum(CASES_BY_VERSION.values()) == 1583


@pytest.mark.parametrize("identifier", [i for i in CASES_BY_VERSION if i not in REFUSED_VERSIONS])
def test_every_case_is_decided_as_the_other_server_did(identifier: str) -> None:
    wrong = [
        (case["name"], case["allowed"], case["why"])
        for case in cases(identifier)
        if verdict(case) != case["allowed"]
    ]

    assert wrong == []


def test_cases_of_versions_that_are_refused_have_no_rules() -> None:
    refused = [case for case in vectors()["cases"] if case["room_version"] in REFUSED_VERSIONS]

    assert refused
    for case in refused:
        with pytest.raises(RemoteProtocolError) as failure:
            room_version(case["room_version"])
        assert failure.value.errcode == "M_UNSUPPORTED_ROOM_VERSION"
