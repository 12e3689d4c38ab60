"""The parts of Statuses and Accounts that stay, kept as JSON between one page and the next.

What is kept of a post or an actor is used while its row is the same; what else it says (whom a
text names, the addresses of private files) may be ten minutes old, counts of an account one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from communities.community import Community
from communities.people import ActorKey
from communities.posts import Post, PostKey, Visibility
from communities.visibility import audience_in
from federation.uris import Uris
from node.mastodon.presenting_accounts import Pictures, account_facts, standing_of
from node.mastodon.presenting_text import written_part
from node.media.urls import MediaUrls
from node.web.static_files import static_href
from protocols.mastodon import fragments, statuses
from protocols.mastodon.accounts import account_part
from storage.post_cache import PostCache, PostRow
from storage.post_pages import ActorCounts, ActorRow, Mentioned
from storage.row_cache import RowCache
from storage.unit_of_work import UnitOfWork

_MOST_POSTS = 8192
_MOST_ACTORS = 8192
_OF_A_TEXT = timedelta(minutes=10)
_OF_COUNTS = timedelta(minutes=1)
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class PostParts:
    """The frozen parts of a post's Status, and of one that passes it on."""

    own: bytes
    passed_on: bytes


class Bounded(Generic[K, V]):
    """A dictionary of at most so many values: when it is full, the older half goes."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        """Keep nothing yet."""
        self._kept: dict[K, V] = {}
        self._most = most

    def get(self, key: K) -> V | None:
        """The value that is kept."""
        return self._kept.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep a value; the value again."""
        if len(self._kept) >= self._most:
            for old in list(self._kept)[: self._most // 2]:
                self._kept.pop(old, None)
        self._kept[key] = value
        return value


@dataclass(frozen=True, slots=True)
class _Text:
    post: Post
    community: Community | None
    parts: PostParts
    made_at: datetime


@dataclass(frozen=True, slots=True)
class _Account:
    row: ActorRow
    counts: ActorCounts
    account: bytes


class Parts:
    """Keeps and makes parts; one object for the whole node, used by all readers."""

    def __init__(self, uris: Uris, media: MediaUrls) -> None:
        """Keep nothing yet."""
        self.uris = uris
        self._media = media
        self._pictures: Pictures | None = None
        self.posts = PostCache(_MOST_POSTS)
        self.actors: RowCache[ActorRow] = RowCache(_MOST_ACTORS)
        self._texts: Bounded[PostKey, _Text] = Bounded(_MOST_POSTS)
        self._profiles: Bounded[ActorKey, tuple[ActorRow, bytes]] = Bounded(_MOST_ACTORS)
        self._accounts: Bounded[ActorKey, _Account] = Bounded(_MOST_ACTORS)
        self._counts: Bounded[ActorKey, tuple[ActorCounts, datetime]] = Bounded(_MOST_ACTORS)

    def of_post(self, row: PostRow, community: Community | None, at: datetime) -> PostParts | None:
        """The parts of a post, if they are kept and still say what it says."""
        post = row.post
        kept = self._texts.get(post.id)
        if kept is None or kept.post is not post or at - kept.made_at > _OF_A_TEXT:
            return None
        if kept.community is not community:
            if _place_of(post, kept.community) != _place_of(post, community):
                return None
            self._texts.put(post.id, replace(kept, community=community))
        return kept.parts

    def make_post(
        self,
        row: PostRow,
        community: Community | None,
        mentioned: Sequence[Mentioned],
        at: datetime,
    ) -> PostParts:
        """Make the parts of a post, and keep them."""
        written = written_part(row, community, mentioned, self.uris, self._media)
        parts = PostParts(fragments.frozen(written), fragments.frozen(statuses.passed_on(written)))
        self._texts.put(row.post.id, _Text(row.post, community, parts, at))
        return parts

    def account(self, row: ActorRow, counts: ActorCounts) -> bytes:
        """The Account of an actor."""
        key = row.profile.id
        made = self._accounts.get(key)
        if made is not None and made.row is row and made.counts is counts:
            return made.account
        kept = self._profiles.get(key)
        if kept is None or kept[0] is not row:
            facts = account_facts(row, self.uris, self._shown_pictures())
            kept = self._profiles.put(key, (row, fragments.frozen(account_part(facts))))
        account = fragments.account_json(kept[1], standing_of(row, counts))
        return self._accounts.put(key, _Account(row, counts, account)).account

    def counts(
        self, uow: UnitOfWork, actor_ids: Iterable[ActorKey], at: datetime
    ) -> dict[ActorKey, ActorCounts]:
        """What is counted of actors, or was a minute ago."""
        found: dict[ActorKey, ActorCounts] = {}
        wanted: list[ActorKey] = []
        for key in actor_ids:
            kept = self._counts.get(key)
            if kept is None or not -_OF_COUNTS < at - kept[1] < _OF_COUNTS:
                wanted.append(key)
            else:
                found[key] = kept[0]
        for key, counts in uow.post_pages.counts(wanted).items():
            found[key] = self._counts.put(key, (counts, at))[0]
        return found

    def _shown_pictures(self) -> Pictures:
        if self._pictures is None:
            self._pictures = Pictures(
                avatar=self.uris.base + static_href("avatar.png"),
                header=self.uris.base + static_href("header.png"),
                shown_at=self._media.picture,
            )
        return self._pictures


def _place_of(post: Post, community: Community | None) -> tuple[Visibility, bool]:
    """What a Status says of where the post stands."""
    return audience_in(post, community), community is not None and community.sensitive
