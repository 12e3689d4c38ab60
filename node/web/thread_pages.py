"""The page of a thread, or of one comment with what hangs below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from communities.community import Community, CommunityVisibility
from communities.errors import Invalid, NotFound
from communities.people import ActorKey, ActorState
from communities.posts import Post, PostKey, PostState, Visibility
from communities.text import plain_text
from communities.visibility import ANONYMOUS, sees
from node.app import Handler
from node.peer_http.documents import key_in_path, key_of
from node.web.branches import CommentOrder, CommentPage, Row, below, comment_page
from node.web.cards import card
from node.web.entries import Authors, Shown, shown, title_of
from node.web.outward import outward
from node.web.pages import Head, Page, page_handler
from node.web.site import Site, post_path
from node.web.visits import Visit
from storage.actors import Profile
from storage.timelines import Entry
from storage.unit_of_work import UnitOfWork

DESCRIPTION_CHARACTERS = 200
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a page of a thread is about.

    `focus` is the post that was asked for and `top` the first of its thread, the same where the
    whole thread is shown; `comments` are those on the page, each parent before its answers.
    """

    top: Entry
    focus: Entry
    comments: Sequence[Entry]
    community: Community | None
    home: Profile | None

    @property
    def is_whole(self) -> bool:
        """Whether the whole thread is shown, not one conversation of it."""
        return self.top.post.id == self.focus.post.id


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentShown:
    """A row of the tree; `answers` is set where its parent is not on the page."""

    row: Row
    post: Shown
    is_author: bool
    is_moderator: bool
    answers: tuple[str, str] | None
    continue_href: str
    skip_href: str | None


def thread_page(site: Site) -> Handler:
    """The handler that shows /post/<key> to people."""
    return page_handler(site, lambda uow, visit, request: _thread(site, uow, visit, request))


def _thread(site: Site, uow: UnitOfWork, visit: Visit, request: web.Request) -> Page:
    found = _find(uow, PostKey(key_in_path(request)), visit)
    asked = request.query.get("sort", "")
    order = CommentOrder(asked) if asked in set(CommentOrder) else CommentOrder.BEST
    after = _after(request)
    page = comment_page(found.comments, order, after=after)
    shown_entries = [found.top, *(row.entry for row in page.rows)]
    authors = uow.actors.many([entry.post.author_id for entry in shown_entries])
    post = shown(found.top, authors, site.uris, visit, site.media)
    path = post_path(found.focus.post.id)
    query = {} if order is CommentOrder.BEST else {"sort": order.value}
    values = {
        "post": post,
        "place": None if found.home is None else card(found.home, site.uris, visit),
        "is_whole": found.is_whole,
        "is_first": after is None,
        "rows": _rows(site, uow, visit, found, page, authors),
        "unclosed": page.unclosed,
        "count": found.top.counts.comments if found.is_whole else len(found.comments),
        "order": order.value,
        "orders": [(one.value, visit.href(path, sort=one.value)) for one in CommentOrder],
        "more": None
        if page.following is None
        else visit.href(path, after=str(page.following), **query),
        "address": found.focus.post.uri,
    }
    gone = found.focus.post.state is not PostState.PUBLISHED
    head = _head(visit, found, authors, {**query, **_cursor(after)})
    return Page(template="thread.html", head=head, values=values, status=410 if gone else 200)


def _cursor(after: PostKey | None) -> dict[str, str]:
    return {} if after is None else {"after": str(after)}


def _after(request: web.Request) -> PostKey | None:
    """The comment after which a page begins.

    Raises:
        Invalid: the cursor is none of ours.
    """
    value = request.query.get("after")
    if value is None:
        return None
    found = key_of(value)
    if found is None:
        raise Invalid("after", "A page begins at a place that this node gave out")
    return PostKey(found)


