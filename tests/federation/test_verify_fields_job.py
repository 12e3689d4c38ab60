"""Pages that a profile names are verified when they link back."""

import pytest

from communities.accounts import EditProfile, edit_profile
from communities.people import ActorKey, Person
from federation.errors import Failure, FetchForbidden, Forbidden, PeerUnreachable
from federation.exchanges import Write
from federation.policies import Policies
from federation.verify_fields_job import verify_fields_job
from federation.wanted_jobs import VERIFY_FIELDS_JOB, ask_verification
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import HOME, World
from tests.support.job_bench import Bench, Pages

PAGE = "https://ada.example/"
BACK = b'<a rel="me" href="https://noaber.example/@ada">noaber</a>'


class Files(Pages):
    """Pages by URL, handed on piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[str, bytes | Exception] = {}

    async def download(self, url: str, write: Write, *, max_bytes: int) -> int:
        self.asked.append(url)
        found = self.bodies[url]
        if isinstance(found, Exception):
            raise found
        for place in range(0, len(found), 7):
            await write(found[place : place + 7])
        return len(found)


@pytest.fixture
def web() -> Files:
    return Files()


@pytest.fixture
def bench(storage: Storage, clock: Clock, web: Files) -> Bench:
    job = verify_fields_job(storage, web, Policies(), HOME, now=clock)
    return Bench(storage, clock, {VERIFY_FIELDS_JOB: job})


@pytest.fixture
async def ada(storage: Storage) -> Person:
    return await storage.write(World().person, "ada")


async def name_pages(bench: Bench, person: Person, *values: str) -> None:
    def unit(uow: UnitOfWork) -> None:
        fields = tuple((f"Page {place}", value) for place, value in enumerate(values))
        edit_profile(uow, EditProfile(person_id=person.id, fields=fields))
        ask_verification(uow, person.id, at_ms=to_ms(bench.clock()))

    await bench.storage.write(unit)


async def verified(bench: Bench, person: Person) -> list[str]:
    def unit(uow: UnitOfWork) -> list[str]:
        profile = uow.actors.get(ActorKey(person.id))
        assert profile is not None
        return [address for address, _at in profile.extra.verified]

    return await bench.storage.read(unit)


async def test_a_page_that_links_back_is_verified(bench: Bench, web: Files, ada: Person) -> None:
    web.bodies = {PAGE: BACK, "https://ben.example/": b"<a rel=me href=https://x.example>x</a>"}

    await name_pages(bench, ada, PAGE, "https://ben.example/", "just words")
    await bench.run_all()

    assert await verified(bench, ada) == [PAGE]
    assert web.asked == [PAGE, "https://ben.example/"]


async def test_what_is_verified_is_not_asked_again_until_it_was_taken_away(
    bench: Bench, web: Files, ada: Person
) -> None:
    web.bodies = {PAGE: BACK}
    await name_pages(bench, ada, PAGE)
    await bench.run_all()

    await name_pages(bench, ada, PAGE, "bees")
    await bench.run_all()
    assert (await verified(bench, ada), web.asked) == ([PAGE], [PAGE])
    await name_pages(bench, ada, "bees")
    assert await verified(bench, ada) == []


@pytest.mark.parametrize(
    "error",
    [PeerUnreachable(Failure.TIMEOUT), FetchForbidden(Forbidden.ADDRESS, peer="ada.example")],
)
async def test_a_page_that_cannot_be_read_is_not_verified_and_the_job_ends(
    bench: Bench, web: Files, ada: Person, error: Exception
) -> None:
    web.bodies = {PAGE: error}

    await name_pages(bench, ada, PAGE)
    await bench.run_all()

    assert await verified(bench, ada) == []
    assert web.asked == [PAGE]


async def test_a_blocked_server_is_not_asked(
    storage: Storage, clock: Clock, web: Files, ada: Person
) -> None:
    policies = Policies(enabled=False)
    job = verify_fields_job(storage, web, policies, HOME, now=clock)
    bench = Bench(storage, clock, {VERIFY_FIELDS_JOB: job})

    await name_pages(bench, ada, PAGE)
    await bench.run_all()

    assert web.asked == []
