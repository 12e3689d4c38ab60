"""What the node says about itself: to apps before they sign in, and to who wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version

from aiohttp import web

from communities import limits
from communities.errors import NotFound
from communities.hashtags import MAX_FEATURED_TAGS
from communities.people import ActorKey
from communities.registration import RegistrationMode
from communities.text import render_markdown
from node.app import Access, Handler, Route
from node.founding import NODE_LOCALPART
from node.mastodon import allowances
from node.mastodon.desk import Desk
from node.mastodon.remembering import Remembered
from node.mastodon.replies import reply
from node.media.desk import supported_types
from node.settings import FederationMode, Settings
from node.web.static_files import static_href
from protocols.mastodon import instance as shapes
from protocols.mastodon.accounts import Entity
from storage.instance_facts import Week
from storage.peers import PeerPolicy
from storage.unit_of_work import UnitOfWork

MASTODON = "4.6.0"
"""The version of Mastodon whose API this is like."""
API_VERSIONS = {"mastodon": 6, "groups.noaber": 1}
"""Of Mastodon's, the newest whose additions are all there; of ours, of `protocols.mastodon`."""
DEPRECATED = {"Deprecation": "@1668384000"}
"""Since Mastodon 4.0, of 14 November 2022."""
MONTH = timedelta(days=30)
_VIDEO_PIXELS = 3840 * 2160
_FRAMES_A_SECOND = 120


