"""Statuses and Accounts of whole pages, with a fixed number of statements whatever their length.

Every handler that answers with a Status or an Account asks here; what the viewer may not see, or
does not want to, is left out.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from communities.errors import NotFound
from communities.filtering import FilterContext, Match, Matcher, filtered_text, hides
from communities.people import ActorKey
from communities.posts import Poll, Post, PostCounts
from communities.visibility import Viewer
from federation.uris import Uris
from node.mastodon.presenting_accounts import (
    moment_of,
)
from node.mastodon.presenting_filters import filter_results
from node.mastodon.presenting_pages import (
    Page,
    Question,
    Shown,
    is_present,
    is_visible,
    read_page,
)
from node.mastodon.presenting_parts import Parts
from node.mastodon.presenting_polls import poll_entity
from node.media.urls import MediaUrls
from protocols.mastodon import fragments, statuses
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry, boost_id_of
from storage.post_cache import PostRow
from storage.post_page_statements import (
    BOOKMARKED,
    BOOSTED,
    DISLIKED,
    LIKED,
    PINNED,
    SILENCED,
)
from storage.unit_of_work import UnitOfWork

_UNMARKED = fragments.marks_json(statuses.Marks())


def _decode(entity: bytes) -> Entity:
    found: Entity = msgspec.json.decode(entity)
    return found


class Presenter:
    """Puts entities together; keeps the parts that stay between one page and the next."""

    def __init__(self, *, uris: Uris, media: MediaUrls) -> None:
        """Take what addresses are made of, those of pictures and attachments too."""
        self._parts = Parts(uris, media)

    def statuses(
        self,
        uow: UnitOfWork,
        viewer: Viewer,
        entries: Sequence[FeedEntry],
        at: datetime,
        context: str | None = None,
    ) -> list[Entity]:
        """The Statuses of a page, in its order.

        Left out is what the viewer may not see, and what they have muted, blocked or filtered
        away where the page is shown (`context`: home, notifications, public, thread, account).
        """
        found = self.encoded(uow, viewer, entries, at, context)
        return [_decode(status) for status in found if status is not None]

    def encoded(
        self,
        uow: UnitOfWork,
        viewer: Viewer,
        entries: Sequence[FeedEntry],
        at: datetime,
        context: str | None = None,
    ) -> list[bytes | None]:
        """The same as JSON, for answers of many: None for each entry that is left out."""
        if not entries:
            return []
        place = None if context is None else FilterContext(context)
        question = Question(viewer=viewer, at=at, context=place)
        page = read_page(uow, question, entries, self._parts)
        return [self._entry(page, entry) for entry in entries]

    def status(
        self, uow: UnitOfWork, viewer: Viewer, entry: FeedEntry | None, at: datetime
    ) -> Entity:
        """One Status, asked for by its id: whom the viewer muted or blocked does not matter.

        Raises:
            NotFound: there is none, or the viewer may not see it.
        """
        found = None
        if entry is not None:
            question = Question(viewer=viewer, at=at, lenient=True)
            found = self._entry(read_page(uow, question, [entry], self._parts), entry)
        if found is None:
            raise NotFound("No such post")
        return _decode(found)

    def accounts(self, uow: UnitOfWork, ids: Sequence[ActorKey]) -> dict[ActorKey, Entity]:
        """Accounts by key; those that are not known here are left out."""
        if not ids:
            return {}
        rows = uow.post_pages.actors(ids, self._parts.actors)
        counts = uow.post_pages.counts(rows)
        return {key: _decode(self._parts.account(row, counts[key])) for key, row in rows.items()}

    def _entry(self, page: Page, entry: FeedEntry) -> bytes | None:
        key = entry.post_id
        row = page.posts.get(key)
        if row is None or row.post.author_id in page.unwanted:
            return None
        if key in page.shown:
            shown = page.shown[key]
        else:
            shown = page.shown[key] = self._post(page, row)
        if shown is None or entry.booster_id is None:
            return None if shown is None else shown[0]
        return self._boost(page, entry, row.post, entry.booster_id, shown)

    def _boost(
        self, page: Page, entry: FeedEntry, post: Post, booster: ActorKey, shown: Shown
    ) -> bytes | None:
        if not is_present(page, booster) or booster in page.unwanted:
            return None
        is_community = entry.id == boost_id_of(entry.post_id)
        uri = page.boost_uris.get((entry.post_id, booster))
        own_uri = self._parts.uris.boosted(post.id) if is_community else f"{post.uri}#{entry.id}"
        return fragments.reblog_json(
            page.parts[post.id].passed_on,
            id=entry.id,
            uri=uri or own_uri,
            at=post.published_at if is_community else moment_of(entry.id),
            account=self._account(page, booster),
            counted=shown[1],
            of=shown[0],
        )

    def _post(self, page: Page, row: PostRow) -> Shown | None:
        post = row.post
        if not is_visible(page, post):
            return None
        matches = () if page.matcher is None else _matches(page, page.matcher, post)
        if matches and hides(matches) and not page.question.lenient:
            return None
        poll = post.content.poll
        counted = fragments.counted_json(_tally(row.counts), _marks(page, post, matches))
        status = fragments.status_json(
            page.parts[post.id].own,
            account=self._account(page, post.author_id),
            counted=counted,
            poll=fragments.NOTHING if poll is None else _poll_json(page, post, poll),
        )
        return status, counted

    def _account(self, page: Page, key: ActorKey) -> bytes:
        known = page.accounts.get(key)
        if known is None:
            row, counts = page.actors[key], page.counts[key]
            known = page.accounts[key] = self._parts.account(row, counts)
        return known


def _matches(page: Page, matcher: Matcher, post: Post) -> Sequence[Match]:
    if post.author_id == page.question.viewer.person_id:
        return ()
    return matcher.matches(filtered_text(post.content), post.id)


def _tally(counts: PostCounts) -> statuses.Tally:
    return statuses.Tally(counts.comments, counts.boosts, counts.likes, counts.dislikes)


def _marks(page: Page, post: Post, matches: Sequence[Match]) -> bytes:
    key, author, person = post.id, post.author_id, page.question.viewer.person_id
    if person is None:
        return b""
    is_marked = key in page.marked or post.root_id in page.marked or author in page.muted
    if not is_marked and not matches and author != person:
        return _UNMARKED
    on_post = page.marks.on_posts
    return fragments.marks_json(
        statuses.Marks(
            favourited=(LIKED, key) in on_post,
            disliked=(DISLIKED, key) in on_post,
            reblogged=(BOOSTED, key) in on_post,
            bookmarked=(BOOKMARKED, key) in on_post,
            muted=(SILENCED, post.root_id) in on_post or author in page.muted,
            pinned=(PINNED, key) in on_post if author == person else None,
            filtered=filter_results(matches, key),
        )
    )


def _poll_json(page: Page, post: Post, poll: Poll) -> bytes:
    person = page.question.viewer.person_id
    entity = poll_entity(
        post,
        poll,
        page.question.at,
        own_votes=None if person is None else page.marks.votes.get(post.id, ()),
        is_own=post.author_id == person,
    )
    return fragments.poll_json(entity)
