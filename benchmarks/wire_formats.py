"""Microseconds of CPU for what every request pays: JSON, signatures, keys.

    python -m benchmarks.wire_formats

Each line is the best of five rounds, in one thread, on an activity of 1.7 kB.
"""

import json
import timeit
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from protocols import http_signatures, message_signatures
from protocols.activitypub import integrity_proofs
from protocols.canonical_json import jcs
from protocols.http_signatures import RequestParts, RequestToSign
from protocols.key_formats import (
    PrivateKey,
    load_private_pem,
    parse_public_pem,
    public_half,
    public_pem,
    sign_bytes,
)
from protocols.strict_json import JsonObject, load_object, loads_strict

ROUNDS = 5
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTOR = "https://peer.example/u/1"
KEY_ID = f"{ACTOR}#main-key"
NODE = "node.example"
NOTE: JsonObject = {
    "id": "https://peer.example/n/1",
    "type": "Note",
    "attributedTo": ACTOR,
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "cc": [f"{ACTOR}/followers", "https://node.example/g/1"],
    "audience": "https://node.example/g/1",
    "content": "<p>" + "Bees in the garden, and what they did. " * 24 + "</p>",
    "published": "2026-03-01T12:00:00Z",
    "sensitive": False,
    "tag": [{"type": "Mention", "href": "https://node.example/g/1", "name": f"@bees@{NODE}"}],
}
ACTIVITY: JsonObject = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
    "id": "https://peer.example/activities/1",
    "type": "Create",
    "actor": ACTOR,
    "to": NOTE["to"],
    "cc": NOTE["cc"],
    "object": NOTE,
}
BODY = json.dumps(ACTIVITY, separators=(",", ":")).encode()


def show(name: str, call: Callable[[], object], times: int = 2_000) -> None:
    """Print one line."""
    best = min(timeit.repeat(call, number=times, repeat=ROUNDS))
    print(f"{name:<44}{best / times * 1e6:>9.1f} us")


def json_costs() -> None:
    """JSON in and out."""
    show("strict_json.load_object", lambda: load_object(BODY))
    show("  json.loads, for comparison", lambda: json.loads(BODY))
    show("canonical_json.jcs", lambda: jcs(ACTIVITY))


def draft_cavage_costs(name: str, key: PrivateKey) -> None:
    """A delivery signed after draft-cavage, as sender and as receiver."""
    public = public_half(key)
    request: RequestToSign = {
        "method": "POST",
        "target": "/inbox",
        "host": NODE,
        "date": "Sun, 01 Mar 2026 12:00:00 GMT",
        "body": BODY,
        "content_type": "application/activity+json",
        "key_id": KEY_ID,
    }
    sent = http_signatures.sign(key=key, **request)
    headers = {field.lower(): value for field, value in sent.items()}
    parts = RequestParts(method="POST", target="/inbox", headers=headers, body=BODY)
    signature = http_signatures.parse(headers["signature"])
    prepared = http_signatures.prepare(**request)
    show(f"http_signatures.parse {name}", lambda: http_signatures.parse(headers["signature"]))
    show(
        f"http_signatures.check_request {name}",
        lambda: http_signatures.check_request(signature, parts, now=NOW, body_required=True),
    )
    show(
        f"http_signatures.verify {name}",
        lambda: http_signatures.verify(signature, parts, public),
    )
    show(f"http_signatures.prepare {name}", lambda: http_signatures.prepare(**request))
    show(f"sign_bytes {name}", lambda: sign_bytes(key, prepared.data), 200)


def rfc9421_costs(name: str, key: PrivateKey) -> None:
    """The same after RFC 9421."""
    public = public_half(key)
    sent = message_signatures.sign(
        method="POST",
        target_uri=f"https://{NODE}/inbox",
        body=BODY,
        created=int(NOW.timestamp()),
        key_id=KEY_ID,
        key=key,
    )
    headers = {"host": NODE, **{field.lower(): value for field, value in sent.items()}}
    parts = RequestParts(method="POST", target="/inbox", headers=headers, body=BODY)
    both = headers["signature-input"], headers["signature"]
    signature = message_signatures.parse(*both)
    show(f"message_signatures.parse {name}", lambda: message_signatures.parse(*both))
    show(
        f"message_signatures.check_request {name}",
        lambda: message_signatures.check_request(signature, parts, now=NOW, body_required=True),
    )
    show(
        f"message_signatures.verify {name}",
        lambda: message_signatures.verify(signature, parts, public),
    )


def key_costs(name: str, key: PrivateKey) -> None:
    """Reading keys."""
    public = public_pem(public_half(key))
    private = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    show(f"parse_public_pem {name}", lambda: parse_public_pem(public))
    show(f"load_private_pem trusted {name}", lambda: load_private_pem(private, trusted=True))
    show(f"load_private_pem {name}", lambda: load_private_pem(private, trusted=False), 20)


def proof_costs(key: PrivateKey) -> None:
    """A proof inside the activity."""
    method = f"{ACTOR}#ed25519-key"
    proven = integrity_proofs.create(
        ACTIVITY, key=key, verification_method=method, created="2026-03-01T12:00:00Z"
    )
    public = public_half(key)
    show(
        "integrity_proofs.create",
        lambda: integrity_proofs.create(
            ACTIVITY, key=key, verification_method=method, created="2026-03-01T12:00:00Z"
        ),
        500,
    )
    show("integrity_proofs.verify", lambda: integrity_proofs.verify(proven, public), 500)


def main() -> None:
    """Print the table."""
    keys = {
        "RSA-2048": PrivateKey(
            algorithm="rsa", key=rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        ),
        "Ed25519": PrivateKey(algorithm="ed25519", key=ed25519.Ed25519PrivateKey.generate()),
    }
    print(f"activity of {len(BODY)} bytes; strict reader agrees: {loads_strict(BODY) == ACTIVITY}")
    json_costs()
    for name, key in keys.items():
        draft_cavage_costs(name, key)
        rfc9421_costs(name, key)
        key_costs(name, key)
    proof_costs(keys["Ed25519"])


if __name__ == "__main__":
    main()
