"""Invitations: made by people of this node, or by the operator, and told once as a link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from communities.errors import Conflict, Invalid, NotAllowed, Reason
from communities.people import ActorKey
from federation.uris import Uris
from node.settings_registration import RegistrationSettings
from node.welcoming import digest_of, new_token
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

MOST_USES = 100
MOST_DAYS = 90
MOST_OPEN = 20
"""Invitations that one person may have out at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviting:
    """Makes invitations by the settings of the node."""

    storage: Storage
    uris: Uris
    settings: RegistrationSettings
    now: Callable[[], datetime]

    async def invite(self, person_id: ActorKey | None, *, uses: int, days: int) -> str:
        """A new invitation; its link, told this once. None is the operator.

        Raises:
            NotAllowed: only staff may.
            Conflict: too many are out already.
            Invalid: it would be for too many, or for too long.
        """
        if not 1 <= uses <= MOST_USES:
            raise Invalid("uses", f"An invitation is for 1 to {MOST_USES} people")
        if not 1 <= days <= MOST_DAYS:
            raise Invalid("days", f"An invitation holds for 1 to {MOST_DAYS} days")
        token = new_token()
        await self.storage.write(self._add, token, person_id, uses, timedelta(days=days))
        return f"{self.uris.base}/sign-up?invite={token}"

    def _add(
        self,
        uow: UnitOfWork,
        token: str,
        person_id: ActorKey | None,
        uses: int,
        kept: timedelta,
    ) -> None:
        now = self.now()
        digest = digest_of(token)
        if digest is None:
            raise ValueError("that is no token")
        if person_id is not None:
            if not self.may_invite(uow, person_id):
                raise NotAllowed(Reason.ROLE, "Only those who run this server invite people")
            if uow.invitations.count(person_id, now) >= MOST_OPEN:
                raise Conflict("Too many invitations are out already")
        uow.invitations.add(digest, person_id, at=now, until=now + kept, max_uses=uses)

    def may_invite(self, uow: UnitOfWork, person_id: ActorKey) -> bool:
        """Whether somebody may make invitations."""
        account = uow.accounts.get(person_id)
        if account is None or not account.is_open:
            return False
        return self.settings.inviting == "everyone" or account.is_staff
