"""The use cases of accounts over a database, with hashes that cost nothing and a clock to set."""

from dataclasses import dataclass, field

from communities.people import ActorKey, Person
from communities.registration import RegistrationMode, RegistrationRules, SignUp
from federation.snowflakes import Snowflakes
from node.accounts.attempts import Attempts
from node.accounts.passwords import Passwords
from node.accounts.registering import Registering
from node.accounts.signing_in import SignIns
from storage.accounts import Account
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import HOME, World

HERE = "192.0.2.7"
PASSWORD = "a horse of the neighbours"


@dataclass(slots=True)
class AccountBench:
    """Everything that signs up and in, over one storage."""

    storage: Storage
    clock: Clock
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.passwords = Passwords(cheap=True)
        self.attempts = Attempts(self.clock)
        self.sign_ins = SignIns(
            storage=self.storage,
            uris=HOME,
            passwords=self.passwords,
            attempts=self.attempts,
            now=self.clock,
        )

    passwords: Passwords = field(init=False)
    attempts: Attempts = field(init=False)
    sign_ins: SignIns = field(init=False)

    def registering(
        self,
        mode: RegistrationMode = RegistrationMode.OPEN,
        *,
        writes_mail: bool = False,
        per_address: int = 100,
        min_age: int = 16,
    ) -> Registering:
        """The way to make accounts by these rules."""
        return Registering(
            storage=self.storage,
            uris=HOME,
            snowflakes=Snowflakes(self.clock, first=0),
            passwords=self.passwords,
            attempts=self.attempts,
            rules=RegistrationRules(mode=mode, needs_email=writes_mail, min_age=min_age),
            writes_mail=writes_mail,
            per_address=per_address,
            now=self.clock,
        )

    async def person(self, name: str, password: str = PASSWORD) -> Person:
        """Somebody who can sign in."""
        person = await self.storage.write(self.world.person, name)
        hashed = await self.passwords.hash(password)
        await self.storage.write(_set_password, person.id, hashed)
        return person

    async def account(self, person_id: ActorKey) -> Account:
        """How an account stands; it must be there."""
        found = await self.storage.read(_account, person_id)
        assert found is not None
        return found


def form(username: str = "carol", **changes: object) -> SignUp:
    """A form that nothing is wrong with."""
    values: dict[str, object] = {
        "username": username,
        "password": PASSWORD,
        "email": f"{username}@mail.example",
        "agreement": True,
        "of_age": True,
    }
    return SignUp(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


def _set_password(uow: UnitOfWork, person_id: ActorKey, hashed: str) -> None:
    uow.credentials.set_password(person_id, hashed)


def _account(uow: UnitOfWork, person_id: ActorKey) -> Account | None:
    return uow.accounts.get(person_id)
