"""Running the jobs of federation by hand, against peers that serve what a test wrote down."""

from collections.abc import Mapping
from datetime import timedelta

from federation.activitypub.act import Context
from federation.client import Client
from federation.documents import ACTIVITY_DOCUMENT, Fetched, Wanted
from federation.errors import PeerRefused
from federation.signing import Signer
from federation.snowflakes import Snowflakes
from node.jobs import JobHandler, JobRunner
from node.metrics import Metrics
from node.tasks import Tasks
from protocols.activitypub.vocabulary import Document
from protocols.strict_json import JsonObject
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.factories import HOME


class Pages(Client):
    """Documents by URL; an error is raised. Remembers what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, JsonObject | Exception] = {}
        self.asked: list[str] = []

    async def get_json(
        self, url: str, wanted: Wanted = ACTIVITY_DOCUMENT, *, signer: Signer | None = None
    ) -> Fetched:
        self.asked.append(url)
        found = self.pages.get(url)
        if found is None:
            raise PeerRefused(404)
        if isinstance(found, Exception):
            raise found
        return Fetched(url=url, status=200, document=found, body=b"", headers={})


class Documents:
    """Parsed documents by id; None where nothing is written down."""

    def __init__(self) -> None:
        self.documents: dict[str, Document | Exception] = {}
        self.asked: list[str] = []

    async def fetch(self, uri: str) -> Document | None:
        self.asked.append(uri)
        found = self.documents.get(uri)
        if isinstance(found, Exception):
            raise found
        return found


class Bench:
    """A job runner with a clock."""

    def __init__(self, storage: Storage, clock: Clock, handlers: Mapping[str, JobHandler]) -> None:
        self.storage = storage
        self.clock = clock
        self.runner = JobRunner(storage, handlers, Tasks(), Metrics(), now=clock)

    async def run(self) -> int:
        """Run what is due; how many runs that were."""
        return await self.runner.step()

    async def run_all(self, most: int = 500) -> int:
        """Run jobs and let time pass until none is left; how many runs that were."""
        runs = 0
        while await self.left():
            runs += await self.run()
            self.clock.advance(timedelta(seconds=10))
            assert runs < most
        return runs

    async def left(self) -> int:
        """How many jobs wait."""
        counts = await self.storage.read(lambda uow: uow.jobs.counts())
        return sum(waiting for waiting, _failed in counts.values())


def context(clock: Clock) -> Context:
    """Names and numbers of the node of `factories`."""
    return Context(uris=HOME, snowflakes=Snowflakes(clock, first=0))
