"""`noaber account`: passwords, links, invitations, requests and roles."""

import io
import re
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.node.cli.conftest import Commands

RESET = re.compile(r"https://bees\.example/reset/[A-Za-z0-9_-]{22}")
INVITE = re.compile(r"https://bees\.example/sign-up\?invite=[A-Za-z0-9_-]{22}")


def hashes(noaber: Commands) -> list[str | None]:
    """What the database keeps as the passwords of alice and bob."""
    connection = sqlite3.connect(Path(noaber.config).parent / "data" / "noaber.db")
    try:
        rows = connection.execute("SELECT password FROM accounts ORDER BY person_id").fetchall()
    finally:
        connection.close()
    return [row[0] for row in rows]


def test_password_is_made_up_and_told_once(noaber: Commands) -> None:
    told = noaber("account", "password", "alice", "--json")

    assert told.data["handle"] == "@alice@bees.example"
    assert len(told.data["password"]) == 16
    kept = hashes(noaber)
    assert kept[1] is None
    assert kept[0] is not None
    assert kept[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert told.data["password"] not in kept[0]


def test_password_that_is_piped_in_is_not_printed(
    noaber: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a horse of the neighbours\n"))

    told = noaber("account", "password", "alice")

    assert told.code == 0
    assert "horse" not in told.out
    assert hashes(noaber)[0] is not None


def test_password_that_is_too_short_is_refused(
    noaber: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))

    told = noaber("account", "password", "alice")

    assert told.code == 2
    assert "Password is too short" in told.err
    assert hashes(noaber)[0] is None


def test_reset_link_is_a_new_one_each_time(noaber: Commands) -> None:
    links = [RESET.findall(noaber("account", "reset-link", "alice").out) for _ in range(2)]

    assert [len(found) for found in links] == [1, 1]
    assert links[0] != links[1]
    assert noaber("account", "reset-link", "nobody").code == 2


def test_invitation_is_made_within_bounds(noaber: Commands) -> None:
    made = noaber("account", "invite", "--uses", "3", "--days", "2")

    assert len(INVITE.findall(made.out)) == 1
    assert "lets 3 people in within 2 days" in made.out
    assert noaber("account", "invite", "--uses", "0").code == 2
    assert noaber("account", "invite", "--days", "365").code == 2


def test_roles_are_given_but_the_last_admin_stays(noaber: Commands) -> None:
    made = noaber("account", "role", "alice", "admin")
    again = noaber("account", "role", "alice", "admin")
    last = noaber("account", "role", "alice", "user")
    noaber("account", "role", "bob", "admin")
    other = noaber("account", "role", "alice", "moderator")

    assert "@alice@bees.example is admin" in made.out
    assert "@alice@bees.example was admin" in again.out
    assert (last.code, other.code) == (1, 0)
    assert "the last account that may do everything" in last.err
    listed = noaber("account", "list", "--json").data["accounts"]
    assert [one["role"] for one in listed] == ["moderator", "admin"]


def test_account_is_closed_and_opened_again(noaber: Commands) -> None:
    closed = noaber("account", "disable", "bob")
    listed = noaber("account", "list", "--json").data["accounts"]
    opened = noaber("account", "enable", "bob")
    again = noaber("account", "enable", "bob")

    assert "@bob@bees.example is closed" in closed.out
    assert [one["state"] for one in listed] == ["active", "disabled"]
    assert "@bob@bees.example is open" in opened.out
    assert "@bob@bees.example was open" in again.out


def test_nobody_waits_where_nobody_asked(noaber: Commands) -> None:
    assert "nobody waits" in noaber("account", "pending").out
    assert noaber("account", "approve", "bob").code == 1
    assert noaber("account", "reject", "bob").code == 1
    assert noaber("account", "list", "--json").data["accounts"][1]["name"] == "bob"


def test_address_that_is_not_there_cannot_be_confirmed(noaber: Commands) -> None:
    told = noaber("account", "confirm", "bob")

    assert (told.code, "not asked for" in told.err) == (2, True)
