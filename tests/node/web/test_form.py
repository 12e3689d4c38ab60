"""The form of every page: well-formed, readable by machines that read aloud, nothing that acts."""

import re
from itertools import product

import pytest

from node.web.templating import FOLDER
from storage.store import Storage
from tests.support.factories import World
from tests.support.read_html import read_html, skipped_headings
from tests.support.town import Town, build_town
from tests.support.visitor import Visitor, site_over, visiting

PATHS = (
    *("home", "about", "community", "empty community", "private community"),
    *("community elsewhere", "person", "comments of a person", "person elsewhere"),
    *("conversation", "thread: plain", "thread: poll", "thread: event", "thread: pictures"),
    *("thread: link", "thread: covered", "thread: elsewhere", "thread: alone"),
)
MOST_BYTES = 60 * 1024


@pytest.fixture
async def town(sqlite_storage: Storage, world: World) -> Town:
    return await sqlite_storage.write(build_town, world)


def test_every_page_of_the_town_is_looked_at(town: Town) -> None:
    assert set(town.paths) == set(PATHS)


@pytest.mark.parametrize(("name", "language"), [*product(PATHS, ("en", "nl"))])
async def test_page_is_well_formed_and_has_headings_in_order(
    visitor: Visitor, town: Town, name: str, language: str
) -> None:
    document = await visitor.read(town.paths[name], Accept_Language=language)

    assert skipped_headings(document) == []
    assert document.languages[0] == language
    assert all(words.strip() for _level, words in document.headings)
    assert all(link.text.strip() for link in document.links)


@pytest.mark.parametrize("name", PATHS)
async def test_links_of_a_page_lead_somewhere(visitor: Visitor, town: Town, name: str) -> None:
    document = await visitor.read(town.paths[name])

    for link in document.links:
        if link.href.startswith("#"):
            assert link.href[1:] in document.ids
        elif link.href.startswith("/"):
            assert (await visitor.get(link.href)).status in (200, 410), link.href
        elif link.href.startswith("http"):
            assert "nofollow" in link.rel or "noopener" in link.rel, link.href


@pytest.mark.parametrize("name", PATHS)
async def test_page_has_the_headers_of_a_page(visitor: Visitor, town: Town, name: str) -> None:
    seen = await visitor.get(town.paths[name])

    policy = seen.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in seen.headers
    assert seen.headers["Vary"] == "Accept, Accept-Language"
    assert seen.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", PATHS)
async def test_page_that_the_client_has_is_not_sent_again(
    visitor: Visitor, town: Town, name: str
) -> None:
    first = await visitor.get(town.paths[name])
    again = await visitor.get(town.paths[name], If_None_Match=first.headers["ETag"])

    assert (again.status, again.body) == (304, b"")


async def test_page_of_twenty_threads_with_its_style_stays_within_sixty_kilobytes(
    visitor: Visitor, town: Town, sqlite_storage: Storage, world: World
) -> None:
    for _ in range(25):
        await sqlite_storage.write(world.post, town.ben, town.bees)
    page = await visitor.get("/c/bees")
    (style,) = read_html(page.text).rel("stylesheet")
    styled = await visitor.get(style)

    assert page.text.count('<article class="thread') >= 20
    assert len(page.body) + len(styled.body) < MOST_BYTES


async def test_pages_are_the_same_over_both_databases(storage: Storage, world: World) -> None:
    town = await storage.write(build_town, world)

    async with visiting(site_over(storage, world.now)) as visitor:
        for path in (*town.paths.values(), "/c/bees?sort=hot", "/c/bees?sort=top"):
            await visitor.read(path)
        for path in ("/c/bees/feed.atom", "/@ada/feed.rss", "/sitemap.xml", "/c/bees/sitemap.xml"):
            assert (await visitor.get(path)).status == 200


def test_html_is_trusted_in_one_place() -> None:
    code = "\n".join(path.read_text("utf-8") for path in FOLDER.parent.glob("*.py"))
    templates = "\n".join(path.read_text("utf-8") for path in FOLDER.glob("*.html"))

    assert code.count("Markup(") == 1
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", templates)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", templates)
    assert re.findall(r"<script[^>]*>.", templates) == ['<script src="{{ href }}" defer><']


async def test_page_says_where_it_is_and_what_it_is_about(visitor: Visitor, town: Town) -> None:
    post = town.threads["plain"]
    document = await visitor.read(town.paths["thread: plain"])

    assert document.rel("canonical") == [f"https://noaber.example/post/{post.id}"]
    assert post.uri in document.rel("alternate")
    assert document.meta("og:title") == "Weak colonies"
    assert (document.meta("og:description") or "").startswith("Which?")
    assert document.meta("robots") is None


async def test_languages_of_posts_are_marked(visitor: Visitor, town: Town) -> None:
    document = await visitor.read(town.paths["thread: plain"], Accept_Language="nl")

    assert document.languages[0] == "nl"
    assert "en" in document.languages[1:]
