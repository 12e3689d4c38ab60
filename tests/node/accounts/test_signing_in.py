"""Signing in: by name or address, password and code; everybody else hears the same refusal."""

from datetime import timedelta

import pytest

from communities.people import ActorState
from communities.registration import AccountState
from node.accounts.attempts import TooManyAttempts
from node.accounts.passwords import Passwords, Verdict
from node.accounts.signing_in import OF_ACCOUNT, OF_ADDRESS, SignInFault, SignInRefused
from node.accounts.totp import code_at, new_recovery_codes, recovery_digest, step_at
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import HERE, PASSWORD, AccountBench
from tests.support.clock import Clock

SECRET = b"12345678901234567890"


async def refused(
    bench: AccountBench, login: str, password: str = PASSWORD, code: str | None = None
) -> SignInRefused:
    """The refusal of an attempt."""
    with pytest.raises(SignInRefused) as raised:
        await bench.sign_ins.verify(login, password, code, address=HERE)
    return raised.value


async def with_second_factor(bench: AccountBench, name: str = "ada") -> None:
    person = await bench.person(name)

    def begin(uow: UnitOfWork) -> None:
        uow.credentials.offer_totp(person.id, SECRET)
        uow.credentials.begin_totp(person.id, bench.clock())

    await bench.storage.write(begin)


@pytest.mark.parametrize(
    "login",
    [
        "ada",
        "ADA",
        " ada ",
        "@ada",
        "@ada@noaber.example",
        "ada@noaber.example",
        "Ada@Mail.example",
    ],
)
async def test_name_handle_or_address_with_the_password_signs_in(
    bench: AccountBench, login: str
) -> None:
    ada = await bench.person("ada")
    await bench.storage.write(
        lambda uow: uow.accounts.set_email(ada.id, "ada@mail.example", confirmed_at=bench.clock())
    )

    assert await bench.sign_ins.verify(login, PASSWORD, address=HERE) == ada.id


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada", "wrong"),
        ("ada", ""),
        ("ada", PASSWORD + " "),
        ("ada", PASSWORD.upper()),
        ("ada", PASSWORD * 100),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("ada@elsewhere.example", PASSWORD),
        ("@ada@elsewhere.example", PASSWORD),
        ("_node", PASSWORD),
        ("bees", PASSWORD),
        ("x" * 10_000, PASSWORD),
        ("ada\0", PASSWORD),
    ],
)
async def test_whatever_is_wrong_is_refused_alike(
    bench: AccountBench, login: str, password: str
) -> None:
    await bench.person("ada")
    await bench.storage.write(bench.world.community, "bees")

    refusal = await refused(bench, login, password)

    assert (refusal.fault, refusal.status) == (SignInFault.WRONG, 401)
    assert str(refusal) == "Name or password are wrong"


async def test_unknown_account_costs_as_many_hashes_as_a_wrong_password(
    bench: AccountBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.person("ada")
    await bench.storage.write(bench.world.person, "passwordless")
    compared: list[str | None] = []
    verify = Passwords.verify

    async def count(self: Passwords, hashed: str | None, password: str) -> Verdict:
        compared.append(hashed)
        return await verify(self, hashed, password)

    monkeypatch.setattr(Passwords, "verify", count)
    for login in ("ada", "nobody", "passwordless"):
        await refused(bench, login, "wrong")

    assert [hashed is None for hashed in compared] == [False, True, True]


async def test_account_without_a_password_is_signed_in_to_by_nobody(bench: AccountBench) -> None:
    await bench.storage.write(bench.world.person, "ada")

    for password in ("", "None", PASSWORD):
        assert (await refused(bench, "ada", password)).fault is SignInFault.WRONG


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (AccountState.UNCONFIRMED, SignInFault.UNCONFIRMED),
        (AccountState.PENDING, SignInFault.PENDING),
        (AccountState.DISABLED, SignInFault.DISABLED),
    ],
)
async def test_what_stands_in_the_way_is_told_to_who_has_the_password_alone(
    bench: AccountBench, state: AccountState, fault: SignInFault
) -> None:
    ada = await bench.person("ada")
    await bench.storage.write(lambda uow: uow.accounts.set_state(ada.id, state))

    assert (await refused(bench, "ada", "wrong")).fault is SignInFault.WRONG
    assert (await refused(bench, "ada")).fault is fault


