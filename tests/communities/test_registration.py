"""Who may make an account, and what a form must say; faults are told by field."""

import time
from datetime import date

import pytest

from communities.registration import (
    RESERVED,
    Fault,
    RegistrationClosed,
    RegistrationMode,
    RegistrationRefused,
    RegistrationRules,
    SignUp,
    asks_approval,
    asks_reason,
    check_open,
    check_password,
    faults_of,
    is_email,
    taken_faults,
)

TODAY = date(2026, 11, 22)
OPEN = RegistrationRules(mode=RegistrationMode.OPEN)


def faults(rules: RegistrationRules = OPEN, *, invited: bool = False, **changes: object) -> object:
    """What is wrong with a form that is right but for these fields."""
    values: dict[str, object] = {
        "username": "carol",
        "password": "a horse of the neighbours",
        "email": "carol@mail.example",
        "agreement": True,
        "of_age": True,
    }
    form = SignUp(**{**values, **changes})  # type: ignore[arg-type]  # fields by name
    return [(one.field, one.fault) for one in faults_of(form, rules, TODAY, invited=invited)]


def test_form_that_says_everything_is_right() -> None:
    assert faults() == []


@pytest.mark.parametrize("name", ["a", "carol", "c4rol_2", "0", "a" * 30])
def test_name_of_the_grammar_is_taken(name: str) -> None:
    assert faults(username=name) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", Fault.BLANK),
        ("_carol", Fault.INVALID),
        ("Carol", Fault.INVALID),
        ("carol.b", Fault.INVALID),
        ("carol-b", Fault.INVALID),
        ("càrol", Fault.INVALID),
        ("carol\n", Fault.INVALID),
        ("a" * 31, Fault.INVALID),
        (".well-known", Fault.INVALID),
        ("admin", Fault.RESERVED),
        ("inbox", Fault.RESERVED),
        ("postmaster", Fault.RESERVED),
        ("burgemeester", Fault.RESERVED),
    ],
)
def test_name_that_is_none_or_kept_is_refused(name: str, fault: Fault) -> None:
    rules = RegistrationRules(mode=RegistrationMode.OPEN, reserved=frozenset({"burgemeester"}))

    assert faults(rules, username=name) == [("username", fault)]


def test_reserved_names_are_names() -> None:
    assert all(name.replace("_", "").isalnum() and name.islower() for name in RESERVED - {"pop3"})


@pytest.mark.parametrize(
    "email",
    [
        "carol@mail.example",
        "carol.b+bees@sub.mail.example",
        "c@xn--bcher-kva.example",
        "o'neil@mail.example",
        "CAROL@MAIL.EXAMPLE",
        "a" * 64 + "@mail.example",
    ],
)
def test_address_that_can_be_written_to_is_taken(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "carol",
        "@mail.example",
        "carol@",
        "carol@mail",
        "a@b%c",
        "a%b@mail.example",
        '"carol b"@mail.example',
        "carol b@mail.example",
        "carol@mail.example,eve@evil.example",
        "carol@mail.example\nBcc: eve@evil.example",
        "carol@mail.example ",
        "carol@@mail.example",
        "carol@[192.0.2.1]",
        "carol(x)@mail.example",
        ".carol@mail.example",
        "carol.@mail.example",
        "car..ol@mail.example",
        "càrol@mail.example",
        "carol@bücher.example",
        "carol@-mail.example",
        "carol@mail..example",
        "carol@mail.example.",
        "<carol@mail.example>",
        "a" * 65 + "@mail.example",
        "carol@" + "a" * 400 + ".example",
        "carol@" + ".".join(["aaaaaaaaa"] * 30),
    ],
)
def test_trick_with_an_address_is_refused(email: str) -> None:
    assert not is_email(email)
    assert faults(email=email) == [("email", Fault.INVALID)]


def test_long_address_is_judged_at_once() -> None:
    started = time.perf_counter()

    for hostile in ("a." * 50_000 + "@", "a@" + "a." * 50_000, "a@" * 50_000):
        assert not is_email(hostile)

    assert time.perf_counter() - started < 0.05


@pytest.mark.parametrize("host", ["spam.example", "SPAM.example", "mail.spam.example"])
def test_address_of_a_blocked_host_is_refused(host: str) -> None:
    rules = RegistrationRules(
        mode=RegistrationMode.OPEN, blocked_domains=frozenset({"spam.example"})
    )

    assert faults(rules, email=f"carol@{host}") == [("email", Fault.BLOCKED)]
    assert faults(rules, email="carol@nospam.example") == []


