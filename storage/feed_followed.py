"""Whose posts a person reads: sources of the home timeline, of lists and of tags.

Each gives rows with a column `source`, which the rows of a page are looked up by.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    literal_column,
    not_,
    select,
    text,
    union_all,
)

from communities.membership import MembershipState
from communities.people import FollowState
from storage.feed_conditions import VIEWER, is_member, is_one, is_present, is_wanted
from storage.statements import Tools
from storage.tables.reading import followed_tags, list_members, lists
from storage.tables.social import follows, memberships
from storage.tables.ties import follow_options

_LIST = bindparam("list", type_=BigInteger)


def _is_apart(account: ColumnElement[int]) -> ColumnElement[bool]:
    """The viewer reads the account in a list that keeps it out of the home timeline."""
    return account.in_(
        select(list_members.c.account_id)
        .join_from(lists, list_members, list_members.c.list_id == lists.c.id)
        .where(lists.c.person_id == VIEWER, lists.c.exclusive.is_(True))
    )


def _hides_boosts(account: ColumnElement[int]) -> ColumnElement[bool]:
    options = follow_options.alias("options")
    return account.in_(
        select(options.c.followee_id).where(
            options.c.follower_id == VIEWER, options.c.show_reblogs.is_(False)
        )
    )


def followees(tools: Tools) -> Select[Any]:
    """Whom the viewer follows, and in which languages they want to read them."""
    return (
        select(follows.c.followee_id.label("source"), follow_options.c.languages.label("languages"))
        .select_from(follows)
        .outerjoin(
            follow_options,
            and_(
                follow_options.c.follower_id == follows.c.follower_id,
                follow_options.c.followee_id == follows.c.followee_id,
            ),
        )
        .where(
            follows.c.follower_id == VIEWER,
            is_one(follows.c.state, FollowState.ACCEPTED),
            is_wanted(tools, follows.c.followee_id),
            is_present(follows.c.followee_id),
            not_(_is_apart(follows.c.followee_id)),
        )
    )


def boosters(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    """Whose boosts the viewer reads: their own, and of those they follow unless told otherwise."""
    followed = followees(tools).where(not_(_hides_boosts(follows.c.followee_id)))
    return union_all(followed, select(VIEWER.label("source"), literal_column("NULL")))


def communities(tools: Tools) -> Select[Any]:
    """The communities that the viewer is a member of."""
    community = memberships.c.community_id
    return select(community.label("source")).where(
        memberships.c.person_id == VIEWER,
        is_one(memberships.c.state, MembershipState.MEMBER),
        is_wanted(tools, community),
        is_present(community),
        not_(_hides_boosts(community)),
        not_(_is_apart(community)),
    )


def of_list(tools: Tools) -> Select[Any]:
    """The accounts in a list."""
    return select(
        list_members.c.account_id.label("source"), literal_column("NULL").label("languages")
    ).where(
        list_members.c.list_id == _LIST,
        is_wanted(tools, list_members.c.account_id),
        is_present(list_members.c.account_id),
    )


def communities_of_list(tools: Tools) -> Select[Any]:
    """The communities in a list that the viewer is a member of."""
    return of_list(tools).where(is_member(list_members.c.account_id))


def tags(tools: Tools) -> Select[Any]:
    """The tags asked for."""
    values = (
        "json_each(:tags)"
        if tools.is_sqlite
        else "(SELECT value FROM json_array_elements_text(CAST(:tags AS json))) AS wanted"
    )
    return select(literal_column("value", Text).label("source")).select_from(text(values))


def tags_followed(_tools: Tools) -> Select[Any]:
    """The tags that the viewer follows."""
    return select(followed_tags.c.name.label("source")).where(followed_tags.c.person_id == VIEWER)
