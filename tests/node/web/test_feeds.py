"""Feeds and sitemaps: valid XML with absolute addresses, of public content alone (PRV-02)."""

from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from itertools import product
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from communities.community import Community, CommunityVisibility
from communities.people import ActorState, Person
from communities.posts import Attachment, Post, PostContent, PostState, Visibility
from communities.text import render_markdown
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.visitor import Seen, Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
FEEDS = ("/c/bees/feed.atom", "/c/bees/feed.rss", "/@ada/feed.atom", "/@ada/feed.rss")


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World) -> Community:
    return await sqlite_storage.write(world.community, "bees")


@pytest.fixture
async def posts(sqlite_storage: Storage, world: World, ada: Person, bees: Community) -> list[Post]:
    """Two threads, the second one edited, with everything that a feed shows."""
    content = PostContent(
        title="Frost & <ice>",
        html=render_markdown("The *first* frost. 🐝"),
        language="en",
        link="https://weather.example/?a=1&b=2",
        attachments=(Attachment(kind="Image", url="https://media.example/a.jpg", alt='A "roof"'),),
        hashtags=("frost",),
    )

    def write(uow: UnitOfWork) -> list[Post]:
        first = world.post(uow, ada, bees, content=content, published_at=world.now)
        second = world.post(uow, ada, bees, published_at=world.now)
        changed = PostContent(html="<p>Covered.</p>", warning="ghosts")
        uow.posts.edit(second.id, changed, at=world.tick(timedelta(hours=2)))
        return [first, second]

    return await sqlite_storage.write(write)


def parse(seen: Seen) -> Element:
    assert seen.status == 200, seen.text
    return ElementTree.fromstring(seen.body)


def texts(root: Element, path: str) -> list[str]:
    return [element.text or "" for element in root.iterfind(path)]


