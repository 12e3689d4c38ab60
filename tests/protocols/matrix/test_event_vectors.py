"""Events: the specification's vectors, another server's results, and rooms that were real."""

from typing import Any

import pytest

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import canonical_forms, hashed_event_id, parse_event
from protocols.matrix.event_building import EventDraft, build_event
from protocols.matrix.event_json import canonical, check_tree
from protocols.matrix.identifiers import RoomId, ServerName, UserId
from protocols.matrix.keys import POLICY_SERVER_KEY_ID, VerifyKey, parse_key
from protocols.matrix.redaction import redact
from protocols.matrix.room_versions import REFUSED_VERSIONS, ROOM_VERSIONS, room_version
from protocols.matrix.server_keys import parse_server_keys
from protocols.matrix.signing import (
    has_valid_hash,
    is_event_signed_by,
    render_signature,
    sign_json,
    verify_event,
    verify_json,
)
from protocols.strict_json import JsonObject
from tests.protocols.matrix.vectors import key_of_seed, needs_vectors, vectors, verify_keys

HASHED = vectors("event_hash_sign_redact.json").get("cases", [])
ROOMS = vectors("real_rooms.json").get("rooms", [])
SPEC = vectors("spec_signing.json")
POLICY = vectors("policy_server_signatures.json")


def _without(document: JsonObject, *names: str) -> JsonObject:
    return {key: value for key, value in document.items() if key not in names}


def _supported(cases: list[Any]) -> list[Any]:
    return [
        pytest.param(case, id=f"{case['room_version']}-{number}")
        for number, case in enumerate(cases)
        if case["room_version"] in ROOM_VERSIONS
    ]


def _refused(cases: list[Any]) -> list[Any]:
    return [
        pytest.param(case, id=f"{case['room_version']}-{number}")
        for number, case in enumerate(cases)
        if case["room_version"] in REFUSED_VERSIONS
    ]


# Content hash, redaction, reference hash and signature of 17 types in 10 room versions.


@pytest.mark.parametrize("case", _supported(HASHED))
def test_event_is_hashed_redacted_named_and_signed_as_by_another_server(case: Any) -> None:
    version = room_version(case["room_version"])
    key = key_of_seed("domain", "ed25519:1", SPEC["seed"])
    document = _without(case["event"], "unsigned")

    plain = check_tree(document, strict=version.strict_json)
    document["hashes"] = {"sha256": canonical_forms(document, version, plain=plain).content_hash}
    forms = canonical_forms(document, version, plain=plain)
    document["signatures"] = {"domain": {"ed25519:1": render_signature(forms.essential, key)}}

    assert document == _without(case["signed"], "unsigned")
    assert redact(case["signed"], version) == _without(case["redacted"], "unsigned")
    assert hashed_event_id(forms.essential, version) == case["event_id"]
    assert hashed_event_id(forms.essential, ROOM_VERSIONS["3"])[1:] == case["reference_hash"]


@pytest.mark.parametrize("case", _supported(HASHED))
def test_signed_event_is_read_with_its_id_and_verified(case: Any) -> None:
    version = room_version(case["room_version"])
    key = key_of_seed("domain", "ed25519:1", SPEC["seed"])
    if version.room_id_is_create_hash and case["event"]["type"] != "m.room.create":
        with pytest.raises(RemoteProtocolError):  # !r:domain is no room id in version 12
            parse_event(case["signed"], version)
        return

    event = parse_event(case["signed"], version)

    assert (event.event_id, event.room_id) == (case["event_id"], case["room_id"])
    assert verify_event(event, verify_keys(key)) is event
    assert "unsigned" not in event.document


@pytest.mark.parametrize("case", _refused(HASHED))
def test_event_of_a_room_version_before_3_is_refused(case: Any) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        room_version(case["room_version"])

    assert refused.value.errcode == "M_UNSUPPORTED_ROOM_VERSION"


# The signing vectors of the specification.


@pytest.mark.parametrize("vector", SPEC.get("json_signing", []))
def test_json_is_signed_as_in_the_specification(vector: Any) -> None:
    key = key_of_seed(SPEC["server_name"], SPEC["key_id"], SPEC["seed"])

    assert sign_json(vector["input"], key) == vector["signed"]
    verify_json(vector["signed"], ServerName("domain"), verify_keys(key)[ServerName("domain")])


