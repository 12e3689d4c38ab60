"""Proofs inside a document (FEP-8b32): who made it can be checked however it travelled.

Only the cryptosuite eddsa-jcs-2022: canonical JSON and Ed25519. No RDF is touched, so a hostile
document costs no more than a hash. A proof of another suite is as good as none: the caller falls
back on the HTTP signature or on the origin.

Whether the key may speak for the document (its owner is the actor or author, same origin) is for
the caller to check; this module only says that the key made the proof.

Spec: FEP-8b32; W3C Data Integrity EdDSA Cryptosuites v1.0 section 3.3 (eddsa-jcs-2022).
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

from protocols.canonical_json import jcs
from protocols.errors import LocalProtocolError, RemoteProtocolError, SignatureRefused
from protocols.key_formats import (
    PrivateKey,
    PublicKey,
    is_signed_by,
    parse_multibase,
    render_multibase,
    sign_bytes,
)
from protocols.strict_json import JsonObject, JsonValue

TYPE: Final = "DataIntegrityProof"
CRYPTOSUITE: Final = "eddsa-jcs-2022"
PURPOSE: Final = "assertionMethod"
CONTEXT: Final = "https://w3id.org/security/data-integrity/v1"
_DEFINE_PROOF: Final = frozenset(
    {
        CONTEXT,
        "https://w3id.org/security/data-integrity/v2",
        "https://www.w3.org/ns/credentials/v2",
    }
)


def create(
    document: JsonObject, *, key: PrivateKey, verification_method: str, created: str
) -> JsonObject:
    """Give the document with a proof; one that it had is replaced. Takes 40 us.

    A context that says what `proof` is comes second, where there is a @context without one: who
    reads JSON-LD (Fedify) finds no proof otherwise.

    Args:
        document: what is to be sent; it is not changed.
        key: an Ed25519 key.
        verification_method: the id of the key, listed in `assertionMethod` of the actor.
        created: time of signing as "2026-03-01T12:00:00Z".

    Raises:
        LocalProtocolError: the key is not Ed25519, or the document is not JSON.
    """
    if key.algorithm != "ed25519":
        raise LocalProtocolError("eddsa-jcs-2022 needs an Ed25519 key")
    unsecured = _with_proof_defined(_unsecured(document))
    proof: JsonObject = {
        "type": TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": verification_method,
        "proofPurpose": PURPOSE,
        "created": created,
    }
    if "@context" in unsecured:
        proof["@context"] = unsecured["@context"]
    proof["proofValue"] = render_multibase(sign_bytes(key, _hash_data(unsecured, proof)))
    return {**unsecured, "proof": proof}


def verification_method(document: JsonObject) -> str | None:
    """Give the id of the key that the proof names; None when there is no proof that we verify."""
    proof = document.get("proof")
    if not isinstance(proof, dict):
        return None
    if proof.get("type") != TYPE or proof.get("cryptosuite") != CRYPTOSUITE:
        return None
    method = proof.get("verificationMethod")
    return method if isinstance(method, str) and method else None


def verify(document: JsonObject, key: PublicKey, *, now: datetime | None = None) -> None:
    """Refuse the document unless the key made its proof.

    Args:
        document: as received, with its proof. An old `signature` (LD-Signatures) is left out.
        key: that of `verification_method`.
        now: lets a proof with an end in the future pass; without it every such proof is refused.

    Raises:
        SignatureRefused: unsigned, unsupported, malformed, algorithm, expired or bad-signature.
    """
    proof = document.get("proof")
    if proof is None:
        raise SignatureRefused("unsigned")
    if not isinstance(proof, dict) or verification_method(document) is None:
        raise SignatureRefused("unsupported", "one eddsa-jcs-2022 proof is required")
    if proof.get("proofPurpose") != PURPOSE:
        raise SignatureRefused("unsupported", "proof for another purpose")
    if key.algorithm != "ed25519":
        raise SignatureRefused("algorithm", "not that of the key")
    _check_end(proof.get("expires"), now)
    unsecured = _with_context_of(proof, _unsecured(document))
    if not is_signed_by(key, _signature(proof.get("proofValue")), _hash_data(unsecured, proof)):
        raise SignatureRefused("bad-signature")


def _unsecured(document: JsonObject) -> JsonObject:
    return {name: value for name, value in document.items() if name not in {"proof", "signature"}}


def _with_proof_defined(unsecured: JsonObject) -> JsonObject:
    if "@context" not in unsecured:
        return unsecured
    named = _as_list(unsecured["@context"])
    if any(entry in _DEFINE_PROOF for entry in named if isinstance(entry, str)):
        return unsecured
    return {**unsecured, "@context": [*named[:1], CONTEXT, *named[1:]]}


def _hash_data(unsecured: JsonObject, proof: JsonObject) -> bytes:
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    return hashlib.sha256(jcs(options)).digest() + hashlib.sha256(jcs(unsecured)).digest()


def _signature(value: JsonValue) -> bytes:
    try:
        return parse_multibase(value if isinstance(value, str) else "")
    except RemoteProtocolError:
        raise SignatureRefused("malformed", "proofValue") from None


def _with_context_of(proof: JsonObject, unsecured: JsonObject) -> JsonObject:
    """Put the context that was signed in place of the one received, which must begin with it.

    Software that passes a document on may add terms behind; we read with our own terms anyway.
    """
    if "@context" not in proof:
        return unsecured  # as Mitra sends it
    signed = _as_list(proof["@context"])
    if _as_list(unsecured.get("@context"))[: len(signed)] != signed:
        raise SignatureRefused("malformed", "@context of the proof is not that of the document")
    return {**unsecured, "@context": proof["@context"]}


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _check_end(expires: JsonValue, now: datetime | None) -> None:
    if expires is None:
        return
    try:
        end = datetime.fromisoformat(expires if isinstance(expires, str) else "")
    except ValueError:
        raise SignatureRefused("malformed", "expires") from None
    if end.tzinfo is None:
        end = end.replace(tzinfo=UTC)
    if now is None or end < now:
        raise SignatureRefused("expired")
