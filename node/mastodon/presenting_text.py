"""The part of a Status that its author wrote: the same for every reader."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from communities.community import Community
from communities.posts import Attachment, Post, Visibility
from communities.visibility import audience_in
from federation.uris import Uris
from node.mastodon.attachments import attachment_entity, is_shown
from node.mastodon.presenting_accounts import acct
from node.media.urls import MediaUrls
from protocols.activitypub.parsing_origins import is_web_url
from protocols.mastodon import statuses
from protocols.mastodon.accounts import Entity
from storage.post_cache import PostRow
from storage.post_pages import Mentioned

_ANCHOR = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.DOTALL)
_HREF = re.compile(r'\bhref="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_VISIBILITIES = {
    Visibility.PUBLIC: "public",
    Visibility.UNLISTED: "unlisted",
    Visibility.FOLLOWERS: "private",
    Visibility.MEMBERS: "private",
    Visibility.DIRECT: "direct",
}
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
MAX_MENTIONS = 50


@dataclass(frozen=True, slots=True)
class Anchor:
    """The address of a mention in a text, taken apart: who could be meant."""

    href: str
    name: str
    host: str


def mentions_in(html: str) -> list[Anchor]:
    """The links in a text that name someone."""
    if "@" not in html and "mention" not in html:
        return []
    found: dict[str, Anchor] = {}
    for attributes, inner in _ANCHOR.findall(html):
        if not _is_mention(attributes, inner):
            continue
        href = _HREF.search(attributes)
        anchor = None if href is None else _anchor(unescape(href[1]))
        if anchor is not None and len(found) < MAX_MENTIONS:
            found.setdefault(anchor.href, anchor)
    return list(found.values())


def _is_mention(attributes: str, inner: str) -> bool:
    if "hashtag" in attributes:
        return False
    return "mention" in attributes or _TAG.sub("", inner).lstrip().startswith(("@", "!"))


def _anchor(href: str) -> Anchor | None:
    if not is_web_url(href):
        return None
    parts = urlsplit(href)
    name = parts.path.rstrip("/").rpartition("/")[2].lstrip("@!")
    return Anchor(href=href, name=name.partition("@")[0], host=parts.netloc.lower())


class MentionIndex:
    """Who is meant by the mentions of a page of posts."""

    __slots__ = ("_by_address", "_by_name")

    def __init__(self, found: Iterable[Mentioned], uris: Uris) -> None:
        """Index actors by all the addresses that a mention can have."""
        own_host = urlsplit(uris.base).netloc.lower()
        self._by_address: dict[str, Mentioned] = {}
        self._by_name: dict[tuple[str, str], Mentioned] = {}
        for actor in found:
            self._by_address[actor.uri] = actor
            if actor.url is not None:
                self._by_address[actor.url] = actor
            host = own_host if actor.host is None else actor.host
            self._by_name[actor.localpart.lower(), host] = actor

    def meant(self, anchor: Anchor) -> Mentioned | None:
        """The actor that a mention leads to; None when nobody known is."""
        return self._by_address.get(anchor.href) or self._by_name.get(
            (anchor.name.lower(), anchor.host)
        )

    def all_meant(self, anchors: Iterable[Anchor]) -> list[Mentioned]:
        """The actors that some mentions lead to, once each."""
        found = (self.meant(anchor) for anchor in anchors)
        return list({actor.id: actor for actor in found if actor is not None}.values())


def written_part(
    row: PostRow,
    community: Community | None,
    mentioned: Sequence[Mentioned],
    uris: Uris,
    urls: MediaUrls,
) -> Entity:
    """What an author wrote, as the part of a Status that all readers share."""
    post, content = row.post, row.post.content
    link = content.link if is_web_url(content.link) else None
    audience = audience_in(post, community)
    return statuses.written(
        statuses.Written(
            id=post.id,
            uri=post.uri,
            url=post.url or post.uri,
            created_at=post.published_at,
            edited_at=post.edited_at,
            content=statuses.content(content.html, title=content.title, link=link),
            title=content.title,
            warning=content.warning or "",
            sensitive=content.sensitive or (community is not None and community.sensitive),
            visibility=_VISIBILITIES[audience],
            language=content.language,
            in_reply_to_id=post.parent_id,
            in_reply_to_account_id=row.parent_author_id,
            group_id=post.community_id,
            locked=post.locked,
            media=media_of(post, content.attachments, urls, private=not is_open(audience)),
            mentions=[_mention(actor, uris) for actor in mentioned],
            tags=[_tag(name.removeprefix("#"), uris) for name in content.hashtags],
            card=None if link is None else _card(link, content.title),
        )
    )


def is_open(audience: Visibility) -> bool:
    """Whether everybody may see what has this audience."""
    return audience in _OPEN


def media_of(
    post: Post, attachments: Sequence[Attachment], urls: MediaUrls, *, private: bool
) -> list[Entity]:
    """The MediaAttachments of a post, as it is or as it was."""
    return [
        attachment_entity(post, place, attachment, urls, private=private)
        for place, attachment in enumerate(attachments)
        if is_shown(attachment)
    ]


def _mention(actor: Mentioned, uris: Uris) -> Entity:
    page = uris.person_page(actor.localpart) if actor.host is None else actor.uri
    return statuses.mention(
        id=actor.id,
        username=actor.localpart,
        acct=acct(actor.localpart, actor.host),
        url=actor.url or page,
    )


def _tag(name: str, uris: Uris) -> Entity:
    return statuses.tag(name=name.lower(), url=f"{uris.base}/tags/{name.lower()}")


def _card(link: str, title: str | None) -> Entity:
    host = urlsplit(link).hostname or ""
    return statuses.link_card(url=link, title=title or host, host=host)
