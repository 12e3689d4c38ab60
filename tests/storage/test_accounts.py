"""Accounts with their sessions, links, invitations and codes: what is used once, and what goes."""

from datetime import UTC, datetime, timedelta

import pytest

from communities.people import ActorKey
from communities.registration import AccountRole, AccountState
from storage import maintenance
from storage.account_links import AccountLink, LinkPurpose
from storage.accounts import Account
from storage.maintenance import Prunable
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
FIRST, SECOND = b"1" * 32, b"2" * 32


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> ActorKey:
    return (await storage.write(world.person, "ada")).id


@pytest.fixture
async def ben(storage: Storage, world: World) -> ActorKey:
    return (await storage.write(world.person, "ben")).id


async def account(storage: Storage, person_id: ActorKey) -> Account | None:
    return await storage.read(lambda uow: uow.accounts.get(person_id))


async def test_account_is_read_as_it_was_written(storage: Storage, world: World) -> None:
    def add(uow: UnitOfWork) -> Account:
        person = world.person(uow, "cyd")
        uow.accounts.remove(person.id)
        made = Account(
            person_id=person.id,
            created_at=NOW,
            role=AccountRole.MODERATOR,
            state=AccountState.UNCONFIRMED,
            email="Cyd@Mail.example",
            pending_email="new@mail.example",
            rules_at=NOW,
            locale="nl",
            reason="I keep bees.",
        )
        uow.accounts.add(made)
        return made

    made = await storage.write(add)

    assert await account(storage, made.person_id) == made
    assert await storage.read(lambda uow: uow.accounts.by_email("cyd@mail.example"))
    assert await storage.read(lambda uow: uow.accounts.by_email("new@mail.example")) is None


async def test_people_of_other_servers_have_no_account(storage: Storage, world: World) -> None:
    zoe = await storage.write(world.remote_person, "zoe")

    assert await account(storage, zoe.id) is None


async def test_changes_of_an_account_are_kept(storage: Storage, ada: ActorKey) -> None:
    def change(uow: UnitOfWork) -> None:
        uow.accounts.set_pending_email(ada, "x@mail.example")
        uow.accounts.set_email(ada, "Ada@Mail.example", confirmed_at=NOW)
        uow.accounts.set_role(ada, AccountRole.ADMIN)
        uow.accounts.set_state(ada, AccountState.DISABLED)
        uow.accounts.set_locale(ada, "nl")
        uow.accounts.approve(ada, NOW)
        uow.accounts.touch(ada, LATER)

    await storage.write(change)
    found = await account(storage, ada)

    assert found is not None
    assert (found.email, found.pending_email, found.confirmed_at) == ("Ada@Mail.example", None, NOW)
    assert (found.role, found.state, found.locale) == (AccountRole.ADMIN, "disabled", "nl")
    assert (found.approved_at, found.used_at) == (NOW, LATER)
    assert (found.is_staff, found.is_open) == (True, False)


async def test_staff_and_those_who_wait_are_listed(
    storage: Storage, ada: ActorKey, ben: ActorKey
) -> None:
    def change(uow: UnitOfWork) -> None:
        uow.accounts.set_role(ada, AccountRole.MODERATOR)
        uow.accounts.set_state(ben, AccountState.PENDING)

    await storage.write(change)

    def lists(uow: UnitOfWork) -> tuple[list[ActorKey], list[ActorKey], int]:
        waiting = uow.accounts.waiting(AccountState.PENDING)
        assert uow.accounts.waiting(AccountState.UNCONFIRMED) == []
        assert uow.accounts.waiting(AccountState.PENDING, before=NOW - timedelta(days=365)) == []
        return (
            list(uow.accounts.staff()),
            [one.person_id for one in waiting],
            uow.accounts.count(),
        )

    assert await storage.read(lists) == ([ada], [ben], 2)


async def test_code_of_a_time_step_is_used_once(storage: Storage, ada: ActorKey) -> None:
    def use(uow: UnitOfWork) -> list[bool]:
        return [uow.credentials.use_step(ada, step) for step in (7, 7, 6, 8)]

    assert await storage.write(use) == [True, False, False, True]