def _find(uow: UnitOfWork, key: PostKey, visit: Visit) -> Found:
    """The thread of a post, as far as anyone may read it.

    Raises:
        NotFound: there is nothing that a visitor may know of.
        HTTPGone: its author deleted it, and nobody had answered.
    """
    post = uow.posts.get(key)
    if post is None:
        raise NotFound("There is nothing here")
    entries = uow.timelines.thread(post.root_id)
    focus = next((entry for entry in entries if entry.post.id == key), None)
    if focus is None:
        return _alone(uow, post, visit)
    top = entries[0]
    comments = entries[1:] if focus is top else below(entries[1:], key)
    if focus.post.state is not PostState.PUBLISHED and not _is_answered(focus, comments):
        if post.state is PostState.WITHDRAWN:
            raise web.HTTPGone
        raise NotFound("There is nothing here")
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    home = None if post.community_id is None else uow.actors.get(post.community_id)
    return Found(top=top, focus=focus, comments=comments, community=community, home=home)


def _is_answered(focus: Entry, comments: Sequence[Entry]) -> bool:
    return any(
        entry.post.state is PostState.PUBLISHED and entry.post.id != focus.post.id
        for entry in comments
    )


def _alone(uow: UnitOfWork, post: Post, visit: Visit) -> Found:
    """A comment that anyone may read in a thread that not everyone may.

    Spec: security PRV-01.
    """
    if not sees(uow, ANONYMOUS, post, visit.now):
        raise NotFound("There is nothing here")
    entry = Entry(post, uow.posts.counts(post.id), post.id)
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    home = None if post.community_id is None else uow.actors.get(post.community_id)
    return Found(top=entry, focus=entry, comments=(), community=community, home=home)


def _rows(
    site: Site,
    uow: UnitOfWork,
    visit: Visit,
    found: Found,
    page: CommentPage,
    authors: Authors,
) -> list[CommentShown]:
    moderators: frozenset[ActorKey] = frozenset()
    if found.community is not None:
        rows = uow.memberships.moderators(found.community.id)
        moderators = frozenset(row.person_id for row in rows)
    first_author = found.top.post.author_id
    shown_rows = []
    for row in page.rows:
        post = shown(row.entry, authors, site.uris, visit, site.media)
        before = row.continues
        shown_rows.append(
            CommentShown(
                row=row,
                post=post,
                is_author=post.author_id == first_author and post.gone is None,
                is_moderator=post.author_id in moderators and post.gone is None,
                answers=None
                if before is None
                else (visit.href(post_path(before.id)), _words_of(before, visit)),
                continue_href=visit.href(post_path(row.entry.post.id)),
                skip_href=None if row.next_id is None else f"#c{row.next_id}",
            )
        )
    return shown_rows


def _words_of(post: Post, visit: Visit) -> str:
    if post.state is PostState.PUBLISHED:
        return title_of(post, visit)
    return visit.words.gettext("A post that was taken away")


def _head(visit: Visit, found: Found, authors: Authors, query: dict[str, str]) -> Head:
    """Search engines list threads of this node's public communities, and posts of who wants it."""
    post = found.focus.post
    top = found.top.post
    is_open = top.state is PostState.PUBLISHED and top.visibility in _OPEN
    title = _words_of(top, visit)
    covered = bool(top.content.warning) or top.content.sensitive
    description = "" if covered else plain_text(top.content.html, DESCRIPTION_CHARACTERS)
    original = None if post.local else outward(post.url) or outward(post.uri)
    return Head(
        title=title,
        path=post_path(post.id),
        query=query,
        description=description.replace("\n", " ") if is_open else "",
        indexed=found.is_whole and not query and _is_listed(found, authors.get(top.author_id)),
        social="article" if is_open else None,
        activity=post.uri if is_open else None,
        original=original,
    )


def _is_listed(found: Found, author: Profile | None) -> bool:
    """Whether search engines may list a thread.

    Spec: FEP-5feb for posts on their author's own.
    """
    post, community = found.top.post, found.community
    if not post.local or post.visibility is not Visibility.PUBLIC or author is None:
        return False
    if post.state is not PostState.PUBLISHED or not author.discoverable:
        return False
    if community is None:
        return author.indexable
    return (
        community.is_local
        and community.visibility is CommunityVisibility.PUBLIC
        and community.state is ActorState.ACTIVE
    )
