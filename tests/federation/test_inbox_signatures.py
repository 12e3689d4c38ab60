"""What the inbox takes for a proof of the sender, case by case (SIG, PAR, FET-07, FLD-04)."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from communities.errors import NotAllowed
from federation.errors import SignatureRejected
from federation.inbox import Outcome
from protocols.errors import ProtocolError, SignatureRefused
from protocols.http_signatures import sign
from protocols.signed_request import RequestParts
from protocols.strict_json import JsonObject, dumps
from storage.errors import Busy
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from tests.support import spec_keys
from tests.support.postbox import (
    AS,
    KEY,
    OTHER_KEY,
    Postbox,
    activity,
    actor_document,
    note,
    page,
)


async def prepared(postbox: Postbox) -> tuple[JsonObject, RequestParts]:
    """A good activity, and the request that carries it; cases spoil it."""
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    body = dumps(activity("Create", eve.uri, sent))
    return sent, postbox.signed(body, signer=eve.uri)


def with_headers(request: RequestParts, **headers: str | None) -> RequestParts:
    changed = {**request.headers, **{name: value or "" for name, value in headers.items()}}
    for name, value in headers.items():
        if value is None:
            del changed[name]
    return replace(request, headers=changed)


async def refused(postbox: Postbox, sent: JsonObject, request: RequestParts) -> None:
    with pytest.raises((SignatureRefused, SignatureRejected)):
        await postbox.receiver.accept(request)
    assert await postbox.find(str(sent["id"])) is None


async def test_a_good_request_is_taken(postbox: Postbox) -> None:
    sent, request = await prepared(postbox)

    assert await postbox.receiver.accept(request) is Outcome.APPLIED
    assert await postbox.find(str(sent["id"])) is not None


async def test_sig_01_unsigned_or_unreadable(postbox: Postbox) -> None:
    sent, request = await prepared(postbox)

    await refused(postbox, sent, with_headers(request, signature=None))
    await refused(postbox, sent, with_headers(request, signature="nonsense"))


@pytest.mark.parametrize("signature", ["QUJD" * 86, "", "QUJD"])
async def test_sig_02_a_bad_signature_causes_one_refetch_in_five_minutes(
    postbox: Postbox, signature: str
) -> None:
    sent, request = await prepared(postbox)
    begin = request.headers["signature"].partition('signature="')[0]
    bad = with_headers(request, signature=f'{begin}signature="{signature}"')

    for _ in range(5):
        await refused(postbox, sent, bad)

    assert len(postbox.wire.asked) <= 1


async def test_sig_03_another_key_is_refused_and_the_good_one_stays(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    body = dumps(activity("Create", eve.uri, sent))

    await refused(postbox, sent, postbox.signed(body, signer=eve.uri, key=OTHER_KEY))

    assert await postbox.receiver.accept(postbox.signed(body, signer=eve.uri)) is Outcome.APPLIED


async def test_sig_04_another_body_or_digest(postbox: Postbox) -> None:
    sent, request = await prepared(postbox)
    digest = request.headers["digest"]

    await refused(postbox, sent, replace(request, body=request.body + b" "))
    for other in ("SHA-256=QUJD", "sha-512=" + digest[8:], f"{digest}, {digest}"):
        await refused(postbox, sent, with_headers(request, digest=other))


@pytest.mark.parametrize(
    ("case", "covered"),
    [
        ("SIG-05", ("(request-target)", "host", "date")),
        ("SIG-07", ("(request-target)", "date", "digest")),
        ("SIG-14", ("(request-target)", "host", "digest")),
    ],
)
async def test_sig_05_07_14_what_must_be_signed(
    postbox: Postbox, case: str, covered: tuple[str, ...]
) -> None:
    sent, request = await prepared(postbox)
    full = request.headers["signature"]
    names = " ".join(covered)
    begin, _, rest = full.partition('headers="')
    fewer = f'{begin}headers="{names}"{rest.partition(chr(34))[2]}'

    await refused(postbox, sent, with_headers(request, signature=fewer))


@pytest.mark.parametrize(
    ("age", "is_taken"),
    [(timedelta(minutes=59), True), (timedelta(hours=13), False), (-timedelta(minutes=6), False)],
)
async def test_sig_08_the_window_of_time(
    postbox: Postbox, age: timedelta, *, is_taken: bool
) -> None:
    sent, request = await prepared(postbox)
    postbox.world.tick(age)

    if is_taken:
        assert await postbox.receiver.accept(request) is Outcome.APPLIED
    else:
        await refused(postbox, sent, request)


async def test_sig_10_signed_for_another_path_or_method(postbox: Postbox) -> None:
    sent, request = await prepared(postbox)

    await refused(postbox, sent, replace(request, target="/u/1/inbox"))
    await refused(postbox, sent, replace(request, method="GET"))


async def test_a_request_for_another_host_is_refused(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    body = dumps(activity("Create", eve.uri, sent))
    headers = sign(
        key=KEY,
        method="POST",
        target="/inbox",
        host="other.example",
        date=format_datetime(postbox.world.now, usegmt=True),
        body=body,
        content_type="application/activity+json",
        key_id=f"{eve.uri}#main-key",
    )
    lowered = {name.lower(): value for name, value in headers.items()}

    await refused(
        postbox, sent, RequestParts(method="POST", target="/inbox", headers=lowered, body=body)
    )


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "none", "rsa-sha1"])
async def test_sig_12_an_algorithm_that_is_not_on_the_list(
    postbox: Postbox, algorithm: str
) -> None:
    sent, request = await prepared(postbox)
    changed = request.headers["signature"].replace("rsa-sha256", algorithm)

    await refused(postbox, sent, with_headers(request, signature=changed))


async def test_sig_16_a_document_that_claims_to_be_another_actor_is_no_key(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    victim = await postbox.stranger("victim", "victim.example")
    forged = actor_document(victim.uri)
    postbox.wire.documents["https://evil.example/u/imp"] = forged
    sent = page(victim.uri, group.uri)
    body = dumps(activity("Create", victim.uri, sent))

    await refused(postbox, sent, postbox.signed(body, signer="https://evil.example/u/imp"))

    genuine = postbox.signed(body, signer=victim.uri)
    assert await postbox.receiver.accept(genuine) is Outcome.APPLIED


async def test_sig_16_the_key_of_another_server_is_not_taken_for_the_actor(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    evil, victim = "https://evil.example/u/imp", "https://victim.example/u/1"
    key = {"id": f"{evil}#main-key", "owner": victim, "publicKeyPem": spec_keys.RFC9421_RSA_PUBLIC}
    postbox.wire.documents[evil] = actor_document(evil, publicKey=key)
    sent = page(victim, group.uri)

    await refused(
        postbox, sent, postbox.signed(dumps(activity("Create", victim, sent)), signer=evil)
    )


@pytest.mark.parametrize("pem", [spec_keys.RFC9421_RSA_PRIVATE, "x" * 100_000, ""])
async def test_sig_21_a_key_that_is_none_is_refused(postbox: Postbox, pem: str) -> None:
    group = await postbox.group("bees")
    eve = "https://peer.example/u/new"
    key: JsonObject = {"id": f"{eve}#main-key", "owner": eve, "publicKeyPem": pem}
    postbox.wire.documents[eve] = actor_document(eve, publicKey=key)
    sent = page(eve, group.uri)

    await refused(postbox, sent, postbox.signed(dumps(activity("Create", eve, sent)), signer=eve))


async def test_sig_21_of_many_keys_ten_are_taken(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = "https://peer.example/u/new"
    keys: list[JsonObject] = [
        {"id": f"{eve}#{number}", "owner": eve, "publicKeyPem": spec_keys.RFC9421_RSA_PUBLIC}
        for number in range(60)
    ]
    keys[0]["id"] = f"{eve}#main-key"
    postbox.wire.documents[eve] = actor_document(eve, publicKey=keys)
    sent = page(eve, group.uri)

    request = postbox.signed(dumps(activity("Create", eve, sent)), signer=eve)

    assert await postbox.receiver.accept(request) is Outcome.APPLIED
    stored = await postbox.storage.read(
        lambda uow: [uow.keys.find(f"{eve}#{number}") for number in range(1, 60)]
    )
    assert len([key for key in stored if key is not None]) <= 9


async def test_a_new_actor_is_fetched_once_and_then_known(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = "https://peer.example/u/new"
    postbox.wire.documents[eve] = actor_document(eve)

    for _ in range(3):
        await postbox.deliver(activity("Create", eve, page(eve, group.uri)))

    assert postbox.wire.asked == [f"{eve}#main-key"]


async def test_a_blocked_peer_is_refused_before_its_key_is_fetched(storage: Storage) -> None:
    postbox = Postbox(storage)
    blocked = Peer(
        origin="https://evil.example",
        first_seen_at=postbox.world.now,
        policy=PeerPolicy.BLOCK,
    )
    postbox.policies.replace([blocked])
    eve = "https://sub.evil.example/u/1"

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Create", eve, note(eve)))

    assert postbox.wire.asked == []


async def test_fld_04_keys_of_one_peer_are_fetched_within_its_budget(storage: Storage) -> None:
    postbox = Postbox(storage, fetches_per_minute=3)
    group = await postbox.group("bees")
    people = [f"https://flood.example/u/{number}" for number in range(4)]
    for person in people:
        postbox.wire.documents[person] = actor_document(person)

    for person in people[:3]:
        await postbox.deliver(activity("Create", person, page(person, group.uri)))
    last = activity("Create", people[3], page(people[3], group.uri))
    with pytest.raises(Busy):
        await postbox.deliver(last)
    postbox.world.tick(timedelta(minutes=2))

    assert await postbox.deliver(last) is Outcome.APPLIED


async def test_fet_07_a_context_by_url_is_passed_over_and_never_fetched(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    strange = activity("Create", eve.uri, sent)
    strange["@context"] = [AS, "https://evil.example/context"]

    await postbox.deliver(strange)

    assert await postbox.find(str(sent["id"])) is not None
    assert postbox.wire.asked == []


async def test_fet_07_what_must_be_compacted_waits_for_its_signature(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    renamed = activity("Create", eve.uri, sent)
    renamed["@context"] = [AS, {"who": {"@id": "as:actor", "@type": "@id"}}]
    renamed["who"] = renamed.pop("actor")
    body = dumps(renamed)

    await refused(postbox, sent, postbox.signed(body, signer=eve.uri, key=OTHER_KEY))
    outcome = await postbox.receiver.accept(postbox.signed(body, signer=eve.uri))

    assert outcome is Outcome.APPLIED
    assert await postbox.find(str(sent["id"])) is not None


BROKEN: list[bytes] = [
    b"",
    b"hello",
    b"42",
    b"null",
    b"[]",
    b"{",
    b"[" * 100_000,
    b'{"object":' * 5000 + b"1" + b"}" * 5000,
    b'{"type":"Create"}',
    b'{"type":"Create","actor":7}',
    b'{"type":"Create","actor":"https://peer.example/users/eve","x":NaN}',
    b'{"type":"Create","actor":"https://peer.example/users/eve","x":1e400}',
    b'{"type":"Create","actor":"https://peer.example/users/eve","actor":"https://a.example/"}',
    b'{"type":"Create","actor":"https://peer.example/users/eve","object":"\\ud800"}',
    b'{"type":"Create","actor":"https://peer.example/users/eve","object":"\\u0000"}',
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
async def test_par_01_to_06_broken_bodies_that_are_well_signed_are_refused(
    postbox: Postbox, body: bytes
) -> None:
    eve = await postbox.stranger("eve")

    with pytest.raises(ProtocolError):
        await postbox.post_raw(body, signer=eve.uri)


@pytest.mark.parametrize(
    "spoil",
    [
        {"id": None},
        {"id": ["https://peer.example/users/eve/a"]},
        {"id": "not a url"},
        {"id": "https://peer.example:999999/x"},
        {"id": "https://peer.example/" + "a" * 100_000},
        {"type": ["Create", "Note"]},
        {"type": None},
        {"object": None},
        {"object": 5},
        {"object": {"type": "Note"}},
        {"to": 5},
        {"to": [["x"]]},
        {"published": "999999-01-01T00:00:00Z"},
        {"tag": [None, 1, "x", {}]},
        {"@context": 5},
        {"@context": None},
    ],
    ids=str,
)
async def test_par_01_spoiled_activities_are_refused_or_read_without_harm(
    postbox: Postbox, spoil: JsonObject
) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = {**activity("Create", eve.uri, page(eve.uri, group.uri)), **spoil}

    status = await status_of(postbox, dumps(sent), eve.uri)

    assert 200 <= status < 500


async def status_of(postbox: Postbox, body: bytes, signer: str) -> int:
    """The status that the request is answered with."""
    try:
        await postbox.post_raw(body, signer=signer)
    except ProtocolError as error:
        return error.status_hint
    return 202


async def test_ori_12_nested_undo_is_refused(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    nested = activity("Undo", eve.uri, f"{eve.uri}/x")
    for _ in range(30):
        nested = activity("Undo", eve.uri, nested)

    with pytest.raises(ProtocolError):
        await postbox.deliver(nested)
