"""Odd paths, and who is sent where: nobody is led to another host or to a file (WEB-01, WEB-16)."""

import asyncio
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestServer

from communities.community import Community, CommunityVisibility
from communities.people import ActorState, Person
from storage.store import Storage
from tests.support.factories import HOME, World
from tests.support.read_html import read_html
from tests.support.visitor import Visitor

ACTIVITY = "application/activity+json"
TARGETS = (
    "//evil.example",
    "//evil.example/%2e%2e",
    "/\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "///evil.example",
    "/@x@evil.example",
    "/@ada@evil.example/..",
    "/@//evil.example",
    "/@%2f%2fevil.example",
    "/@ada%00",
    "/@ada%0d%0aLocation:%20//evil.example",
    "/c/%2f%2fevil.example",
    "/c/bees%2f..%2f..%2fetc",
    "/c/..%2f..%2f..%2fetc%2fpasswd",
    "/c/bees@evil.example",
    "/c/bees@",
    "/c/@noaber.example",
    "/c/bees@noaber.example@evil.example",
    "/c/bees@[::1]",
    "/static/..%2f..%2fsettings.py",
    "/static/../templates/base.html",
    "/static/%2e%2e/templates/base.html",
    "/static/....//wording.py",
    "/static/noaber.css%00.html",
    "/static//etc/passwd",
    "/static/",
    "/static/NOABER.CSS",
    "/post/..%2f..%2f",
    "/post/1%2f..",
    "/?lang=//evil.example",
    "/?lang=nl%0d%0aX-Evil:%201",
    "/?page=//evil.example",
    "/c/bees?after=//evil.example",
    "/c/bees/feed.atom/..%2f..",
    "/c/%ff%fe",
    "/@%e2%80%ae",
    "/%e0%80%af",
)


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World) -> Community:
    return await sqlite_storage.write(world.community, "bees")


async def ask(visitor: Visitor, target: str, accept: str) -> tuple[int, dict[str, str], str]:
    """Send a request with exactly this target, as no client library would."""
    server = visitor.client.server
    assert isinstance(server, TestServer)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = f"GET {target} HTTP/1.1\r\nHost: noaber.example\r\nAccept: {accept}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode("latin-1"))
    answer = (await reader.read()).decode("utf-8", "replace")
    writer.close()
    await writer.wait_closed()
    first, _, rest = answer.partition("\r\n")
    lines, _, body = rest.partition("\r\n\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines.split("\r\n"))
    }
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("accept", ["text/html", ACTIVITY])
@pytest.mark.parametrize("target", TARGETS)
async def test_odd_path_leads_nowhere_else(
    visitor: Visitor, ada: Person, bees: Community, target: str, accept: str
) -> None:
    status, headers, body = await ask(visitor, target, accept)

    assert status in (200, 303, 400, 404, 422)
    assert "x-evil" not in headers
    location = headers.get("location", "https://noaber.example/")
    assert urlsplit(location).netloc == "noaber.example"
    assert "root:" not in body
    assert "{% " not in body
    assert "gettext" not in body
    if headers.get("content-type", "").startswith("text/html"):
        document = read_html(body)
        assert document.faults == []
        assert not [link for link in document.links if "evil" in link.href]


@pytest.mark.parametrize("accept", [ACTIVITY, "application/ld+json", "*/*", ""])
async def test_peer_that_asks_for_a_page_is_sent_to_the_id(
    visitor: Visitor, ada: Person, bees: Community, accept: str
) -> None:
    person = await visitor.get("/@ada", Accept=accept)
    community = await visitor.get("/c/bees", Accept=accept)

    assert (person.status, person.headers["Location"]) == (303, ada.uri)
    assert (community.status, community.headers["Location"]) == (303, bees.uri)
    assert "Accept" in person.headers["Vary"]


async def test_peer_that_asks_for_the_front_page_is_sent_to_the_actor_of_the_node(
    visitor: Visitor,
) -> None:
    asked = await visitor.get("/", Accept=ACTIVITY)
    browsed = await visitor.get("/", Accept="*/*")

    assert (asked.status, asked.headers["Location"]) == (303, HOME.node_actor())
    assert browsed.status == 200


async def test_peer_is_not_sent_to_another_host(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(world.remote_person, "cyd")
    await sqlite_storage.write(world.remote_community, "wasps")

    for path in ("/@cyd@peer.example", "/c/wasps@peer.example"):
        assert (await visitor.get(path, Accept=ACTIVITY)).status == 404
        assert (await visitor.get(path, Accept="*/*")).status == 200


async def test_peer_learns_nothing_of_a_secret_community(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(
        lambda uow: world.community(uow, "moles", visibility=CommunityVisibility.SECRET)
    )

    secret = await visitor.get("/c/moles", Accept=ACTIVITY)
    unknown = await visitor.get("/c/never", Accept=ACTIVITY)

    assert (secret.status, secret.body) == (404, unknown.body)


async def test_peer_learns_that_an_account_is_gone(
    visitor: Visitor, sqlite_storage: Storage, ada: Person
) -> None:
    await sqlite_storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.DELETED))

    assert (await visitor.get("/@ada", Accept=ACTIVITY)).status == 410


async def test_only_files_of_the_table_are_served(visitor: Visitor) -> None:
    style = await visitor.get("/static/noaber.css")
    mark = await visitor.get("/static/noaber.svg")
    source = await visitor.get("/static/static_files.py")

    assert [seen.status for seen in (style, mark, source)] == [200, 200, 404]
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert mark.headers["Content-Type"] == "image/svg+xml"


async def test_style_is_kept_for_a_year_under_the_address_that_pages_give_it(
    visitor: Visitor,
) -> None:
    page = await visitor.read("/")
    (address,) = page.rel("stylesheet")
    current = await visitor.get(address)
    other = await visitor.get("/static/noaber.css?v=old")
    again = await visitor.get(address, If_None_Match=current.headers["ETag"])

    assert "immutable" in current.headers["Cache-Control"]
    assert "immutable" not in other.headers["Cache-Control"]
    assert (again.status, again.body) == (304, b"")
