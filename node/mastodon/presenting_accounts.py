"""Accounts as apps see them: facts of people and communities from what is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from communities.community import Community, CommunityKind, JoinPolicy
from communities.fields import render_field
from communities.people import ActorState
from federation.uris import Uris
from protocols.mastodon.accounts import AccountFacts, Standing
from storage.actors import Profile
from storage.post_pages import ActorCounts, ActorRow
from storage.times import from_ms

PictureUrl = Callable[[str], str]
"""From where a picture of a peer is served to apps."""

_BOTS = frozenset({"Service", "Application"})
_GONE = (ActorState.SUSPENDED, ActorState.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of accounts: those of a peer through `shown_at`, else one of ours."""

    avatar: str
    header: str
    shown_at: PictureUrl


def moment_of(key: int) -> datetime:
    """The time that a key carries."""
    return datetime.fromtimestamp((key >> 16) / 1000, UTC)


def acct(localpart: str, host: str | None) -> str:
    """How apps name an actor: the name alone for those of this node."""
    return localpart if host is None else f"{localpart}@{host}"


def page_url(uris: Uris, profile: Profile) -> str:
    """The page of an actor for people."""
    if not profile.is_local:
        return profile.url or profile.uri
    if profile.kind == "community":
        return uris.community_page(profile.localpart)
    return uris.person_page(profile.localpart)


def account_facts(row: ActorRow, uris: Uris, pictures: Pictures) -> AccountFacts:
    """What an Account says of a person or community; of one that is gone only the name."""
    profile, community = row.profile, row.community
    is_gone = profile.state in _GONE
    return AccountFacts(
        id=profile.id,
        username=profile.localpart,
        acct=acct(profile.localpart, profile.host),
        display_name="" if is_gone else profile.name,
        uri=profile.uri,
        url=page_url(uris, profile),
        note="" if is_gone else profile.summary_html,
        avatar=_picture(None if is_gone else profile.icon_url, pictures.avatar, pictures),
        header=_picture(None if is_gone else profile.image_url, pictures.header, pictures),
        created_at=profile.published_at or moment_of(profile.id),
        locked=_asks_first(profile, community),
        bot=community is None and profile.type in _BOTS,
        group=community is not None and community.kind is not CommunityKind.PAGE,
        discoverable=profile.discoverable,
        indexable=profile.indexable,
        suspended=is_gone,
        limited=profile.state is ActorState.LIMITED,
        hide_collections=profile.extra.hide_collections,
        avatar_description="" if is_gone else profile.extra.icon_description,
        header_description="" if is_gone else profile.extra.image_description,
        fields=() if is_gone else _fields(profile, community),
        verified={render_field(url): from_ms(at_ms) for url, at_ms in profile.extra.verified},
    )


def _picture(url: str | None, otherwise: str, pictures: Pictures) -> str:
    return otherwise if url is None else pictures.shown_at(url)


def _asks_first(profile: Profile, community: Community | None) -> bool:
    """Whether who follows has to wait. Spec: reference client-apis 2.2 ("locked")."""
    return profile.locked or (community is not None and community.join is not JoinPolicy.OPEN)


def _fields(profile: Profile, community: Community | None) -> tuple[tuple[str, str], ...]:
    if community is None:
        return profile.extra.fields
    return (("Type", community.kind.value.capitalize()), *profile.extra.fields)


def standing_of(row: ActorRow, counts: ActorCounts) -> Standing:
    """What is counted of an actor, as its Account says it."""
    return Standing(
        followers=counts.followers if row.community is None else row.members,
        following=counts.following,
        statuses=counts.posts,
        last_status_on=moment_of(counts.newest).date() if counts.newest else None,
    )