async def test_secret_counts_from_when_it_began(storage: Storage, ada: ActorKey) -> None:
    def offer(uow: UnitOfWork) -> bool:
        uow.credentials.begin_totp(ada, NOW)
        uow.credentials.offer_totp(ada, b"secret")
        found = uow.credentials.get(ada)
        return found is not None and found.has_second_factor

    def begin(uow: UnitOfWork) -> bool:
        uow.credentials.begin_totp(ada, NOW)
        found = uow.credentials.get(ada)
        return found is not None and found.has_second_factor and found.totp_secret == b"secret"

    assert not await storage.write(offer)
    assert await storage.write(begin)


async def test_recovery_code_is_used_once(storage: Storage, ada: ActorKey, ben: ActorKey) -> None:
    await storage.write(lambda uow: uow.credentials.set_recovery_codes(ada, [FIRST, SECOND]))

    def use(uow: UnitOfWork) -> list[bool]:
        return [
            uow.credentials.use_recovery_code(person, code)
            for person, code in ((ben, FIRST), (ada, FIRST), (ada, FIRST))
        ]

    assert await storage.write(use) == [False, True, False]
    assert await storage.read(lambda uow: uow.credentials.recovery_codes_left(ada)) == 1


async def test_session_is_found_until_it_is_not_used(storage: Storage, ada: ActorKey) -> None:
    agent = "Firefox" * 100
    session = await storage.write(
        lambda uow: uow.sessions.start(ada, FIRST, at=NOW, address="192.0.2.7", agent=agent)
    )
    found = await storage.read(
        lambda uow: uow.sessions.find(FIRST, used_after=NOW - timedelta(seconds=1))
    )

    assert found is not None
    assert (found.id, found.person_id, found.address) == (session, ada, "192.0.2.7")
    assert len(found.agent) == 300
    assert await storage.read(lambda uow: uow.sessions.find(FIRST, used_after=NOW)) is None
    assert await storage.read(lambda uow: uow.sessions.find(SECOND, used_after=NOW)) is None


async def test_sessions_are_ended_by_their_owner_alone(
    storage: Storage, ada: ActorKey, ben: ActorKey
) -> None:
    def start(uow: UnitOfWork) -> list[int]:
        return [
            uow.sessions.start(ada, bytes([number]) * 32, at=NOW, address="", agent="")
            for number in range(3)
        ]

    sessions = await storage.write(start)

    def end(uow: UnitOfWork) -> list[object]:
        return [
            uow.sessions.end(ben, sessions[0]),
            uow.sessions.end(ada, sessions[0]),
            uow.sessions.end(ada, sessions[0]),
            uow.sessions.end_all(ada, but=sessions[2]),
            [one.id for one in uow.sessions.of_person(ada, used_after=NOW - timedelta(1))],
        ]

    assert await storage.write(end) == [False, True, False, 1, [sessions[2]]]


@pytest.mark.parametrize("purpose", list(LinkPurpose))
async def test_link_is_used_once_and_for_its_purpose_alone(
    storage: Storage, ada: ActorKey, purpose: LinkPurpose
) -> None:
    link = AccountLink(ada, "ada@mail.example")
    other = next(one for one in LinkPurpose if one is not purpose)
    await storage.write(lambda uow: uow.account_links.put(purpose, FIRST, link, until=LATER))

    def use(uow: UnitOfWork) -> list[AccountLink | None]:
        return [
            uow.account_links.use(other, FIRST, NOW),
            uow.account_links.use(purpose, FIRST, LATER),
            uow.account_links.use(purpose, FIRST, NOW),
            uow.account_links.use(purpose, FIRST, NOW),
        ]

    assert await storage.write(use) == [None, None, link, None]


