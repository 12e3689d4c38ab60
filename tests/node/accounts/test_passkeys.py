"""Passkeys: what proves who somebody is, and everything that looks like it and does not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from communities.people import ActorState
from communities.registration import AccountState
from node.accounts.attempts import TooManyAttempts
from node.accounts.challenges import Challenges
from node.accounts.owning import WrongPassword, replace_password
from node.accounts.passkeys import (
    ANSWERED_WITHIN,
    FRESH,
    MOST_PASSKEYS,
    OF_ASKER,
    PasskeyFault,
    PasskeyRefused,
    Passkeys,
    passkey_host,
)
from node.accounts.signing_in import OF_ACCOUNT, SignInFault, SignInRefused
from tests.support.account_bench import HERE, PASSWORD, AccountBench
from tests.support.authenticator import Authenticator, Key
from tests.support.clock import Clock
from tests.support.passkey_bench import added, passkeys_of, refusal, signed_in

ELSEWHERE = "198.51.100.9"


async def test_passkey_is_made_and_signs_in_without_password_or_code(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, _session = await added(bench, passkeys, device)
    await bench.storage.write(lambda uow: uow.credentials.offer_totp(ada.id, b"1" * 20))
    await bench.storage.write(lambda uow: uow.credentials.begin_totp(ada.id, bench.clock()))
    bench.clock.advance(timedelta(days=1))

    ticket, options = passkeys.ask(address=HERE)
    person_id = await passkeys.enter(ticket, device.sign(options), address=HERE)

    (passkey,) = await passkeys_of(bench, ada)
    assert person_id == ada.id
    assert (passkey.name, passkey.sign_count, passkey.used_at) == ("Telephone", 2, bench.clock())
    assert passkey.transports == ("hybrid", "internal")
    assert (await bench.account(ada.id)).used_at == bench.clock()


async def test_browser_is_asked_for_a_key_that_it_finds_itself_and_that_knows_its_holder(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)

    made: Mapping[str, Any] = await passkeys.offer(session, "Key", "", address=HERE)
    _ticket, asked = passkeys.ask(address=HERE)

    assert made["rp"] == {"id": "noaber.example", "name": "Noaberschap"}
    assert made["user"]["name"] == "@ada@noaber.example"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["attestation"] == "none"
    assert len(made["excludeCredentials"]) == 1
    assert (asked["rpId"], asked["allowCredentials"]) == ("noaber.example", [])
    assert asked["userVerification"] == "required"
    assert asked["timeout"] == ANSWERED_WITHIN.total_seconds() * 1000


async def test_passkeys_of_one_person_have_one_handle_that_tells_nothing(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    other = Authenticator()
    options = await passkeys.offer(session, "Key", "", address=HERE)
    await passkeys.add(session, other.make(options))
    ben, _session = await added(bench, passkeys, Authenticator(), "ben")

    first, second = await passkeys_of(bench, ada)
    (bens,) = await passkeys_of(bench, ben)
    assert first.user_handle == second.user_handle != bens.user_handle
    assert len(first.user_handle) == 64
    for each in (device, other):
        ticket, asked = passkeys.ask(address=HERE)
        assert await passkeys.enter(ticket, each.sign(asked), address=HERE) == ada.id


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (AccountState.PENDING, SignInFault.PENDING),
        (AccountState.UNCONFIRMED, SignInFault.UNCONFIRMED),
        (AccountState.DISABLED, SignInFault.DISABLED),
    ],
)
async def test_account_that_cannot_be_used_is_refused_as_with_a_password(
    bench: AccountBench,
    passkeys: Passkeys,
    device: Authenticator,
    state: AccountState,
    fault: SignInFault,
) -> None:
    ada, _session = await added(bench, passkeys, device)
    await bench.storage.write(lambda uow: uow.accounts.set_state(ada.id, state))
    ticket, options = passkeys.ask(address=HERE)

    assert await refusal(passkeys, ticket, device.sign(options)) is fault
    ticket, options = passkeys.ask(address=HERE)
    forged = replace(device.keys[0], private=Key(b"").private)
    assert await refusal(passkeys, ticket, device.sign(options, forged)) is SignInFault.PASSKEY


async def test_suspended_person_is_refused(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, _session = await added(bench, passkeys, device)

    await bench.storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.SUSPENDED))
    ticket, options = passkeys.ask(address=HERE)

    assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.DISABLED


async def test_removed_passkey_signs_nobody_in(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    (passkey,) = await passkeys_of(bench, ada)
    ticket, options = passkeys.ask(address=HERE)
    await passkeys.remove(session, passkey.id, "", address=HERE)

    assert await refusal(passkeys, ticket, device.sign(options)) is SignInFault.PASSKEY


async def test_who_signed_in_long_ago_needs_the_password_to_add_and_to_remove(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    (passkey,) = await passkeys_of(bench, ada)
    bench.clock.advance(FRESH)

    for password in ("", "wrong"):
        with pytest.raises(WrongPassword):
            await passkeys.offer(session, "Key", password, address=HERE)
        with pytest.raises(WrongPassword):
            await passkeys.remove(session, passkey.id, password, address=HERE)
    assert len(passkeys.adding) == 0
    options = await passkeys.offer(session, "Key", PASSWORD, address=HERE)
    await passkeys.add(session, Authenticator().make(options))
    await passkeys.remove(session, passkey.id, PASSWORD, address=HERE)
    assert [one.name for one in await passkeys_of(bench, ada)] == ["Key"]


@pytest.mark.parametrize("name", ["", "  ", "a\u202eb", "a\0", "x" * 61])
async def test_name_must_be_seen(bench: AccountBench, passkeys: Passkeys, name: str) -> None:
    ada = await bench.person("ada")
    session = await signed_in(bench, ada)

    with pytest.raises(PasskeyRefused) as raised:
        await passkeys.offer(session, name, "", address=HERE)
    with pytest.raises(PasskeyRefused):
        await passkeys.rename(ada.id, 1, name)

    assert raised.value.fault is PasskeyFault.NAME


async def test_passkeys_of_an_account_are_limited(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    _ada, session = await added(bench, passkeys, device)
    for number in range(MOST_PASSKEYS - 2):
        options = await passkeys.offer(session, f"Key {number}", "", address=HERE)
        await passkeys.add(session, Authenticator().make(options))
    last = await passkeys.offer(session, "Last", "", address=HERE)
    await passkeys.add(session, Authenticator().make(last))

    with pytest.raises(PasskeyRefused) as raised:
        await passkeys.offer(session, "One more", "", address=HERE)

    assert raised.value.fault is PasskeyFault.TOO_MANY


async def test_attempts_are_counted_with_those_at_the_password(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    await added(bench, passkeys, device)
    for _try in range(OF_ACCOUNT.free):
        ticket, options = passkeys.ask(address=HERE)
        assert await refusal(passkeys, ticket, device.sign({**options, "challenge": "AA"}))

    ticket, options = passkeys.ask(address=HERE)
    with pytest.raises(TooManyAttempts):
        await passkeys.enter(ticket, device.sign(options), address=ELSEWHERE)
    with pytest.raises(TooManyAttempts):
        await bench.sign_ins.verify("ada", PASSWORD, address=ELSEWHERE)


async def test_success_forgives_the_account(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, _session = await added(bench, passkeys, device)
    for _round in range(2):
        for _try in range(OF_ACCOUNT.free - 1):
            with pytest.raises(SignInRefused):
                await bench.sign_ins.verify("ada", "wrong", address=HERE)
        ticket, options = passkeys.ask(address=HERE)
        assert await passkeys.enter(ticket, device.sign(options), address=HERE) == ada.id


async def test_unknown_passkeys_are_counted_by_address(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, _session = await added(bench, passkeys, device)
    for number in range(OF_ACCOUNT.free):
        assert await refusal(passkeys, f"ticket {number}", "{}") is SignInFault.PASSKEY

    with pytest.raises(TooManyAttempts):
        await passkeys.enter("another", "{}", address=HERE)
    ticket, options = passkeys.ask(address=ELSEWHERE)
    assert await passkeys.enter(ticket, device.sign(options), address=ELSEWHERE) == ada.id


async def test_challenges_are_given_out_so_many_times(passkeys: Passkeys) -> None:
    for _time in range(OF_ASKER.free):
        passkeys.ask(address=HERE)

    with pytest.raises(TooManyAttempts):
        passkeys.ask(address=HERE)
    passkeys.ask(address=ELSEWHERE)


async def test_password_that_was_set_anew_ends_passkeys_and_one_that_was_changed_keeps_them(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator
) -> None:
    ada, session = await added(bench, passkeys, device)
    at = bench.clock()

    await bench.storage.write(
        lambda uow: replace_password(uow, ada.id, "x", at, kept_session=session.session_id)
    )
    assert len(await passkeys_of(bench, ada)) == 1
    await bench.storage.write(replace_password, ada.id, "x", at)
    assert await passkeys_of(bench, ada) == []


def test_challenges_are_bounded_and_forgotten_in_time(clock: Clock) -> None:
    held: Challenges[str, bytes] = Challenges(clock, kept=timedelta(minutes=5), most=2)
    for name in ("a", "b", "a", "c"):
        held.put(name, name.encode())

    assert (held.take("b"), held.take("a"), held.take("a"), len(held)) == (None, b"a", None, 1)
    clock.advance(timedelta(minutes=5))
    held.put("d", b"d")
    assert (len(held), held.take("c"), held.take("d")) == (1, None, b"d")


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://noaber.example", "noaber.example"),
        ("https://web.noaber.example:8443", "web.noaber.example"),
        ("http://localhost:8008", "localhost"),
        ("http://a.localhost:8008", "a.localhost"),
        ("http://noaber.example", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("http://127.0.0.1:8008", None),
        ("http://notlocalhost", None),
    ],
)
def test_passkeys_are_where_browsers_make_them(base: str, host: str | None) -> None:
    assert passkey_host(base) == host
