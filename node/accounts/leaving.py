"""The end of an account: servers are told, the name is never given out again, secrets go."""

from datetime import datetime

from communities import accounts
from communities.errors import NotFound
from communities.people import ActorKey
from storage.erasing import erase_own_rows
from storage.unit_of_work import UnitOfWork


def delete_account(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> bool:
    """Delete an account of this node for good; False when it was.

    Raises:
        NotFound: there is no such person here.
    """
    profile = uow.actors.get(person_id)
    if profile is None or not profile.is_local:
        raise NotFound("No such account")
    # Looked up before whatever leads to them is gone.
    hosts = {box.peer.partition("://")[2] for box in uow.audiences.of(person_id)}
    uow.names.retire(profile.localpart, at=at)
    deleted = accounts.delete_person(uow, person_id, also_tell=tuple(sorted(hosts)))
    uow.app_tokens.end_all(person_id, at)
    erase_own_rows(uow, person_id)
    return deleted
