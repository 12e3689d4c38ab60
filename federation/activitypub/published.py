"""What this node publishes for peers to read: actors and the items of its collections."""

from dataclasses import dataclass

from communities.community import Community
from communities.posts import Post, PostKey
from federation.activitypub import from_domain
from federation.uris import Uris
from protocols.activitypub.rendering import (
    render_activity,
    render_actor,
    render_group,
    render_post,
)
from protocols.activitypub.vocabulary import PUBLIC, ActivityType, KeyDocument, Reference
from protocols.key_formats import load_private_pem, public_half, public_pem, render_multikey
from protocols.strict_json import JsonObject, JsonValue
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Published:
    """A local actor with what its document needs."""

    profile: Profile
    keys: tuple[KeyDocument, ...]
    community: Community | None


def published_actor(uow: UnitOfWork, profile: Profile) -> Published:
    """A local actor with its public keys, and its policies if it is a community."""
    community = uow.communities.get(profile.id) if profile.kind == "community" else None
    found = []
    rsa = uow.keys.signing(profile.id, "rsa")
    if rsa is not None:
        pem = public_pem(public_half(load_private_pem(rsa.private_pem, trusted=True)))
        found.append(KeyDocument(id=rsa.key_id, owner=profile.uri, pem=pem))
    ed25519 = uow.keys.signing(profile.id, "ed25519")
    if ed25519 is not None:
        key = public_half(load_private_pem(ed25519.private_pem, trusted=True))
        multikey = render_multikey(key)
        found.append(KeyDocument(id=ed25519.key_id, owner=profile.uri, multikey=multikey))
    return Published(profile, tuple(found), community)


def actor_json(found: Published, uris: Uris) -> JsonObject:
    """The document of a local actor."""
    actor = from_domain.actor_document(found.profile, found.keys, uris, found.community)
    return render_group(actor) if found.community is not None else render_actor(actor)


def created_item(uow: UnitOfWork, post: Post, uris: Uris) -> JsonObject | None:
    """The Create of a local post, for its author's outbox and inside an Announce."""
    document = from_domain.post_document(uow, post, uris)
    if document is None:
        return None
    created = from_domain.activity(
        ActivityType.CREATE,
        id=uris.created(post.id),
        actor=document.attributed_to,
        obj=document,
        to=document.to,
        cc=document.cc,
        audience=document.audience,
        published=document.published,
    )
    return render_activity(created, context=False)


def announced_item(uow: UnitOfWork, community: Community, post: Post, uris: Uris) -> JsonValue:
    """A community's Announce of a thread, for its outbox.

    Posts of peers are named by id: their origin has the document (FEP-fe34).
    """
    announced = from_domain.activity(
        ActivityType.ANNOUNCE,
        id=uris.announced(post.id),
        actor=community.uri,
        obj=Reference(id=post.uri),
        to=(PUBLIC,),
        cc=(uris.followers(community.uri),),
        published=post.published_at,
    )
    inner = created_item(uow, post, uris) if post.local else None
    return render_activity(announced, document=inner, context=False)


def post_item(uow: UnitOfWork, post: Post, uris: Uris) -> JsonValue:
    """A post in a collection: the document of a local one, the id of one of a peer."""
    document = from_domain.post_document(uow, post, uris) if post.local else None
    return post.uri if document is None else render_post(document, context=False)


def post_json(uow: UnitOfWork, post: Post, uris: Uris) -> JsonObject | None:
    """The document of a local post with its collections; None for a post of a peer."""
    if not post.local:
        return None
    document = from_domain.post_document(uow, post, uris)
    if document is None:
        return None
    return render_post(document, likes=uris.likes(post.id), shares=uris.shares(post.id))


def root_of(uow: UnitOfWork, key: PostKey) -> Post | None:
    """The first post of the thread that a post is in."""
    post = uow.posts.get(key)
    if post is None or post.root_id == post.id:
        return post
    return uow.posts.get(post.root_id)
