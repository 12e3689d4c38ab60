"""What a page of statuses needs, read in batches, and the judgement who sees which of it.

Reading takes the same number of statements whatever the length of the page.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from communities.community import Community
from communities.filtering import FilterContext, Matcher
from communities.people import ActorKey, ActorState
from communities.posts import Post, PostKey, PostState, Visibility
from communities.roles import Standing, standing
from communities.visibility import Relation, Viewer, can_see
from federation.uris import Uris
from node.mastodon.presenting_parts import Parts, PostParts
from node.mastodon.presenting_text import Anchor, MentionIndex, mentions_in
from storage.feeds import FeedEntry, boost_id_of
from storage.post_cache import PostRow
from storage.post_page_statements import BLOCKED_BY, BLOCKS, FOLLOWS, MUTES, NAMED
from storage.post_pages import NO_MARKS, ActorCounts, ActorRow, ViewerMarks
from storage.unit_of_work import UnitOfWork

_GONE = (ActorState.SUSPENDED, ActorState.DELETED)
_SHOWS_MUTED = frozenset({FilterContext.ACCOUNT})
"""Who asks for someone's posts by name sees them, muted or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who looks at a page, when and where.

    Attributes:
        context: where it is shown, in the words of filters; None where no filter counts.
        lenient: nothing is left out for having been muted, blocked or filtered by the viewer.
    """

    viewer: Viewer
    at: datetime
    context: FilterContext | None = None
    lenient: bool = False


Shown = tuple[bytes, bytes]
"""A Status of the page, and of it what a Status that passes it on counts, too."""
Position = tuple[ActorKey, ActorKey | None, Visibility, PostState, bool]
"""All that decides who may see a post: author, community, audience, state, whether it names the
viewer. The posts of a page stand in few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that was read for a page, and what is put together of it.

    Attributes:
        named: posts that name the viewer.
        marked: posts, and first posts of threads, that the viewer has done something with.
        muted: authors that the viewer has muted.
        unwanted: whose posts are left out here.
        shown: the Statuses made so far; None for what the viewer may not see.
    """

    question: Question
    posts: Mapping[PostKey, PostRow]
    actors: Mapping[ActorKey, ActorRow]
    counts: Mapping[ActorKey, ActorCounts]
    marks: ViewerMarks
    parts: Mapping[PostKey, PostParts]
    boost_uris: Mapping[tuple[PostKey, ActorKey], str]
    matcher: Matcher | None
    named: Set[int]
    marked: Set[int]
    muted: Set[int]
    unwanted: Set[int]
    shown: dict[PostKey, Shown | None] = field(default_factory=dict)
    accounts: dict[ActorKey, bytes] = field(default_factory=dict)
    visible: dict[Position, bool] = field(default_factory=dict)


def read_page(
    uow: UnitOfWork, question: Question, entries: Sequence[FeedEntry], parts: Parts
) -> Page:
    """Read everything that the entries are shown with."""
    posts = uow.post_pages.posts({entry.post_id for entry in entries}, parts.posts)
    shown = {row.post.author_id for row in posts.values()}
    shown |= {entry.booster_id for entry in entries if entry.booster_id is not None}
    places = {row.post.community_id for row in posts.values() if row.post.community_id is not None}
    actors = uow.post_pages.actors(shown | places, parts.actors)
    marks = _marks(uow, question, posts.values(), shown)
    muted = {key for word, key in marks.to_actors if word == MUTES}
    return Page(
        question=question,
        posts=posts,
        actors=actors,
        counts=parts.counts(uow, shown, question.at),
        marks=marks,
        parts=_parts(uow, posts, actors, parts, question.at),
        boost_uris=_boost_uris(uow, entries),
        matcher=_matcher(uow, question),
        named={key for word, key in marks.on_posts if word == NAMED},
        marked={key for word, key in marks.on_posts if word != NAMED},
        muted=muted,
        unwanted=_unwanted(question, marks, muted),
    )


def _unwanted(question: Question, marks: ViewerMarks, muted: Set[int]) -> Set[int]:
    """Whom the viewer has blocked or muted, as far as the page minds."""
    if question.lenient:
        return frozenset()
    blocked = {key for word, key in marks.to_actors if word == BLOCKS}
    found = blocked if question.context in _SHOWS_MUTED else blocked | muted
    return found - {question.viewer.person_id}


def _parts(
    uow: UnitOfWork,
    posts: Mapping[PostKey, PostRow],
    actors: Mapping[ActorKey, ActorRow],
    parts: Parts,
    at: datetime,
) -> dict[PostKey, PostParts]:
    """The parts of all posts: those that are kept, and the others made anew."""
    found: dict[PostKey, PostParts] = {}
    new: dict[PostKey, Sequence[Anchor]] = {}
    for key, row in posts.items():
        kept = parts.of_post(row, community_of(row.post, actors), at)
        if kept is None:
            new[key] = mentions_in(row.post.content.html)
        else:
            found[key] = kept
    if new:
        index = _mentioned(uow, new.values(), parts.uris)
        for key, anchors in new.items():
            row = posts[key]
            community = community_of(row.post, actors)
            found[key] = parts.make_post(row, community, index.all_meant(anchors), at)
    return found


def community_of(post: Post, actors: Mapping[ActorKey, ActorRow]) -> Community | None:
    """The community that a post stands in."""
    row = None if post.community_id is None else actors.get(post.community_id)
    return None if row is None else row.community


def _marks(
    uow: UnitOfWork, question: Question, rows: Iterable[PostRow], actor_ids: Iterable[ActorKey]
) -> ViewerMarks:
    person = question.viewer.person_id
    if person is None:
        return NO_MARKS
    return uow.post_pages.marks(person, list(rows), actor_ids, question.at)


def _mentioned(uow: UnitOfWork, found: Iterable[Sequence[Anchor]], uris: Uris) -> MentionIndex:
    anchors = [anchor for some in found for anchor in some]
    if not anchors:
        return MentionIndex((), uris)
    names = {name for anchor in anchors for name in (anchor.name, anchor.name.lower())}
    actors = uow.post_pages.mentioned(
        {anchor.href for anchor in anchors}, names, {anchor.host for anchor in anchors}
    )
    return MentionIndex(actors, uris)


def _boost_uris(
    uow: UnitOfWork, entries: Sequence[FeedEntry]
) -> dict[tuple[PostKey, ActorKey], str]:
    boosts = [
        (entry.post_id, entry.booster_id)
        for entry in entries
        if entry.booster_id is not None and entry.id != boost_id_of(entry.post_id)
    ]
    return uow.post_pages.boost_uris(boosts) if boosts else {}


def _matcher(uow: UnitOfWork, question: Question) -> Matcher | None:
    """The filters that count here; None when nothing can match."""
    person = question.viewer.person_id
    if person is None or question.context is None:
        return None
    return Matcher(uow.filters.for_person(person), question.context, question.at) or None


def is_visible(page: Page, post: Post) -> bool:
    """Whether the viewer may see a post of the page. Spec: security PRV-01."""
    is_named = post.id in page.named
    position = (post.author_id, post.community_id, post.visibility, post.state, is_named)
    known = page.visible.get(position)
    if known is None:
        author = page.actors.get(post.author_id)
        known = page.visible[position] = author is not None and can_see(
            page.question.viewer, post, _relation(page, post, author, is_named=is_named)
        )
    return known


def _relation(page: Page, post: Post, author: ActorRow, *, is_named: bool) -> Relation:
    """What ties the viewer to a post."""
    marks, person = page.marks, page.question.viewer.person_id
    return Relation(
        author_state=author.profile.state,
        community=community_of(post, page.actors),
        standing=_standing(page, post),
        is_author=person == post.author_id,
        follows_author=(FOLLOWS, post.author_id) in marks.to_actors,
        is_recipient=is_named,
        is_blocked=(BLOCKED_BY, post.author_id) in marks.to_actors,
    )


def _standing(page: Page, post: Post) -> Standing:
    person = page.question.viewer.person_id
    if person is None or post.community_id is None:
        return Standing.VISITOR
    if person == post.community_id:
        return Standing.OWNER
    return standing(page.marks.memberships.get(post.community_id), page.question.at)


def is_present(page: Page, actor_id: ActorKey) -> bool:
    """Whether someone who passed a post on is still there."""
    row = page.actors.get(actor_id)
    return row is not None and row.profile.state not in _GONE