async def test_suspended_account_is_not_signed_in_to(bench: AccountBench) -> None:
    ada = await bench.person("ada")
    await bench.storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.SUSPENDED))

    assert (await refused(bench, "ada")).fault is SignInFault.DISABLED


async def test_attempts_at_an_account_wait_longer_and_longer(
    bench: AccountBench, clock: Clock
) -> None:
    ada = await bench.person("ada")
    for _ in range(OF_ACCOUNT.free):
        await refused(bench, "ada", "wrong")

    waits = []
    for _ in range(4):
        with pytest.raises(TooManyAttempts) as raised:
            await bench.sign_ins.verify("ada", PASSWORD, address=HERE)
        waits.append(raised.value.seconds)
        clock.advance(timedelta(seconds=raised.value.seconds))
        await refused(bench, "ada", "wrong")

    assert waits == [1, 2, 4, 8]
    clock.advance(timedelta(minutes=15))
    assert await bench.sign_ins.verify("@ADA", PASSWORD, address=HERE) == ada.id
    await refused(bench, "ada", "wrong")


async def test_wait_of_an_account_holds_from_every_address(bench: AccountBench) -> None:
    await bench.person("ada")
    for number in range(OF_ACCOUNT.free):
        with pytest.raises(SignInRefused):
            await bench.sign_ins.verify("ada", "wrong", address=f"198.51.100.{number}")

    with pytest.raises(TooManyAttempts) as raised:
        await bench.sign_ins.verify("ada@noaber.example", PASSWORD, address=HERE)

    assert raised.value.status == 429
    assert raised.value.headers == {"Retry-After": "1"}


async def test_address_that_tries_many_accounts_must_wait(bench: AccountBench) -> None:
    await bench.person("ada")
    for number in range(OF_ADDRESS.free):
        await refused(bench, f"nobody{number}")

    with pytest.raises(TooManyAttempts):
        await bench.sign_ins.verify("ada", PASSWORD, address=HERE)
    assert await bench.sign_ins.verify("ada", PASSWORD, address="198.51.100.1")


async def test_addresses_of_one_network_count_as_one(bench: AccountBench) -> None:
    for number in range(OF_ADDRESS.free):
        with pytest.raises(SignInRefused):
            await bench.sign_ins.verify(
                f"nobody{number}", "wrong", address=f"2001:db8::{number + 1:x}"
            )

    with pytest.raises(TooManyAttempts):
        await bench.sign_ins.verify("ada", "wrong", address="2001:db8::ffff:1")
    with pytest.raises(SignInRefused):
        await bench.sign_ins.verify("ada", "wrong", address="2001:db8:0:1::1")


async def test_signing_in_often_is_no_attack(bench: AccountBench) -> None:
    await bench.person("ada")

    for _ in range(OF_ADDRESS.free + 5):
        await bench.sign_ins.verify("ada", PASSWORD, address=HERE)


async def test_second_factor_is_asked_for_after_the_password(bench: AccountBench) -> None:
    await with_second_factor(bench)

    wrong = await refused(bench, "ada", "wrong", code_at(SECRET, step_at(bench.clock())))
    needed = await refused(bench, "ada")
    bad = await refused(bench, "ada", PASSWORD, "000000")

    assert (wrong.fault, wrong.ticket) == (SignInFault.WRONG, "")
    assert needed.fault is SignInFault.CODE_NEEDED
    assert bad.fault is SignInFault.WRONG_CODE


async def test_code_signs_in_once(bench: AccountBench, clock: Clock) -> None:
    await with_second_factor(bench)
    code = code_at(SECRET, step_at(clock()))

    assert await bench.sign_ins.verify("ada", PASSWORD, code, address=HERE)
    again = await refused(bench, "ada", PASSWORD, code)
    before = await refused(bench, "ada", PASSWORD, code_at(SECRET, step_at(clock()) - 1))

    assert (again.fault, before.fault) == (SignInFault.WRONG_CODE, SignInFault.WRONG_CODE)
    clock.advance(timedelta(seconds=30))
    code = code_at(SECRET, step_at(clock()))
    assert await bench.sign_ins.verify("ada", PASSWORD, code, address=HERE)


