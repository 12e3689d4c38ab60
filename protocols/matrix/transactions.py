"""The envelope in which servers send events and ephemeral units to each other.

One broken event in it is one refusal in the answer: whatever stands in `pdus` is passed on as it
is, to be judged alone. Only an envelope that is none, or too full, is refused as a whole.

Spec: matrix/v1.19 server-server API "Transactions".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from protocols.errors import LocalProtocolError, RemoteProtocolError
from protocols.matrix.event import Event
from protocols.matrix.identifiers import EventId, ServerName
from protocols.strict_json import JsonObject, JsonValue

MAX_PDUS: Final = 50
MAX_EDUS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What a server sent at once.

    Attributes:
        origin: the server that sent it.
        pdus: the events, unread.
        edus: the ephemeral units, unread.
    """

    origin: ServerName
    pdus: tuple[JsonObject, ...]
    edus: tuple[JsonObject, ...]


def parse_transaction(body: JsonObject, origin: ServerName) -> Transaction:
    """Give what is in a transaction; nothing of it is processed if it is refused.

    Entries that are no objects are left out: there is nothing in them that an answer could name.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v1/send/{txnId}".

    Args:
        body: the body of the request.
        origin: the server that signed the request.

    Raises:
        RemoteProtocolError: M_BAD_JSON: no lists, more than 50 PDUs or 100 EDUs, or another
            server's name in it.
    """
    if body.get("origin", origin) != origin:
        raise _refusal("transaction of another server")
    return Transaction(
        origin=origin,
        pdus=_objects(body.get("pdus"), MAX_PDUS),
        edus=_objects(body.get("edus"), MAX_EDUS),
    )


def build_transaction(
    origin: ServerName, *, pdus: Sequence[Event], edus: Sequence[JsonObject], sent_ts: int
) -> JsonObject:
    """Give the body of a transaction of ours.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v1/send/{txnId}".

    Raises:
        LocalProtocolError: more than 50 PDUs or 100 EDUs.
    """
    if len(pdus) > MAX_PDUS or len(edus) > MAX_EDUS:
        raise LocalProtocolError("a transaction holds 50 PDUs and 100 EDUs at most")
    body: JsonObject = {
        "origin": origin,
        "origin_server_ts": sent_ts,
        "pdus": [event.document for event in pdus],
    }
    if edus:
        body["edus"] = list(edus)
    return body


def build_transaction_answer(
    refused: Sequence[tuple[EventId, str]], taken: Sequence[EventId]
) -> JsonObject:
    """Give the answer to a transaction: every event by its id, with the reason of a refusal.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v1/send/{txnId}".
    """
    results: JsonObject = {event_id: {} for event_id in taken}
    results.update({event_id: {"error": reason} for event_id, reason in refused})
    return {"pdus": results}


def _objects(found: JsonValue, most: int) -> tuple[JsonObject, ...]:
    if found is None:
        return ()
    if not isinstance(found, list):
        raise _refusal("transaction without lists")
    if len(found) > most:
        raise _refusal("transaction with too many entries")
    return tuple(entry for entry in found if isinstance(entry, dict))


def _refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")
