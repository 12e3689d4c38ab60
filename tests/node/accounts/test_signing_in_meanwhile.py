"""What somebody else does to an account while a password is compared or a code is asked for."""

import pytest

from node.accounts.owning import replace_password
from node.accounts.passwords import Passwords, Verdict
from node.accounts.signing_in import SignInFault, SignInRefused
from node.accounts.totp import code_at, step_at
from tests.support.account_bench import HERE, PASSWORD, AccountBench

SECRET = b"12345678901234567890"
NEW = "another horse of the neighbours"


@pytest.mark.parametrize("renewed", [None, "a stronger hash of the old one"])
async def test_the_old_password_does_not_sign_in_after_the_new_one_is_kept(
    bench: AccountBench, monkeypatch: pytest.MonkeyPatch, renewed: str | None
) -> None:
    ada = await bench.person("ada")
    new = await bench.passwords.hash(NEW)
    verify = Passwords.verify

    async def overtaken(self: Passwords, hashed: str | None, password: str) -> Verdict:
        found = await verify(self, hashed, password)
        await bench.storage.write(lambda uow: replace_password(uow, ada.id, new, bench.clock()))
        return Verdict(matches=found.matches, renewed=renewed)

    monkeypatch.setattr(Passwords, "verify", overtaken)
    with pytest.raises(SignInRefused) as raised:
        await bench.sign_ins.verify("ada", PASSWORD, address=HERE)

    assert raised.value.fault is SignInFault.WRONG
    kept = await bench.storage.read(lambda uow: uow.credentials.get(ada.id))
    assert kept is not None
    assert kept.password == new


async def test_a_ticket_for_the_old_password_ends_with_it(bench: AccountBench) -> None:
    ada = await bench.person("ada")
    await bench.storage.write(lambda uow: uow.credentials.offer_totp(ada.id, SECRET))
    await bench.storage.write(lambda uow: uow.credentials.begin_totp(ada.id, bench.clock()))
    with pytest.raises(SignInRefused) as asked:
        await bench.sign_ins.verify("ada", PASSWORD, address=HERE)
    new = await bench.passwords.hash(NEW)
    await bench.storage.write(lambda uow: replace_password(uow, ada.id, new, bench.clock()))

    with pytest.raises(SignInRefused) as raised:
        await bench.sign_ins.finish(
            asked.value.ticket, code_at(SECRET, step_at(bench.clock())), address=HERE
        )

    assert raised.value.fault is SignInFault.WRONG
