"""The letters that the node writes to its people: asked for in a unit, written and sent by a job.

A letter with a link gets its token when the job runs, so that none is kept anywhere: what waits
in the queue says only to whom which letter goes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from communities.errors import NotFound
from communities.people import ActorKey
from federation.uris import Uris
from node.accounts.mailing import Mail, Mailer
from node.welcoming import digest_of, new_token
from storage.account_links import AccountLink, LinkPurpose
from storage.jobs import Job
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

LETTER_JOB = "letter"
CONFIRM_KEPT = timedelta(days=3)
RESET_KEPT = timedelta(hours=2)


class LetterKind(StrEnum):
    """What a letter is about."""

    CONFIRM = "confirm"
    """A link that confirms the address of a new account, or a new address."""
    RESET = "reset"
    """A link by which a password is set anew."""
    OPENED = "opened"
    """Staff has let somebody in."""
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of a letter
    EMAIL_CHANGED = "email-changed"
    """Goes to the address that was left."""


_PURPOSES = {
    LetterKind.CONFIRM: (LinkPurpose.CONFIRM, CONFIRM_KEPT),
    LetterKind.RESET: (LinkPurpose.RESET, RESET_KEPT),
}


class _Order(msgspec.Struct, frozen=True):
    kind: LetterKind
    person_id: ActorKey
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says; its words are made by `Write` in the language of its reader."""

    kind: LetterKind
    name: str
    to: str
    locale: str | None
    link: str | None


Write = Callable[[Letter], Mail]
"""Puts a letter into words."""


def ask_for_letter(
    uow: UnitOfWork, kind: LetterKind, person_id: ActorKey, at: datetime, *, to: str | None = None
) -> None:
    """Have a letter written, in the unit that causes it; one of a kind waits for a person.

    It goes to the address of the account, or the one that it wants to have; `to` names another.
    """
    order = _Order(kind, person_id, to)
    uow.jobs.enqueue(
        LETTER_JOB,
        msgspec.json.encode(order),
        run_ms=to_ms(at),
        key=f"{LETTER_JOB}:{kind}:{person_id}:{to or ''}",
    )


def letter_job(
    storage: Storage, uris: Uris, mailer: Mailer, write: Write, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of letters; a mail server that cannot be reached is tried again.

    A job that is killed between the sending and its end sends twice: better than not at all.
    """

    async def run(job: Job) -> None:
        order = msgspec.json.decode(job.payload, type=_Order)
        letter = await storage.write(_prepare, uris, order, new_token(), now())
        if letter is not None:
            await mailer.send(write(letter))
        await storage.write(_finish, job)

    return run


def _prepare(
    uow: UnitOfWork, uris: Uris, order: _Order, token: str, now: datetime
) -> Letter | None:
    """The letter with its link; None when there is nobody, or nothing, to write to any more."""
    account = uow.accounts.get(order.person_id)
    person = uow.people.get(order.person_id)
    if account is None or person is None:
        return None
    wanted = account.pending_email if order.kind is LetterKind.CONFIRM else None
    to = order.to or wanted or account.email
    if to is None:
        return None
    link = f"{uris.base}/sign-in" if order.kind is LetterKind.OPENED else None
    if order.kind in _PURPOSES:
        link = keep_link(uow, uris, order.kind, AccountLink(order.person_id, to), token, now)
    return Letter(kind=order.kind, name=person.localpart, to=to, locale=account.locale, link=link)


def keep_link(
    uow: UnitOfWork,
    uris: Uris,
    kind: LetterKind,
    link: AccountLink,
    token: str,
    now: datetime,
    *,
    kept: timedelta | None = None,
) -> str:
    """Keep a new one-time link, in place of an older one of its kind; its URL.

    It works as long as those in letters do, or as long as `kept` says.
    """
    digest = digest_of(token)
    if digest is None:
        raise NotFound("That is no token")
    purpose, usual = _PURPOSES[kind]
    uow.account_links.put(purpose, digest, link, until=now + (kept or usual))
    return f"{uris.base}/{purpose.value}/{token}"


def _finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)
