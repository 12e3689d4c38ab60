"""What a community elsewhere published before anyone here followed it, read from its collections.

A post counts when its own server gave it, alone or in one of its collections: everything else is
only named, to be fetched from where it lives. Posts take the path that announced ones take.

Spec: FEP-7888 and FEP-f228 (context); FEP-1b12 (moderators, featured); FEP-fe34; reference
activitypub 3.2.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from communities import appointing, moderation
from communities.appointing import ChangeRole
from communities.community import Community
from communities.errors import DomainError
from communities.membership import Role
from communities.moderation import ModeratePost
from communities.people import ActorKey
from communities.posts import PostKey
from federation.activitypub.act import Act, Context
from federation.activitypub.handle_posts import publish
from protocols.activitypub.audience import community_candidates
from protocols.activitypub.parsing import parse_collection, parse_document
from protocols.activitypub.parsing_origins import origin, same_origin
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityObject,
    ActivityType,
    ActorId,
    Document,
    Post,
    Tombstone,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject
from storage.unit_of_work import UnitOfWork

MOST_LISTED = 100
"""Items taken of one page: a unit of work stores what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a collection, or a page of one, lists.

    Attributes:
        posts: those that the server of the collection vouches for.
        ids: everything else, to be fetched.
        following: the next page, of the same server.
    """

    posts: tuple[Post, ...]
    ids: tuple[str, ...]
    following: str | None


def read_list(raw: JsonObject, url: str) -> Listed:
    """The items of the collection found at a URL: posts, and activities around posts.

    Raises:
        RemoteProtocolError: it is no collection, or that of another server.
    """
    collection = parse_collection(raw)
    if collection.id is not None and not same_origin(collection.id, url):
        raise RemoteProtocolError("The collection is not of the server it was found at.")
    posts: list[Post] = []
    ids: list[str] = []
    for item in collection.items[:MOST_LISTED]:
        found = item if isinstance(item, str) else _innermost(item)
        if isinstance(found, Post) and _is_vouched_for(found, url):
            posts.append(found)
        elif isinstance(found, str):
            ids.append(found)
        elif found is not None and not isinstance(found, Tombstone) and found.id is not None:
            ids.append(found.id)
    following = collection.next or (None if collection.items else collection.first)
    if following is not None and (following == url or not same_origin(following, url)):
        following = None
    return Listed(posts=tuple(posts), ids=tuple(ids), following=following)


def _innermost(item: object) -> ActivityObject | None:
    """What an activity is about in the end; None for what cannot be read."""
    if not isinstance(item, dict):
        return None
    try:
        found: Document | ActivityObject | None = parse_document(item)
    except RemoteProtocolError:
        return None
    while isinstance(found, Activity):
        found = found.object
    return found


def _is_vouched_for(post: Post, url: str) -> bool:
    return same_origin(post.id, url) and same_origin(post.id, post.attributed_to)


def belongs(uow: UnitOfWork, community: Community, post: Post) -> bool:
    """Whether a post is for everyone and of this community: by its own words or its thread."""
    if PUBLIC not in post.to and PUBLIC not in post.cc:
        return False
    if post.in_reply_to is not None:
        parent = uow.posts.by_uri(post.in_reply_to)
        return parent is not None and parent.community_id == community.id
    return community.uri in community_candidates(post, None)


def unknown_authors(uow: UnitOfWork, community: Community, posts: Iterable[Post]) -> list[str]:
    """Ids of authors that have to be fetched before these posts can be stored, once each."""
    wanted = dict.fromkeys(
        post.attributed_to
        for post in posts
        if uow.posts.key_of(post.id) is None
        and (post.in_reply_to is not None or belongs(uow, community, post))
        and uow.actors.key_of(post.attributed_to) is None
    )
    return [*wanted]


def store(
    uow: UnitOfWork, community: Community, posts: Sequence[Post], context: Context, at: datetime
) -> list[Post]:
    """Record posts as the community's, as far as the domain takes them; those that were new."""
    act = _word_of(community, at)
    stored = []
    for post in posts:
        if context.uris.is_ours(post.id) or uow.posts.key_of(post.id) is not None:
            continue
        if post.is_poll_vote or not belongs(uow, community, post):
            continue
        with suppress(DomainError, RemoteProtocolError):
            publish(uow, post, act, context)
            stored.append(post)
    return stored


def _word_of(community: Community, at: datetime) -> Act:
    """The community's own word about posts that were found in its collections."""
    said = Activity(
        id=None,
        type=ActivityType.ANNOUNCE,
        type_name=ActivityType.ANNOUNCE.value,
        actor=ActorId(community.uri),
    )
    return Act(
        activity=said,
        actor=community.id,
        peer=origin(community.uri),
        at=at,
        announced_by=community.id,
        resolved={},
    )


def own_list(post: Post, url: str | None) -> str | None:
    """A collection that a post names, if it is of the post's own server."""
    return url if url is not None and same_origin(url, post.id) else None


def pin(uow: UnitOfWork, community: Community, uris: Iterable[str], at: datetime) -> None:
    """Record which posts the community features."""
    for uri in uris:
        key = uow.posts.key_of(uri)
        if key is None:
            continue
        command = ModeratePost(post_id=PostKey(key), moderator_id=community.id, at=at)
        with suppress(DomainError):
            moderation.pin(uow, command, community.id)


def appoint(uow: UnitOfWork, community: Community, uris: Sequence[str], at: datetime) -> None:
    """Record who moderates the community: those listed, and nobody else.

    An empty list is no statement: it is what a server shows that hides its moderators.
    """
    if not uris:
        return
    listed = {key for uri in uris if (key := uow.actors.key_of(uri)) is not None}
    for membership in uow.memberships.moderators(community.id):
        if membership.person_id not in listed:
            change = _change(community, membership.person_id, membership.role, at)
            with suppress(DomainError):
                appointing.revoke_role(uow, change, community.id)
    for person_id in listed:
        with suppress(DomainError):
            change = _change(community, person_id, Role.MODERATOR, at)
            appointing.grant_role(uow, change, community.id)


def _change(community: Community, person_id: ActorKey, role: Role, at: datetime) -> ChangeRole:
    return ChangeRole(
        community_id=community.id,
        person_id=person_id,
        role=role,
        moderator_id=community.id,
        at=at,
    )