@pytest.mark.parametrize("vector", SPEC.get("event_signing_room_version_1", []))
def test_event_is_hashed_and_signed_as_in_the_specification(vector: Any) -> None:
    """They are of room version 1, whose redaction and hashes are those of version 3."""
    key = key_of_seed(SPEC["server_name"], SPEC["key_id"], SPEC["seed"])
    version = room_version("3")
    document = _without(vector["input"], "unsigned", "signatures", "hashes")

    forms = canonical_forms(document, version, plain=True)
    document["hashes"] = {"sha256": forms.content_hash}
    essential = redact(document, version)
    signed = sign_json(essential, key)

    assert document["hashes"] == vector["signed"]["hashes"]
    assert signed["signatures"] == vector["signed"]["signatures"]


# Rooms that two servers had with each other.


@pytest.mark.parametrize("room", _supported(ROOMS))
def test_every_event_of_a_real_room_is_named_hashed_and_signed_right(room: Any) -> None:
    version = room_version(room["room_version"])
    keys = {
        ServerName(server): parse_server_keys(document, ServerName(server), now_ms=0).verify_keys
        for server, document in vectors("real_rooms.json")["server_keys"].items()
    }
    # Recorded keys were read when they were fresh, not in 1970.
    fresh = {
        server: {
            key_id: VerifyKey(key=key.key, valid_until_ts=2**62) for key_id, key in known.items()
        }
        for server, known in keys.items()
    }

    for entry in room["events"]:
        event = parse_event(entry["pdu"], version)

        assert (event.event_id, event.room_id) == (entry["event_id"], room["room_id"])
        assert has_valid_hash(event)
        assert verify_event(event, fresh) is event
        assert event.forms is not None
        assert event.forms.size == len(canonical(event.document, strict=version.strict_json))


@pytest.mark.parametrize("room", _supported(ROOMS))
def test_event_of_a_real_room_is_built_again_byte_for_byte(room: Any) -> None:
    """All but the signature, for which the key would be needed."""
    version = room_version(room["room_version"])
    key = key_of_seed("localhost", "ed25519:1", SPEC["seed"])

    for entry in room["events"]:
        found = parse_event(entry["pdu"], version)
        built = build_event(
            EventDraft(
                room_id=RoomId(found.room_id) if "room_id" in found.document else None,
                sender=UserId(found.sender),
                type=found.type,
                state_key=found.state_key,
                content=found.content,
                prev_events=found.prev_events,
                auth_events=found.auth_events,
                depth=found.depth,
                origin_server_ts=found.origin_server_ts,
                redacts=found.redacts,
            ),
            version,
            key,
        )

        assert built.event_id == found.event_id
        assert _without(built.document, "signatures") == _without(found.document, "signatures")


@pytest.mark.parametrize("room", _refused(ROOMS))
def test_real_room_of_a_version_before_3_is_refused(room: Any) -> None:
    with pytest.raises(RemoteProtocolError, match="not supported"):
        room_version(room["room_version"])


# Policy servers.


@pytest.mark.parametrize("vector", POLICY.get("vectors", []))
def test_signature_of_a_policy_server_is_told_from_none(vector: Any) -> None:
    version = room_version(vector["room_version"])
    server = ServerName(POLICY["via"])
    keys = {POLICY_SERVER_KEY_ID: VerifyKey(key=parse_key(POLICY["public_key"]), valid_until_ts=0)}
    document = vector["pdu"]
    signed = {
        **document,
        "signatures": {
            **document["signatures"],
            server: {POLICY_SERVER_KEY_ID: vector["signature"]},
        },
    }

    assert is_event_signed_by(parse_event(signed, version), server, keys)
    assert not is_event_signed_by(parse_event(document, version), server, keys)
    moved = parse_event({**signed, "depth": 6}, version)
    assert not is_event_signed_by(moved, server, keys)


def test_vectors_are_there() -> None:
    needs_vectors()

    assert len(HASHED) == 204
    assert len(_supported(HASHED)) == 170
    assert [room["room_version"] for room in ROOMS] == ["1", "2", "4", "5", "6", "8", "11", "12"]
    assert len(POLICY["vectors"]) == 2
