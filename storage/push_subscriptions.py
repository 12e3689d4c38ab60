"""Push subscriptions: where the app behind a token wants to be told, and of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, exists, select

from communities.people import ActorKey
from protocols.web_push import Receiver
from storage.connection import Connection, Row
from storage.memory import Memory
from storage.statements import Statement, Tools
from storage.tables.apps import app_tokens
from storage.tables.telling import push_subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """One app that wants to be told.

    Attributes:
        standard: it reads the form of the RFCs, and not the one before.
        alerts: the types of notifications that it wants.
        policy: of whom it wants them: all, followed, follower, none.
        sealed_token: the app's own token, see `node.push.keys`.
    """

    id: int
    token_id: int
    person_id: ActorKey
    endpoint: str
    receiver: Receiver
    standard: bool
    alerts: frozenset[str]
    policy: str
    sealed_token: bytes


_NAMES = (
    "id",
    "token_id",
    "person_id",
    "endpoint",
    "p256dh",
    "auth",
    "standard",
    "alerts",
    "policy",
    "sealed_token",
)
_COLUMNS = tuple(push_subscriptions.c[name] for name in _NAMES)
_HOLDS = exists(
    select(app_tokens.c.id).where(
        app_tokens.c.id == push_subscriptions.c.token_id, app_tokens.c.revoked_ms.is_(None)
    )
)
"""Nothing is told to an app whose token has ended, while the row of it is still kept."""
_GET = Statement(select(*_COLUMNS).where(push_subscriptions.c.id == bindparam("id"), _HOLDS))
_OF_TOKEN = Statement(select(*_COLUMNS).where(push_subscriptions.c.token_id == bindparam("token")))
_OF_PERSON = Statement(
    select(*_COLUMNS).where(push_subscriptions.c.person_id == bindparam("person"), _HOLDS)
)
_DROP = Statement(delete(push_subscriptions).where(push_subscriptions.c.id == bindparam("id")))
_DROP_OF_TOKEN = Statement(
    delete(push_subscriptions).where(push_subscriptions.c.token_id == bindparam("token"))
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(push_subscriptions)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_update(
            index_elements=["token_id"], set_={name: bindparam(name) for name in _NAMES}
        )
    )


_PUT = Statement(_put)


class PushSubscriptions:
    """At most one for each token."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._memory: Memory[list[PushSubscription]] = Memory(
            connection.memories, "push_subscriptions", "app_tokens"
        )

    def put(self, subscription: PushSubscription) -> None:
        """Store it, in the place of what its token had before."""
        self._db.run(
            _PUT,
            id=subscription.id,
            token_id=subscription.token_id,
            person_id=subscription.person_id,
            endpoint=subscription.endpoint,
            p256dh=subscription.receiver.p256dh,
            auth=subscription.receiver.auth,
            standard=subscription.standard,
            alerts=" ".join(sorted(subscription.alerts)),
            policy=subscription.policy,
            sealed_token=subscription.sealed_token,
        )

    def get(self, subscription_id: int) -> PushSubscription | None:
        """The subscription with this id, if its token holds still."""
        row = self._db.row(_GET, id=subscription_id)
        return None if row is None else _subscription(row)

    def of_token(self, token_id: int) -> PushSubscription | None:
        """What the app behind a token asked for."""
        row = self._db.row(_OF_TOKEN, token=token_id)
        return None if row is None else _subscription(row)

    def of(self, person_id: ActorKey) -> Sequence[PushSubscription]:
        """All apps that want to be told what a person is told, and whose tokens hold."""
        known = self._memory.recall(person_id)
        if known is not None:
            return known
        found = [_subscription(row) for row in self._db.rows(_OF_PERSON, person=person_id)]
        return self._memory.keep(found, person_id)

    def drop(self, subscription_id: int) -> bool:
        """Forget one; False when it was gone."""
        return self._db.run(_DROP, id=subscription_id) > 0

    def drop_of_token(self, token_id: int) -> bool:
        """Forget that of a token; False when it had none."""
        return self._db.run(_DROP_OF_TOKEN, token=token_id) > 0


def _subscription(row: Row) -> PushSubscription:
    return PushSubscription(
        id=row[0],
        token_id=row[1],
        person_id=ActorKey(row[2]),
        endpoint=row[3],
        receiver=Receiver(p256dh=bytes(row[4]), auth=bytes(row[5])),
        standard=bool(row[6]),
        alerts=frozenset(row[7].split()),
        policy=row[8],
        sealed_token=bytes(row[9]),
    )
