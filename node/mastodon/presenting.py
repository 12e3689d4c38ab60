"""Statuses and Accounts of whole pages, with a fixed number of statements whatever their length.

Every handler that answers with a Status or an Account asks here; what the viewer may not see, or
does not want to, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from communities.errors import NotFound
from communities.filtering import FilterContext, Match, filtered_text, hides
from communities.people import ActorKey
from communities.posts import Post
from communities.visibility import Viewer
from federation.uris import Uris
from node.mastodon.presenting_accounts import (
    Pictures,
    account_entity,
    moment_of,
)
from node.mastodon.presenting_filters import filter_results
from node.mastodon.presenting_pages import (
    Page,
    Question,
    is_present,
    is_visible,
    is_wanted,
    read_page,
)
from node.mastodon.presenting_polls import poll_entity
from node.mastodon.presenting_text import written_part
from node.media.urls import MediaUrls
from node.web.static_files import static_href
from protocols.mastodon import statuses
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Presenter:
    """Puts entities together.

    Attributes:
        media: the addresses at which pictures and attachments are shown.
    """

    uris: Uris
    media: MediaUrls
    _pictures: list[Pictures] = field(default_factory=list)

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
        if not entries:
            return []
        place = None if context is None else FilterContext(context)
        page = read_page(uow, Question(viewer=viewer, at=at, context=place), entries, self.uris)
        found = [self._entry(page, entry) for entry in entries]
        return [entity for entity in found if entity is not None]

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
            found = self._entry(read_page(uow, question, [entry], self.uris), entry)
        if found is None:
            raise NotFound("No such post")
        return found

    def accounts(self, uow: UnitOfWork, ids: Sequence[ActorKey]) -> dict[ActorKey, Entity]:
        """Accounts by key; those that are not known here are left out."""
        if not ids:
            return {}
        rows = uow.post_pages.actors(ids)
        counts = uow.post_pages.counts(rows)
        return {
            key: account_entity(row, counts[key], self.uris, self._shown_pictures())
            for key, row in rows.items()
        }

    def _shown_pictures(self) -> Pictures:
        if not self._pictures:
            self._pictures.append(
                Pictures(
                    avatar=self.uris.base + static_href("avatar.png"),
                    header=self.uris.base + static_href("header.png"),
                    shown_at=self.media.picture,
                )
            )
        return self._pictures[0]

    def _entry(self, page: Page, entry: FeedEntry) -> Entity | None:
        row = page.posts.get(entry.post_id)
        if row is None or not is_wanted(page, row.post.author_id):
            return None
        if entry.post_id not in page.statuses:
            page.statuses[entry.post_id] = self._post(page, row)
        made = page.statuses[entry.post_id]
        if made is None or entry.booster_id is None:
            return made
        return self._boost(page, entry, row.post, entry.booster_id, made)

    def _boost(
        self, page: Page, entry: FeedEntry, post: Post, booster: ActorKey, of: Entity
    ) -> Entity | None:
        if not is_present(page, booster) or not is_wanted(page, booster):
            return None
        is_community = entry.id == boost_id_of(entry.post_id)
        uri = page.boost_uris.get((entry.post_id, booster))
        return statuses.reblog(
            of,
            id=entry.id,
            uri=uri or (self.uris.boosted(post.id) if is_community else f"{post.uri}#{entry.id}"),
            at=post.published_at if is_community else moment_of(entry.id),
            account=self._account(page, booster),
        )

    def _post(self, page: Page, row: PostRow) -> Entity | None:
        post = row.post
        if not is_visible(page, post):
            return None
        matches = _matches(page, post)
        if hides(matches) and not page.question.lenient:
            return None
        place = None if post.community_id is None else page.actors.get(post.community_id)
        meant = [page.mentioned.meant(anchor) for anchor in page.anchors[post.id]]
        part = written_part(
            row,
            None if place is None else place.community,
            list({actor.id: actor for actor in meant if actor is not None}.values()),
            self.uris,
            self.media,
        )
        return statuses.status(
            part,
            account=self._account(page, post.author_id),
            tally=_tally(row),
            marks=_marks(page, post, matches),
            poll=_poll(page, post),
        )

    def _account(self, page: Page, key: ActorKey) -> Entity:
        known = page.accounts.get(key)
        if known is None:
            known = page.accounts[key] = account_entity(
                page.actors[key], page.counts[key], self.uris, self._shown_pictures()
            )
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


def _marks(page: Page, post: Post, matches: list[Match]) -> statuses.Marks | None:
    person = page.question.viewer.person_id
    if person is None:
        return None
    on_post = page.marks.on_posts
    return statuses.Marks(
        favourited=(LIKED, post.id) in on_post,
        disliked=(DISLIKED, post.id) in on_post,
        reblogged=(BOOSTED, post.id) in on_post,
        bookmarked=(BOOKMARKED, post.id) in on_post,
        muted=(SILENCED, post.root_id) in on_post
        or (MUTES, post.author_id) in page.marks.to_actors,
        pinned=(PINNED, post.id) in on_post if post.author_id == person else None,
        filtered=filter_results(matches, post.id),
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