async def test_newer_link_ends_the_one_before(storage: Storage, ada: ActorKey) -> None:
    link = AccountLink(ada, None)

    def put(uow: UnitOfWork) -> None:
        uow.account_links.put(LinkPurpose.CONFIRM, b"3" * 32, link, until=LATER)
        for digest in (FIRST, SECOND):
            uow.account_links.put(LinkPurpose.RESET, digest, link, until=LATER)

    await storage.write(put)

    def find(uow: UnitOfWork) -> list[bool]:
        return [
            uow.account_links.find(purpose, digest, NOW) is not None
            for purpose, digest in (
                (LinkPurpose.RESET, FIRST),
                (LinkPurpose.RESET, SECOND),
                (LinkPurpose.CONFIRM, b"3" * 32),
            )
        ]

    assert await storage.read(find) == [False, True, True]


async def test_invitation_lets_so_many_in_until_its_day(storage: Storage, ada: ActorKey) -> None:
    await storage.write(
        lambda uow: uow.invitations.add(FIRST, ada, at=NOW, until=LATER, max_uses=2)
    )

    def use(uow: UnitOfWork) -> list[bool]:
        return [uow.invitations.use(FIRST, at) is not None for at in (LATER, NOW, NOW, NOW)]

    assert await storage.write(use) == [False, True, True, False]
    assert await storage.read(lambda uow: uow.invitations.find(FIRST, NOW)) is None


async def test_invitations_are_taken_back_by_who_made_them(
    storage: Storage, ada: ActorKey, ben: ActorKey
) -> None:
    def act(uow: UnitOfWork) -> list[object]:
        made = uow.invitations.add(FIRST, ada, at=NOW, until=LATER, max_uses=1)
        uow.invitations.add(SECOND, None, at=NOW, until=LATER, max_uses=1)
        return [
            uow.invitations.count(ada, NOW),
            [one.id for one in uow.invitations.of_person(ada, NOW)] == [made],
            uow.invitations.end(ben, made),
            uow.invitations.end(ada, made),
            uow.invitations.count(ada, NOW),
        ]

    assert await storage.write(act) == [1, True, False, True, 0]


async def test_removed_account_leaves_nothing(storage: Storage, ada: ActorKey) -> None:
    def fill(uow: UnitOfWork) -> None:
        uow.sessions.start(ada, FIRST, at=NOW, address="", agent="")
        uow.account_links.put(LinkPurpose.RESET, FIRST, AccountLink(ada, None), until=LATER)
        uow.invitations.add(FIRST, ada, at=NOW, until=LATER, max_uses=1)
        uow.credentials.set_recovery_codes(ada, [FIRST])
        assert uow.accounts.remove(ada)

    await storage.write(fill)

    def left(uow: UnitOfWork) -> list[object]:
        return [
            uow.accounts.get(ada),
            uow.credentials.get(ada),
            uow.sessions.find(FIRST, used_after=NOW - timedelta(1)),
            uow.account_links.find(LinkPurpose.RESET, FIRST, NOW),
            uow.invitations.find(FIRST, NOW),
            uow.credentials.recovery_codes_left(ada),
            uow.accounts.remove(ada),
        ]

    assert await storage.write(left) == [None, None, None, None, None, 0, False]


async def test_what_has_expired_is_dropped(storage: Storage, ada: ActorKey) -> None:
    def fill(uow: UnitOfWork) -> None:
        uow.sessions.start(ada, FIRST, at=NOW, address="", agent="")
        uow.account_links.put(LinkPurpose.RESET, FIRST, AccountLink(ada, None), until=LATER)
        uow.invitations.add(FIRST, ada, at=NOW, until=LATER, max_uses=1)

    await storage.write(fill)
    kinds = (Prunable.SESSIONS, Prunable.ACCOUNT_LINKS, Prunable.INVITATIONS)

    async def dropped(at: datetime) -> list[int]:
        return [await storage.write(maintenance.prune, kind, to_ms(at)) for kind in kinds]

    assert await dropped(NOW) == [0, 0, 0]
    assert await dropped(NOW + timedelta(days=61)) == [1, 1, 1]