async def test_ticket_stands_for_the_password(bench: AccountBench, clock: Clock) -> None:
    await with_second_factor(bench)
    ticket = (await refused(bench, "ada")).ticket

    with pytest.raises(SignInRefused) as bad:
        await bench.sign_ins.finish(ticket, "000000", address=HERE)
    code = code_at(SECRET, step_at(clock()))
    done = await bench.sign_ins.finish(bad.value.ticket, code, address=HERE)
    with pytest.raises(SignInRefused) as again:
        await bench.sign_ins.finish(ticket, code, address=HERE)

    assert done
    assert bad.value.ticket == ticket
    assert (again.value.fault, again.value.ticket) == (SignInFault.WRONG, "")


async def test_ticket_ends_after_five_minutes(bench: AccountBench, clock: Clock) -> None:
    await with_second_factor(bench)
    ticket = (await refused(bench, "ada")).ticket
    clock.advance(timedelta(minutes=5))

    code = code_at(SECRET, step_at(clock()))
    for wrong in (ticket, "", "made up"):
        with pytest.raises(SignInRefused) as raised:
            await bench.sign_ins.finish(wrong, code, address=HERE)
        assert raised.value.fault is SignInFault.WRONG


async def test_guesses_of_a_code_must_wait_although_the_password_is_right(
    bench: AccountBench,
) -> None:
    await with_second_factor(bench)

    for _ in range(OF_ACCOUNT.free):
        ticket = (await refused(bench, "ada")).ticket
        with pytest.raises(SignInRefused):
            await bench.sign_ins.finish(ticket, "000000", address=HERE)

    with pytest.raises(TooManyAttempts):
        await bench.sign_ins.verify("ada", PASSWORD, address=HERE)


async def test_recovery_code_stands_in_for_the_second_factor_once(bench: AccountBench) -> None:
    await with_second_factor(bench)
    ada = await bench.sign_ins.verify(
        "ada", PASSWORD, code_at(SECRET, step_at(bench.clock())), address=HERE
    )
    code, other = new_recovery_codes()[:2]
    digests = [digest for one in (code, other) if (digest := recovery_digest(one)) is not None]
    await bench.storage.write(lambda uow: uow.credentials.set_recovery_codes(ada, digests))

    assert await bench.sign_ins.verify("ada", PASSWORD, code.upper(), address=HERE) == ada
    again = await refused(bench, "ada", PASSWORD, code)
    left = await bench.storage.read(lambda uow: uow.credentials.recovery_codes_left(ada))

    assert again.fault is SignInFault.WRONG_CODE
    assert left == 1


async def test_secret_that_was_only_offered_does_not_count(bench: AccountBench) -> None:
    ada = await bench.person("ada")
    await bench.storage.write(lambda uow: uow.credentials.offer_totp(ada.id, SECRET))

    assert await bench.sign_ins.verify("ada", PASSWORD, address=HERE) == ada.id


async def test_hash_of_an_older_measure_is_renewed_when_it_is_used(bench: AccountBench) -> None:
    ada = await bench.person("ada")
    dear = Passwords()
    older = await bench.storage.read(lambda uow: uow.credentials.get(ada.id))

    verdict = await dear.verify(older.password if older else None, PASSWORD)

    assert verdict.matches
    assert verdict.renewed is not None
    assert "m=19456,t=2,p=1" in verdict.renewed
    assert (await dear.verify(verdict.renewed, PASSWORD)) == Verdict(matches=True)


async def test_password_is_the_same_however_its_accents_are_typed() -> None:
    passwords = Passwords(cheap=True)

    hashed = await passwords.hash("caf\N{LATIN SMALL LETTER E WITH ACUTE} om de hoek")
    typed = await passwords.verify(hashed, "cafe\N{COMBINING ACUTE ACCENT} om de hoek")

    assert typed.matches


async def test_damaged_hash_matches_nothing() -> None:
    passwords = Passwords(cheap=True)

    for damaged in ("", "$argon2id$", "plain", PASSWORD):
        assert not (await passwords.verify(damaged, PASSWORD)).matches