def instance_routes(desk: Desk) -> list[Route]:
    """The instance in both versions, and all below /api/v1/instance."""
    told = _Instance(desk)
    below = "/api/v1/instance"
    public: tuple[tuple[str, Handler, str], ...] = (
        ("/api/v2/instance", told.second, "api-instance"),
        (below, told.first, "api-v1-instance"),
        (f"{below}/peers", told.peers, "api-instance-peers"),
        (f"{below}/activity", told.activity, "api-instance-activity"),
        (f"{below}/rules", told.rules, "api-instance-rules"),
        (f"{below}/extended_description", told.about, "api-instance-about"),
        (f"{below}/privacy_policy", told.privacy_policy, "api-instance-privacy-policy"),
        (f"{below}/terms_of_service", told.terms, "api-instance-terms"),
        (f"{below}/terms_of_service/{{date}}", told.terms_of, "api-instance-terms-of"),
        (f"{below}/translation_languages", told.translations, "api-instance-translations"),
        ("/api/v1/custom_emojis", told.emojis, "api-emojis"),
    )
    return [
        *(
            Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)
            for path, handler, name in public
        ),
        Route(
            method="GET",
            path=f"{below}/domain_blocks",
            handler=told.domain_blocks,
            access=Access.APP_USER,
            name="api-instance-domain-blocks",
            scope="read",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    people: int
    posts: int
    active_month: int
    peers: int
    contact: Entity | None


class _Instance:
    """Handlers; what is counted is kept for some minutes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settings = desk.settings
        read = desk.storage.read
        self._counted = Remembered(
            lambda: read(self._count, desk.now()), desk.now, timedelta(minutes=5)
        )
        self._weeks = Remembered(lambda: read(_weeks, desk.now()), desk.now, timedelta(hours=1))
        self._peers = Remembered(lambda: read(_peers), desk.now, timedelta(minutes=5))

    async def second(self, _request: web.Request) -> web.Response:
        return reply(shapes.instance(await self._facts()))

    async def first(self, _request: web.Request) -> web.Response:
        return reply(shapes.instance_v1(await self._facts()), headers=DEPRECATED)

    async def peers(self, _request: web.Request) -> web.Response:
        return reply(await self._peers())

    async def activity(self, _request: web.Request) -> web.Response:
        return reply(
            [
                shapes.week(
                    week.begins,
                    statuses=week.posts,
                    logins=week.writers,
                    registrations=week.newcomers,
                )
                for week in await self._weeks()
            ]
        )

    async def rules(self, _request: web.Request) -> web.Response:
        return reply(shapes.rules(self._settings.instance.rules))

    async def about(self, _request: web.Request) -> web.Response:
        return reply(shapes.extended_description(self._about))

    async def privacy_policy(self, _request: web.Request) -> web.Response:
        if self._privacy is None:
            raise NotFound("This node has no privacy policy")
        since = date.fromisoformat(self._settings.instance.privacy_policy_since)
        begins = datetime(since.year, since.month, since.day, tzinfo=UTC)
        return reply(shapes.privacy_policy(self._privacy, begins))

    async def terms(self, _request: web.Request) -> web.Response:
        if self._terms is None:
            raise NotFound("This node has no terms of service")
        since = date.fromisoformat(self._settings.instance.terms_since)
        return reply(shapes.terms_of_service(self._terms, since, self._desk.now().date()))

    async def terms_of(self, request: web.Request) -> web.Response:
        if request.match_info["date"] != self._settings.instance.terms_since:
            raise NotFound("There were no terms of that day")
        return await self.terms(request)

    async def translations(self, _request: web.Request) -> web.Response:
        return reply({})

    async def emojis(self, _request: web.Request) -> web.Response:
        return reply([])

    async def domain_blocks(self, _request: web.Request) -> web.Response:
        found = await self._desk.storage.read(_domain_blocks)
        return reply([shapes.domain_block(domain, severity) for domain, severity in found])

    @cached_property
    def _about(self) -> str:
        return render_markdown(self._settings.instance.about)

    @cached_property
    def _privacy(self) -> str | None:
        text = self._settings.instance.privacy_policy
        return None if text is None else render_markdown(text)

    @cached_property
    def _terms(self) -> str | None:
        text = self._settings.instance.terms
        return None if text is None else render_markdown(text)

    @cached_property
    def _allowed(self) -> shapes.Allowed:
        return _allowed(self._settings)

    async def _facts(self) -> shapes.InstanceFacts:
        settings, counted = self._settings, await self._counted()
        base = self._desk.uris.base
        return shapes.InstanceFacts(
            domain=self._desk.uris.domain,
            base=base,
            title=settings.title,
            version=f"{MASTODON} (compatible; noaber {version('noaber')})",
            source_url=settings.node.source or f"{base}/about",
            description=settings.instance.description,
            thumbnail=base + static_href("header.png"),
            icons=((base + static_href("avatar.png"), "400x400"),),
            languages=settings.node.languages,
            email=_email(settings.node.contact),
            contact_account=counted.contact,
            rules=settings.instance.rules,
            allowed=self._allowed,
            door=_door(settings),
            api_versions=API_VERSIONS,
            push_key=self._desk.push_key.public,
            limited_federation=settings.federation.mode is FederationMode.ALLOW_LIST,
            active_month=counted.active_month,
            people=counted.people,
            posts=counted.posts,
            peers=counted.peers,
            pages={"about": f"{base}/about"},
        )

    def _count(self, uow: UnitOfWork, at: datetime) -> _Counted:
        usage = uow.directory.usage()
        return _Counted(
            people=usage.people,
            posts=usage.posts + usage.comments,
            active_month=uow.directory.active_since(at - MONTH),
            peers=uow.instance_facts.peer_count(),
            contact=self._contact(uow),
        )

    def _contact(self, uow: UnitOfWork) -> Entity | None:
        """The account to turn to: the one of the settings, the oldest one, or the node's own."""
        named = self._settings.instance.contact_account
        found = [
            _key_of(uow, named) if named else None,
            uow.instance_facts.oldest_person(),
            _key_of(uow, NODE_LOCALPART),
        ]
        accounts = self._desk.presenter.accounts(uow, [key for key in found if key is not None])
        return next((accounts[key] for key in found if key in accounts), None)


def _key_of(uow: UnitOfWork, name: str) -> ActorKey | None:
    profile = uow.actors.by_name(name.lstrip("@").lower(), None)
    return None if profile is None else profile.id


def _weeks(uow: UnitOfWork, at: datetime) -> Sequence[Week]:
    return uow.instance_facts.weeks(at)


def _peers(uow: UnitOfWork) -> Sequence[str]:
    return uow.instance_facts.peers()


def _domain_blocks(uow: UnitOfWork) -> list[tuple[str, str]]:
    severities = {PeerPolicy.BLOCK: "suspend", PeerPolicy.LIMIT: "silence"}
    return [
        (peer.origin.partition("://")[2], severities[peer.policy])
        for peer in uow.peers.decided()
        if peer.policy in severities
    ]


def _email(contact: str | None) -> str:
    """The operator's address, if it is one of mail."""
    return contact if contact is not None and "@" in contact and "/" not in contact else ""


def _door(settings: Settings) -> shapes.Door:
    rules = settings.registration
    is_approved = rules.mode is RegistrationMode.APPROVAL
    return shapes.Door(
        is_open=is_approved or rules.mode is RegistrationMode.OPEN,
        is_approved=is_approved,
        by_invitation=rules.mode is RegistrationMode.INVITE,
        message=rules.message,
        min_age=rules.min_age or None,
        reason_required=is_approved and rules.ask_reason,
    )


def _allowed(settings: Settings) -> shapes.Allowed:
    media = settings.media
    return shapes.Allowed(
        characters=allowances.MAX_CHARACTERS,
        characters_of_url=allowances.CHARACTERS_OF_URL,
        attachments=limits.MAX_ATTACHMENTS,
        media_types=supported_types(),
        image_bytes=media.image_bytes,
        image_pixels=media.image_pixels,
        video_bytes=media.video_bytes,
        video_pixels=_VIDEO_PIXELS,
        frames_a_second=_FRAMES_A_SECOND,
        alt_characters=limits.MAX_DESCRIPTION,
        poll_options=allowances.MAX_POLL_OPTIONS,
        option_characters=allowances.MAX_OPTION_CHARACTERS,
        shortest_poll=int(allowances.SHORTEST_POLL.total_seconds()),
        longest_poll=int(allowances.LONGEST_POLL.total_seconds()),
        featured_tags=MAX_FEATURED_TAGS,
        profile_pins=allowances.MAX_PROFILE_PINS,
        name_characters=limits.MAX_NAME,
        note_characters=limits.MAX_ABOUT,
        fields=limits.MAX_FIELDS,
        field_characters=limits.MAX_FIELD,
    )
