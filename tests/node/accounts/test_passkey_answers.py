"""What a device answers: proven once, for one challenge, page, host and person; else refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webauthn.helpers import encode_cbor

from node.accounts.passkey_proofs import Verifier
from node.accounts.passkeys import (
    ANSWERED_WITHIN,
    PasskeyFault,
    PasskeyRefused,
    Passkeys,
)
from node.accounts.signing_in import SignInFault
from protocols.errors import RemoteProtocolError
from tests.support.account_bench import HERE, AccountBench
from tests.support.authenticator import MADE, PRESENT, VERIFIED, Authenticator
from tests.support.passkey_bench import added, passkeys_of, refusal, signed_in

ELSEWHERE = "198.51.100.9"
WRONG_ANSWERS = [
    {"origin": "https://evil.example"},
    {"origin": "http://noaber.example"},
    {"origin": "https://noaber.example:8443"},
    {"rp_id": "evil.example"},
    {"rp_id": "example"},
    {"flags": PRESENT},
    {"flags": VERIFIED},
    {"cross_origin": True},
]
"""What another page, another host, a device that asked nobody, and a frame would answer."""


@pytest.mark.parametrize("wrong", WRONG_ANSWERS, ids=str)
async def test_passkey_is_not_added_by_an_answer_from_elsewhere(
    bench: AccountBench, passkeys: Passkeys, wrong: dict[str, Any]
) -> None:
    ada = await bench.person("ada")
    session = await signed_in(bench, ada)
    options = await passkeys.offer(session, "Key", "", address=HERE)

    with pytest.raises(PasskeyRefused) as raised:
        await passkeys.add(session, Authenticator(**wrong).make(options))

    assert raised.value.fault is PasskeyFault.NOT_PROVEN
    assert await passkeys_of(bench, ada) == []


@pytest.mark.parametrize("wrong", WRONG_ANSWERS, ids=str)
async def test_answer_from_elsewhere_signs_nobody_in(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator, wrong: dict[str, Any]
) -> None:
    ada, _session = await added(bench, passkeys, device)
    ticket, options = passkeys.ask(address=HERE)
    elsewhere = Authenticator(**wrong, keys=device.keys, count=5)

    assert await refusal(passkeys, ticket, elsewhere.sign(options)) is SignInFault.PASSKEY
    assert (await passkeys_of(bench, ada))[0].used_at is None


async def test_challenge_is_answered_once(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    ticket, options = passkeys.ask(address=HERE)
    answer = device.sign(options)
    assert await passkeys.enter(ticket, answer, address=HERE) == ada.id
    offered = await passkeys.offer(session, "Key", "", address=HERE)
    made = Authenticator().make(offered)
    await passkeys.add(session, made)

    assert await refusal(passkeys, ticket, answer) is SignInFault.PASSKEY
    assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.PASSKEY
    with pytest.raises(PasskeyRefused):
        await passkeys.add(session, made)
    assert len(await passkeys_of(bench, ada)) == 2


async def test_wrong_answer_uses_the_challenge_up(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    await added(bench, passkeys, device)
    ticket, options = passkeys.ask(address=HERE)

    assert await refusal(passkeys, ticket, "{}") is SignInFault.PASSKEY
    assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.PASSKEY


async def test_answer_to_the_challenge_of_another_attempt_is_refused(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)
    _first, stolen = passkeys.ask(address=ELSEWHERE)
    ticket, _options = passkeys.ask(address=HERE)
    made: Mapping[str, Any] = await passkeys.offer(session, "Key", "", address=HERE)
    another, _asked = passkeys.ask(address=HERE)

    assert await refusal(passkeys, ticket, device.sign(stolen)) is SignInFault.PASSKEY
    assert await refusal(passkeys, another, device.sign(made)) is SignInFault.PASSKEY
    assert await refusal(passkeys, "no ticket", device.sign(stolen)) is SignInFault.PASSKEY


async def test_answer_to_make_a_passkey_does_not_sign_in_and_the_other_way_round(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)
    ticket, options = passkeys.ask(address=HERE)
    made = await passkeys.offer(session, "Key", "", address=HERE)

    wrong = device.sign(options, kind="webauthn.create")
    assert await refusal(passkeys, ticket, wrong) is SignInFault.PASSKEY
    with pytest.raises(PasskeyRefused):
        await passkeys.add(session, Authenticator().make(made, kind="webauthn.get"))


async def test_challenge_waits_five_minutes(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)
    ticket, options = passkeys.ask(address=HERE)
    made = await passkeys.offer(session, "Key", "", address=HERE)
    bench.clock.advance(ANSWERED_WITHIN)

    assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.PASSKEY
    with pytest.raises(PasskeyRefused):
        await passkeys.add(session, Authenticator().make(made))


async def test_passkey_is_made_for_the_session_that_asked(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    ben = await bench.person("ben")
    bens = await signed_in(bench, ben, b"b")
    options = await passkeys.offer(session, "Key", "", address=HERE)
    other_browser = await signed_in(bench, ada, b"o")

    for stranger in (bens, other_browser, replace(bens, session_id=session.session_id)):
        with pytest.raises(PasskeyRefused):
            await passkeys.add(stranger, Authenticator().make(options))
    assert (len(await passkeys_of(bench, ada)), await passkeys_of(bench, ben)) == (1, [])


async def test_passkey_of_somebody_else_is_not_taken_for_ones_own(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    await added(bench, passkeys, device)
    bens_device = Authenticator()
    await added(bench, passkeys, bens_device, "ben")
    adas, bens = device.keys[0], bens_device.keys[0]
    forged = replace(bens, id=adas.id)
    claims = replace(bens, handle=adas.handle)

    for key, changes in (
        (forged, {}),
        (replace(forged, handle=adas.handle), {}),
        (claims, {}),
        (bens, {"userHandle": None}),
    ):
        ticket, options = passkeys.ask(address=HERE)
        answer = bens_device.sign(options, key, **changes)
        assert await refusal(passkeys, ticket, answer) is SignInFault.PASSKEY


async def test_passkey_is_added_once_whoever_adds_it(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)
    ben = await bench.person("ben")
    bens = await signed_in(bench, ben, b"b")

    for one in (session, bens):
        options = await passkeys.offer(one, "Key", "", address=HERE)
        answer = Authenticator().make(options, id=device.keys[0].id)
        with pytest.raises(PasskeyRefused) as raised:
            await passkeys.add(one, answer)
        assert raised.value.fault is PasskeyFault.TAKEN


async def test_count_that_goes_back_shows_a_copied_key(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, _session = await added(bench, passkeys, device)
    device.count = 40
    ticket, options = passkeys.ask(address=HERE)
    await passkeys.enter(ticket, device.sign(options), address=HERE)

    for before in (40, 39, 2):
        device.count = before
        ticket, options = passkeys.ask(address=HERE)
        assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.PASSKEY
    assert (await passkeys_of(bench, ada))[0].sign_count == 41


async def test_device_that_counts_nothing_signs_in_again_and_again(
    bench: AccountBench, passkeys: Passkeys
) -> None:
    device = Authenticator(counts=False)
    ada, _session = await added(bench, passkeys, device)

    for _time in range(3):
        ticket, options = passkeys.ask(address=HERE)
        assert await passkeys.enter(ticket, device.sign(options), address=HERE) == ada.id


OPTIONS = {"challenge": "AAAA", "excludeCredentials": [], "user": {"id": "AAAA"}}


def verifier() -> Verifier:
    return Verifier(rp_id="noaber.example", origin="https://noaber.example")


@pytest.mark.parametrize(
    "vouched",
    [
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": [b"x"]}},
        {"fmt": "fido-u2f", "attStmt": {"sig": b"x", "x5c": [b"x"]}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0"}},
        {"fmt": "android-safetynet", "attStmt": {"ver": "1", "response": b"x"}},
    ],
    ids=str,
)
def test_papers_that_nobody_asked_for_are_not_even_read(vouched: dict[str, Any]) -> None:
    answer = Authenticator().make(OPTIONS, b"", **vouched)

    with pytest.raises(RemoteProtocolError, match="not asked for"):
        verifier().registration(answer, b"\0\0\0", b"h")


@pytest.mark.parametrize(
    "key",
    [
        {1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\1" * 32},
        {1: 2, 3: -7, -1: 3, -2: b"\1" * 32, -3: b"\1" * 32},
        {1: 1, 3: -8, -1: 6, -2: b"\1" * 31},
        {1: 3, 3: -257, -1: b"\1" * 256, -2: b"\0"},
        {1: 3, 3: -65535, -1: b"\1" * 256, -2: b"\1\0\1"},
    ],
    ids=str,
)
def test_key_that_nothing_can_be_verified_with_is_not_kept(key: dict[int, Any]) -> None:
    device = Authenticator()
    data = device._data(MADE) + b"\0" * 16 + b"\0\x01k" + encode_cbor(key)

    with pytest.raises(RemoteProtocolError):
        verifier().registration(device.make(OPTIONS, b"k", authData=data), b"\0\0\0", b"h")


def test_key_of_a_device_is_taken() -> None:
    device = Authenticator()

    made = verifier().registration(device.make(OPTIONS), b"\0\0\0", b"h")

    assert (made.credential_id, made.user_handle) == (device.keys[0].id, b"h")
    assert made.public_key == device.keys[0].cose()


def _nested(depth: int) -> bytes:
    return b"\x81" * depth + b"\x00"


HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.integers(1, 5000).map(_nested),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.binary(max_size=9) | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=5,
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hostile=HOSTILE, place=st.sampled_from(["fmt", "attStmt", "authData", "whole", "key"]))
def test_whatever_a_device_says_it_is_an_answer_or_none(hostile: object, place: str) -> None:
    judge, device = verifier(), Authenticator()
    if place == "whole":
        answer = str(hostile)
    elif place == "key":
        data = device._data(MADE) + b"\0" * 16 + b"\0\x01k" + _bytes(hostile)
        answer = device.make(OPTIONS, b"k", authData=data)
    else:
        answer = device.make(OPTIONS, b"", **{place: hostile})

    with pytest.raises(RemoteProtocolError):
        judge.registration(answer, b"other", b"h")
    try:
        judge.registration(answer, b"\0\0\0", b"h")
    except RemoteProtocolError:
        assert place
    with pytest.raises(RemoteProtocolError):
        judge.credential_id(answer)


def _bytes(hostile: object) -> bytes:
    return hostile if isinstance(hostile, bytes) else encode_cbor(hostile)
