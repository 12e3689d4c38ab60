"""Public keys of actors elsewhere, private keys of actors here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from communities.people import ActorKey, ActorState
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.social import actor_keys, actors, signing_keys
from storage.times import from_ms, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A peer's public key as it was fetched. `material` is PEM, or multikey text (z6Mk...)."""

    key_id: str
    material: str
    fetched_at: datetime
    owner_id: ActorKey
    owner_uri: str
    owner_state: ActorState


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key of a local actor; `private_pem` never leaves storage and signing."""

    actor_id: ActorKey
    algorithm: str
    key_id: str
    private_pem: str


_FIND = Statement(
    select(
        actor_keys.c.key_id,
        actor_keys.c.material,
        actor_keys.c.fetched_ms,
        actors.c.id,
        actors.c.uri,
        actors.c.state,
    )
    .join_from(actor_keys, actors, actors.c.id == actor_keys.c.actor_id)
    .where(actor_keys.c.key_id == bindparam("key_id"))
)
_DROP_OF = Statement(delete(actor_keys).where(actor_keys.c.actor_id == bindparam("actor")))
_SIGNING = Statement(
    select(signing_keys.c.key_id, signing_keys.c.private_pem).where(
        signing_keys.c.actor_id == bindparam("actor"),
        signing_keys.c.algorithm == bindparam("algorithm"),
    )
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    changed = ("material", "fetched_ms")
    return (
        tools.insert(actor_keys)
        .values({name: bindparam(name) for name in ("key_id", "actor_id", *changed)})
        .on_conflict_do_update(
            index_elements=["key_id"],
            set_={name: bindparam(name) for name in changed},
            where=actor_keys.c.actor_id == bindparam("actor_id"),
        )
    )


def _put_signing(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("actor_id", "algorithm", "key_id", "private_pem", "created_ms")
    return (
        tools.insert(signing_keys)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["actor_id", "algorithm"],
            set_={name: bindparam(name) for name in names[2:]},
        )
    )


_PUT = Statement(_put)
_PUT_SIGNING = Statement(_put_signing)


class Keys:
    """Keys by id and by owner."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def find(self, key_id: str) -> KnownKey | None:
        """A peer's key with its owner."""
        row = self._db.row(_FIND, key_id=key_id)
        if row is None:
            return None
        return KnownKey(
            key_id=row[0],
            material=row[1],
            fetched_at=from_ms(row[2]),
            owner_id=ActorKey(row[3]),
            owner_uri=row[4],
            owner_state=ActorState(row[5]),
        )

    def replace(
        self, owner_id: ActorKey, keys: list[tuple[str, str]], *, fetched_at: datetime
    ) -> None:
        """Set the keys (id, material) of an actor to what its document holds now.

        A key id that belongs to another actor stays that actor's (SIG-16).
        """
        self._db.run(_DROP_OF, actor=owner_id)
        for key_id, material in keys:
            self._db.run(
                _PUT,
                key_id=key_id,
                actor_id=owner_id,
                material=material,
                fetched_ms=to_ms(fetched_at),
            )

    def signing(self, actor_id: ActorKey, algorithm: str) -> SigningKey | None:
        """The private key ('rsa' or 'ed25519') of a local actor."""
        row = self._db.row(_SIGNING, actor=actor_id, algorithm=algorithm)
        if row is None:
            return None
        return SigningKey(actor_id=actor_id, algorithm=algorithm, key_id=row[0], private_pem=row[1])

    def put_signing(self, key: SigningKey, *, created_at: datetime) -> None:
        """Store (or rotate) the private key of a local actor."""
        self._db.run(
            _PUT_SIGNING,
            actor_id=key.actor_id,
            algorithm=key.algorithm,
            key_id=key.key_id,
            private_pem=key.private_pem,
            created_ms=to_ms(created_at),
        )
