"""The auth rules for invites that began with an e-mail address or telephone number.

Somebody in the room left an m.room.third_party_invite with public keys; an identity server that
holds one of them signs who redeemed it.

Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 5.4.1.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from protocols.errors import ProtocolError
from protocols.key_formats import PublicKey, is_signed_by, parse_ed25519, parse_unpadded_base64
from protocols.matrix.auth_rules_state import ALLOWED, Denied, RoomState, Verdict
from protocols.matrix.event import Event
from protocols.matrix.event_json import canonical
from protocols.strict_json import JsonObject, JsonValue

MAX_VERIFICATIONS: Final = 64
"""Signatures tried on one invite. Two are common; two events full of keys and signatures would
otherwise cost a minute."""


def check_third_party_invite(event: Event, target: str, room: RoomState) -> Verdict:
    """Decide whether an m.room.third_party_invite in the state admits the invite.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" steps 5.4.1.1 to 5.4.1.8.
    """
    # 5.4.1.1 The target is banned: reject.
    if room.membership(target) == "ban":
        return Denied(step="5.4.1.1", reason="the invited is banned from the room")
    invite = event.content.get("third_party_invite")
    signed = invite.get("signed") if isinstance(invite, dict) else None
    # 5.4.1.2 No `signed`: reject.
    if not isinstance(signed, dict):
        return Denied(step="5.4.1.2", reason="a third party invite that is not signed")
    token = signed.get("token")
    # 5.4.1.3 No `mxid` or no `token`: reject.
    if "mxid" not in signed or not isinstance(token, str):
        return Denied(step="5.4.1.3", reason="a third party invite without user or token")
    # 5.4.1.4 `mxid` is not the target: reject.
    if signed["mxid"] != target:
        return Denied(step="5.4.1.4", reason="a third party invite of somebody else")
    offer = room.events.get(("m.room.third_party_invite", token))
    # 5.4.1.5 No m.room.third_party_invite with this token: reject.
    if offer is None:
        return Denied(step="5.4.1.5", reason="no third party invite with this token")
    # 5.4.1.6 Its sender is another: reject.
    if offer.sender != event.sender:
        return Denied(step="5.4.1.6", reason="the third party invite is of another sender")
    # 5.4.1.7 Any signature is by any of its public keys: allow.
    if _is_signed(signed, offer.content, strict=room.version.strict_json):
        return ALLOWED
    # 5.4.1.8 Otherwise, reject.
    return Denied(step="5.4.1.8", reason="no signature of the third party invite is good")


def _is_signed(signed: JsonObject, offer: JsonObject, *, strict: bool) -> bool:
    unsigned = {k: value for k, value in signed.items() if k not in {"signatures", "unsigned"}}
    try:
        message = canonical(unsigned, strict=strict)
    except ProtocolError:
        return False
    pairs = product(_public_keys(offer), list(_signatures(signed.get("signatures"))))
    return any(
        is_signed_by(key, signature, message) for key, signature in islice(pairs, MAX_VERIFICATIONS)
    )


def _public_keys(offer: JsonObject) -> Iterator[PublicKey]:
    # 5.4.1.7.1 A single public key; 5.4.1.7.2 a list of them.
    listed = offer.get("public_keys")
    entries = listed if isinstance(listed, list) else []
    texts = [offer.get("public_key")]
    texts += [entry.get("public_key") for entry in entries if isinstance(entry, dict)]
    for text in texts:
        if (raw := _decoded(text)) is not None:
            try:
                yield parse_ed25519(raw)
            except ProtocolError:
                continue


def _signatures(signatures: JsonValue) -> Iterator[bytes]:
    blocks = signatures.values() if isinstance(signatures, dict) else ()
    for block in blocks:
        if isinstance(block, dict):
            for key_id, text in block.items():
                if key_id.startswith("ed25519:") and (raw := _decoded(text)) is not None:
                    yield raw


def _decoded(text: JsonValue) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        # Identity servers write either alphabet.
        return parse_unpadded_base64(text, urlsafe="-" in text or "_" in text)
    except ProtocolError:
        return None
