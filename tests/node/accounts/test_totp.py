"""Codes of the second factor against the vectors of RFC 6238, and recovery codes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from node.accounts.totp import (
    code_at,
    matching_step,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
    recovery_digest,
    shown_secret,
    step_at,
)

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 22, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_specification(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1."""
    step = step_at(datetime.fromtimestamp(seconds, UTC))

    assert code_at(SECRET, step, digits=8) == code
    assert code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(
    ("number", "code"), [(0, "755224"), (1, "287082"), (5, "254676"), (9, "520489")]
)
def test_codes_by_counter_are_those_of_the_specification(number: int, code: str) -> None:
    """RFC 4226, appendix D."""
    assert code_at(SECRET, number) == code


@pytest.mark.parametrize(
    ("off", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clocks_may_differ_by_one_step(off: int, counts: bool) -> None:
    step = step_at(NOW) + off

    found = matching_step(SECRET, code_at(SECRET, step), NOW)

    assert found == (step if counts else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34", "-12345"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_step(SECRET, code, NOW) is None


def test_code_may_be_written_in_groups() -> None:
    code = code_at(SECRET, step_at(NOW))

    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW) == step_at(NOW)


def test_link_for_apps_has_the_secret_as_it_is_typed() -> None:
    uri = urlsplit(otpauth_uri(SECRET, account="ada@noaber.example", issuer="Bees & wasps: here"))

    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Bees%20%26%20wasps%3A%20here:ada%40noaber.example"
    assert query == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Bees & wasps: here"],
    }
    assert shown_secret(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_secrets_and_recovery_codes_are_never_the_same() -> None:
    codes = [code for _ in range(20) for code in new_recovery_codes()]

    assert len({new_secret() for _ in range(50)}) == 50
    assert len(set(codes)) == 200
    assert all(len(code) == 19 and recovery_digest(code) is not None for code in codes)


def test_recovery_code_is_known_however_it_is_typed() -> None:
    code = new_recovery_codes()[0]

    digest = recovery_digest(code)
    assert (
        digest == recovery_digest(code.upper()) == recovery_digest(f" {code.replace('-', ' ')}\n")
    )
    for wrong in ("", "abcd", code + "a", "1" * 16, "é" * 16):
        assert recovery_digest(wrong) is None


def test_next_step_has_another_code() -> None:
    now = code_at(SECRET, step_at(NOW))

    assert code_at(SECRET, step_at(NOW + timedelta(seconds=30))) != now
