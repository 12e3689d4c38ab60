"""Tokens of apps: which hold, for whom, and what a person has let in; known by their SHA-256."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, bindparam, delete, insert, select, update

from communities.people import ActorKey, ActorState
from communities.registration import AccountState
from storage.connection import Connection, Row
from storage.statements import Statement, Tools, json_list
from storage.tables.accounts import accounts
from storage.tables.apps import app_tokens, apps, auth_codes
from storage.tables.social import actors
from storage.times import from_ms, from_ms_or_none, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class AppToken:
    """A token, with what is known of the person now.

    Attributes:
        actor_id: who acts: the person, or a community; None for a token of the app alone.
        used_at: about when it was last used.
        account: what the person's account is in; None for a token of the app alone.
        person_state: what the node lets the person do.
    """

    id: int
    app_id: int
    scopes: frozenset[str]
    created_at: datetime
    used_at: datetime
    person_id: ActorKey | None = None
    actor_id: ActorKey | None = None
    revoked_at: datetime | None = None
    account: AccountState | None = None
    person_state: ActorState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An app that a person has let in, with all its tokens taken together.

    `actor_ids` are those as whom it acts: the person, or communities.
    """

    app_id: int
    name: str
    website: str | None
    scopes: frozenset[str]
    since: datetime
    used_at: datetime
    actor_ids: frozenset[ActorKey] = field(default_factory=frozenset)


_KNOWN = select(
    app_tokens.c.id,
    app_tokens.c.app_id,
    app_tokens.c.scopes,
    app_tokens.c.created_ms,
    app_tokens.c.used_ms,
    app_tokens.c.person_id,
    app_tokens.c.actor_id,
    app_tokens.c.revoked_ms,
    accounts.c.state.label("account_state"),
    actors.c.state.label("person_state"),
).select_from(
    app_tokens.outerjoin(accounts, accounts.c.person_id == app_tokens.c.person_id).outerjoin(
        actors, actors.c.id == app_tokens.c.person_id
    )
)
_FIND = Statement(_KNOWN.where(app_tokens.c.digest == bindparam("digest")))


def _among(tools: Tools) -> Select[tuple[object, ...]]:
    return _KNOWN.where(tools.in_list(app_tokens.c.id, "ids"))


_AMONG = Statement(_among)
_ADDED = (*(column.name for column in app_tokens.columns),)
_ADD = Statement(insert(app_tokens).values({name: bindparam(name) for name in _ADDED}))
_TOUCH = Statement(
    update(app_tokens)
    .where(app_tokens.c.id == bindparam("token"), app_tokens.c.used_ms < bindparam("at_ms"))
    .values(used_ms=bindparam("at_ms"))
)
_TOUCH_APP = Statement(
    update(apps)
    .where(
        apps.c.id == bindparam("app"),
        apps.c.used_ms < bindparam("at_ms"),
    )
    .values(used_ms=bindparam("at_ms"))
)
_HOLDS = app_tokens.c.revoked_ms.is_(None)
_REVOKE = Statement(
    update(app_tokens)
    .where(app_tokens.c.id == bindparam("token"), _HOLDS)
    .values(revoked_ms=bindparam("at_ms"))
)
_END = Statement(
    update(app_tokens)
    .where(
        app_tokens.c.person_id == bindparam("person"),
        app_tokens.c.app_id == bindparam("app"),
        _HOLDS,
    )
    .values(revoked_ms=bindparam("at_ms"))
)
_END_ALL = Statement(
    update(app_tokens)
    .where(app_tokens.c.person_id == bindparam("person"), _HOLDS)
    .values(revoked_ms=bindparam("at_ms"))
)
_CODES = delete(auth_codes).where(
    auth_codes.c.person_id == bindparam("person"), auth_codes.c.token_id.is_(None)
)
_DROP_CODES = Statement(_CODES.where(auth_codes.c.app_id == bindparam("app")))
_DROP_ALL_CODES = Statement(_CODES)
_OF_PERSON = Statement(
    select(
        app_tokens.c.app_id,
        apps.c.name,
        apps.c.website,
        app_tokens.c.scopes,
        app_tokens.c.created_ms,
        app_tokens.c.used_ms,
        app_tokens.c.actor_id,
    )
    .join_from(app_tokens, apps, apps.c.id == app_tokens.c.app_id)
    .where(app_tokens.c.person_id == bindparam("person"), _HOLDS)
    .order_by(app_tokens.c.used_ms.desc(), app_tokens.c.id.desc())
    .limit(bindparam("most"))
)


