"""The parts of Statuses and Accounts that stay, kept as JSON between one page and the next.

What is kept of a post or an actor is used while its row is the same; what else it says (whom a
text names, the addresses of private files) may be ten minutes old, counts of an account one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from storage.post_pages import ActorCounts, ActorRow, Mentioned, PostRow
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
    parent_author_id: ActorKey | None
    audience: Visibility
    is_sensitive_place: bool
    parts: PostParts
    made_at: datetime


class Parts:
    """Keeps and makes parts; one object for the whole node, used by all readers."""

    def __init__(self, uris: Uris, media: MediaUrls) -> None:
        """Keep nothing yet."""
        self.uris = uris
        self._media = media
        self._pictures: Pictures | None = None
        self.posts: RowCache[Post] = RowCache(_MOST_POSTS)
        self.actors: RowCache[ActorRow] = RowCache(_MOST_ACTORS)
        self._texts: Bounded[PostKey, _Text] = Bounded(_MOST_POSTS)
        self._profiles: Bounded[ActorKey, tuple[ActorRow, bytes]] = Bounded(_MOST_ACTORS)
        self._counts: Bounded[ActorKey, tuple[ActorCounts, datetime]] = Bounded(_MOST_ACTORS)

    def of_post(self, row: PostRow, community: Community | None, at: datetime) -> PostParts | None:
        """The parts of a post, if they are kept and still say what it says."""
        kept = self._texts.get(row.post.id)
        if (
            kept is None
            or kept.post is not row.post
            or kept.parent_author_id != row.parent_author_id
            or kept.is_sensitive_place != _is_sensitive(community)
            or kept.audience is not audience_in(row.post, community)
            or at - kept.made_at > _OF_A_TEXT
        ):
            return None
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
        text = _Text(
            row.post,
            row.parent_author_id,
            audience_in(row.post, community),
            _is_sensitive(community),
            parts,
            at,
        )
        self._texts.put(row.post.id, text)
        return parts

    def account(self, row: ActorRow, counts: ActorCounts) -> bytes:
        """The Account of an actor."""
        key = row.profile.id
        kept = self._profiles.get(key)
        if kept is None or kept[0] is not row:
            facts = account_facts(row, self.uris, self._shown_pictures())
            kept = self._profiles.put(key, (row, fragments.frozen(account_part(facts))))
        return fragments.account_json(kept[1], standing_of(row, counts))

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

    def counted(
        self, uow: UnitOfWork, actor_ids: Iterable[ActorKey]
    ) -> dict[ActorKey, ActorCounts]:
        """What is counted of actors now."""
        keys = list(actor_ids)
        return uow.post_pages.counts(keys) if keys else {}

    def _shown_pictures(self) -> Pictures:
        if self._pictures is None:
            self._pictures = Pictures(
                avatar=self.uris.base + static_href("avatar.png"),
                header=self.uris.base + static_href("header.png"),
                shown_at=self._media.picture,
            )
        return self._pictures


def _is_sensitive(community: Community | None) -> bool:
    return community is not None and community.sensitive
