"""Making accounts: by mode and invitation; what is wrong is told, what waits is out of sight."""

from datetime import timedelta

import pytest

from communities.errors import Conflict, NotFound
from communities.events import PersonRegistered
from communities.people import ActorKey, ActorState
from communities.registration import (
    AccountState,
    Fault,
    RegistrationClosed,
    RegistrationMode,
    RegistrationRefused,
)
from node.accounts import admitting, lapsing
from node.accounts.attempts import TooManyAttempts
from node.accounts.leaving import delete_account
from node.accounts.letters import LETTER_JOB
from node.accounts.signing_in import SignInFault, SignInRefused
from node.welcoming import digest_of, new_token
from storage.accounts import Account
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import HERE, PASSWORD, AccountBench, form
from tests.support.clock import Clock
from tests.support.factories import HOME


async def invitation(bench: AccountBench, uses: int = 1) -> str:
    """The token of a new invitation by the operator."""
    token = new_token()
    digest = digest_of(token) or b""
    now = bench.clock()
    await bench.storage.write(
        lambda uow: uow.invitations.add(
            digest, None, at=now, until=now + timedelta(days=7), max_uses=uses
        )
    )
    return token


async def letters(bench: AccountBench) -> int:
    counts = await bench.storage.read(lambda uow: uow.jobs.counts())
    return counts.get(LETTER_JOB, (0, 0))[0]


async def test_open_server_makes_an_account_at_once(bench: AccountBench) -> None:
    carol = await bench.registering().register(
        form("Carol", name=" Carol of the  hill ", email=" carol@mail.example "), address=HERE
    )

    account = await bench.account(carol.id)
    assert (carol.localpart, carol.name, carol.state) == (
        "carol",
        "Carol of the hill",
        ActorState.ACTIVE,
    )
    assert (account.state, account.email) == (AccountState.ACTIVE, "carol@mail.example")
    assert (account.rules_at, account.confirmed_at) == (bench.clock(), None)
    assert await bench.sign_ins.verify("carol", PASSWORD, address=HERE) == carol.id
    key = await bench.storage.read(lambda uow: uow.keys.signing(carol.id, "rsa"))
    assert key is not None


async def test_newcomer_is_in_the_log(bench: AccountBench) -> None:
    carol = await bench.registering().register(form(), address=HERE)

    events = await bench.storage.read(lambda uow: uow.events.after(0, 10))

    assert [logged.event for logged in events] == [
        PersonRegistered(person_id=carol.id, state="active")
    ]


@pytest.mark.parametrize("mode", [RegistrationMode.INVITE, RegistrationMode.CLOSED])
async def test_stranger_cannot_come_in(bench: AccountBench, mode: RegistrationMode) -> None:
    with pytest.raises(RegistrationClosed):
        await bench.registering(mode).register(form(), address=HERE)


async def test_invitation_lets_as_many_in_as_it_says(bench: AccountBench) -> None:
    registering = bench.registering(RegistrationMode.INVITE)
    token = await invitation(bench, uses=2)

    await registering.register(form("carol", invitation=token), address=HERE)
    await registering.register(form("dan", invitation=token), address=HERE)
    with pytest.raises(RegistrationClosed, match="This invitation"):
        await registering.register(form("eve", invitation=token), address=HERE)

    assert await registering.invitation(token) is None


async def test_form_that_is_refused_uses_no_invitation_up(bench: AccountBench) -> None:
    registering = bench.registering(RegistrationMode.INVITE)
    token = await invitation(bench)

    with pytest.raises(RegistrationRefused):
        await registering.register(form("admin", invitation=token), address=HERE)

    assert await registering.invitation(token) is not None


async def test_inviter_is_known(bench: AccountBench) -> None:
    ada = await bench.person("ada")
    token = new_token()
    digest, now = digest_of(token) or b"", bench.clock()
    await bench.storage.write(
        lambda uow: uow.invitations.add(
            digest, ada.id, at=now, until=now + timedelta(days=1), max_uses=1
        )
    )

    carol = await bench.registering(RegistrationMode.INVITE).register(
        form(invitation=token), address=HERE
    )

    assert (await bench.account(carol.id)).inviter_id == ada.id


