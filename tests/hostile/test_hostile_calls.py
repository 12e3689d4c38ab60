"""Calls of the API that no app means: always an answer in JSON below 500, in time.

Spec: security 0.5 (numbers, surrogates, NUL, depth), WEB-15.
"""

import json
import logging
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from node.app import Access
from storage.engine import make_engine
from tests.support.mastodon_schema import SCHEMA
from tests.support.private_scene import Scene, private_scene

WRITES = ("POST", "PUT", "PATCH", "DELETE")
SECONDS = 5.0
"""What a call may take at most on a machine that does much else."""
SURROGATE = "%ED%A0%80"
NAMES = (
    *("0", "-1", "1.5", "1e3", "null", "٣٤٥", "¹²³", "%00", "1%00", SURROGATE, "%FF", "a%0d%0ab"),
    *("9" * 19, str(2**63 - 1), str(2**63), str(2**64), "9" * 400, "a" * 2000, "%20", "..%2f..%2f"),
    *("'%20OR%201=1--", "%25", "_", "%F0%9F%90%9D", "@", "@@", "a@b@c", "%5B%5D"),
)
"""What stands where an id, a name or a tag should."""
NUMBERS = ("limit", "offset", "max_id", "since_id", "min_id", "account_id", "id[]", "id", "days")
WORDS = ("q", "acct", "tagged", "types[]", "timeline[]", "domain", "type", "uri", "order", "any[]")
VALID: dict[str, Any] = {
    "status": "Moin",
    "title": "Neighbours",
    "context": ["home"],
    "phrase": "goal",
    "keyword": "goal",
    "comment": "a note",
    "choices": [0],
    "account_ids": ["1"],
    "scheduled_at": "2031-01-01T00:00:00Z",
    "client_name": "Phone",
    "redirect_uris": "https://app.example/callback",
    "domain": "peer.example",
    "name": "bees",
}
_PARAMETER = re.compile(r"(\{[a-z_]+[^}]*\})")
Call = tuple[str, str, dict[str, Any]]
_LONG = "@a.b@c.d.e.f " * 70_000


