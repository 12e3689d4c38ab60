"""Signatures on JSON and on events, and the content hash of events.

A signature is looked at in two steps, since keys may have to be fetched in between: first
`required_signers` and `key_ids` name what is needed, then `verify_event` or `verify_json` decide.

Signing an event takes some 60 us, the check of one signature 100 us and its hash nothing: that
was worked out when the event was parsed.

Spec: matrix/v1.19 appendices "Signing JSON"; server-server API "Signing Events".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from protocols.errors import RemoteProtocolError, SignatureRefused
from protocols.key_formats import (
    is_signed_by,
    parse_unpadded_base64,
    render_unpadded_base64,
    sign_bytes,
)
from protocols.matrix.event import Event, canonical_forms, redacted_event
from protocols.matrix.event_json import canonical, check_tree
from protocols.matrix.identifiers import ServerName, is_user_id
from protocols.matrix.keys import KeyId, ServerVerifyKeys, SigningKey, is_key_id
from protocols.matrix.redaction import redact
from protocols.strict_json import JsonObject, JsonValue

MAX_SIGNATURES: Final = 16
"""Signatures of one server on one document that are looked at: each costs 100 us."""

_NOT_SIGNED: Final = frozenset({"signatures", "unsigned"})
_ANY_TIME: Final = -(2**63)


def sign_json(document: JsonObject, key: SigningKey) -> JsonObject:
    """Give the document with our signature beside those that it has. The argument stays as it is.

    Spec: matrix/v1.19 appendices "Signing Details".

    Raises:
        RemoteProtocolError: M_BAD_JSON for what canonical JSON does not have.
    """
    return _with_signature(document, key, signed_form(document, strict=True))


def signed_form(document: JsonObject, *, strict: bool) -> bytes:
    """Give the bytes that a signature on a JSON document is made over.

    Spec: matrix/v1.19 appendices "Signing Details".

    Raises:
        RemoteProtocolError: M_BAD_JSON, as `event_json.canonical`.
    """
    signed = {key: value for key, value in document.items() if key not in _NOT_SIGNED}
    return canonical(signed, strict=strict)


def key_ids(signatures: JsonValue, server: str) -> tuple[KeyId, ...]:
    """Give the keys by which the server signed, as far as their algorithm is known.

    Spec: matrix/v1.19 appendices "Checking for a Signature" steps 1 and 2.
    """
    entry = signatures.get(server) if isinstance(signatures, dict) else None
    if not isinstance(entry, dict):
        return ()
    return tuple(KeyId(name) for name in entry if is_key_id(name))


def verify_json(document: JsonObject, server: ServerName, keys: ServerVerifyKeys) -> None:
    """Refuse a document that the server has not signed by one of the keys.

    How long a key is valid is not asked: whoever passes the keys chose them.

    Spec: matrix/v1.19 appendices "Checking for a Signature".

    Raises:
        SignatureRefused: no signature of a known key, or a false one.
        RemoteProtocolError: M_BAD_JSON for what has no canonical form.
    """
    signed = signed_form(document, strict=False)
    check_signatures(document.get("signatures"), server, keys, signed, made_ts=_ANY_TIME)


def required_signers(event: Event) -> tuple[ServerName, ...]:
    """Give the servers without whose signature the event is dropped.

    That is the server of the sender, but for an invite of a third party, where the identity
    server's signature inside is what the auth rules look at; and for a join that a member of
    the room vouched for (restricted rooms), the server of that member.

    Spec: matrix/v1.19 server-server API "Validating hashes and signatures on received events".
    Spec: matrix/v1.19 rooms/v8 "Authorization rules" step 4.2.

    Raises:
        RemoteProtocolError: M_BAD_JSON when the one who vouched is no user id.
    """
    origin = event.origin
    if event.type != "m.room.member":
        return (origin,)
    membership = event.content.get("membership")
    if membership == "invite" and "third_party_invite" in event.content:
        return ()
    name = "join_authorised_via_users_server"
    if membership != "join" or name not in event.content or not event.version.restricted_joins:
        return (origin,)
    voucher = event.content[name]
    if not isinstance(voucher, str) or not is_user_id(voucher):
        raise RemoteProtocolError("join vouched for by no user", errcode="M_BAD_JSON")
    server = ServerName(voucher.partition(":")[2])
    return (origin,) if server == origin else (origin, server)


def verify_event(
    event: Event,
    keys: Mapping[ServerName, ServerVerifyKeys],
    *,
    still_to_sign: ServerName | None = None,
) -> Event:
    """Give the event if those who must have signed it did; redacted if its content was changed.

    Steps 2 and 3 of the checks on receipt. The content of an event whose hash is wrong is gone,
    its signature and id are not: somebody gave us the redacted form.

    Spec: matrix/v1.19 server-server API "Checks performed on receipt of a PDU" steps 2 and 3.
    Spec: matrix/v1.19 rooms/v5 "Signing key validity period".

    Args:
        event: as `parse_event` gave it.
        keys: of the `required_signers`, old ones too, as far as they could be had.
        still_to_sign: a server of ours that is asked to vouch for the event and sign it now.

    Raises:
        SignatureRefused: the event is to be dropped.
        RemoteProtocolError: as `required_signers`.
    """
    signed = essential_form(event)
    made_ts = event.origin_server_ts if event.version.enforces_key_validity else _ANY_TIME
    for server in required_signers(event):
        if server != still_to_sign or server == event.origin:
            known = keys.get(server, {})
            check_signatures(event.signatures, server, known, signed, made_ts=made_ts)
    return event if has_valid_hash(event) else redacted_event(event)


def is_event_signed_by(event: Event, server: ServerName, keys: ServerVerifyKeys) -> bool:
    """Tell whether the server signed the event by one of the keys, such as a policy server's.

    Spec: matrix/v1.19 server-server API "Validating Policy Server signatures".
    """
    signed = essential_form(event)
    try:
        check_signatures(event.signatures, server, keys, signed, made_ts=_ANY_TIME)
    except SignatureRefused:
        return False
    return True


def has_valid_hash(event: Event) -> bool:
    """Tell whether the content is what the sender hashed.

    Spec: matrix/v1.19 server-server API "Calculating the content hash for an event".
    """
    found = event.hashes.get("sha256")
    forms = event.forms
    if forms is None:
        plain = check_tree(event.document, strict=event.version.strict_json)
        forms = canonical_forms(event.document, event.version, plain=plain)
    # Some servers pad.
    return isinstance(found, str) and found.rstrip("=") == forms.content_hash


def countersign(event: Event, key: SigningKey) -> Event:
    """Give the event of a peer with our signature beside theirs: an invite, a restricted join.

    Whoever calls has looked at what the event is: this is where we can be made to sign.

    Spec: matrix/v1.19 server-server API "Inviting to a room", "Restricted rooms".
    """
    document = _with_signature(event.document, key, essential_form(event))
    signatures = document["signatures"]
    return replace(
        event, document=document, signatures=signatures if isinstance(signatures, dict) else {}
    )


def essential_form(event: Event) -> bytes:
    """Give the bytes that signatures on the event are made over.

    Spec: matrix/v1.19 server-server API "Signing Events".
    """
    if event.forms is not None:
        return event.forms.essential
    return signed_form(redact(event.document, event.version), strict=event.version.strict_json)


def check_signatures(
    signatures: JsonValue,
    server: ServerName,
    keys: ServerVerifyKeys,
    signed: bytes,
    *,
    made_ts: int,
) -> None:
    """Refuse unless the server signed the bytes: by one known key at least, by none falsely.

    Signatures of unknown keys, and of keys that were at their end when it was made, are skipped.

    Spec: matrix/v1.19 server-server API "Validating hashes and signatures on received events".

    Raises:
        SignatureRefused: unsigned, unsupported, expired, malformed or bad-signature.
    """
    made = key_ids(signatures, server)
    if not made or not isinstance(signatures, dict):
        raise SignatureRefused("unsigned")
    known = [key_id for key_id in made if key_id in keys]
    if not known or len(known) > MAX_SIGNATURES:
        raise SignatureRefused("unsupported", "no known key of the server")
    usable = [key_id for key_id in known if keys[key_id].valid_until_ts >= made_ts]
    if not usable:
        raise SignatureRefused("expired", "the key was not valid then")
    entry = signatures[server]
    for key_id in usable:
        text = entry.get(key_id) if isinstance(entry, dict) else None
        if not is_signed_by(keys[key_id].key, parse_signature(text), signed):
            raise SignatureRefused("bad-signature")


def parse_signature(text: JsonValue) -> bytes:
    """Give the bytes of a signature.

    Raises:
        SignatureRefused: malformed.
    """
    if not isinstance(text, str):
        raise SignatureRefused("malformed", "no text")
    try:
        return parse_unpadded_base64(text)
    except RemoteProtocolError:
        raise SignatureRefused("malformed", "no base64") from None


def render_signature(signed: bytes, key: SigningKey) -> str:
    """Give our signature on the bytes in unpadded base64.

    Spec: matrix/v1.19 appendices "Signing Details".
    """
    return render_unpadded_base64(sign_bytes(key.key, signed))


def _with_signature(document: JsonObject, key: SigningKey, signed: bytes) -> JsonObject:
    found = document.get("signatures")
    signatures: JsonObject = {**found} if isinstance(found, dict) else {}
    ours = signatures.get(key.server)
    made: JsonObject = {**ours} if isinstance(ours, dict) else {}
    made[key.key_id] = render_signature(signed, key)
    signatures[key.server] = made
    return {**document, "signatures": signatures}
