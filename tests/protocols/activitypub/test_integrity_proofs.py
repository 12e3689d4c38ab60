"""FEP-8b32 proofs: the vectors of the proposal and of the W3C, and what breaks a proof."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.activitypub import integrity_proofs
from protocols.activitypub.integrity_proofs import CONTEXT, create, verification_method, verify
from protocols.errors import LocalProtocolError, ProtocolError, SignatureRefused
from protocols.key_formats import (
    PrivateKey,
    load_private_pem,
    parse_multibase,
    parse_multikey,
    parse_public_pem,
    public_half,
    render_multibase,
    sign_bytes,
)
from protocols.strict_json import JsonObject, JsonValue, dumps, load_object
from tests.support import spec_keys

FIXTURES = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures" / "activitypub"

# The key pair that FEP-8b32 and the W3C both use in their examples.
PUBLIC = parse_multikey("z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2")
PRIVATE = PrivateKey(
    algorithm="ed25519",
    key=Ed25519PrivateKey.from_private_bytes(
        parse_multibase("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")[2:]
    ),
)
METHOD = "https://server.example/users/alice#ed25519-key"
CREATED = "2023-02-24T23:36:38Z"
NOW = datetime(2026, 3, 1, tzinfo=UTC)

FEP_CONTEXT: list[JsonValue] = [
    "https://www.w3.org/ns/activitystreams",
    "https://w3id.org/security/data-integrity/v2",
]
FEP_DOCUMENT: JsonObject = {
    "@context": FEP_CONTEXT,
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
FEP_VALUE = (
    "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
)
# An older revision of the proposal, and Mitra still: no @context inside the proof.
OLD_DOCUMENT: JsonObject = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/data-integrity/v1",
    ],
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {"type": "Note", "content": "Hello world"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": (
            "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM97"
            "7Rg2"
        ),
        "created": CREATED,
    },
}
W3C_CONTEXT: list[JsonValue] = [
    "https://www.w3.org/ns/credentials/v2",
    "https://www.w3.org/ns/credentials/examples/v2",
]
W3C_DOCUMENT: JsonObject = {
    "@context": W3C_CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_METHOD = (
    "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    "#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
)
W3C_VALUE = (
    "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
)


def signed(document: JsonObject = FEP_DOCUMENT) -> JsonObject:
    return create(document, key=PRIVATE, verification_method=METHOD, created=CREATED)


def proof_of(document: JsonObject) -> JsonObject:
    proof = document["proof"]
    assert isinstance(proof, dict)
    return proof


def reason(document: JsonObject, now: datetime | None = None) -> str:
    with pytest.raises(SignatureRefused) as refused:
        verify(document, PUBLIC, now=now)
    return refused.value.reason


@pytest.mark.parametrize(
    ("named", "proven"),
    [
        (
            "https://www.w3.org/ns/activitystreams",
            ["https://www.w3.org/ns/activitystreams", CONTEXT],
        ),
        (["urn:a", {"term": "urn:b"}], ["urn:a", CONTEXT, {"term": "urn:b"}]),
        (["urn:a", CONTEXT], ["urn:a", CONTEXT]),
        (W3C_CONTEXT, W3C_CONTEXT),
    ],
    ids=["one", "several", "defined", "credentials"],
)
def test_proven_document_names_a_context_that_defines_proof(
    named: JsonValue, proven: JsonValue
) -> None:
    document = signed({"@context": named, "type": "Note"})

    assert document["@context"] == proven
    assert proof_of(document)["@context"] == proven
    verify(document, PUBLIC)


def test_document_without_context_gets_none() -> None:
    document = signed({"type": "Note"})

    assert "@context" not in document
    verify(document, PUBLIC)


def test_proof_that_we_make_is_that_of_fep_8b32() -> None:
    document = signed()

    expected: JsonObject = {
        "@context": FEP_CONTEXT,
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": FEP_VALUE,
        "created": CREATED,
    }
    assert document == {**FEP_DOCUMENT, "proof": expected}
    verify(document, PUBLIC)


def test_proof_that_we_make_is_that_of_the_w3c() -> None:
    document = create(W3C_DOCUMENT, key=PRIVATE, verification_method=W3C_METHOD, created=CREATED)

    assert proof_of(document)["proofValue"] == W3C_VALUE
    verify(document, PUBLIC)


def test_proof_without_a_context_of_its_own_verifies() -> None:
    verify(OLD_DOCUMENT, PUBLIC)


def test_method_is_found_in_recorded_documents_of_mitra_and_the_proposal() -> None:
    if not FIXTURES.is_dir():
        pytest.skip(f"no recorded documents in {FIXTURES}")
    names = ["lemmy-assets/mitra/activities/create_post.json", "feps/fep-8b32_03.json"]

    found = [verification_method(load_object((FIXTURES / name).read_bytes())) for name in names]

    assert found == ["https://mitra.social/users/test#ed25519-key", METHOD]


def test_document_to_sign_is_left_as_it_was() -> None:
    before = deepcopy(FEP_DOCUMENT)

    signed()

    assert before == FEP_DOCUMENT


def test_signing_again_replaces_the_proof() -> None:
    once = signed()

    twice = create(once, key=PRIVATE, verification_method=METHOD, created="2026-03-01T00:00:00Z")

    assert proof_of(twice)["created"] == "2026-03-01T00:00:00Z"
    verify(twice, PUBLIC)


def test_proof_survives_being_embedded_unchanged() -> None:
    outer: JsonObject = {"type": "Announce", "object": signed()}
    outer = signed(outer)

    verify(outer, PUBLIC)

    inner = outer["object"]
    assert isinstance(inner, dict)
    verify(inner, PUBLIC)


def test_order_of_keys_and_way_of_writing_do_not_matter() -> None:
    text = json.dumps(dict(reversed(signed().items())), indent=2, ensure_ascii=True)

    verify(load_object(text.encode()), PUBLIC)


def test_old_ld_signature_beside_the_proof_is_left_out() -> None:
    verify({**signed(), "signature": {"type": "RsaSignature2017"}}, PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Update"},
        {"actor": "https://evil.example/users/alice"},
        {"id": "https://server.example/activities/2"},
        {"extra": None},
        {"object": "https://server.example/objects/1"},
    ],
)
def test_changed_document_is_refused(change: JsonObject) -> None:
    assert reason({**signed(), **change}) == "bad-signature"


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2026-03-01T00:00:00Z"},
        {"verificationMethod": "https://evil.example/key"},
        {"domain": "server.example"},
    ],
)
def test_changed_proof_is_refused(change: JsonObject) -> None:
    document = signed()
    document["proof"] = {**proof_of(document), **change}

    assert reason(document) == "bad-signature"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"proofValue": "z" + "1" * 88}, "bad-signature"),
        ({"proofValue": "zz"}, "bad-signature"),
        ({"proofValue": "u42"}, "malformed"),
        ({"proofValue": ""}, "malformed"),
        ({"proofValue": None}, "malformed"),
        ({"proofValue": 1}, "malformed"),
        ({"proofValue": "z" + "2" * 100_000}, "malformed"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "unsupported"),
        ({"cryptosuite": ["eddsa-jcs-2022"]}, "unsupported"),
        ({"type": "Ed25519Signature2020"}, "unsupported"),
        ({"proofPurpose": "authentication"}, "unsupported"),
        ({"verificationMethod": None}, "unsupported"),
        ({"verificationMethod": ""}, "unsupported"),
        ({"expires": "soon"}, "malformed"),
        ({"expires": 1}, "malformed"),
        ({"expires": "2027-01-01T00:00:00Z"}, "expired"),
        ({"@context": "https://www.w3.org/ns/other"}, "malformed"),
    ],
)
def test_proof_that_is_none_of_ours_is_refused(change: JsonObject, expected: str) -> None:
    document = signed()
    document["proof"] = {**proof_of(document), **change}

    assert reason(document) == expected


@pytest.mark.parametrize("proof", [[], "proof", 1, True])
def test_anything_but_one_proof_is_unsupported(proof: JsonValue) -> None:
    assert reason({**FEP_DOCUMENT, "proof": proof}) == "unsupported"
    assert verification_method({**FEP_DOCUMENT, "proof": proof}) is None


def test_several_proofs_are_unsupported() -> None:
    proof = proof_of(signed())

    assert reason({**FEP_DOCUMENT, "proof": [proof, proof]}) == "unsupported"


def test_document_without_proof_is_unsigned() -> None:
    assert reason(FEP_DOCUMENT) == "unsigned"
    assert verification_method(FEP_DOCUMENT) is None


def test_terms_added_behind_the_signed_context_do_not_break_the_proof() -> None:
    document = signed()

    verify({**document, "@context": [*FEP_CONTEXT, {"nb": "urn:noaber:ns#"}]}, PUBLIC)
    assert reason({**document, "@context": ["https://x.example", *FEP_CONTEXT]}) == "malformed"
    assert reason({**document, "@context": FEP_CONTEXT[:1]}) == "malformed"


def test_proof_with_an_end_holds_until_then_for_who_knows_the_time() -> None:
    document = signed()
    proof = {**proof_of(document), "expires": "2026-03-01T00:00:00"}
    del proof["proofValue"]
    # Our own proofs have no end: sign one by hand.
    data = integrity_proofs._hash_data(FEP_DOCUMENT, proof)
    document["proof"] = {**proof, "proofValue": render_multibase(sign_bytes(PRIVATE, data))}

    verify(document, PUBLIC, now=NOW)
    assert reason(document, NOW + timedelta(seconds=1)) == "expired"
    assert reason(document) == "expired"


def test_key_that_is_not_ed25519_neither_makes_nor_verifies_a_proof() -> None:
    rsa = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)

    with pytest.raises(LocalProtocolError):
        create(FEP_DOCUMENT, key=rsa, verification_method=METHOD, created=CREATED)
    with pytest.raises(SignatureRefused, match="algorithm"):
        verify(signed(), public_half(rsa))


def test_proof_of_another_key_is_refused() -> None:
    other = parse_public_pem(spec_keys.RFC9421_ED25519_PUBLIC)

    with pytest.raises(SignatureRefused, match="bad-signature"):
        verify(signed(), other)


def test_fet_08_rdf_bomb_with_a_proof_costs_no_more_than_a_hash() -> None:
    """Eight blank nodes that all point at each other: minutes of RDF canonicalisation elsewhere."""
    nodes: list[JsonValue] = [
        {"@id": f"_:b{n}", "p": [{"@id": f"_:b{m}"} for m in range(8) if m != n]} for n in range(8)
    ]
    document: JsonObject = {"@context": {"p": "urn:p"}, "@graph": nodes}

    assert len(dumps(document)) < 1_200
    assert reason({**document, "proof": proof_of(signed())}) == "malformed"
    verify(signed(document), PUBLIC)


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
proofs = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("DataIntegrityProof") | json_values,
        "cryptosuite": st.just("eddsa-jcs-2022") | json_values,
        "verificationMethod": st.just(METHOD) | json_values,
        "proofPurpose": st.just("assertionMethod") | json_values,
        "proofValue": st.just(FEP_VALUE) | json_values,
        "expires": json_values,
        "@context": json_values,
    },
)


@given(st.dictionaries(st.text(max_size=5), json_values), json_values | proofs)
def test_any_proof_is_refused_with_a_protocol_error(document: JsonObject, proof: JsonValue) -> None:
    with pytest.raises(ProtocolError):
        verify({**document, "proof": proof}, PUBLIC)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values))
def test_whatever_we_prove_verifies(document: JsonObject) -> None:
    try:
        proven = signed(document)
    except LocalProtocolError:
        return  # half a surrogate pair somewhere
    verify(proven, PUBLIC)
