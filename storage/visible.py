"""What anyone may read, as conditions of a query: the anonymous reader of `communities.visibility`.

A test holds these conditions against `communities.visibility.can_see` for every combination.
"""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from communities.community import CommunityVisibility
from communities.people import ActorState
from communities.posts import PostState, Visibility
from storage.tables.social import actors, communities, posts

_GONE = (ActorState.SUSPENDED.value, ActorState.DELETED.value)
_OPEN = (CommunityVisibility.PUBLIC.value, CommunityVisibility.UNLISTED.value)
_homes = actors.alias("homes")

FOR_ANYONE: ColumnElement[bool] = posts.c.visibility.in_(
    [Visibility.PUBLIC.value, Visibility.UNLISTED.value]
)
"""The post's audience is everybody."""

PUBLISHED: ColumnElement[bool] = posts.c.state == PostState.PUBLISHED.value
"""It is neither waiting nor taken away."""

BY_SOMEONE_PRESENT: ColumnElement[bool] = exists(
    select(actors.c.id).where(actors.c.id == posts.c.author_id, actors.c.state.not_in(_GONE))
)
"""Its author was not suspended and is not gone."""


def is_open(community_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Anyone may read what stands in the community with this key."""
    return exists(
        select(communities.c.id)
        .join_from(communities, _homes, _homes.c.id == communities.c.id)
        .where(
            communities.c.id == community_id,
            communities.c.visibility.in_(_OPEN),
            _homes.c.state.not_in(_GONE),
        )
    )


IN_THE_OPEN: ColumnElement[bool] = or_(
    posts.c.community_id.is_(None), is_open(posts.c.community_id)
)
"""It stands in no community, or in one that anyone may read."""

READABLE: ColumnElement[bool] = and_(FOR_ANYONE, PUBLISHED, BY_SOMEONE_PRESENT, IN_THE_OPEN)
"""Anyone may read the post. Spec: security PRV-01."""
