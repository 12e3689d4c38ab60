"""What peers send, on every page that shows it: none of it acts (HTM-01, HTM-02, HTM-09).

The payloads come in through the inbox, signed, in every field that a page shows.
"""

from contextlib import suppress
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

from communities.community import Community
from communities.people import Person
from node.web.outward import contact_link, outward
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject
from storage.store import Storage
from tests.support.postbox import Postbox, activity, actor_document, note, page
from tests.support.visitor import Visitor

MARKUP = (
    "<script>X</script>",
    "<img src=x onerror=X>",
    '<a href="javascript:X">a</a>',
    '<a href="jav&#x09;ascript:X">a</a>',
    "<svg/onload=X>",
    "<math><mtext><table><mglyph><style><img src=x onerror=X>",
    "<iframe srcdoc='<script>X</script>'></iframe>",
    "<form action=//evil><input name=p></form>",
    "<p style='position:fixed;inset:0'>x</p>",
    '<noscript><p title="</noscript><img src=x onerror=X>">',
    "<a href='data:text/html,X'>d</a>",
    "<base href='//evil/'>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<template><img src=x onerror=X></template>",
    "<xmp><img src=x onerror=X></xmp>",
    "<annotation-xml>x</annotation-xml>",
    "<annotation-xml encoding>x</annotation-xml>",
    "<details open ontoggle=X>",
    "<object data='javascript:X'></object>",
    "<link rel=stylesheet href=//evil>",
    "</div></main><h1>Not ours</h1>",
    "<!-- a comment <b> --><![CDATA[x]]>",
    "<a href='//evil.example/'>a</a>",
    "<a href='https://bank.example@evil.example/'>a</a>",
    "<style>*{display:none}</style>",
    '"><script>X</script>',
    "{{ 7 * 7 }}{% raw %}{# #}%(number)s",
    "<p id=main class=skip>x</p>",
)
ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>X</script>",
    "//evil.example/",
    "https://bank.example@evil.example/",
    "https://bank.example\\@evil.example/",
    "https://evil.example\\.bank.example/",
    "https://x.example/\u202eexe.gpj",
    "vbscript:X",
    "file:///etc/passwd",
    "https://",
    "https://[::1",
    " https://x.example/",
    "https://x.example/\x00",
    "https://" + "a" * 3000,
)


def hostile_fields(payload: str) -> dict[str, Any]:
    """Every property of a post that is shown, holding the payload."""
    return {
        "content": f"<p>before</p>{payload}<p>after</p>",
        "name": payload,
        "tag": [{"type": "Hashtag", "name": f"#{payload}", "href": "https://peer.example/t"}],
        "contentMap": {payload: payload},
        "attachment": [
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": "https://peer.example/a.png",
                "name": payload,
            }
        ],
    }


@pytest.fixture
def postbox(sqlite_storage: Storage) -> Postbox:
    return Postbox(sqlite_storage)


@pytest.fixture
async def bees(postbox: Postbox) -> Community:
    return await postbox.group("bees")


@pytest.fixture
async def eve(postbox: Postbox) -> Person:
    return await postbox.stranger("eve")


async def send(postbox: Postbox, eve: Person, sent: JsonObject) -> str:
    """Deliver a post; the path of its page."""
    await postbox.deliver(activity("Create", eve.uri, sent))
    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    return f"/post/{stored.id}"


async def look_everywhere(visitor: Visitor, *paths: str) -> None:
    """Every page must be well-formed (`Visitor.read` checks), with its one `h1` and `main`."""
    for path in paths:
        document = await visitor.read(path)
        assert [level for level, _words in document.headings].count(1) == 1
        assert document.tags.count("main") == 1
        assert "49" not in document.text.split()


@pytest.mark.parametrize("payload", MARKUP)
async def test_markup_of_a_peer_does_not_act_on_any_page(
    visitor: Visitor, postbox: Postbox, eve: Person, bees: Community, payload: str
) -> None:
    post = await send(
        postbox, eve, page(eve.uri, bees.uri, **{"summary": payload, **hostile_fields(payload)})
    )
    covered = page(
        eve.uri, bees.uri, **{"summary": payload, "sensitive": True, **hostile_fields(payload)}
    )
    await send(postbox, eve, covered)
    answer = note(
        eve.uri,
        inReplyTo=str(covered["id"]),
        content=payload,
        to=[bees.uri, "https://www.w3.org/ns/activitystreams#Public"],
    )
    comment = await send(postbox, eve, answer)

    author = "/@eve@peer.example"
    await look_everywhere(visitor, "/", "/c/bees", post, comment, author, f"{author}?show=comments")


