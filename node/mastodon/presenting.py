"""Statuses and Accounts of whole pages, with a fixed number of statements whatever their length.

Every handler that answers with a Status or an Account asks here; what the viewer may not see, or
does not want to, is left out.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from communities.errors import NotFound
from communities.filtering import FilterContext, Match, filtered_text, hides
from communities.people import ActorKey
from communities.posts import Post
from communities.visibility import Viewer
from federation.uris import Uris
from node.mastodon.kept_pages import KeptPages
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
    is_wanted,
    read_page,
)
from node.mastodon.presenting_parts import Parts
from node.mastodon.presenting_polls import poll_entity
from node.media.urls import MediaUrls
from protocols.mastodon import fragments, statuses
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry, boost_id_of
from storage.post_page_statements import (
    BOOKMARKED,
    BOOSTED,
    DISLIKED,
    LIKED,
    MUTES,
    PINNED,
    SILENCED,
)
from storage.post_pages import PostRow
from storage.unit_of_work import UnitOfWork

_UNMARKED = fragments.marks_json(statuses.Marks())


def _decode(entity: bytes) -> Entity:
    found: Entity = msgspec.json.decode(entity)
    return found


class Presenter:
    """Puts entities together; keeps the parts that stay between one page and the next.

    Attributes:
        kept: whole pages, for when nothing has happened since.
    """

    def __init__(self, *, uris: Uris, media: MediaUrls) -> None:
        """Take what addresses are made of, those of pictures and attachments too."""
        self._parts = Parts(uris, media)
        self.kept = KeptPages()

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
        row = page.posts.get(entry.post_id)
        if row is None or not is_wanted(page, row.post.author_id):
            return None
        if entry.post_id not in page.shown:
            page.shown[entry.post_id] = self._post(page, row)
        shown = page.shown[entry.post_id]
        if shown is None or entry.booster_id is None:
            return None if shown is None else shown.status
        return self._boost(page, entry, row.post, entry.booster_id, shown)

    def _boost(
        self, page: Page, entry: FeedEntry, post: Post, booster: ActorKey, shown: Shown
    ) -> bytes | None:
        if not is_present(page, booster) or not is_wanted(page, booster):
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
            counted=shown.counted,
            of=shown.status,
        )

    def _post(self, page: Page, row: PostRow) -> Shown | None:
        post = row.post
        if not is_visible(page, post):
            return None
        matches = _matches(page, post)
        if hides(matches) and not page.question.lenient:
            return None
        counted = fragments.counted_json(_tally(row), _marks(page, post, matches))
        status = fragments.status_json(
            page.parts[post.id].own,
            account=self._account(page, post.author_id),
            counted=counted,
            poll=fragments.poll_json(_poll(page, post)),
        )
        return Shown(status, counted)

    def _account(self, page: Page, key: ActorKey) -> bytes:
        known = page.accounts.get(key)
        if known is None:
            row, counts = page.actors[key], page.counts[key]
            known = page.accounts[key] = self._parts.account(row, counts)
        return known


def _matches(page: Page, post: Post) -> list[Match]:
    if not page.matcher or post.author_id == page.question.viewer.person_id:
        return []
    return page.matcher.matches(filtered_text(post.content), post.id)


def _tally(row: PostRow) -> statuses.Tally:
    counts = row.counts
    return statuses.Tally(
        replies=counts.comments,
        reblogs=counts.boosts,
        favourites=counts.likes,
        dislikes=counts.dislikes,
    )


def _marks(page: Page, post: Post, matches: list[Match]) -> bytes:
    person = page.question.viewer.person_id
    if person is None:
        return b""
    on_post = page.marks.on_posts
    pinned = (PINNED, post.id) in on_post if post.author_id == person else None
    is_muted = (SILENCED, post.root_id) in on_post
    is_muted = is_muted or (MUTES, post.author_id) in page.marks.to_actors
    done = tuple((word, post.id) in on_post for word in (LIKED, DISLIKED, BOOSTED, BOOKMARKED))
    if pinned is None and not is_muted and not matches and not any(done):
        return _UNMARKED
    favourited, disliked, reblogged, bookmarked = done
    return fragments.marks_json(
        statuses.Marks(
            favourited=favourited,
            disliked=disliked,
            reblogged=reblogged,
            bookmarked=bookmarked,
            muted=is_muted,
            pinned=pinned,
            filtered=filter_results(matches, post.id),
        )
    )


def _poll(page: Page, post: Post) -> Entity | None:
    poll = post.content.poll
    if poll is None:
        return None
    person = page.question.viewer.person_id
    return poll_entity(
        post,
        poll,
        page.question.at,
        own_votes=None if person is None else page.marks.votes.get(post.id, ()),
        is_own=post.author_id == person,
    )
