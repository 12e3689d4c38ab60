"""Everything about accounts, put together for pages, apps and commands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.accounts.attempts import Attempts
from node.accounts.inviting import Inviting
from node.accounts.lapsing import lapse_of
from node.accounts.letters import LETTER_JOB, Write, letter_job
from node.accounts.mailing import Mailer
from node.accounts.owning import Owning
from node.accounts.passkeys import Passkeys, passkeys_over
from node.accounts.passwords import Passwords
from node.accounts.registering import Registering
from node.accounts.sessions import SessionGuard, Sessions
from node.accounts.signing_in import SignIns
from node.app import Access, Guard
from node.jobs import JobHandler
from node.limits import client_address
from node.settings import Settings
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDesk:
    """The use cases of accounts; one for a node, since it counts what outsiders try.

    Attributes:
        passkeys: None where there are none.
        letters: the handler of the letters' jobs, by their kind.
        sweep: housekeeping, to be called now and then; how much it dropped.
    """

    settings: Settings
    storage: Storage
    uris: Uris
    now: Callable[[], datetime]
    passwords: Passwords
    attempts: Attempts
    sign_ins: SignIns
    passkeys: Passkeys | None
    sessions: Sessions
    registering: Registering
    owning: Owning
    inviting: Inviting
    letters: Mapping[str, JobHandler]
    sweep: Callable[[], Awaitable[int]]

    @property
    def writes_mail(self) -> bool:
        """Whether the node can write e-mail."""
        return self.settings.mail.is_on

    def address_of(self, request: web.BaseRequest) -> str:
        """The address of the client."""
        return client_address(request, self.settings.http.trusted_proxies)

    def guards(self) -> dict[Access, Guard]:
        """The guards of the routes that people call with a browser."""
        guard = SessionGuard(self.sessions, self.uris, self.address_of)
        return {Access.SESSION: guard, Access.SESSION_OPTIONAL: guard}


def account_desk(
    *,
    settings: Settings,
    storage: Storage,
    uris: Uris,
    snowflakes: Snowflakes,
    write: Write,
    now: Callable[[], datetime],
) -> AccountDesk:
    """The use cases over a storage, by the settings; `write` puts letters into words."""
    registration, writes_mail = settings.registration, settings.mail.is_on
    passwords = Passwords(cheap=registration.cheap_hashes)
    attempts = Attempts(now)
    sign_ins = SignIns(storage=storage, uris=uris, passwords=passwords, attempts=attempts, now=now)
    mailer = Mailer(settings.mail, domain=settings.node.domain, title=settings.title)
    return AccountDesk(
        settings=settings,
        storage=storage,
        uris=uris,
        now=now,
        passwords=passwords,
        attempts=attempts,
        sign_ins=sign_ins,
        passkeys=passkeys_over(
            storage=storage,
            uris=uris,
            title=settings.title,
            sign_ins=sign_ins,
            attempts=attempts,
            now=now,
        ),
        sessions=Sessions(storage=storage, uris=uris, now=now),
        registering=Registering(
            storage=storage,
            uris=uris,
            snowflakes=snowflakes,
            passwords=passwords,
            attempts=attempts,
            rules=registration.rules(writes_mail=writes_mail),
            writes_mail=writes_mail,
            per_address=registration.per_address_per_hour,
            now=now,
        ),
        owning=Owning(
            storage=storage,
            uris=uris,
            passwords=passwords,
            attempts=attempts,
            sign_ins=sign_ins,
            writes_mail=writes_mail,
            now=now,
        ),
        inviting=Inviting(storage=storage, uris=uris, settings=registration, now=now),
        letters={LETTER_JOB: letter_job(storage, uris, mailer, write, now=now)},
        sweep=lapse_of(storage, now),
    )