def test_address_may_be_left_out_where_no_mail_is_written() -> None:
    rules = RegistrationRules(mode=RegistrationMode.OPEN, needs_email=True)

    assert faults(email="") == []
    assert faults(rules, email="") == [("email", Fault.BLANK)]


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", Fault.BLANK),
        ("1234567", Fault.TOO_SHORT),
        ("aaaaaaaaaaaa", Fault.TOO_SHORT),
        ("é" * 129, Fault.TOO_SHORT),
        ("ab" * 129, Fault.TOO_LONG),
        ("éa" * 86, Fault.TOO_LONG),
    ],
)
def test_password_that_is_none_is_refused(password: str, fault: Fault) -> None:
    assert faults(password=password) == [("password", fault)]
    with pytest.raises(RegistrationRefused):
        check_password(password)


@pytest.mark.parametrize("password", ["12345678", "ab" * 128, "🐝🐝🐝b", "\ud800" * 3 + "b"])
def test_password_of_eight_to_two_hundred_fifty_six_bytes_is_taken(password: str) -> None:
    assert faults(password=password) == []


def test_rules_must_be_agreed_to() -> None:
    assert faults(agreement=False) == [("agreement", Fault.ACCEPTED)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"of_age": False}, [("date_of_birth", Fault.BLANK)]),
        ({"of_age": False, "born": date(2010, 11, 22)}, []),
        ({"of_age": False, "born": date(2010, 11, 23)}, [("date_of_birth", Fault.BELOW_LIMIT)]),
        ({"of_age": True, "born": date(2020, 1, 1)}, [("date_of_birth", Fault.BELOW_LIMIT)]),
        ({"of_age": False, "born": date(2027, 1, 1)}, [("date_of_birth", Fault.INVALID)]),
    ],
)
def test_age_is_told_by_a_tick_or_a_date(
    changes: dict[str, object], expected: list[tuple[str, Fault]]
) -> None:
    assert faults(**changes) == expected  # type: ignore[arg-type]  # fields by name


def test_nobody_is_asked_for_their_age_where_any_will_do() -> None:
    rules = RegistrationRules(mode=RegistrationMode.OPEN, min_age=0)

    assert faults(rules, of_age=False) == []


def test_reason_is_asked_of_those_whom_staff_lets_in() -> None:
    rules = RegistrationRules(mode=RegistrationMode.APPROVAL)

    assert faults(rules) == [("reason", Fault.BLANK)]
    assert faults(rules, reason="  ") == [("reason", Fault.BLANK)]
    assert faults(rules, reason="I keep bees.") == []
    assert faults(rules, invited=True) == []
    assert faults(rules, reason="a" * 2001) == [("reason", Fault.TOO_LONG)]
    assert faults(rules, reason="a\0") == [("reason", Fault.INVALID)]
    assert (asks_reason(rules, invited=False), asks_approval(rules, invited=True)) == (True, False)


def test_name_that_cannot_be_shown_is_refused() -> None:
    assert faults(name="a" * 101) == [("display_name", Fault.INVALID)]
    assert faults(name="a\x1b") == [("display_name", Fault.INVALID)]


@pytest.mark.parametrize(
    ("mode", "invited", "tried", "sentence"),
    [
        (RegistrationMode.OPEN, False, False, None),
        (RegistrationMode.APPROVAL, False, False, None),
        (RegistrationMode.INVITE, True, True, None),
        (RegistrationMode.APPROVAL, True, True, None),
        (RegistrationMode.INVITE, False, False, "by invitation only"),
        (RegistrationMode.INVITE, False, True, "This invitation"),
        (RegistrationMode.OPEN, False, True, "This invitation"),
        (RegistrationMode.CLOSED, False, False, "no new accounts"),
        (RegistrationMode.CLOSED, True, True, "no new accounts"),
    ],
)
def test_mode_says_who_may(
    mode: RegistrationMode, invited: bool, tried: bool, sentence: str | None
) -> None:
    rules = RegistrationRules(mode=mode)

    if sentence is None:
        check_open(rules, invited=invited, tried=tried)
        return
    with pytest.raises(RegistrationClosed, match=sentence):
        check_open(rules, invited=invited, tried=tried)


def test_what_is_somebody_elses_is_told() -> None:
    form = SignUp(username="ada", password="", email="Ada@Mail.example")

    found = taken_faults(form, {"ada"}.__contains__, {"ada@mail.example"}.__contains__)

    assert [(one.field, one.fault) for one in found] == [
        ("username", Fault.TAKEN),
        ("email", Fault.TAKEN),
    ]


def test_refusal_is_told_by_field_as_apps_know_it() -> None:
    form = SignUp(username="", password="short", email="a@b%c", of_age=True)

    refusal = RegistrationRefused(faults_of(form, OPEN, TODAY, invited=False))

    assert str(refusal).startswith("Validation failed: Username can't be blank, Email is not")
    assert refusal.details["agreement"] == [
        {"error": "ERR_ACCEPTED", "description": "must be accepted"}
    ]
    assert set(refusal.details) == {"username", "email", "password", "agreement"}
