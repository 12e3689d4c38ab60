"""Scopes: what exists, what holds what, and what lies within what was granted."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth_scopes import (
    BELOW,
    SCOPES,
    UnknownScope,
    covers,
    holds,
    in_order,
    parse,
    render,
    widest,
)

SCHEMA = Path(__file__).resolve().parents[3] / "shared/reference/mastodon-openapi-4.7.0.schema.json"
some_scopes = st.frozensets(st.sampled_from(SCOPES))


def scopes(text: str) -> frozenset[str]:
    return frozenset(text.split())


@pytest.mark.skipif(not SCHEMA.exists(), reason="../shared/reference is not there")
def test_scopes_are_those_of_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    assert set(SCOPES) == set(schema["components"]["schemas"]["OAuthScope"]["enum"])
    assert len(SCOPES) == len(set(SCOPES))


@pytest.mark.parametrize(
    ("granted", "needed"),
    [
        ("read", "read:statuses"),
        ("read", "read"),
        ("read:statuses", "read:statuses"),
        ("write", "write:media"),
        ("follow", "read:follows"),
        ("follow", "write:blocks"),
        ("follow", "write:mutes"),
        ("admin:read", "admin:read:accounts"),
        ("admin:write", "admin:write:reports"),
        ("profile", "profile read:accounts"),
        ("read:accounts", "profile read:accounts"),
        ("read", "profile read:accounts"),
        ("push", ""),
        ("", ""),
    ],
)
def test_scope_that_is_granted_opens(granted: str, needed: str) -> None:
    assert holds(scopes(granted), needed)


@pytest.mark.parametrize(
    ("granted", "needed"),
    [
        ("", "read:statuses"),
        ("read", "write:statuses"),
        ("write", "read:statuses"),
        ("read:statuses", "read:accounts"),
        ("read:statuses", "read"),
        ("read write follow push", "profile"),
        ("profile", "read:accounts"),
        ("profile", "read:statuses"),
        ("read write", "admin:read:accounts"),
        ("admin:read", "admin:write:accounts"),
        ("admin:read", "read:accounts"),
        ("follow", "read:accounts"),
        ("follow", "write:lists"),
        ("write:media", "push"),
    ],
)
def test_scope_that_is_not_granted_does_not_open(granted: str, needed: str) -> None:
    assert not holds(scopes(granted), needed)


@pytest.mark.parametrize(
    ("granted", "asked", "is_within"),
    [
        ("read write", "read", True),
        ("read write", "read:statuses write:media", True),
        ("read write", "follow", True),
        ("read", "follow", False),
        ("read:statuses", "read", False),
        ("read", "read write", False),
        ("read write", "profile", False),
        (" ".join(BELOW["read"]), "read", True),
        ("read write follow push", "admin:read", False),
    ],
)
def test_what_is_asked_for_must_lie_within_what_is_granted(
    granted: str, asked: str, is_within: bool
) -> None:
    assert covers(scopes(granted), scopes(asked)) is is_within


def test_no_scope_is_read() -> None:
    assert parse("  ") == {"read"}


@pytest.mark.parametrize("text", ["admin", "read:nothing", "READ", "read,write", "read " * 500])
def test_scope_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UnknownScope):
        parse(text)


@given(some_scopes)
def test_scopes_are_read_as_they_were_written(wanted: frozenset[str]) -> None:
    assert parse(render(wanted)) == (wanted or {"read"})
    assert set(in_order(wanted)) == wanted


@given(some_scopes, some_scopes)
def test_what_lies_within_opens_nothing_more(
    granted: frozenset[str], asked: frozenset[str]
) -> None:
    if covers(granted, asked):
        assert all(holds(granted, one) for one in SCOPES if ":" in one and holds(asked, one))


@given(some_scopes)
def test_what_people_are_shown_is_all_that_was_asked_for(asked: frozenset[str]) -> None:
    shown = widest(asked)

    assert covers(frozenset(shown), asked)
    assert len(shown) <= len(asked)


def test_what_another_scope_holds_is_not_shown_twice() -> None:
    assert widest(scopes("read read:statuses write:media push")) == ["read", "push", "write:media"]


def test_wide_scope_beside_all_its_parts_is_shown() -> None:
    assert widest(frozenset({"read", *BELOW["read"]})) == ["read"]
    assert widest(scopes("read write follow")) == ["read", "write"]
    assert widest(scopes("follow read:follows")) == ["follow"]
