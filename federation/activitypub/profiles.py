"""Actors of peers into storage: profile, keys, and the policies of a community."""

from datetime import datetime

from communities.community import (
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
    PostingPolicy,
)
from communities.limits import MAX_DESCRIPTION
from communities.people import ActorKey
from communities.text import plain_text, sanitise
from federation.snowflakes import Snowflakes
from federation.wanted_jobs import NODEINFO_DELAY_MS, ask_nodeinfo
from protocols.activitypub.parsing_origins import host_of, origin
from protocols.activitypub.vocabulary import Actor, ActorType, Picture
from storage.actors import Profile, ProfileExtra
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

MAX_NAME_CHARACTERS = 500


def store_actor(uow: UnitOfWork, actor: Actor, *, at: datetime, snowflakes: Snowflakes) -> Profile:
    """Store or refresh an actor of a peer with its keys; the peer gets a row, too.

    The document must have been fetched from its own origin, or signed by its own key.
    """
    peer = origin(actor.id)
    if uow.peers.ensure(peer, at=at):
        ask_nodeinfo(uow, peer, at_ms=to_ms(at) + NODEINFO_DELAY_MS)
    key = ActorKey(snowflakes.mint_at(actor.published, received=at))
    profile = uow.actors.put(_profile(actor, key, at))
    keys = [(key.id, key.pem or key.multikey or "") for key in actor.keys]
    uow.keys.replace(profile.id, keys, fetched_at=at)
    if profile.kind == "community":
        uow.communities.put_remote(profile, _community(actor, profile))
    return profile


def _profile(actor: Actor, key: ActorKey, at: datetime) -> Profile:
    is_community = actor.type is ActorType.GROUP
    return Profile(
        id=key,
        uri=actor.id,
        kind="community" if is_community else "person",
        type=actor.type.value,
        localpart=actor.preferred_username,
        host=host_of(actor.id),
        name=plain_text(actor.name or "", MAX_NAME_CHARACTERS) or actor.preferred_username,
        inbox=actor.inbox,
        summary_html=sanitise(actor.summary_html or ""),
        url=actor.url,
        icon_url=actor.icon.url if actor.icon else None,
        image_url=actor.image.url if actor.image else None,
        shared_inbox=actor.shared_inbox,
        outbox=actor.outbox,
        followers_uri=actor.followers,
        featured_uri=actor.featured,
        moderators_uri=actor.moderators,
        locked=actor.manually_approves_followers,
        discoverable=actor.discoverable is not False,
        indexable=actor.indexable is True,
        moved_to=actor.moved_to,
        extra=ProfileExtra(
            fields=tuple(
                (plain_text(field.name, 255), sanitise(field.value_html)) for field in actor.fields
            ),
            also_known_as=actor.also_known_as,
            languages=actor.languages,
            matrix_user_id=actor.matrix_user_id,
            icon_description=_description(actor.icon),
            image_description=_description(actor.image),
        ),
        published_at=actor.published,
        fetched_at=at,
    )


def _description(picture: Picture | None) -> str:
    return "" if picture is None or picture.alt is None else picture.alt[:MAX_DESCRIPTION]


def _community(actor: Actor, profile: Profile) -> Community:
    """The policies of a peer's Group as Lemmy reads them, unless it says itself who may read it.

    Spec: Lemmy crates/apub objects `community_visibility`: manuallyApprovesFollowers is private,
    discoverable=false unlisted.
    """
    if actor.manually_approves_followers and actor.open_to_read is not True:
        visibility = CommunityVisibility.PRIVATE
    elif actor.discoverable is False:
        visibility = CommunityVisibility.UNLISTED
    else:
        visibility = CommunityVisibility.PUBLIC
    return Community(
        id=profile.id,
        uri=profile.uri,
        localpart=profile.localpart,
        host=profile.host,
        name=profile.name,
        kind=CommunityKind.GROUP,
        visibility=visibility,
        join=JoinPolicy.ASK if actor.manually_approves_followers else JoinPolicy.OPEN,
        posting=(
            PostingPolicy.MODERATORS if actor.posting_restricted_to_mods else PostingPolicy.ANYONE
        ),
        sensitive=actor.sensitive,
        description_html=profile.summary_html,
        followers_uri=profile.followers_uri,
        moderators_uri=profile.moderators_uri,
        featured_uri=profile.featured_uri,
    )
