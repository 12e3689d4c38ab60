"""Where everything is put together: settings in, a running node out. The only file that knows all.

A `Node` can be built without listening (commands, tests) and then run (`serve`): `open_node`
opens storage, client and federation; `Node.start` begins the background loops.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from aiohttp import web

from communities.registration import RegistrationMode
from federation.activitypub import outbound
from federation.activitypub.act import Context
from federation.activitypub.resolve import Resolver
from federation.addresses import parse_networks
from federation.client import Client
from federation.delivery import Deliverer
from federation.exchanges import ClientLimits
from federation.inbox import InboxReceiver
from federation.keys import OwnKeys, PeerKeys
from federation.policies import Policies
from federation.signing import RequestSigning, SigningPool
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node import notifying, searching
from node.acting import Acting
from node.app import Parts, Route, build_app
from node.app_side import AppSide, build_app_side
from node.clock import now
from node.consumers import Consumer, Consumers
from node.finding import Finder
from node.first_start import fix_names, is_readable, node_signer
from node.ground import Ground
from node.health import Readiness
from node.job_kinds import JobTools, job_handlers
from node.jobs import JobRunner
from node.maintenance import Maintenance
from node.mastodon.replies import API_DIALECT
from node.metrics import Metrics, watch_loop_lag
from node.peer_http.actors import ActorDocuments
from node.peer_http.documents import Readers
from node.peer_http.inbox import inbox_routes
from node.peer_http.objects import PostDocuments
from node.peer_http.well_known import WellKnown
from node.peer_side import PeerSide, build_peer_side
from node.settings import Settings
from node.tasks import Tasks
from node.web.pages import error_page
from node.web.site import Site
from node.web.surface import web_routes
from node.web.thread_pages import thread_page
from storage import schema
from storage.engine import make_engine
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import DELIVERIES, EVENTS, JOBS, UnitOfWork

QUEUE_SECONDS = 5.0


log = logging.getLogger(__name__)

STOP_SECONDS = 4.0
"""What background work gets to end: with what requests get, a stop stays under ten seconds."""


@dataclass(slots=True, kw_only=True)
class Node:
    """A node put together; its parts for commands, tests and surfaces."""

    settings: Settings
    storage: Storage
    uris: Uris
    snowflakes: Snowflakes
    context: Context
    client: Client
    peer_keys: PeerKeys
    own_keys: OwnKeys
    policies: Policies
    inbox: InboxReceiver
    deliverer: Deliverer
    consumers: Consumers
    jobs: JobRunner
    tasks: Tasks
    metrics: Metrics
    readiness: Readiness
    readers: Readers
    resolver: Resolver
    acting: Acting
    finder: Finder
    apps: AppSide

    async def start(self) -> None:
        """Begin the background loops."""
        await self.apps.start(self.tasks)
        await self.consumers.prepare()
        await self.jobs.prepare()
        self.storage.on_commit(EVENTS, self.consumers.wake)
        self.storage.on_commit(JOBS, self.jobs.wake)
        self.storage.on_commit(DELIVERIES, self.deliverer.wake)
        self.storage.writer.figures.observers.append(self.metrics.writer_batch)
        self.tasks.keep(self.deliverer.settle_for_ever, "settle deliveries")
        self.tasks.keep(self.deliverer.run, "deliveries")
        for consumer in self.consumers.consumers:
            self.tasks.keep(lambda one=consumer: self.consumers.run(one), consumer.name)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        self.tasks.keep(self.jobs.run, "jobs")
        self.tasks.keep(lambda: watch_loop_lag(self.metrics), "loop lag")
        self.tasks.keep(self._watch_queues, "queue depths")
        sweeps = (self.apps.housekeeping.sweep, self.apps.accounts.sweep)
        keeper = Maintenance(storage=self.storage, now=now, besides=sweeps)
        self.tasks.keep(keeper.run, "maintenance")

    async def _watch_queues(self) -> None:
        """Show every few seconds what waits."""
        while True:
            self.metrics.queue_depth("writer", self.storage.writer.waiting)
            self.metrics.queue_depth("deliveries", self.deliverer.waiting)
            await asyncio.sleep(QUEUE_SECONDS)

    async def stop(self) -> None:
        """End the loops, and write down what they had settled."""
        await self.tasks.stop(within=STOP_SECONDS)
        await self.deliverer.settle()
        await self.apps.close()

    def app(self) -> web.Application:
        """The HTTP application with every route of the node."""
        app = build_app(
            Parts(
                settings=self.settings.http,
                routes=self.routes(),
                readiness=self.readiness,
                metrics=self.metrics,
                guards=self.apps.guards(),
                error_page=error_page(self.site()),
                dialects=(API_DIALECT,),
            )
        )
        app.on_shutdown.append(self.apps.hang_up)
        return app

    def site(self) -> Site:
        """The node as its pages see it."""
        return Site(
            storage=self.storage,
            uris=self.uris,
            title=self.settings.title,
            languages=self.settings.node.languages,
            contact=self.settings.node.contact,
            source=self.settings.node.source,
            now=now,
            media=self.apps.media.urls,
            instance=self.settings.instance,
        )

    def routes(self) -> list[Route]:
        """The table of routes."""
        posts = PostDocuments(
            storage=self.storage,
            uris=self.uris,
            readers=self.readers,
            page=thread_page(self.site()),
            now=now,
        )
        actors = ActorDocuments(storage=self.storage, uris=self.uris, readers=self.readers, now=now)
        known = WellKnown(
            storage=self.storage,
            uris=self.uris,
            title=self.settings.title,
            source=self.settings.node.source,
            now=now,
            open_registrations=self.settings.registration.mode is RegistrationMode.OPEN,
        )
        inboxes = inbox_routes(self.inbox, self.metrics)
        pages = web_routes(self.site())
        apps = self.apps.routes(self.site())
        return [*inboxes, *actors.routes(), *posts.routes(), *known.routes(), *pages, *apps]


@asynccontextmanager
async def open_node(settings: Settings) -> AsyncIterator[Node]:
    """Open everything a node needs; close it in the other order.

    Raises:
        StorageError: the database cannot be opened or brought to its schema.
    """
    engine = make_engine(settings.database_url.reveal())
    settings.node.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema.prepare(engine, snapshot_dir=settings.node.data_dir, progress=log.info)
    storage = Storage(
        engine, max_waiting=settings.limits.writer_queue, readers=settings.database.readers
    )
    pool = SigningPool()
    tasks = Tasks()
    try:
        signing = RequestSigning(pool, now)
        networks = parse_networks([str(net) for net in settings.federation.allow_networks.items])
        client = Client(
            user_agent=f"noaber/{version('noaber')} (+{settings.base_url})",
            signing=signing,
            allow_networks=networks,
            limits=ClientLimits(
                requests=settings.federation.max_sockets, kept=settings.federation.max_sockets
            ),
        )
        async with client:
            yield await _put_together(settings, storage, client, tasks)
    finally:
        await storage.close()
        pool.close()


async def _put_together(settings: Settings, storage: Storage, client: Client, tasks: Tasks) -> Node:
    ground = await _ground(settings, storage, client, tasks)
    peers = await build_peer_side(ground)
    uris, snowflakes, metrics = ground.uris, ground.snowflakes, ground.metrics
    acting = Acting(storage=storage, uris=uris, snowflakes=snowflakes, now=now)
    finder = Finder(
        storage=storage,
        client=client,
        resolver=peers.resolver,
        policies=peers.policies,
        uris=uris,
        snowflakes=snowflakes,
        now=now,
    )
    apps = await build_app_side(ground, peers.policies, acting, finder)
    handlers = {**apps.jobs(), **job_handlers(_job_tools(ground, peers))}
    return Node(
        acting=acting,
        finder=finder,
        apps=apps,
        settings=settings,
        storage=storage,
        uris=uris,
        snowflakes=snowflakes,
        context=ground.context,
        client=client,
        peer_keys=peers.peer_keys,
        own_keys=ground.own_keys,
        policies=peers.policies,
        inbox=peers.inbox,
        deliverer=peers.deliverer,
        consumers=_consumers(settings, storage, uris, metrics),
        jobs=JobRunner(storage, handlers, tasks, metrics, now=now),
        tasks=tasks,
        metrics=metrics,
        readiness=Readiness({"database": lambda: storage.read(is_readable)}),
        readers=peers.readers,
        resolver=peers.resolver,
    )


async def _ground(settings: Settings, storage: Storage, client: Client, tasks: Tasks) -> Ground:
    epoch = await storage.write(fix_names, settings.node.domain, settings.web_host)
    uris = Uris(base=settings.base_url, domain=settings.node.domain, epoch=epoch)
    snowflakes = Snowflakes(now, first=secrets.randbits(26))
    own_keys = OwnKeys(storage)
    return Ground(
        settings=settings,
        storage=storage,
        client=client,
        context=Context(uris=uris, snowflakes=snowflakes),
        own_keys=own_keys,
        signer=await node_signer(storage, uris, snowflakes, own_keys, now()),
        tasks=tasks,
        metrics=Metrics(),
    )


def _job_tools(ground: Ground, peers: PeerSide) -> JobTools:
    return JobTools(
        storage=ground.storage,
        client=ground.client,
        resolver=peers.resolver,
        reader=peers.reader,
        policies=peers.policies,
        context=ground.context,
        signer=peers.signer,
        backfill_max_posts=ground.settings.federation.backfill_max_posts,
        now=now,
    )


def _consumers(settings: Settings, storage: Storage, uris: Uris, metrics: Metrics) -> Consumers:
    """Everyone who acts on the event log."""
    backfill = settings.federation.backfill

    def tell(uow: UnitOfWork, at_ms: int, most: int) -> int:
        return outbound.step(uow, uris, at_ms, most, wants_backfill=backfill)

    return Consumers(
        storage=storage,
        consumers=(
            Consumer(name=outbound.CURSOR, step=tell),
            Consumer(name=notifying.CURSOR, step=notifying.step),
            Consumer(name=searching.CURSOR, step=searching.step),
        ),
        metrics=metrics,
        now_ms=lambda: to_ms(now()),
    )
