"""Passkeys: the public keys by which people sign in, and how often each was used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.passkeys import passkeys
from storage.times import from_ms, from_ms_or_none, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey as a device has made it.

    Attributes:
        credential_id: by which the device knows it.
        user_handle: by which the device knows whose it is: random, the same for all of a person.
        public_key: as COSE writes keys.
        sign_count: how often the device says that it has signed; 0 where it does not count.
        transports: how browsers reach the device.
    """

    credential_id: bytes
    user_handle: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey(NewPasskey):
    """A passkey that is kept; `used_at` is None until somebody has signed in with it."""

    id: int
    person_id: ActorKey
    name: str
    created_at: datetime
    used_at: datetime | None = None


_NAMES = (
    "person_id",
    "credential_id",
    "user_handle",
    "public_key",
    "sign_count",
    "transports",
    "name",
    "created_ms",
)
_COLUMNS = (passkeys.c.id, *(passkeys.c[name] for name in _NAMES), passkeys.c.used_ms)
_MINE = passkeys.c.person_id == bindparam("person")
_ONE = passkeys.c.id == bindparam("passkey")
_ADD = Statement(
    insert(passkeys).values({name: bindparam(name) for name in _NAMES}).returning(passkeys.c.id)
)
_FIND = Statement(select(*_COLUMNS).where(passkeys.c.credential_id == bindparam("credential")))
_OF_PERSON = Statement(select(*_COLUMNS).where(_MINE).order_by(passkeys.c.id))
_USE = Statement(
    update(passkeys)
    .where(
        _ONE,
        (passkeys.c.sign_count < bindparam("counted"))
        | ((passkeys.c.sign_count == 0) & (bindparam("counted") == 0)),
    )
    .values(sign_count=bindparam("counted"), used_ms=bindparam("new_used_ms"))
)
_RENAME = Statement(update(passkeys).where(_MINE, _ONE).values(name=bindparam("new_name")))
_REMOVE = Statement(delete(passkeys).where(_MINE, _ONE))
_REMOVE_ALL = Statement(delete(passkeys).where(_MINE))


def _passkey(row: Row) -> Passkey:
    return Passkey(
        id=row[0],
        person_id=ActorKey(row[1]),
        credential_id=bytes(row[2]),
        user_handle=bytes(row[3]),
        public_key=bytes(row[4]),
        sign_count=row[5],
        transports=tuple(row[6].split()),
        name=row[7],
        created_at=from_ms(row[8]),
        used_at=from_ms_or_none(row[9]),
    )


class PasskeyStore:
    """Keep, find and remove passkeys."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, person_id: ActorKey, new: NewPasskey, *, name: str, at: datetime) -> int:
        """Keep a passkey; its number. Nobody may have one with its credential id."""
        row = self._db.row(
            _ADD,
            person_id=person_id,
            credential_id=new.credential_id,
            user_handle=new.user_handle,
            public_key=new.public_key,
            sign_count=new.sign_count,
            transports=" ".join(new.transports),
            name=name,
            created_ms=to_ms(at),
        )
        if row is None:
            raise ValueError("the database returned no id")
        return int(row[0])

    def find(self, credential_id: bytes) -> Passkey | None:
        """The passkey that a device knows by this id."""
        row = self._db.row(_FIND, credential=credential_id)
        return None if row is None else _passkey(row)

    def of_person(self, person_id: ActorKey) -> Sequence[Passkey]:
        """A person's passkeys, the oldest first."""
        return [_passkey(row) for row in self._db.rows(_OF_PERSON, person=person_id)]

    def use(self, passkey_id: int, *, sign_count: int, at: datetime) -> bool:
        """Note that it was used; False when the count has not gone up, or it is gone.

        A device that does not count says 0 each time.

        Spec: WebAuthn Level 2 6.1.1 and 7.2 step 21.
        """
        used = self._db.run(_USE, passkey=passkey_id, counted=sign_count, new_used_ms=to_ms(at))
        return used > 0

    def rename(self, person_id: ActorKey, passkey_id: int, name: str) -> bool:
        """Call one of a person's passkeys something else; False when it is none of theirs."""
        return self._db.run(_RENAME, person=person_id, passkey=passkey_id, new_name=name) > 0

    def remove(self, person_id: ActorKey, passkey_id: int) -> bool:
        """Forget one of a person's passkeys; False when it is none of theirs."""
        return self._db.run(_REMOVE, person=person_id, passkey=passkey_id) > 0

    def remove_all(self, person_id: ActorKey) -> int:
        """Forget all of a person's passkeys; how many there were."""
        return self._db.run(_REMOVE_ALL, person=person_id)
