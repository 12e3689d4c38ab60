"""Finding who acts: an author or member can be a person or a community, under one kind of key."""

from communities.community import Community
from communities.errors import NotAllowed, NotFound, Reason
from communities.people import ActorKey, ActorState, Person
from communities.ports import UnitOfWork

Actor = Person | Community
"""Whoever can be the author of a post: a person, or a community that speaks for itself."""


_GROUP = "Group"


def may_act(actor: Actor) -> bool:
    """Whether anything that this actor does still counts here."""
    return actor.state in (ActorState.ACTIVE, ActorState.LIMITED)


def find_actor(uow: UnitOfWork, actor_id: ActorKey) -> Actor:
    """The person or community with this key.

    Raises:
        NotFound: there is none.
    """
    person = uow.people.get(actor_id)
    if person is not None and person.type != _GROUP:
        return person
    # Storage gives a community that acts as a person, too; it is more than that.
    actor = uow.communities.get(actor_id) or person
    if actor is None:
        raise NotFound("No such person or community")
    return actor


def require_actor(uow: UnitOfWork, actor_id: ActorKey) -> Actor:
    """The actor with this key, if it may act at all.

    Raises:
        NotFound: there is none.
        NotAllowed: it is suspended, deleted or moved away.
    """
    actor = find_actor(uow, actor_id)
    if not may_act(actor):
        raise NotAllowed(Reason.SUSPENDED, "This account is suspended or gone")
    return actor


def find_community(uow: UnitOfWork, community_id: ActorKey) -> Community:
    """The community with this key, if it is open on this node.

    Raises:
        NotFound: there is none, or it was closed.
        NotAllowed: this node has suspended it.
    """
    community = uow.communities.get(community_id)
    if community is None or community.state is ActorState.DELETED:
        raise NotFound("No such community")
    if community.state is ActorState.SUSPENDED:
        raise NotAllowed(Reason.SUSPENDED, "This community is suspended on this node")
    return community
