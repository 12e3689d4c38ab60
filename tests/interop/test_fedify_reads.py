"""What Fedify makes of our documents: their terms, WebFinger, collections, and who may read them.

Slow: a process of another language, and 4096-bit keys.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocols.strict_json import JsonObject, JsonValue
from tests.interop.fedify_server import CommandError, Fedify, of_type
from tests.interop.gardening import join
from tests.interop.home import Garden, Home, make_garden, open_home

pytestmark = pytest.mark.slow

AS = "https://www.w3.org/ns/activitystreams#"
LDP = "http://www.w3.org/ns/ldp#"
SEC = "https://w3id.org/security#"


@pytest.fixture
async def closed_home(tmp_path: Path) -> AsyncIterator[Home]:
    """A node that gives its documents to signed requests only."""
    async with open_home(tmp_path, authorized_fetch=True) as opened:
        yield opened


def term(document: JsonObject | None, name: str) -> JsonValue:
    """The one value of a term in an expanded document, as its id or its value."""
    assert document is not None
    found = document[name]
    assert isinstance(found, list)
    assert len(found) == 1
    value = found[0]
    assert isinstance(value, dict)
    return value.get("@id", value.get("@value"))


async def test_understands_a_group(garden: Garden, fedify: Fedify) -> None:
    group = await fedify.lookup(garden.uri)

    assert group is not None
    assert group["@type"] == [AS + "Group"]
    assert term(group, LDP + "inbox") == f"{garden.uri}/inbox"
    assert term(group, AS + "outbox") == f"{garden.uri}/outbox"
    assert term(group, AS + "preferredUsername") == "garden"
    assert term(group, SEC + "publicKey") == garden.home.node.uris.main_key(garden.uri)
    keys = group[SEC + "assertionMethod"]
    assert isinstance(keys, list)
    assert garden.home.node.uris.ed25519_key(garden.uri) in str(keys)


@pytest.mark.parametrize("name", ["ada", "garden"])
async def test_webfinger_names_the_actor(garden: Garden, fedify: Fedify, name: str) -> None:
    url = garden.uri if name == "garden" else garden.owner.uri

    found = await fedify.call("finger", url=url)

    assert found == {"subject": f"acct:{name}@{garden.home.node.uris.domain}", "actors": [url]}


async def test_understands_a_post(garden: Garden, fedify: Fedify) -> None:
    post = await garden.write("Who has **beans**?", title="Beans")

    page = await fedify.lookup(post.uri)

    assert page is not None
    assert page["@type"] == [AS + "Page"]
    assert term(page, AS + "name") == "Beans"
    assert term(page, AS + "content") == "<p>Who has <strong>beans</strong>?</p>"
    assert term(page, AS + "attributedTo") == garden.owner.uri
    assert term(page, AS + "audience") == garden.uri


async def test_pages_through_the_outbox_of_a_group(garden: Garden, fedify: Fedify) -> None:
    posts = [await garden.write(f"Row {row}", title=f"Row {row}") for row in range(3)]

    outbox = await fedify.call("collect", url=f"{garden.uri}/outbox")

    assert outbox["type"] == "OrderedCollection"
    assert outbox["total"] == 3
    announces = [garden.home.node.uris.announced(post.id) for post in reversed(posts)]
    assert outbox["items"] == [{"type": "Announce", "id": uri} for uri in announces]


async def test_reads_the_context_of_a_thread(garden: Garden, fedify: Fedify) -> None:
    post = await garden.write("Beans?", title="Beans")
    comment = await garden.write("Peas.", parent=post)

    thread = await fedify.call("collect", url=garden.home.node.uris.context(post.id))

    assert [item["id"] for item in thread["items"]] == [post.uri, comment.uri]


async def test_signed_request_reads_what_an_unsigned_one_may_not(
    closed_home: Home, fedify: Fedify
) -> None:
    garden = await make_garden(closed_home)
    post = await garden.write("Beans?", title="Beans")

    signed = await fedify.lookup(post.uri, reader="alice")

    assert term(signed, AS + "name") == "Beans"
    assert await fedify.lookup(post.uri) is None
    outbox = await fedify.call("collect", url=f"{garden.uri}/outbox", **{"as": "alice"})
    assert outbox["total"] == 1
    with pytest.raises(CommandError):
        await fedify.call("collect", url=f"{garden.uri}/outbox")


async def test_group_is_followed_and_read_where_documents_are_for_signed_requests_only(
    closed_home: Home, fedify: Fedify
) -> None:
    garden = await make_garden(closed_home)
    await join(garden, fedify)

    post = await garden.write("Beans?", title="Beans")

    twin = await fedify.hears(lambda one: of_type("Announce")(one) and one.heard_id == post.uri)
    assert twin.inner is not None
    assert twin.inner.name == "Beans"
