"""Which posts count in a timeline, as conditions of a query.

They keep pages full: what they let through is judged once more by `communities.visibility`, which
has the last word.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    TextClause,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    or_,
    select,
    text,
)

from communities.community import CommunityVisibility
from communities.lists import RepliesPolicy
from communities.membership import MembershipState
from communities.people import ActorState, FollowState
from communities.posts import PostState, Visibility
from storage import visible
from storage.statements import Tools
from storage.tables.reading import list_members
from storage.tables.social import (
    actors,
    communities,
    follows,
    memberships,
    post_recipients,
    posts,
)

VIEWER = bindparam("viewer", type_=BigInteger)
"""Who reads; 0 for someone without an account."""
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_SHOWN = (ActorState.ACTIVE, ActorState.MOVED)
_PRESENT = (*_SHOWN, ActorState.LIMITED)


def is_one(column: ColumnElement[str], *words: StrEnum) -> ColumnElement[bool]:
    """The column holds one of these words, which stand in the statement as they are."""
    quoted = [literal_column(f"'{word.value}'", Text) for word in words]
    return column == quoted[0] if len(quoted) == 1 else column.in_(quoted)


def is_published(post: FromClause) -> ColumnElement[bool]:
    """It is neither waiting nor taken away."""
    return is_one(post.c.state, PostState.PUBLISHED)


def starts_thread(post: FromClause) -> ColumnElement[bool]:
    """It answers nothing."""
    return and_(post.c.parent_id.is_(None), post.c.parent_uri.is_(None))


def community_of_thread(post: FromClause) -> ColumnElement[int]:
    """The community whose boost shows the post; NULL for one that stands for itself."""
    return case((starts_thread(post), post.c.community_id))


def is_wanted(tools: Tools, author: ColumnElement[int]) -> ColumnElement[bool]:
    """The author is not among those that the viewer muted, or with whom there is a block."""
    values: TextClause = text(
        "json_each(:hidden)"
        if tools.is_sqlite
        else "(SELECT value::bigint AS value FROM json_array_elements_text(CAST(:hidden AS json)))"
        " AS hidden"
    )
    return author.not_in(select(literal_column("value", BigInteger)).select_from(values))


def is_member(community: ColumnElement[int]) -> ColumnElement[bool]:
    """The viewer is a member of the community."""
    return exists(
        select(memberships.c.person_id).where(
            memberships.c.community_id == community,
            memberships.c.person_id == VIEWER,
            is_one(memberships.c.state, MembershipState.MEMBER),
        )
    )


def follows_them(author: ColumnElement[int]) -> ColumnElement[bool]:
    """The viewer follows the author."""
    return exists(
        select(follows.c.followee_id).where(
            follows.c.follower_id == VIEWER,
            follows.c.followee_id == author,
            is_one(follows.c.state, FollowState.ACCEPTED),
        )
    )


def is_addressed(post: FromClause) -> ColumnElement[bool]:
    """The post names the viewer."""
    return exists(
        select(post_recipients.c.person_id).where(
            post_recipients.c.post_id == post.c.id, post_recipients.c.person_id == VIEWER
        )
    )


def is_readable(post: FromClause) -> ColumnElement[bool]:
    """The viewer is in the post's audience, or wrote it. Spec: security PRV-01."""
    visibility = post.c.visibility
    return or_(
        post.c.author_id == VIEWER,
        and_(
            is_one(visibility, *_OPEN),
            or_(
                post.c.community_id.is_(None),
                visible.is_open(post.c.community_id),
                is_member(post.c.community_id),
            ),
        ),
        and_(is_one(visibility, Visibility.FOLLOWERS), follows_them(post.c.author_id)),
        and_(is_one(visibility, Visibility.MEMBERS), is_member(post.c.community_id)),
        and_(
            is_one(visibility, Visibility.FOLLOWERS, Visibility.DIRECT),
            is_addressed(post),
        ),
    )


def is_for_followers(post: FromClause) -> ColumnElement[bool]:
    """A follower of the author may read it, or it names the viewer."""
    return or_(
        is_one(post.c.visibility, *_OPEN, Visibility.FOLLOWERS),
        and_(is_one(post.c.visibility, Visibility.DIRECT), is_addressed(post)),
    )


def is_for_members(post: FromClause) -> ColumnElement[bool]:
    """A member of its community may read it."""
    return is_one(post.c.visibility, *_OPEN, Visibility.MEMBERS)


def is_for_everyone(post: FromClause) -> ColumnElement[bool]:
    """It is public, as is where it stands, and its author is not limited: timelines show it."""
    return and_(
        is_one(post.c.visibility, Visibility.PUBLIC),
        is_published(post),
        or_(post.c.community_id.is_(None), _is_listed(post.c.community_id)),
        exists(
            select(actors.c.id).where(
                actors.c.id == post.c.author_id, is_one(actors.c.state, *_SHOWN)
            )
        ),
    )


def _is_listed(community: ColumnElement[int]) -> ColumnElement[bool]:
    return exists(
        select(communities.c.id)
        .join_from(communities, actors, actors.c.id == communities.c.id)
        .where(
            communities.c.id == community,
            is_one(communities.c.visibility, CommunityVisibility.PUBLIC),
            is_one(actors.c.state, *_SHOWN),
        )
    )


def is_present(actor: ColumnElement[int]) -> ColumnElement[bool]:
    """The actor is neither suspended nor gone."""
    return exists(
        select(actors.c.id).where(actors.c.id == actor, is_one(actors.c.state, *_PRESENT))
    )


def answers_someone_wanted(post: FromClause) -> ColumnElement[bool]:
    """The post answers nothing, its own author, the viewer, or whom `:replies` lets in.

    Parameters: `replies` is a word of `communities.lists.RepliesPolicy`, `list` a list's key.
    """
    answered = posts.alias(f"answered_{post.name}")  # type: ignore[attr-defined]  # an alias
    replies = bindparam("replies", type_=Text)
    written_by = answered.c.author_id
    return or_(
        starts_thread(post),
        exists(
            select(answered.c.id).where(
                answered.c.id == post.c.parent_id,
                or_(
                    written_by == post.c.author_id,
                    written_by == VIEWER,
                    and_(is_one(replies, RepliesPolicy.FOLLOWED), follows_them(written_by)),
                    and_(
                        is_one(replies, RepliesPolicy.LIST),
                        exists(
                            select(list_members.c.account_id).where(
                                list_members.c.list_id == bindparam("list", type_=BigInteger),
                                list_members.c.account_id == written_by,
                            )
                        ),
                    ),
                ),
            )
        ),
    )


_MARK = b'"attachments"'
"""Stands in the column `extra` of posts that have attachments; omitted where there are none."""


def has_media(tools: Tools, post: FromClause) -> ColumnElement[bool]:
    """The post has attachments, or `:only_media` does not ask for them."""
    name = f"{post.name}.extra"  # type: ignore[attr-defined]  # an alias
    found = (
        f"instr({name}, CAST('{_MARK.decode()}' AS BLOB)) > 0"
        if tools.is_sqlite
        else f"position('{_MARK.decode()}'::bytea IN {name}) > 0"
    )
    return or_(is_off("only_media"), literal_column(found, Boolean))


def is_off(flag: str) -> ColumnElement[bool]:
    """The parameter with this name is 0."""
    return bindparam(flag, type_=Integer) == literal_column("0")