on_both = pytest.mark.parametrize("scene", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    url = None
    if getattr(request, "param", "sqlite") == "postgresql":
        engine: Engine = request.getfixturevalue("postgres_engine")
        url = engine.url.render_as_string(hide_password=False)
    async with private_scene(tmp_path, database_url=url) as made:
        made.ids["own"] = await made.post("eve", status="Moin")
        yield made


@pytest.fixture(autouse=True)
def _no_unforeseen_fault(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    failed = [one for one in caplog.get_records("call") if one.levelno >= logging.ERROR]
    assert failed == []


async def call_all(scene: Scene, calls: Iterable[Call]) -> list[int]:
    """The statuses that Eve gets; each answer must be JSON, below 500, and come in time."""
    faults, statuses = {}, []
    for method, path, more in calls:
        started = time.monotonic()
        got = await scene.call("eve", method, path, **more)
        seconds = time.monotonic() - started
        kind = got.headers.get("Content-Type", "")
        if got.status >= 500 or not kind.startswith("application/json") or seconds > SECONDS:
            about = f"{method} {path[:200]} {str(more)[:200]}"
            faults[about] = (got.status, kind, seconds)
        statuses.append(got.status)
    assert faults == {}
    return statuses


def api_routes(scene: Scene, *methods: str) -> list[tuple[str, str]]:
    return [
        (method, path)
        for method, path, route in scene.routes
        if method in methods
        and path.startswith(("/api/", "/oauth/token", "/oauth/revoke"))
        and not path.endswith("/")
        and route.access is not Access.APP_LISTENING
        and route.name != "api-streaming-health"
    ]


def filled(path: str, name: str) -> str:
    return "".join(name if part.startswith("{") else part for part in _PARAMETER.split(path))


def rows_of(scene: Scene) -> list[int]:
    """How many rows of what apps make there are."""
    tables = ("posts", "lists", "filters", "reports", "scheduled_posts", "media", "markers")
    engine = make_engine(scene.node.settings.database_url.reveal())
    with engine.connect() as database:
        return [
            database.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables
        ]


@on_both
async def test_no_id_or_name_in_a_path_is_a_fault_of_ours(scene: Scene) -> None:
    calls: Iterator[Call] = (
        (method, filled(path, name), {} if method == "GET" else {"json": VALID})
        for (method, path), name in product(api_routes(scene, "GET", *WRITES), NAMES)
        if "{" in path
    )

    assert len(await call_all(scene, calls)) > 2000


@on_both
async def test_no_query_is_a_fault_of_ours(scene: Scene) -> None:
    own = str(scene.ids["own"])
    queries = [
        *(f"{name}={value}" for name, value in product(NUMBERS, NAMES)),
        *(f"{name}={value}" for name, value in product(WORDS, NAMES)),
        *(f"{name}[a][]=1" for name in (*NUMBERS, *WORDS)),
        "&".join(["id[]=1"] * 400),
    ]
    calls: Iterator[Call] = (
        ("GET", f"{filled(path, own)}?{query}&q=a", {})
        for number, (_method, path) in enumerate(api_routes(scene, "GET"))
        for query in queries[number % 32 :: 32]
    )

    assert len(await call_all(scene, calls)) > 1500


def wrong_values(kind: str) -> Iterator[Any]:
    """What is never right for a parameter of a kind."""
    yield from ({"a": {"b": 1}}, [[["a"]]])
    if kind == "string":
        yield ["a", "b"]
    elif kind in ("integer", "number"):
        yield from ("many", "1e9", "9" * 40, ["1"], "1 0", "٣")
    elif kind == "boolean":
        yield from ("perhaps", ["true"], 7)


STRANGE: tuple[Any, ...] = (
    *("", "\0", "a\0b", "\U0001f41d" * 3000, "a" * 70_000, "\u202e\u2066", "-1", "9" * 25, " "),
    *(0, -1, 2**63, 2**53 + 1, 1.5, True, None, [], {}, [None], ["\0"], ["9" * 30]),
    *(["a"] * 10_000, [{}], {"0": "a"}, {"0": {"keyword": "\0"}}),
)
"""What may or may not be right for a parameter."""


def parameters_of_schema() -> Iterator[tuple[str, str, str, str]]:
    """Method, path, name and kind of every parameter that is sent in a body."""
    for path, item in json.loads(SCHEMA.read_text("utf-8"))["paths"].items():
        for method in ("post", "put", "patch"):
            content = item.get(method, {}).get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            for name, described in schema.get("properties", {}).items():
                kind = described.get("type", "")
                yield method.upper(), path, name, kind if isinstance(kind, str) else kind[0]


@pytest.mark.skipif(not SCHEMA.exists(), reason="../shared/reference is not here")
@on_both
async def test_no_value_of_a_documented_parameter_is_a_fault_of_ours(scene: Scene) -> None:
    known = {(method, shape(path)) for method, path in api_routes(scene, *WRITES)}
    own = str(scene.ids["own"])
    documented = [each for each in parameters_of_schema() if (each[0], shape(each[1])) in known]
    assert len(documented) > 100
    calls: Iterator[Call] = (
        (method, filled(path, own), {"json": {**VALID, name: value}})
        for method, path, name, _kind in documented
        for value in STRANGE
    )

    assert len(await call_all(scene, calls)) > 2000


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


_JSON = (
    b"[" * 200_000,
    b'{"status":' * 50_000,
    b'{"status": "a", "status": ["b"]}',
    b'{"status": "\\ud800"}',
    b'{"status": "a',
    b'{"status": "\xff\xfe"}',
    b'{"status": NaN}',
    b'{"status": 1e400, "limit": 1e400}',
    b'{"media_ids": [' + b"9" * 5000 + b"]}",
    b'["status"]',
    b'"status"',
    b"null",
    b"\xef\xbb\xbf{}",
    b"\0",
)
BODIES: tuple[tuple[str, bytes], ...] = (
    *(("application/json", body) for body in _JSON),
    ("application/x-www-form-urlencoded", b"status=\xff"),
    ("application/x-www-form-urlencoded", b"status[a][b][c][d][e][f]=1"),
    ("application/x-www-form-urlencoded", b"status=a&status[]=b&status[x]=c&media_ids=1"),
    ("application/x-www-form-urlencoded", b"media_ids[]=1&" * 10_000),
    ("multipart/form-data", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=status"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 100_000),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: \xff\r\n\r\na\r\n--x--"),
    ("multipart/form-data; boundary=" + "x" * 300, b"a"),
    ("text/plain", b"status"),
    ("application/xml", b"<status/>"),
)


@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
async def test_no_body_is_a_fault_of_ours(scene: Scene) -> None:
    own = str(scene.ids["own"])
    calls: Iterator[Call] = (
        (
            method,
            filled(path, own),
            {"data": body, "headers": {"Content-Type": kind}},
        )
        for (method, path), (kind, body) in product(api_routes(scene, *WRITES), BODIES)
    )

    assert len(await call_all(scene, calls)) > 2000


@pytest.mark.skipif(not SCHEMA.exists(), reason="../shared/reference is not here")
async def test_a_value_of_a_wrong_kind_is_refused_and_nothing_is_stored(scene: Scene) -> None:
    before = rows_of(scene)
    fields = {
        "/api/v1/statuses": ("status", "visibility", "sensitive", "in_reply_to_id", "poll"),
        "/api/v2/filters": ("title", "context", "expires_in", "filter_action"),
        "/api/v1/lists": ("title", "replies_policy", "exclusive"),
        "/api/v1/reports": ("account_id", "comment", "forward", "category"),
    }
    kinds = {(path, name): kind for _method, path, name, kind in parameters_of_schema()}
    calls: list[Call] = [
        ("POST", path, {"json": {**VALID, name: value}})
        for path, names in fields.items()
        for name in names
        for value in wrong_values(kinds.get((path, name), ""))
    ]

    statuses = await call_all(scene, calls)

    taken = [call for call, status in zip(calls, statuses, strict=True) if status < 400]
    assert taken == []
    assert rows_of(scene) == before


async def test_what_is_too_much_is_refused_in_time_and_nothing_is_stored(scene: Scene) -> None:
    before = rows_of(scene)
    one = f"/api/v1/statuses/{scene.ids['own']}"
    mentions = " ".join(f"@a{number}@peer{number}.example" for number in range(10_000))
    address = "https://peer.example/" + mentions.replace(" ", ",")
    calls: list[Call] = [
        (method, path, {"json": {"status": much}})
        for method, path in (("POST", "/api/v1/statuses"), ("PUT", one))
        for much in (_LONG, mentions, address, "a" * 900_000, "#a" * 400_000, "[" * 900_000)
    ]
    calls += [
        ("POST", "/api/v1/statuses", {"json": {"status": "a", "media_ids": ["1"] * 10_000}}),
        ("POST", "/api/v1/statuses", {"json": {"status": "a", "poll": {"options": ["a"] * 9999}}}),
        ("POST", "/api/v1/lists", {"json": {"title": "a" * 900_000}}),
        ("POST", "/api/v2/filters", {"json": {**VALID, "title": "a" * 900_000}}),
        ("POST", "/api/v2/filters", {"json": {**VALID, "keywords_attributes": [VALID] * 2000}}),
        ("POST", "/api/v1/reports", {"json": {"account_id": "1", "comment": "a" * 900_000}}),
    ]

    statuses = await call_all(scene, calls)

    assert {status // 100 for status in statuses} == {4}
    assert rows_of(scene) == before


ASKED = ("sort", "page", "next", "resource", "client_id", "redirect_uri", "token", "state", "scope")
FILLED_IN = ("login", "password", "email", "client_id", "client_secret", "token", "code", "csrf")


@on_both
async def test_no_page_and_no_document_is_a_fault_of_ours(scene: Scene) -> None:
    faults = []
    names = ("%00", "a%00b", SURROGATE, "%FF", "9" * 25, "a@b@c", "%5B")
    for method, path, route in scene.routes:
        if path.startswith("/api/") or method not in ("GET", "POST"):
            continue
        calls: list[tuple[str, dict[str, Any]]] = [(filled(path, name), {}) for name in names]
        calls += [(f"{filled(path, '1')}?{name}=a%00b", {}) for name in ASKED]
        if method == "POST":
            calls.append((filled(path, "1"), {"data": dict.fromkeys(FILLED_IN, "a\0b")}))
        for address, more in calls:
            headers = {"Accept": "text/html"}
            got = await scene.call(None, method, address, headers=headers, **more)
            if got.status >= 500:
                faults.append((route.name, address, got.status))
    assert faults == []
