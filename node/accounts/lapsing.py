"""Accounts that nobody confirmed: they go after a week, so that they keep nobody's address."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from communities.registration import AccountState
from node.accounts.leaving import delete_account
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST = 50
"""In one unit, so that others pass."""


def lapse_of(storage: Storage, now: Callable[[], datetime]) -> Callable[[], Awaitable[int]]:
    """Housekeeping: ends the accounts that were not confirmed in time; how many there were."""

    async def sweep() -> int:
        ended = 0
        while True:
            found = await storage.write(lapse, now())
            ended += found
            if found < MOST:
                break
        if ended:
            log.info("%d accounts were not confirmed within %d days", ended, KEPT.days)
        return ended

    return sweep


def lapse(uow: UnitOfWork, at: datetime) -> int:
    """Delete up to fifty accounts that were not confirmed for a week; how many there were."""
    uow.at_ms = to_ms(at)
    found = uow.accounts.waiting(AccountState.UNCONFIRMED, before=at - KEPT, most=MOST)
    for account in found:
        delete_account(uow, account.person_id, at)
    return len(found)
