"""Small contexts by URL that peers name and that come with no library, written from their terms.

They serve `contexts.compact` alone: a document is compacted only when it redefines terms, and then
each URL that it names must be here or in PyLD's own bundle. Only the terms that we read, or that
would otherwise hide one that we read, are given.

Spec: FEP-521a and W3C Controlled Identifiers 1.0 (Multikey); W3C Data Integrity 1.0; FEP-2c59;
the terms that Lemmy's and Pleroma's documents use.
"""

from typing import Final

from protocols.activitypub.rendering_contexts import (
    ACTIVITY_TERMS,
    GROUP_TERMS,
    LEMMY_CONTEXT,
    POST_TERMS,
    Terms,
)

_SECURITY: Final = "https://w3id.org/security#"
_KEYS: Final[Terms] = {
    "id": "@id",
    "type": "@type",
    "Multikey": f"{_SECURITY}Multikey",
    "controller": {"@id": f"{_SECURITY}controller", "@type": "@id"},
    "publicKeyMultibase": f"{_SECURITY}publicKeyMultibase",
    "assertionMethod": {"@id": f"{_SECURITY}assertionMethod", "@type": "@id"},
}
_PROOF: Final[Terms] = {
    "id": "@id",
    "type": "@type",
    "DataIntegrityProof": f"{_SECURITY}DataIntegrityProof",
    "proof": {"@id": f"{_SECURITY}proof", "@type": "@id", "@container": "@graph"},
}
_LEMMY: Final[Terms] = {
    key: value
    for key, value in {**GROUP_TERMS, **POST_TERMS, **ACTIVITY_TERMS}.items()
    if key not in ("nb", "sm", "accessType", "members")
}

BUNDLED: Final[dict[str, dict[str, Terms]]] = {
    "https://w3id.org/security/multikey/v1": {"@context": _KEYS},
    "https://www.w3.org/ns/cid/v1": {"@context": _KEYS},
    "https://w3id.org/security/data-integrity/v1": {"@context": _PROOF},
    "https://w3id.org/security/data-integrity/v2": {"@context": _PROOF},
    "https://purl.archive.org/socialweb/webfinger": {
        "@context": {"webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger"}
    },
    LEMMY_CONTEXT: {"@context": {"as": "https://www.w3.org/ns/activitystreams#", **_LEMMY}},
}
"""The document of each URL, in the form that a document loader gives."""
