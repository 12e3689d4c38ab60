"""Who may see what: the one answer that every surface asks.

`can_see` is pure: it takes the viewer, the post and their relation as values, so that a list of
posts can be judged after one query. `sees` looks the relation up for a single post.

Three questions, in this order: is the post there at all (its state, and whether its author and
community are); is the viewer in its audience; does a block stand between them. The author sees
their own, whatever the audience. Where the answer is no, surfaces answer as if it did not exist.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from communities.actors import find_actor
from communities.community import Community, CommunityVisibility
from communities.membership import Membership, MembershipState
from communities.people import ActorKey, ActorState, FollowState
from communities.ports import UnitOfWork
from communities.posts import Post, PostState, Visibility
from communities.roles import Action, Standing, refusal, standing

_GONE = (ActorState.SUSPENDED, ActorState.DELETED)
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_BY_NAME = (Visibility.FOLLOWERS, Visibility.DIRECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks: nobody in particular, a person, or a peer that fetches for its people.

    `staff` are those who run this node: they see what was removed or suspended, but no audience
    that they do not belong to.
    """

    person_id: ActorKey | None = None
    host: str | None = None
    staff: bool = False


ANONYMOUS = Viewer()
"""Someone who is not signed in, or a fetch without a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What ties a viewer to a post.

    For a peer the ties are those of its people together: it follows when one of them does, and
    stands as MEMBER in the community when one of them is a member.
    """

    author_state: ActorState = ActorState.ACTIVE
    community: Community | None = None
    standing: Standing = Standing.VISITOR
    is_author: bool = False
    follows_author: bool = False
    is_recipient: bool = False
    is_blocked: bool = False


STRANGER = Relation()
"""No tie at all, to a post of an active author on their own."""


def can_see(viewer: Viewer, post: Post, relation: Relation) -> bool:
    """Whether the viewer may see the post.

    Spec: security PRV-01 (where this says no, the answer is that of an unknown id).
    """
    if not _is_there(viewer, post, relation):
        return False
    if relation.is_author:
        return True
    if post.community_id is None and relation.is_blocked:
        return False
    return _is_in_audience(post, relation)


def _is_there(viewer: Viewer, post: Post, relation: Relation) -> bool:
    if relation.author_state in _GONE and not viewer.staff:
        return False
    community = relation.community
    if community is not None and community.state in _GONE and not viewer.staff:
        return False
    match post.state:
        case PostState.PUBLISHED:
            return True
        case PostState.PENDING | PostState.REFUSED:
            return relation.is_author
        case PostState.REMOVED:
            return relation.is_author or viewer.staff or _sees_removed(relation)
        case PostState.WITHDRAWN:
            return False
        case _:
            assert_never(post.state)


def _sees_removed(relation: Relation) -> bool:
    community = relation.community
    return (
        community is not None and refusal(community, relation.standing, Action.SEE_REMOVED) is None
    )


def _is_in_audience(post: Post, relation: Relation) -> bool:
    match post.visibility:
        case Visibility.PUBLIC | Visibility.UNLISTED:
            return _may_read(relation)
        case Visibility.FOLLOWERS:
            return relation.follows_author or relation.is_recipient
        case Visibility.MEMBERS:
            return relation.standing >= Standing.MEMBER
        case Visibility.DIRECT:
            return relation.is_recipient
        case _:
            assert_never(post.visibility)


def _may_read(relation: Relation) -> bool:
    community = relation.community
    return community is None or refusal(community, relation.standing, Action.READ) is None


def can_see_community(
    community: Community, membership: Membership | None, at: datetime, *, staff: bool = False
) -> bool:
    """Whether a viewer may know that the community exists; reading it is another question.

    A secret one is known to its members and to those it invited.
    """
    if community.state in _GONE:
        return staff
    if staff or community.visibility is not CommunityVisibility.SECRET:
        return True
    if membership is None:
        return False
    return (
        standing(membership, at) >= Standing.MEMBER or membership.state is MembershipState.INVITED
    )


def may_see_members(membership: Membership | None, at: datetime) -> bool:
    """Whether somebody may see who is in a community: those who are.

    That somebody is in a group says much about them, also where anyone may read it. Others are
    told how many there are.
    """
    return standing(membership, at) >= Standing.MEMBER


def audience_in(post: Post, community: Community | None) -> Visibility:
    """The audience of a post where it stands now.

    What was said to everyone, in a community that was closed since, is for its members.
    """
    is_open = community is None or community.is_open_to_read
    return post.visibility if is_open or post.visibility not in _OPEN else Visibility.MEMBERS


def may_relay(post: Post, community: Community) -> bool:
    """Whether the community announces this post to all who follow it.

    Only its own authority relays, and only what is meant for the whole community: a reply that
    its author addressed to followers or to one person stays where the author sent it.

    Spec: security PRV-04, GRP-08.
    """
    if not community.is_local or community.state in _GONE or post.community_id != community.id:
        return False
    if post.state is not PostState.PUBLISHED:
        return False
    audience = audience_in(post, community)
    return audience in _OPEN if community.is_open_to_read else audience is Visibility.MEMBERS


def sees(uow: UnitOfWork, viewer: Viewer, post: Post, at: datetime) -> bool:
    """Whether the viewer may see one post, by what is stored."""
    return can_see(viewer, post, relation_to(uow, viewer, post, at))


def relation_to(uow: UnitOfWork, viewer: Viewer, post: Post, at: datetime) -> Relation:
    """What is stored about a viewer and a post; looks up only the ties that its audience needs."""
    author = find_actor(uow, post.author_id)
    known = Relation(
        author_state=author.state,
        community=None if post.community_id is None else uow.communities.get(post.community_id),
    )
    if viewer.person_id is not None:
        return _of_person(uow, viewer.person_id, post, known, at)
    if viewer.host is not None:
        return _of_peer(
            uow, viewer.host, post, replace(known, is_author=author.host == viewer.host)
        )
    return known


def _of_person(
    uow: UnitOfWork, person_id: ActorKey, post: Post, known: Relation, at: datetime
) -> Relation:
    held = Standing.VISITOR
    if person_id == post.community_id:
        held = Standing.OWNER
    elif post.community_id is not None:
        held = standing(uow.memberships.get(post.community_id, person_id), at)
    follow = None
    if post.visibility is Visibility.FOLLOWERS:
        follow = uow.people.follow(person_id, post.author_id)
    return replace(
        known,
        standing=held,
        is_author=person_id == post.author_id,
        follows_author=follow is not None and follow.state is FollowState.ACCEPTED,
        is_recipient=post.visibility in _BY_NAME and person_id in uow.posts.recipients(post.id),
        is_blocked=post.community_id is None and uow.people.has_blocked(post.author_id, person_id),
    )


def _of_peer(uow: UnitOfWork, host: str, post: Post, known: Relation) -> Relation:
    held = Standing.VISITOR
    if known.community is not None:
        if known.community.host == host:
            held = Standing.OWNER
        elif uow.memberships.has_member_at(known.community.id, host):
            held = Standing.MEMBER
    people = (
        [uow.people.get(key) for key in uow.posts.recipients(post.id)]
        if post.visibility in _BY_NAME
        else []
    )
    return replace(
        known,
        standing=held,
        follows_author=post.visibility is Visibility.FOLLOWERS
        and uow.people.has_follower_at(post.author_id, host),
        is_recipient=any(person is not None and person.host == host for person in people),
    )
