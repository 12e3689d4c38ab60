"""As whom a person may act: as themselves, and as the communities of this node they moderate."""

from datetime import datetime

from communities.actors import may_act
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.roles import Action, may


def may_act_as(uow: UnitOfWork, person_id: ActorKey, actor_id: ActorKey, at: datetime) -> bool:
    """Whether a person may act as this person or community, now.

    A community of another server is not ours to speak for, whoever moderates it from here.

    Spec: reference client-apis 2.2 ("act as group").
    """
    if actor_id == person_id:
        return True
    community = uow.communities.get(actor_id)
    person = uow.people.get(person_id)
    if community is None or person is None or not community.is_local or not may_act(community):
        return False
    membership = uow.memberships.get(actor_id, person_id)
    return may(community, person, membership, Action.ACT_AS, at)
