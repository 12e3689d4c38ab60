"""The documents in which servers publish their keys, straight or by way of a notary.

Spec: matrix/v1.19 server-server API "Retrieving server keys".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from protocols.errors import RemoteProtocolError
from protocols.key_formats import PublicKey, public_half
from protocols.matrix.identifiers import ServerName, parse_server_name
from protocols.matrix.keys import (
    KeyId,
    ServerVerifyKeys,
    SigningKey,
    VerifyKey,
    is_key_id,
    parse_key,
    render_key,
)
from protocols.matrix.signing import sign_json, verify_json
from protocols.strict_json import JsonObject, JsonValue

LONGEST_VALIDITY: Final = timedelta(days=7)
MAX_KEYS: Final = 64
MAX_QUERIED_SERVERS: Final = 100
MAX_QUERIED_KEYS: Final = 64

_LONGEST_VALIDITY_MS: Final = int(LONGEST_VALIDITY / timedelta(milliseconds=1))
_MAX_INT64: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKeys:
    """The keys of a server as it published them itself.

    Attributes:
        server: whose they are.
        verify_keys: sign requests and events, until `valid_until_ts`.
        old_verify_keys: signed events, each until its own end.
        valid_until_ts: milliseconds since 1970; never more than seven days after the reading.
        document: what they were read from, to be passed on by a notary.
    """

    server: ServerName
    verify_keys: ServerVerifyKeys
    old_verify_keys: ServerVerifyKeys
    valid_until_ts: int
    document: JsonObject

    @property
    def event_keys(self) -> ServerVerifyKeys:
        """The keys that events may be signed by: those in use and the old ones."""
        return {**self.old_verify_keys, **self.verify_keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldKey:
    """A key that we signed with once.

    Attributes:
        key: the key; only its public half is published.
        expired_ts: when we stopped, in milliseconds since 1970.
    """

    key: SigningKey
    expired_ts: int


def parse_server_keys(document: JsonObject, server: ServerName, *, now_ms: int) -> ServerKeys:
    """Give the keys in the document of a server that signed it itself.

    Keys of other algorithms, broken ones and published ones are left out. A document past its
    end is read too: events from before are still to be checked.

    Spec: matrix/v1.19 server-server API "GET /_matrix/key/v2/server".
    Spec: matrix/v1.19 rooms/v5 "Signing key validity period".

    Args:
        document: the body of the answer.
        server: who was asked, or whom the notary was asked about.
        now_ms: milliseconds since 1970.

    Raises:
        RemoteProtocolError: another server's document, no usable key, or badly formed.
        SignatureRefused: not signed by one of its own `verify_keys`.
    """
    if document.get("server_name") != server:
        raise _refusal("keys of another server")
    valid_until = _timestamp(document.get("valid_until_ts"))
    valid_until = min(valid_until, now_ms + _LONGEST_VALIDITY_MS)
    current = {
        key_id: VerifyKey(key=key, valid_until_ts=valid_until)
        for key_id, key, _ in _entries(document.get("verify_keys"))
    }
    if not current:
        raise _refusal("server without a usable key")
    verify_json(document, server, current)
    old = {
        key_id: VerifyKey(key=key, valid_until_ts=_timestamp(entry.get("expired_ts")))
        for key_id, key, entry in _entries(document.get("old_verify_keys"))
        if key_id not in current
    }
    return ServerKeys(
        server=server,
        verify_keys=current,
        old_verify_keys=old,
        valid_until_ts=valid_until,
        document=document,
    )


def build_server_keys(
    key: SigningKey, *, old_keys: Sequence[OldKey] = (), valid_until_ts: int
) -> JsonObject:
    """Give the document that we publish, signed.

    Spec: matrix/v1.19 server-server API "GET /_matrix/key/v2/server".
    """
    document: JsonObject = {
        "server_name": key.server,
        "verify_keys": {key.key_id: {"key": render_key(public_half(key.key))}},
        "old_verify_keys": {
            old.key.key_id: {
                "key": render_key(public_half(old.key.key)),
                "expired_ts": old.expired_ts,
            }
            for old in old_keys
        },
        "valid_until_ts": valid_until_ts,
    }
    return sign_json(document, key)


def build_notary_answer(found: Iterable[ServerKeys], key: SigningKey) -> JsonObject:
    """Give the answer of us as a notary: what the servers published, with our signature too.

    Spec: matrix/v1.19 server-server API "Querying Keys Through Another Server".
    """
    return {"server_keys": [sign_json(keys.document, key) for keys in found]}


def parse_notary_answer(
    answer: JsonObject, notary: ServerName, keys: ServerVerifyKeys, *, now_ms: int
) -> dict[ServerName, ServerKeys]:
    """Give the keys that a notary vouches for, and that their servers signed themselves.

    Documents that fail either are left out. Of several of one server the one that is valid
    longest counts, and the keys of the others are kept as old ones.

    Spec: matrix/v1.19 server-server API "Querying Keys Through Another Server".

    Raises:
        RemoteProtocolError: no list of documents, or too many.
    """
    documents = answer.get("server_keys")
    if not isinstance(documents, list) or len(documents) > MAX_QUERIED_SERVERS:
        raise _refusal("answer of a notary without a list")
    found: dict[ServerName, ServerKeys] = {}
    for document in documents:
        if not isinstance(document, dict):
            continue
        try:
            server = parse_server_name(document.get("server_name"))
            verify_json(document, notary, keys)
            read = parse_server_keys(document, server, now_ms=now_ms)
        except RemoteProtocolError:
            continue
        known = found.get(server)
        found[server] = read if known is None else _merged(known, read)
    return found


def parse_key_query(body: JsonObject) -> dict[ServerName, dict[KeyId, int]]:
    """Give what a server asks us as a notary: server -> key id -> least `valid_until_ts`.

    No key id means all keys of the server; a missing time is 0.

    Spec: matrix/v1.19 server-server API "POST /_matrix/key/v2/query".

    Raises:
        RemoteProtocolError: M_BAD_JSON, also for more than 100 servers.
    """
    asked = body.get("server_keys")
    if not isinstance(asked, dict) or len(asked) > MAX_QUERIED_SERVERS:
        raise _refusal("query without a list of servers")
    return {parse_server_name(name): _criteria(entry) for name, entry in asked.items()}


def _criteria(entry: JsonValue) -> dict[KeyId, int]:
    if not isinstance(entry, dict) or len(entry) > MAX_QUERIED_KEYS:
        raise _refusal("query for keys must be an object")
    criteria: dict[KeyId, int] = {}
    for name, criterion in entry.items():
        least = criterion.get("minimum_valid_until_ts", 0) if isinstance(criterion, dict) else None
        criteria[KeyId(name)] = _timestamp(least)
    return criteria


def _merged(one: ServerKeys, other: ServerKeys) -> ServerKeys:
    newer, older = (one, other) if one.valid_until_ts >= other.valid_until_ts else (other, one)
    former = {
        key_id: key for key_id, key in older.event_keys.items() if key_id not in newer.verify_keys
    }
    return ServerKeys(
        server=newer.server,
        verify_keys=newer.verify_keys,
        old_verify_keys={**former, **newer.old_verify_keys},
        valid_until_ts=newer.valid_until_ts,
        document=newer.document,
    )


def _entries(found: JsonValue) -> Iterator[tuple[KeyId, PublicKey, JsonObject]]:
    """Give the entries whose key can be used."""
    if found is None:
        return
    if not isinstance(found, dict) or len(found) > MAX_KEYS:
        raise _refusal("keys of a server must be an object of at most 64")
    for name, entry in found.items():
        if is_key_id(name) and isinstance(entry, dict):
            try:
                key = parse_key(entry.get("key"))
            except RemoteProtocolError:
                continue
            yield KeyId(name), key, entry


def _timestamp(value: JsonValue) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_INT64:
        raise _refusal("time of a key must be milliseconds")
    return value


def _refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")