def _token(row: Row) -> AppToken:
    return AppToken(
        id=row[0],
        app_id=row[1],
        scopes=frozenset(row[2].split()),
        created_at=from_ms(row[3]),
        used_at=from_ms(row[4]),
        person_id=None if row[5] is None else ActorKey(row[5]),
        actor_id=None if row[6] is None else ActorKey(row[6]),
        revoked_at=from_ms_or_none(row[7]),
        account=None if row[8] is None else AccountState(row[8]),
        person_state=None if row[9] is None else ActorState(row[9]),
    )


class AppTokens:
    """Tokens by their digest; what was revoked is kept for a while, so that it can be said.

    Attributes:
        ended: whether the running unit may have ended a token: `unit_of_work` tells who keeps
            tokens in mind.
    """

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self.ended = False

    def start_unit(self) -> None:
        """Forget what the unit before did."""
        self.ended = False

    def add(self, digest: bytes, token: AppToken) -> None:
        """Keep a new token, by its SHA-256."""
        self._db.run(
            _ADD,
            id=token.id,
            digest=digest,
            app_id=token.app_id,
            person_id=token.person_id,
            actor_id=token.actor_id,
            scopes=" ".join(sorted(token.scopes)),
            created_ms=to_ms(token.created_at),
            used_ms=to_ms(token.used_at),
            revoked_ms=None,
        )

    def find(self, digest: bytes) -> AppToken | None:
        """A token, revoked or not."""
        row = self._db.row(_FIND, digest=digest)
        return None if row is None else _token(row)

    def among(self, ids: Iterable[int]) -> Sequence[AppToken]:
        """Those of some tokens that are still known, in one statement."""
        return [_token(row) for row in self._db.rows(_AMONG, ids=json_list(ids))]

    def touch(self, used: Mapping[int, tuple[int, datetime]]) -> None:
        """Note when tokens, and with them their apps, were used: app and moment by token."""
        for token_id, (app_id, at) in used.items():
            self._db.run(_TOUCH, token=token_id, at_ms=to_ms(at))
            self._db.run(_TOUCH_APP, app=app_id, at_ms=to_ms(at))

    def revoke(self, token_id: int, at: datetime) -> bool:
        """End one token; False when it had ended."""
        return self._note(self._db.run(_REVOKE, token=token_id, at_ms=to_ms(at))) > 0

    def end(self, person_id: ActorKey, app_id: int, at: datetime) -> int:
        """End all tokens of a person for an app, and codes for one; how many tokens there were."""
        self._db.run(_DROP_CODES, person=person_id, app=app_id)
        return self._note(self._db.run(_END, person=person_id, app=app_id, at_ms=to_ms(at)))

    def end_all(self, person_id: ActorKey, at: datetime) -> int:
        """End all tokens of a person, as when their password was changed; how many there were.

        Codes go, too: who has one could make a token of it afterwards.
        """
        self._db.run(_DROP_ALL_CODES, person=person_id)
        return self._note(self._db.run(_END_ALL, person=person_id, at_ms=to_ms(at)))

    def _note(self, count: int) -> int:
        self.ended = self.ended or count > 0
        return count

    def authorizations(self, person_id: ActorKey, most: int = 500) -> Sequence[Authorization]:
        """The apps that a person has let in, those used last first; of so many tokens."""
        found: dict[int, Authorization] = {}
        for row in self._db.rows(_OF_PERSON, person=person_id, most=most):
            known = found.get(row[0])
            since = from_ms(row[4])
            found[row[0]] = Authorization(
                app_id=row[0],
                name=row[1],
                website=row[2],
                scopes=frozenset(row[3].split()) | (known.scopes if known else frozenset()),
                since=min(since, known.since) if known else since,
                used_at=known.used_at if known else from_ms(row[5]),
                actor_ids=frozenset({ActorKey(row[6])})
                | (known.actor_ids if known else frozenset()),
            )
        return list(found.values())
