"""The statements of timelines: each gives a key, a post and who passed it on.

`before`, `after` and `most` make the page; `viewer` reads, `hidden` are those they do not want to
read. Of a row that is a post of its own, the third column names the community whose boost shows
it, if it starts a thread there.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    union_all,
)

from communities.posts import PostState, ReactionKind
from storage import feed_followed as sources
from storage.feed_conditions import (
    VIEWER,
    answers_someone_wanted,
    community_of_thread,
    has_media,
    is_for_everyone,
    is_for_followers,
    is_for_members,
    is_member,
    is_off,
    is_one,
    is_present,
    is_published,
    is_readable,
    is_wanted,
    starts_thread,
)
from storage.feed_sources import MOST, ManySources, Rows, within
from storage.pages import place_of
from storage.statements import Statement, Tools
from storage.tables.feeds import boosts, favourites, post_tags
from storage.tables.social import blocks, posts, reactions
from storage.tables.ties import mutes

_LIST = bindparam("list", type_=BigInteger)
_POST = bindparam("post", type_=BigInteger)
_ACTOR = bindparam("actor", type_=BigInteger)


class Origin(StrEnum):
    """Which posts a public timeline shows."""

    ANYWHERE = "anywhere"
    LOCAL = "local"
    REMOTE = "remote"


class OneSource:
    """A page of one table, in both directions."""

    __slots__ = ("back", "forward")

    def __init__(self, rows: Any, place: ColumnElement[int]) -> None:  # noqa: ANN401 - a builder
        """Take a function of the dialect that gives the query for the whole list."""

        def page(tools: Tools, *, forward: bool) -> Select[Any]:
            found: Select[Any] = rows(tools).where(*within(place))
            return found.order_by(place if forward else place.desc()).limit(MOST)

        self.back = Statement(lambda tools: page(tools, forward=False))
        self.forward = Statement(lambda tools: page(tools, forward=True))


def _post_columns(post: FromClause) -> tuple[ColumnElement[Any], ...]:
    return (
        post.c.id.label("id"),
        post.c.id.label("post_id"),
        community_of_thread(post).label("booster_id"),
    )


def _posts_of_people(_tools: Tools, suffix: str, each: FromClause) -> Rows:
    post = posts.alias(f"posts_{suffix}")
    languages = each.c.languages
    return Rows(
        origin=post,
        source=post.c.author_id,
        id=post.c.id,
        columns=_post_columns(post),
        where=(
            post.c.community_id.is_(None),
            is_published(post),
            is_for_followers(post),
            answers_someone_wanted(post),
            or_(
                languages.is_(None),
                post.c.language.is_(None),
                languages.like(literal_column("'%\"'") + post.c.language + literal_column("'\"%'")),
            ),
        ),
    )


def _boosts_of_people(tools: Tools, suffix: str, _each: FromClause) -> Rows:
    boost, post = boosts.alias(f"boosts_{suffix}"), posts.alias(f"boosted_{suffix}")
    return Rows(
        origin=boost.join(post, post.c.id == boost.c.post_id),
        source=boost.c.actor_id,
        id=boost.c.id,
        columns=(boost.c.id, boost.c.post_id, boost.c.actor_id),
        where=(is_published(post), is_readable(post), is_wanted(tools, post.c.author_id)),
    )


def _threads_of_communities(tools: Tools, suffix: str, _each: FromClause) -> Rows:
    post = posts.alias(f"threads_{suffix}")
    return Rows(
        origin=post,
        source=post.c.community_id,
        id=post.c.id,
        columns=_post_columns(post),
        where=(
            # The first three as the index has them.
            post.c.community_id.is_not(None),
            starts_thread(post),
            is_published(post),
            is_for_members(post),
            is_wanted(tools, post.c.author_id),
        ),
    )


def _tagged_posts(tools: Tools, suffix: str, _each: FromClause) -> Rows:
    tag, post = post_tags.alias(f"tags_{suffix}"), posts.alias(f"tagged_{suffix}")
    others = post_tags.alias(f"others_{suffix}")
    of_post = select(func.count()).where(others.c.post_id == post.c.id)
    all_of = of_post.where(tools.in_texts(others.c.tag, "all_of")).scalar_subquery()
    none_of = of_post.where(tools.in_texts(others.c.tag, "none_of")).scalar_subquery()
    return Rows(
        origin=tag.join(post, post.c.id == tag.c.post_id),
        source=tag.c.tag,
        id=tag.c.post_id,
        is_shared=True,
        columns=_post_columns(post),
        where=(
            is_for_everyone(post),
            is_wanted(tools, post.c.author_id),
            _is_from(post),
            has_media(tools, post),
            or_(is_off("threads_only"), starts_thread(post)),
            or_(is_off("all_count"), all_of == bindparam("all_count", type_=Integer)),
            or_(is_off("none_count"), none_of == literal_column("0")),
        ),
    )


def _is_from(post: FromClause) -> ColumnElement[bool]:
    """From here, from elsewhere, or from anywhere, as `:origin` says."""
    origin = bindparam("origin", type_=Text)
    return or_(
        is_one(origin, Origin.ANYWHERE),
        and_(is_one(origin, Origin.LOCAL), post.c.local.is_(True)),
        and_(is_one(origin, Origin.REMOTE), post.c.local.is_(False)),
    )


def _own_posts(_tools: Tools) -> Select[Any]:
    """What the viewer wrote: outside communities, and where no community passes it on to them."""
    alone = and_(posts.c.community_id.is_(None), is_published(posts))
    waiting = is_one(posts.c.state, PostState.PENDING)
    elsewhere = and_(is_published(posts), not_(is_member(posts.c.community_id)))
    return select(*_post_columns(posts)).where(
        posts.c.author_id == VIEWER,
        or_(alone, and_(starts_thread(posts), or_(waiting, elsewhere))),
    )


def _public(*, local: bool) -> Any:  # noqa: ANN401 - a builder
    def rows(tools: Tools) -> Select[Any]:
        return select(*_post_columns(posts)).where(
            posts.c.local.is_(local),
            # As the index has it: neither database compares it with bound values.
            text("posts.parent_id IS NULL AND posts.parent_uri IS NULL"),
            text("posts.visibility = 'public' AND posts.state = 'published'"),
            is_for_everyone(posts),
            is_wanted(tools, posts.c.author_id),
            has_media(tools, posts),
        )

    return rows


def _of_group(tools: Tools) -> Select[Any]:
    return select(*_post_columns(posts)).where(
        posts.c.community_id == _ACTOR,
        starts_thread(posts),
        is_published(posts),
        is_readable(posts),
        is_wanted(tools, posts.c.author_id),
        has_media(tools, posts),
        _is_tagged(posts),
    )


def _of_author(tools: Tools) -> Select[Any]:
    own_thread = or_(starts_thread(posts), _answers_own(posts))
    return select(
        posts.c.id, posts.c.id.label("post_id"), literal_column("NULL").label("booster_id")
    ).where(
        posts.c.author_id == _ACTOR,
        or_(is_published(posts), _waits_for_viewer(posts)),
        is_readable(posts),
        or_(is_off("without_replies"), own_thread),
        has_media(tools, posts),
        _is_tagged(posts),
    )


def _waits_for_viewer(post: FromClause) -> ColumnElement[bool]:
    return and_(post.c.author_id == VIEWER, is_one(post.c.state, PostState.PENDING))


def _answers_own(post: FromClause) -> ColumnElement[bool]:
    answered = posts.alias("answered_own")
    return exists(
        select(answered.c.id).where(
            answered.c.id == post.c.parent_id, answered.c.author_id == post.c.author_id
        )
    )


def _is_tagged(post: FromClause) -> ColumnElement[bool]:
    wanted = bindparam("tag", type_=Text)
    return or_(
        wanted == literal_column("''"),
        exists(
            select(post_tags.c.post_id).where(
                post_tags.c.tag == wanted, post_tags.c.post_id == post.c.id
            )
        ),
    )


def _boosts_of_actor(_tools: Tools) -> Select[Any]:
    return (
        select(boosts.c.id, boosts.c.post_id, boosts.c.actor_id)
        .join_from(boosts, posts, posts.c.id == boosts.c.post_id)
        .where(boosts.c.actor_id == _ACTOR, is_published(posts), is_readable(posts))
    )


def _favourites(_tools: Tools) -> Select[Any]:
    return select(favourites.c.id, favourites.c.post_id).where(favourites.c.person_id == VIEWER)


def _boosters_of_post(_tools: Tools) -> Select[Any]:
    return select(boosts.c.actor_id, boosts.c.id).where(
        boosts.c.post_id == _POST, is_present(boosts.c.actor_id)
    )


_LIKE_PLACE = place_of(reactions.c.at_ms, reactions.c.actor_id)


def _likers(_tools: Tools) -> Select[Any]:
    return select(reactions.c.actor_id, _LIKE_PLACE).where(
        reactions.c.post_id == _POST,
        is_one(reactions.c.kind, ReactionKind.LIKE),
        is_present(reactions.c.actor_id),
    )


def _featured(_tools: Tools) -> Select[Any]:
    return (
        select(posts.c.id)
        .where(
            posts.c.community_id == _ACTOR,
            posts.c.pinned.is_(True),
            is_published(posts),
            is_readable(posts),
        )
        .order_by(posts.c.id.desc())
        .limit(MOST)
    )


def _hidden(_tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    """Whom the viewer muted or blocked, and who blocked the viewer."""
    in_force = or_(mutes.c.until_ms.is_(None), mutes.c.until_ms > bindparam("now_ms"))
    return union_all(
        select(mutes.c.target_id).where(mutes.c.person_id == VIEWER, in_force),
        select(blocks.c.blocked_id).where(blocks.c.blocker_id == VIEWER),
        select(blocks.c.blocker_id).where(blocks.c.blocked_id == VIEWER),
    )


HOME_POSTS = ManySources(sources.followees, _posts_of_people)
HOME_BOOSTS = ManySources(sources.boosters, _boosts_of_people)
HOME_THREADS = ManySources(sources.communities, _threads_of_communities)
HOME_TAGS = ManySources(sources.tags_followed, _tagged_posts)
OWN_POSTS = OneSource(_own_posts, posts.c.id)
LIST_POSTS = ManySources(sources.of_list, _posts_of_people)
LIST_BOOSTS = ManySources(sources.of_list, _boosts_of_people)
LIST_THREADS = ManySources(sources.communities_of_list, _threads_of_communities)
TAG = ManySources(sources.tags, _tagged_posts)
PUBLIC_LOCAL = OneSource(_public(local=True), posts.c.id)
PUBLIC_REMOTE = OneSource(_public(local=False), posts.c.id)
GROUP = OneSource(_of_group, posts.c.id)
AUTHOR = OneSource(_of_author, posts.c.id)
AUTHOR_BOOSTS = OneSource(_boosts_of_actor, boosts.c.id)
FAVOURITES = OneSource(_favourites, favourites.c.id)
BOOSTERS = OneSource(_boosters_of_post, boosts.c.id)
LIKERS = OneSource(_likers, _LIKE_PLACE)
HIDDEN = Statement(_hidden)
FEATURED = Statement(_featured)
