"""The house keeps its own rules, and each rule is able to fail."""

from pathlib import Path

import pytest

from tests.architecture import house_rules as rules

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = rules.sources(ROOT, *rules.PACKAGES)
BESIDE = rules.sources(ROOT, "tests", "benchmarks")

BREACHES: tuple[tuple[rules.Rule, str, str], ...] = (
    (rules.file_is_short, "node/long.py", "x = 1\n" * 401),
    (rules.functions_are_short, "node/a.py", "def long():\n" + "    x = 1\n" * 60),
    (rules.functions_are_short, "node/a.py", "async def long():\n" + "    x = 1\n" * 60),
    (rules.pure_code_waits_for_nothing, "protocols/a.py", "async def fetch(): ..."),
    (rules.pure_code_waits_for_nothing, "communities/a.py", "class A:\n async def b(self): ..."),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "import time"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "from time import time"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "import random"),
    (rules.pure_code_has_no_clock_and_no_chance, "communities/a.py", "from secrets import choice"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "from uuid import uuid4"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "import uuid\nuuid.uuid4()"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "import os\nos.urandom(8)"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "from os import urandom"),
    (rules.pure_code_has_no_clock_and_no_chance, "communities/a.py", "datetime.now(UTC)"),
    (rules.pure_code_has_no_clock_and_no_chance, "communities/a.py", "datetime.datetime.utcnow()"),
    (rules.pure_code_has_no_clock_and_no_chance, "communities/a.py", "date.today()"),
    (rules.errors_are_not_swallowed, "node/a.py", "try:\n x()\nexcept OSError:\n pass"),
    (rules.errors_are_not_swallowed, "node/a.py", "try:\n x()\nexcept OSError:\n ..."),
    (rules.errors_are_not_swallowed, "node/a.py", "try:\n x()\nexcept:\n raise"),
    (
        rules.everything_is_caught_in_few_places,
        "node/a.py",
        "try:\n x()\nexcept Exception:\n y()",
    ),
    (
        rules.everything_is_caught_in_few_places,
        "federation/a.py",
        "try:\n x()\nexcept (OSError, Exception):\n y()",
    ),
    (rules.tasks_are_made_in_one_place, "federation/a.py", "asyncio.create_task(x())"),
    (rules.tasks_are_made_in_one_place, "node/a.py", "group.create_task(x())"),
    (rules.tasks_are_made_in_one_place, "storage/a.py", "asyncio.ensure_future(x())"),
    (rules.tasks_are_made_in_one_place, "node/a.py", "from asyncio import create_task"),
    (rules.tasks_are_made_in_one_place, "node/a.py", "asyncio.Task(x())"),
    (rules.one_door_out, "federation/inbox.py", "aiohttp.ClientSession()"),
    (rules.one_door_out, "node/a.py", "from aiohttp import ClientSession"),
    (rules.one_door_out, "node/a.py", "import aiohttp\naiohttp.request('GET', 'x')"),
    (rules.one_door_out, "federation/a.py", "asyncio.open_connection('x', 1)"),
    (rules.one_door_out, "storage/a.py", "socket.create_connection(('x', 1))"),
    (rules.one_door_out, "node/a.py", "import urllib.request"),
    (rules.one_door_out, "node/a.py", "from urllib import request"),
    (rules.wire_rules_name_their_source, "protocols/a.py", "def parse(x):\n '''Read it.'''"),
    (rules.wire_rules_name_their_source, "protocols/a.py", "def verify_digest(x): ..."),
    (
        rules.types_cross_packages_openly,
        "protocols/a.py",
        "if TYPE_CHECKING:\n from communities.posts import Post",
    ),
    (rules.names_say_something, "node/utils.py", ""),
)

KEPT: tuple[tuple[rules.Rule, str, str], ...] = (
    (rules.file_is_short, "node/long.py", "x = 1\n" * 400),
    (rules.functions_are_short, "node/a.py", "def long():\n" + "    x = 1\n" * 59),
    (rules.pure_code_waits_for_nothing, "federation/a.py", "async def fetch(): ..."),
    (rules.pure_code_has_no_clock_and_no_chance, "node/a.py", "import time, secrets"),
    (rules.pure_code_has_no_clock_and_no_chance, "protocols/a.py", "x: datetime.datetime"),
    (
        rules.errors_are_not_swallowed,
        "node/a.py",
        "try:\n x()\nexcept OSError:\n raise Refused from None",
    ),
    (
        rules.everything_is_caught_in_few_places,
        "node/tasks.py",
        "try:\n x()\nexcept Exception:\n y()",
    ),
    (
        rules.everything_is_caught_in_few_places,
        "storage/a.py",
        "try:\n x()\nexcept Exception:\n y()\n raise",
    ),
    (rules.functions_are_short, rules.MIGRATIONS + "1.py", "def up():\n" + "    x = 1\n" * 99),
    (rules.tasks_are_made_in_one_place, "node/tasks.py", "asyncio.create_task(x())"),
    (rules.one_door_out, "federation/client.py", "aiohttp.ClientSession()"),
    (rules.one_door_out, "node/a.py", "from aiohttp import web\nfrom urllib.parse import urlsplit"),
    (
        rules.wire_rules_name_their_source,
        "protocols/a.py",
        "def parse(x):\n '''Read it.\n\n Spec: RFC 1\n '''",
    ),
    (rules.wire_rules_name_their_source, "protocols/a.py", "'''Spec: RFC 1'''\ndef parse(x): ..."),
    (rules.types_cross_packages_openly, "node/a.py", "from communities.posts import Post"),
)


@pytest.mark.parametrize("rule", rules.OF_EVERY_FILE, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: rules.Rule) -> None:
    breaches = [breach for file in (*SHIPPED, *BESIDE) for breach in rule(file)]

    assert breaches == []


@pytest.mark.parametrize("rule", rules.OF_SHIPPED_FILES, ids=lambda rule: rule.__name__)
def test_every_shipped_file_keeps_the_rule(rule: rules.Rule) -> None:
    breaches = [breach for file in SHIPPED for breach in rule(file)]

    assert breaches == []


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_a_breach_of_the_rule_is_seen(rule: rules.Rule, path: str, text: str) -> None:
    breaches = list(rule(rules.source(path, text)))

    assert breaches
    assert all(breach.startswith(path) for breach in breaches)


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_what_the_rule_allows_is_left_alone(rule: rules.Rule, path: str, text: str) -> None:
    assert list(rule(rules.source(path, text))) == []


def test_every_rule_has_a_breach_that_proves_it() -> None:
    proven = {rule for rule, _path, _text in BREACHES}

    assert proven == {*rules.OF_EVERY_FILE, *rules.OF_SHIPPED_FILES}


def test_the_house_is_looked_at_and_not_an_empty_folder() -> None:
    packages = {file.package for file in SHIPPED}

    assert packages == set(rules.PACKAGES)
    assert "tests/architecture/house_rules.py" in {file.path for file in BESIDE}