def is_rfc3339(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


@pytest.mark.parametrize("path", ["/c/bees/feed.atom", "/@ada/feed.atom"])
async def test_atom_feed_has_what_rfc_4287_asks(
    visitor: Visitor, posts: list[Post], path: str
) -> None:
    seen = await visitor.get(path)
    root = parse(seen)
    entries = root.findall(f"{ATOM}entry")

    assert seen.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert root.tag == f"{ATOM}feed"
    for element in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert is_rfc3339(texts(element, f"{ATOM}updated")[0])
    assert len(entries) == 2
    for entry in entries:
        assert texts(entry, f"{ATOM}author/{ATOM}name") == ["Ada"]
        assert (content := entry.find(f"{ATOM}content")) is not None
        assert content.get("type") == "html"
    (here,) = [link for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert here.get("href") == f"https://noaber.example{path}"
    assert texts(root, f"{ATOM}entry/{ATOM}id") == [post.uri for post in reversed(posts)]


@pytest.mark.parametrize("path", ["/c/bees/feed.rss", "/@ada/feed.rss"])
async def test_rss_feed_has_what_its_specification_asks(
    visitor: Visitor, posts: list[Post], path: str
) -> None:
    seen = await visitor.get(path)
    root = parse(seen)
    (channel,) = root
    items = channel.findall("item")

    assert seen.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    for name in ("title", "link", "description"):
        assert texts(channel, name) != [""]
    assert parsedate_to_datetime(texts(channel, "lastBuildDate")[0]).tzinfo is not None
    assert len(items) == 2
    for item, post in zip(items, reversed(posts), strict=True):
        guid = item.find("guid")
        assert guid is not None
        assert (guid.text, guid.get("isPermaLink")) == (post.uri, "false")
        assert parsedate_to_datetime(texts(item, "pubDate")[0]) == post.published_at
        assert texts(item, CREATOR) == ["Ada"]
        assert item.find("author") is None


@pytest.mark.parametrize("path", FEEDS)
async def test_addresses_of_a_feed_are_absolute_and_titles_plain(
    visitor: Visitor, posts: list[Post], path: str
) -> None:
    root = parse(await visitor.get(path))

    links = [element for element in root.iter() if element.tag.endswith("link")]
    addresses = [link.get("href") or link.text or "" for link in links]
    assert addresses
    assert all(address.startswith("https://noaber.example/") for address in addresses)
    titles = [element.text for element in root.iter() if element.tag.endswith("title")]
    assert "Frost & <ice>" in titles


@pytest.mark.parametrize("path", FEEDS)
async def test_text_comes_with_its_warning_link_and_files(
    visitor: Visitor, posts: list[Post], path: str
) -> None:
    root = parse(await visitor.get(path))

    tags = ("content", "description")
    found = "\n".join(element.text or "" for element in root.iter() if element.tag.endswith(tags))
    assert "The <em>first</em> frost. 🐝" in found
    assert 'href="https://weather.example/?a=1&amp;b=2"' in found
    assert "A &quot;roof&quot;" in found
    assert found.index("<strong>ghosts</strong>") < found.index("Covered.")


@pytest.mark.parametrize("path", FEEDS)
async def test_feed_that_the_reader_has_is_not_sent_again(
    visitor: Visitor, posts: list[Post], path: str
) -> None:
    first = await visitor.get(path)
    modified = first.headers["Last-Modified"]
    changed_at = parsedate_to_datetime(modified)
    earlier = format_datetime(changed_at - timedelta(seconds=1), usegmt=True)

    by_tag = await visitor.get(path, If_None_Match=f'W/"x", {first.headers["ETag"]}')
    by_time = await visitor.get(path, If_Modified_Since=modified)
    stale_tag = await visitor.get(path, If_None_Match='"x"', If_Modified_Since=modified)
    stale_time = await visitor.get(path, If_Modified_Since=earlier)
    odd_time = await visitor.get(path, If_Modified_Since="yesterday")

    assert [seen.status for seen in (by_tag, by_time)] == [304, 304]
    assert [seen.status for seen in (stale_tag, stale_time, odd_time)] == [200, 200, 200]
    assert by_tag.body == b""


async def test_feed_of_a_new_community_is_empty_and_valid(
    visitor: Visitor, bees: Community
) -> None:
    root = parse(await visitor.get("/c/bees/feed.atom"))

    assert root.findall(f"{ATOM}entry") == []
    assert is_rfc3339(texts(root, f"{ATOM}updated")[0])


async def test_feed_holds_thirty_threads_newest_first(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    for _ in range(35):
        await sqlite_storage.write(world.post, ada, bees)

    found = texts(parse(await visitor.get("/c/bees/feed.rss")), "channel/item/guid")

    assert len(found) == 30
    assert found == sorted(found, reverse=True)


async def test_characters_that_xml_cannot_hold_are_left_out(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    content = PostContent(title="a\x00b\x0b\ufffe\U0001f41d", html="<p>\x1f]]>\x7f</p>")
    await sqlite_storage.write(lambda uow: world.post(uow, ada, bees, content=content))

    for name in ("atom", "rss"):
        root = parse(await visitor.get(f"/c/bees/feed.{name}"))
        titles = [element.text for element in root.iter() if element.tag.endswith("title")]
        assert "ab🐝" in titles


@pytest.mark.parametrize(
    ("visibility", "name"),
    [*product((CommunityVisibility.PRIVATE, CommunityVisibility.SECRET), ("atom", "rss"))],
)
async def test_community_that_is_not_open_has_no_feed(
    visitor: Visitor,
    sqlite_storage: Storage,
    world: World,
    visibility: CommunityVisibility,
    name: str,
) -> None:
    await sqlite_storage.write(lambda uow: world.community(uow, "hive", visibility=visibility))

    assert (await visitor.get(f"/c/hive/feed.{name}")).status == 404
    assert (await visitor.get("/c/hive/sitemap.xml")).status == 404


async def test_feeds_of_those_elsewhere_are_at_their_home(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(world.remote_person, "cyd")
    await sqlite_storage.write(world.remote_community, "wasps")

    assert (await visitor.get("/@cyd@peer.example/feed.atom")).status == 404
    assert (await visitor.get("/c/wasps@peer.example/feed.atom")).status == 404
    assert (await visitor.get("/c/wasps@peer.example/sitemap.xml")).status == 404


async def test_prv_02_feeds_and_sitemaps_hold_only_what_is_public(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    def write(uow: UnitOfWork) -> None:
        for visibility in Visibility:
            content = PostContent(title=f"for {visibility.value}")
            if visibility is not Visibility.MEMBERS:
                world.post(uow, ada, content=content, visibility=visibility)
        removed = world.post(uow, ada, bees, content=PostContent(title="for removed"))
        uow.posts.set_state(removed.id, PostState.REMOVED, at=world.now)
        ben = world.person(uow, "ben")
        world.post(uow, ben, bees, content=PostContent(title="for suspended"))
        uow.people.set_state(ben.id, ActorState.SUSPENDED)

    await sqlite_storage.write(write)

    person = (await visitor.get("/@ada/feed.atom")).text
    community = (await visitor.get("/c/bees/feed.atom")).text
    sitemap = parse(await visitor.get("/c/bees/sitemap.xml"))

    assert "for public" in person
    for word in ("unlisted", "followers", "direct", "removed", "suspended"):
        assert f"for {word}" not in person + community
    assert texts(sitemap, f"{MAP}url/{MAP}loc") == ["https://noaber.example/c/bees"]


async def test_sitemaps_lead_to_public_threads(
    visitor: Visitor, sqlite_storage: Storage, world: World, posts: list[Post]
) -> None:
    def found(uow: UnitOfWork) -> None:
        for visibility in CommunityVisibility:
            if visibility is not CommunityVisibility.PUBLIC:
                world.community(uow, visibility.value, visibility=visibility)

    await sqlite_storage.write(found)

    robots = await visitor.get("/robots.txt")
    index = parse(await visitor.get("/sitemap.xml"))
    community = parse(await visitor.get("/c/bees/sitemap.xml"))

    assert "Sitemap: https://noaber.example/sitemap.xml\n" in robots.text
    assert robots.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert texts(index, f"{MAP}sitemap/{MAP}loc") == ["https://noaber.example/c/bees/sitemap.xml"]
    places = texts(community, f"{MAP}url/{MAP}loc")
    assert places == [
        "https://noaber.example/c/bees",
        *(f"https://noaber.example/post/{post.id}" for post in reversed(posts)),
    ]
    assert all(is_rfc3339(text) for text in texts(community, f"{MAP}url/{MAP}lastmod"))


async def test_unlisted_community_has_a_feed_and_no_sitemap(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(
        lambda uow: world.community(uow, "quiet", visibility=CommunityVisibility.UNLISTED)
    )

    assert (await visitor.get("/c/quiet/feed.atom")).status == 200
    assert (await visitor.get("/c/quiet/sitemap.xml")).status == 404