async def test_names_and_addresses_of_others_are_taken(bench: AccountBench) -> None:
    registering = bench.registering()
    await bench.storage.write(bench.world.community, "bees")
    await registering.register(form("carol", email="Carol@Mail.example"), address=HERE)

    with pytest.raises(RegistrationRefused) as raised:
        await registering.register(form("bees", email="carol@mail.EXAMPLE"), address=HERE)

    assert [(one.field, one.fault) for one in raised.value.errors] == [
        ("username", Fault.TAKEN),
        ("email", Fault.TAKEN),
    ]


async def test_name_of_somebody_who_left_is_never_given_out(bench: AccountBench) -> None:
    registering = bench.registering()
    carol = await registering.register(form(), address=HERE)
    await bench.storage.write(delete_account, carol.id, bench.clock())

    with pytest.raises(RegistrationRefused):
        await registering.register(form(email="new@mail.example"), address=HERE)


async def test_address_of_somebody_who_left_is_free(bench: AccountBench) -> None:
    registering = bench.registering()
    carol = await registering.register(form(), address=HERE)
    await bench.storage.write(delete_account, carol.id, bench.clock())

    dan = await registering.register(form("dan", email="carol@mail.example"), address=HERE)
    assert (await bench.account(dan.id)).email == "carol@mail.example"


async def test_address_is_confirmed_where_mail_is_written(bench: AccountBench) -> None:
    carol = await bench.registering(writes_mail=True).register(form(), address=HERE)

    waiting = await bench.storage.read(lambda uow: uow.people.get(carol.id))
    assert (await bench.account(carol.id)).state is AccountState.UNCONFIRMED
    assert waiting is not None
    assert waiting.state is ActorState.SUSPENDED
    assert await letters(bench) == 1
    with pytest.raises(SignInRefused) as raised:
        await bench.sign_ins.verify("carol", PASSWORD, address=HERE)
    assert raised.value.fault is SignInFault.UNCONFIRMED

    account = await bench.storage.write(admitting.confirm, carol.id, None, bench.clock())
    assert (account.state, account.confirmed_at) == (AccountState.ACTIVE, bench.clock())
    shown = await bench.storage.read(lambda uow: uow.people.get(carol.id))
    assert shown is not None
    assert shown.state is ActorState.ACTIVE


async def test_staff_lets_somebody_in_after_their_address_is_confirmed(
    bench: AccountBench,
) -> None:
    registering = bench.registering(RegistrationMode.APPROVAL, writes_mail=True)
    carol = await registering.register(form(reason="I keep bees."), address=HERE)

    confirmed = await bench.storage.write(admitting.confirm, carol.id, None, bench.clock())
    approved = await bench.storage.write(approve, carol.id, bench)

    assert (confirmed.state, confirmed.reason) == (AccountState.PENDING, "I keep bees.")
    assert approved.state is AccountState.ACTIVE
    assert await bench.sign_ins.verify("carol", PASSWORD, address=HERE) == carol.id


async def test_approval_does_not_confirm_an_address(bench: AccountBench) -> None:
    registering = bench.registering(RegistrationMode.APPROVAL, writes_mail=True)
    carol = await registering.register(form(reason="I keep bees."), address=HERE)

    approved = await bench.storage.write(approve, carol.id, bench)
    confirmed = await bench.storage.write(admitting.confirm, carol.id, None, bench.clock())

    assert approved.state is AccountState.UNCONFIRMED
    assert confirmed.state is AccountState.ACTIVE


async def test_invited_person_needs_no_approval(bench: AccountBench) -> None:
    token = await invitation(bench)

    carol = await bench.registering(RegistrationMode.APPROVAL).register(
        form(invitation=token), address=HERE
    )

    assert (await bench.account(carol.id)).state is AccountState.ACTIVE


