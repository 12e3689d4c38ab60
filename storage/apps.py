"""Apps, and the codes that people give them; secrets and codes are known by their SHA-256 alone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.apps import apps, auth_codes
from storage.times import from_ms, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app that was registered; `scopes` is the most that it can be granted."""

    id: int
    client_id: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthCode:
    """What a person lets an app do, until it is turned into a token.

    Attributes:
        actor_id: who acts: the person, or a community that they moderate.
        challenge: of the proof key (S256); None where the app sent none.
        token_id: the token that was made of it; None while it is unused.
    """

    app_id: int
    person_id: ActorKey
    actor_id: ActorKey
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str | None
    until: datetime
    token_id: int | None = None


_COLUMNS = (
    apps.c.id,
    apps.c.client_id,
    apps.c.name,
    apps.c.website,
    apps.c.redirect_uris,
    apps.c.scopes,
    apps.c.created_ms,
)
_ADDED = (*(column.name for column in apps.columns),)
_ADD = Statement(insert(apps).values({name: bindparam(name) for name in _ADDED}))
_GET = Statement(select(*_COLUMNS).where(apps.c.id == bindparam("app")))
_BY_CLIENT = Statement(
    select(*_COLUMNS, apps.c.secret).where(apps.c.client_id == bindparam("client"))
)
_USE_APP = Statement(
    update(apps).where(apps.c.id == bindparam("app")).values(used_ms=bindparam("new_used_ms"))
)
_CODE_COLUMNS = (
    auth_codes.c.app_id,
    auth_codes.c.person_id,
    auth_codes.c.actor_id,
    auth_codes.c.scopes,
    auth_codes.c.redirect_uri,
    auth_codes.c.challenge,
    auth_codes.c.until_ms,
    auth_codes.c.token_id,
)
_CODE_ADDED = ("digest", *(column.name for column in _CODE_COLUMNS))
_ADD_CODE = Statement(insert(auth_codes).values({name: bindparam(name) for name in _CODE_ADDED}))
_CODE = Statement(select(*_CODE_COLUMNS).where(auth_codes.c.digest == bindparam("digest")))
_USE_CODE = Statement(
    update(auth_codes)
    .where(auth_codes.c.digest == bindparam("the_digest"), auth_codes.c.token_id.is_(None))
    .values(token_id=bindparam("new_token"))
)


def _app(row: Row) -> App:
    return App(
        id=row[0],
        client_id=row[1],
        name=row[2],
        website=row[3],
        redirect_uris=tuple(row[4].split("\n")),
        scopes=frozenset(row[5].split()),
        created_at=from_ms(row[6]),
    )


class Apps:
    """Apps by their client id, codes by their digest."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, app: App, secret_digest: bytes) -> None:
        """Store a new app, with the SHA-256 of its secret."""
        self._db.run(
            _ADD,
            id=app.id,
            client_id=app.client_id,
            secret=secret_digest,
            name=app.name,
            website=app.website,
            redirect_uris="\n".join(app.redirect_uris),
            scopes=_text(app.scopes),
            created_ms=to_ms(app.created_at),
            used_ms=to_ms(app.created_at),
        )

    def get(self, app_id: int) -> App | None:
        """An app."""
        row = self._db.row(_GET, app=app_id)
        return None if row is None else _app(row)

    def by_client_id(self, client_id: str) -> tuple[App, bytes] | None:
        """An app with the SHA-256 of its secret, by the name that it calls itself."""
        # PostgreSQL fails on a text with a NUL, and nothing is called so.
        row = None if "\0" in client_id else self._db.row(_BY_CLIENT, client=client_id)
        return None if row is None else (_app(row), bytes(row[7]))

    def use(self, app_id: int, at: datetime) -> None:
        """Note that an app is in use; one that is not goes after a month."""
        self._db.run(_USE_APP, app=app_id, new_used_ms=to_ms(at))

    def add_code(self, digest: bytes, code: AuthCode) -> None:
        """Keep a new code, by its SHA-256."""
        self._db.run(
            _ADD_CODE,
            digest=digest,
            app_id=code.app_id,
            person_id=code.person_id,
            actor_id=code.actor_id,
            scopes=_text(code.scopes),
            redirect_uri=code.redirect_uri,
            challenge=code.challenge,
            until_ms=to_ms(code.until),
            token_id=code.token_id,
        )

    def code(self, digest: bytes) -> AuthCode | None:
        """A code, used or not, whether its time has passed or not."""
        row = self._db.row(_CODE, digest=digest)
        if row is None:
            return None
        return AuthCode(
            app_id=row[0],
            person_id=ActorKey(row[1]),
            actor_id=ActorKey(row[2]),
            scopes=frozenset(row[3].split()),
            redirect_uri=row[4],
            challenge=row[5],
            until=from_ms(row[6]),
            token_id=row[7],
        )

    def use_code(self, digest: bytes, token_id: int) -> bool:
        """Use a code up for a token; False when it was used before."""
        return self._db.run(_USE_CODE, the_digest=digest, new_token=token_id) > 0


def _text(scopes: frozenset[str]) -> str:
    return " ".join(sorted(scopes))