@pytest.mark.parametrize("payload", MARKUP)
async def test_markup_in_polls_and_events_does_not_act(
    visitor: Visitor, postbox: Postbox, eve: Person, bees: Community, payload: str
) -> None:
    options = [{"type": "Note", "name": name} for name in (payload, "other")]
    poll = page(eve.uri, bees.uri, type="Question", oneOf=options)
    event = page(
        eve.uri,
        bees.uri,
        type="Event",
        startTime="2026-12-01T19:00:00Z",
        location={"type": "Place", "name": payload},
        timezone=payload,
    )
    paths = [await send(postbox, eve, poll), await send(postbox, eve, event)]

    await look_everywhere(visitor, "/c/bees", *paths)


@pytest.mark.parametrize("payload", MARKUP)
async def test_markup_in_a_profile_does_not_act(
    visitor: Visitor, postbox: Postbox, eve: Person, bees: Community, payload: str
) -> None:
    fields = [{"type": "PropertyValue", "name": payload, "value": payload}]
    changed: dict[str, Any] = {"name": payload, "summary": payload, "attachment": fields}
    person = actor_document(eve.uri, **changed)
    postbox.wire.documents[eve.uri] = person
    await postbox.deliver(activity("Update", eve.uri, person))
    post = await send(postbox, eve, page(eve.uri, bees.uri))

    shown = await visitor.get("/@eve@peer.example")
    assert "eve" in shown.text
    await look_everywhere(visitor, "/", "/c/bees", post, "/@eve@peer.example")


@pytest.mark.parametrize(("address", "form"), [*product(ADDRESSES, ("page", "attachment"))])
async def test_address_that_is_not_what_it_looks_like_is_no_link(
    visitor: Visitor, postbox: Postbox, eve: Person, bees: Community, address: str, form: str
) -> None:
    attached = {
        "page": {"type": "Link", "href": address},
        "attachment": {"type": "Document", "mediaType": "image/png", "url": address},
    }
    sent = page(eve.uri, bees.uri, attachment=[attached[form]], url=address)
    with suppress(RemoteProtocolError):  # refused at the door is as good
        await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    paths = ["/c/bees", "/@eve@peer.example"] + ([f"/post/{stored.id}"] if stored else [])
    for path in paths:
        document = await visitor.read(path)
        assert address not in [link.href for link in document.links]


@pytest.mark.parametrize("payload", MARKUP)
async def test_feeds_hold_markup_as_text(
    visitor: Visitor, postbox: Postbox, eve: Person, bees: Community, payload: str
) -> None:
    await send(postbox, eve, page(eve.uri, bees.uri, **hostile_fields(payload)))

    for name in ("atom", "rss"):
        seen = await visitor.get(f"/c/bees/feed.{name}")
        root = ElementTree.fromstring(seen.body)
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= FEED_ELEMENTS


FEED_ELEMENTS = {
    *("feed", "id", "title", "subtitle", "updated", "link", "generator", "entry", "published"),
    *("author", "name", "uri", "category", "content"),
    *("rss", "channel", "description", "language", "lastBuildDate", "item", "guid", "pubDate"),
    *("creator",),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_outward_refuses_what_is_no_plain_web_address(address: str) -> None:
    assert outward(address) is None


def test_outward_names_the_host_that_a_browser_goes_to() -> None:
    found = outward("https://www.xn--mgbh0fb.example:8443/a?b#c")
    other = outward("https://пример.example/")

    assert found is not None
    assert other is not None
    assert (found.host, other.host) == ("xn--mgbh0fb.example", "xn--e1afmkfd.example")


@pytest.mark.parametrize(
    ("contact", "href"),
    [
        ("beheer@noaber.example", "mailto:beheer@noaber.example"),
        ("https://noaber.example/contact", "https://noaber.example/contact"),
        ("javascript:alert(1)", None),
        ("a@b?subject=x&body=y", None),
        ("ring the bell", None),
        (None, None),
    ],
)
def test_contact_is_a_link_where_it_can_be_one(contact: str | None, href: str | None) -> None:
    assert contact_link(contact) == href
