"""Atom and RSS documents from the same values.

Spec: RFC 4287; RSS 2.0 (rssboard.org/rss-specification) with Dublin Core's creator.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, tostring

ATOM = "http://www.w3.org/2005/Atom"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A post of a feed; `html` is safe, and `updated` is never before `published`."""

    id: str
    link: str
    title: str
    author: str
    author_link: str
    html: str
    published: datetime
    updated: datetime
    language: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed; `id` never changes, `link` is the page that it follows, `here` the feed itself."""

    id: str
    link: str
    here: str
    title: str
    description: str
    language: str
    updated: datetime
    entries: Sequence[FeedEntry]


def atom(feed: Feed) -> bytes:
    """The feed as Atom."""
    # Names with their prefixes as they are written: ElementTree's own default namespace refuses
    # attributes without one.
    root = Element("feed", {"xmlns": ATOM, "xml:lang": feed.language})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    if feed.description:
        _add(root, "subtitle", feed.description)
    _add(root, "updated", _rfc3339(feed.updated))
    _link(root, "link", feed.here, "self", "application/atom+xml")
    _link(root, "link", feed.link, "alternate", "text/html")
    _add(root, "generator", "noaber")
    for entry in feed.entries:
        _atom_entry(SubElement(root, "entry"), entry)
    return _document(root)


def _atom_entry(node: Element, entry: FeedEntry) -> None:
    if entry.language is not None:
        node.set("xml:lang", entry.language)
    _add(node, "id", entry.id)
    _add(node, "title", entry.title)
    _add(node, "published", _rfc3339(entry.published))
    _add(node, "updated", _rfc3339(entry.updated))
    author = SubElement(node, "author")
    _add(author, "name", entry.author)
    _add(author, "uri", entry.author_link)
    _link(node, "link", entry.link, "alternate", "text/html")
    for category in entry.categories:
        SubElement(node, "category", {"term": _clean(category)})
    _add(node, "content", entry.html, type="html")


def rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0."""
    root = Element("rss", {"version": "2.0", "xmlns:atom": ATOM, "xmlns:dc": DUBLIN_CORE})
    channel = SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.link)
    _add(channel, "description", feed.description or feed.title)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", _rfc822(feed.updated))
    _add(channel, "generator", "noaber")
    _link(channel, "atom:link", feed.here, "self", "application/rss+xml")
    for entry in feed.entries:
        item = SubElement(channel, "item")
        _add(item, "title", entry.title)
        _add(item, "link", entry.link)
        _add(item, "guid", entry.id, isPermaLink="false")
        _add(item, "pubDate", _rfc822(entry.published))
        _add(item, "dc:creator", entry.author)
        for category in entry.categories:
            _add(item, "category", category)
        _add(item, "description", entry.html)
    return _document(root)


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = _clean(text)


def _link(parent: Element, name: str, href: str, relation: str, media_type: str) -> None:
    SubElement(parent, name, {"href": _clean(href), "rel": relation, "type": media_type})


def _document(root: Element) -> bytes:
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold. Spec: XML 1.0, 2.2 "Char"."""
    return _FORBIDDEN.sub("", text)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