async def test_who_is_turned_down_is_gone(bench: AccountBench) -> None:
    registering = bench.registering(RegistrationMode.APPROVAL)
    carol = await registering.register(form(reason="spam"), address=HERE)

    await bench.storage.write(admitting.reject, carol.id, bench.clock())

    gone = await bench.storage.read(lambda uow: uow.people.get(carol.id))
    assert gone is not None
    assert gone.state is ActorState.DELETED
    with pytest.raises(NotFound):
        await bench.storage.write(admitting.reject, carol.id, bench.clock())


async def test_somebody_who_is_in_is_neither_approved_nor_turned_down(
    bench: AccountBench,
) -> None:
    ada = await bench.person("ada")

    with pytest.raises(Conflict):
        await bench.storage.write(approve, ada.id, bench)
    with pytest.raises(Conflict):
        await bench.storage.write(admitting.reject, ada.id, bench.clock())


def approve(uow: UnitOfWork, person_id: ActorKey, bench: AccountBench) -> Account:
    return admitting.approve(uow, person_id, bench.clock(), writes_mail=False)


async def test_one_address_asks_for_so_many_accounts_in_an_hour(
    bench: AccountBench, clock: Clock
) -> None:
    registering = bench.registering(per_address=2)
    await registering.register(form("carol"), address=HERE)
    await registering.register(form("dan"), address=HERE)

    with pytest.raises(TooManyAttempts) as raised:
        await registering.register(form("eve"), address=HERE)
    await registering.register(form("finn"), address="198.51.100.1")

    assert raised.value.seconds == 3600
    clock.advance(timedelta(hours=1, seconds=1))
    await registering.register(form("eve"), address=HERE)


async def test_account_that_nobody_confirms_is_gone_after_a_week(
    bench: AccountBench, clock: Clock
) -> None:
    registering = bench.registering(writes_mail=True)
    carol = await registering.register(form(), address=HERE)
    ada = await bench.person("ada")
    sweep = lapsing.lapse_of(bench.storage, clock)

    clock.advance(timedelta(days=6))
    assert await sweep() == 0
    clock.advance(timedelta(days=1, seconds=1))
    assert await sweep() == 1

    assert await bench.storage.read(lambda uow: uow.accounts.get(carol.id)) is None
    assert await bench.storage.read(lambda uow: uow.accounts.get(ada.id)) is not None
    dan = await registering.register(form("dan", email="carol@mail.example"), address=HERE)
    assert (await bench.account(dan.id)).email == "carol@mail.example"


async def test_profile_is_that_of_this_node(bench: AccountBench) -> None:
    carol = await bench.registering().register(form(), address=HERE)

    assert carol.uri == HOME.person(carol.id)


async def test_hostile_words_are_refused_on_both_databases(storage: Storage, clock: Clock) -> None:
    """PostgreSQL keeps no NUL, not even to look for."""
    bench = AccountBench(storage, clock)
    registering = bench.registering()

    for words in ("a\0b", "\ud800", "a" * 100_000):
        with pytest.raises(RegistrationRefused):
            await registering.register(form(words, email="carol@mail.example"), address=HERE)
        with pytest.raises(RegistrationRefused):
            await registering.register(form("carol", email=f"{words}@mail.example"), address=HERE)
        with pytest.raises(SignInRefused):
            await bench.sign_ins.verify(words, words, address=HERE)
        with pytest.raises(RegistrationClosed):
            await registering.register(form("carol", invitation=words), address=HERE)


async def test_language_that_is_none_is_not_kept(storage: Storage, clock: Clock) -> None:
    bench = AccountBench(storage, clock)
    registering = bench.registering()
    stated = {"carol": "nl", "dan": "a" * 100, "eve": "n\0l"}

    for name, locale in stated.items():
        person = await registering.register(form(name, locale=locale), address=HERE)
        kept = (await bench.account(person.id)).locale
        assert kept == ("nl" if name == "carol" else None)
