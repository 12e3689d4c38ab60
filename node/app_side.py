"""The parts that people and apps meet, made of the settings. Only `node.compose` calls it."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import web

from communities.people import ActorKey
from federation.addresses import parse_networks
from federation.fetch_budget import FetchBudget
from federation.policies import Policies
from node.accounts.desk import AccountDesk, account_desk
from node.acting import Acting
from node.app import Access, Guard, Route
from node.app_guards import AppGuards
from node.app_tokens import Tokens
from node.clock import now
from node.finding import Finder
from node.first_start import media_secret
from node.ground import Ground
from node.jobs import JobHandler
from node.mastodon.announcements import fresh_entity
from node.mastodon.desk import Desk
from node.mastodon.presenting import Presenter
from node.mastodon.presenting_streams import StreamRenderer
from node.mastodon.publishing import PUBLISH_JOB
from node.mastodon.scheduled import publish_scheduled_job
from node.mastodon.surface import api_routes
from node.media.desk import MediaDesk
from node.media.freeing import MediaHousekeeping
from node.media.remote import RemoteMedia, Source
from node.media.serving import media_routes
from node.media.urls import MediaUrls
from node.notifying import POLL_JOB, poll_job
from node.oauth.desk import OAuthDesk
from node.oauth.surface import oauth_routes
from node.push.delivering import Pusher
from node.push.keys import PushKey, node_push_key
from node.push.wanted import PUSH_JOB
from node.rates import Rates
from node.streaming.doors import Doors
from node.streaming.hub import Hub
from node.tasks import Tasks
from node.web.account_surface import account_routes
from node.web.letter_words import letter_writer
from node.web.personal import AccountSite
from node.web.site import Site
from protocols.mastodon.accounts import Entity
from storage.announcements import Announcement
from storage.blobs import BlobFiles
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSide:
    """Accounts, tokens, the API and media, put together."""

    desk: Desk
    accounts: AccountDesk
    tokens: Tokens
    rates: Rates
    media: MediaDesk
    remote_media: RemoteMedia
    housekeeping: MediaHousekeeping
    pusher: Pusher

    def routes(self, site: Site) -> list[Route]:
        """Every route of theirs."""
        pages = AccountSite(site=site, desk=self.accounts)
        oauth = OAuthDesk(api=self.desk, pages=pages, rates=self.rates)
        return [
            *api_routes(self.desk),
            *oauth_routes(oauth),
            *account_routes(site, self.accounts),
            *media_routes(self.media),
            *self.remote_media.routes(),
        ]

    def guards(self) -> dict[Access, Guard]:
        """Who lets callers in."""
        return {**AppGuards(self.tokens, self.rates).table(), **self.accounts.guards()}

    def jobs(self) -> Mapping[str, JobHandler]:
        """What is done later."""
        return {
            **self.accounts.letters,
            PUBLISH_JOB: publish_scheduled_job(self.desk),
            POLL_JOB: poll_job(self.desk.storage, now=self.desk.now),
            PUSH_JOB: self.pusher,
        }

    async def start(self, tasks: Tasks) -> None:
        """Begin what goes on in the background."""
        await self.housekeeping.start()
        tasks.keep(self.tokens.run, "tokens")
        tasks.keep(self.desk.streams.run, "streams")

    def announce(self, new: Announcement) -> None:
        """Tell apps that listen of an announcement of the operator."""
        payload = msgspec.json.encode(fresh_entity(new)).decode()
        self.desk.streams.announce("announcement", payload)

    def take_back_announcement(self, number: int) -> None:
        """Tell them that it is gone."""
        self.desk.streams.announce("announcement.delete", str(number))

    async def hang_up(self, _app: web.Application) -> None:
        """End what clients listen to, which would keep the node from stopping."""
        self.desk.streams.close()

    async def close(self) -> None:
        """End the processes that decode."""
        await self.media.close()


async def build_app_side(
    ground: Ground, policies: Policies, acting: Acting, finder: Finder
) -> AppSide:
    """Build it; keys and secrets of the node are made at the first start."""
    settings = ground.settings
    urls = MediaUrls(ground.uris, await media_secret(ground.storage), now)
    media = MediaDesk(
        settings=settings.media,
        storage=ground.storage,
        files=BlobFiles(settings.node.data_dir / "media"),
        urls=urls,
        spawn=ground.tasks.spawn,
        mint=ground.snowflakes.mint,
        now=now,
    )
    accounts = account_desk(
        settings=settings,
        storage=ground.storage,
        uris=ground.uris,
        snowflakes=ground.snowflakes,
        write=letter_writer(title=settings.title, languages=settings.node.languages, now=now),
        now=now,
    )
    presenter = Presenter(uris=ground.uris, media=urls)
    push_key = await node_push_key(ground.storage)
    tokens = Tokens(ground.storage, now=now)
    return AppSide(
        desk=Desk(
            settings=settings,
            storage=ground.storage,
            uris=ground.uris,
            snowflakes=ground.snowflakes,
            acting=acting,
            finder=finder,
            presenter=presenter,
            push_key=push_key,
            media=media,
            streams=_streams(ground, presenter),
            doors=Doors(identify=tokens.identify, on_end=tokens.on_end, spawn=ground.tasks.spawn),
            now=now,
        ),
        accounts=accounts,
        tokens=tokens,
        rates=Rates(now=now, address_of=accounts.address_of, off=not settings.limits.client_rates),
        media=media,
        remote_media=_remote_media(ground, policies, media),
        housekeeping=MediaHousekeeping(media=media),
        pusher=_pusher(ground, presenter, push_key),
    )


def _pusher(ground: Ground, presenter: Presenter, key: PushKey) -> Pusher:
    def account_of(uow: UnitOfWork, actor_id: ActorKey) -> Entity | None:
        return presenter.accounts(uow, [actor_id]).get(actor_id)

    settings = ground.settings
    return Pusher(
        storage=ground.storage,
        client=ground.client,
        key=key,
        account_of=account_of,
        subject=ground.uris.base,
        now=now,
        language=settings.node.languages[0],
        allow_networks=parse_networks(
            [str(net) for net in settings.federation.allow_networks.items]
        ),
    )


def _streams(ground: Ground, presenter: Presenter) -> Hub:
    renderer = StreamRenderer(presenter=presenter)
    return Hub(ground.storage, renderer, ground.settings.streaming, now=now)


def _remote_media(ground: Ground, policies: Policies, media: MediaDesk) -> RemoteMedia:
    # Apart from the budget of documents, which must not wait for pictures.
    budget = FetchBudget(ground.settings.limits.fetches_per_minute, now=now)
    source = Source(client=ground.client, policies=policies, budget=budget)
    return RemoteMedia(media, source)
