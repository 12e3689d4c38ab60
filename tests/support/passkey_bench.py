"""People with passkeys, over the accounts of a bench."""

import pytest

from communities.people import Person
from node.accounts.passkeys import Passkeys, passkeys_over
from node.accounts.signing_in import SignInFault, SignInRefused
from node.auth import SignedIn
from storage.passkeys import Passkey
from tests.support.account_bench import HERE, AccountBench
from tests.support.authenticator import Authenticator
from tests.support.factories import HOME


def passkeys_of_bench(bench: AccountBench) -> Passkeys:
    """Passkeys over the accounts of a bench."""
    found = passkeys_over(
        storage=bench.storage,
        uris=HOME,
        title="Noaberschap",
        sign_ins=bench.sign_ins,
        attempts=bench.attempts,
        now=bench.clock,
    )
    assert found is not None
    return found


async def signed_in(bench: AccountBench, person: Person, token: bytes = b"s") -> SignedIn:
    """A session of somebody who has signed in this very moment."""
    number = await bench.storage.write(
        lambda uow: uow.sessions.start(
            person.id, token * 32, at=bench.clock(), address=HERE, agent=""
        )
    )
    return SignedIn(session_id=number, person_id=person.id, csrf="")


async def added(
    bench: AccountBench, passkeys: Passkeys, device: Authenticator, name: str = "ada"
) -> tuple[Person, SignedIn]:
    """Somebody with a passkey on the device."""
    person = await bench.person(name)
    session = await signed_in(bench, person, name[:1].encode())
    options = await passkeys.offer(session, "Telephone", "", address=HERE)
    await passkeys.add(session, device.make(options))
    return person, session


async def passkeys_of(bench: AccountBench, person: Person) -> list[Passkey]:
    """Somebody's passkeys."""
    return list(await bench.storage.read(lambda uow: uow.passkeys.of_person(person.id)))


async def refusal(passkeys: Passkeys, ticket: str, answer: str) -> SignInFault:
    """Why an answer signs nobody in."""
    with pytest.raises(SignInRefused) as raised:
        await passkeys.enter(ticket, answer, address=HERE)
    return raised.value.fault
