"""Create, Update and Delete of posts, comments, polls and messages."""

from communities import posting
from communities.errors import NotAllowed, Reason
from communities.posts import Post as DomainPost
from federation.activitypub.act import Act, Context, Handler, relay
from federation.activitypub.profiles import store_actor
from federation.activitypub.threads_wanted import (
    ancestors,
    fetched_post,
    require_other_parent,
    wanted_for,
)
from federation.activitypub.to_domain import publish_command
from protocols.activitypub.parsing_origins import check_post_origin, origin
from protocols.activitypub.vocabulary import Actor, Post, Reference
from protocols.errors import RemoteProtocolError
from storage.unit_of_work import UnitOfWork


def create_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The object when it is not proven by the signer's origin; author and parents unknown here."""
    obj = act.activity.object
    if isinstance(obj, Reference):
        if obj.id in act.resolved or uow.posts.key_of(obj.id) is not None:
            post = fetched_post(act.resolved.get(obj.id), obj.id)
            return frozenset() if post is None else wanted_for(uow, post, act, context)
        return frozenset({obj.id})
    if not isinstance(obj, Post):
        return frozenset()
    if _is_unproven(obj, act) and uow.posts.key_of(obj.id) is None:
        return frozenset({obj.id})
    return wanted_for(uow, _proven(obj, act), act, context)


def _is_unproven(post: Post, act: Act) -> bool:
    """Whether the embedded copy comes from another origin than its author's and was not fetched.

    Spec: FEP-fe34 "embedding"; security ORI-07.
    """
    return origin(post.id) != act.peer and post.id not in act.resolved


def _proven(post: Post, act: Act) -> Post:
    if origin(post.id) == act.peer:
        return post
    return fetched_post(act.resolved.get(post.id), post.id) or post


def create_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Publish the post, count the poll vote, or deliver the message.

    Raises:
        RemoteProtocolError: the object is not one that can be created, or not its author's.
    """
    post = _created_post(uow, act)
    if post is None:
        return
    require_other_parent(post)
    if act.announced_by is None and post.attributed_to != act.activity.actor:
        raise NotAllowed(Reason.NOT_AUTHOR, "The actor is not the author of the object")
    store_resolved_actors(uow, act, context)
    _store_ancestors(uow, post, act, context)
    publish(uow, post, act, context)


def _created_post(uow: UnitOfWork, act: Act) -> Post | None:
    obj = act.activity.object
    if isinstance(obj, Reference):
        if uow.posts.key_of(obj.id) is not None and obj.id not in act.resolved:
            return None
        found = fetched_post(act.resolved.get(obj.id), obj.id)
        if found is None:
            raise RemoteProtocolError("The object could not be fetched", status_hint=422)
        return found
    if not isinstance(obj, Post):
        raise RemoteProtocolError("The object of a Create must be a post", status_hint=422)
    if origin(obj.id) == act.peer:
        check_post_origin(obj)
        return obj
    found = fetched_post(act.resolved.get(obj.id), obj.id)
    if found is None and uow.posts.key_of(obj.id) is not None:
        # Announced after the author told us: the copy that we have is the author's own.
        return obj
    if found is None:
        raise RemoteProtocolError("The object is not of the signer's origin", status_hint=403)
    return found


def publish(uow: UnitOfWork, post: Post, act: Act, context: Context) -> DomainPost | None:
    """Submit a post to the domain; None when it concerns nobody here."""
    command = publish_command(uow, post, act, context)
    community = (
        uow.communities.get(command.community_id) if command.community_id is not None else None
    )
    if community is None and not _concerns_us(uow, command):
        return None
    if community is not None and community.is_local:
        relay(uow, act)
    return posting.submit(uow, command, act.announced_by)


def _concerns_us(uow: UnitOfWork, command: posting.PublishPost) -> bool:
    """Whether a post outside communities is for someone here, or answers something known."""
    if command.recipients or command.parent_id is not None:
        return True
    return uow.people.has_local_follower(command.author_id)


def store_resolved_actors(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Keep the actors that were fetched for this activity."""
    for uri, document in act.resolved.items():
        if isinstance(document, Actor) and document.id == uri:
            store_actor(uow, document, at=act.at, snowflakes=context.snowflakes)


def _store_ancestors(uow: UnitOfWork, post: Post, act: Act, context: Context) -> None:
    """Keep the fetched posts above, from the top down, as far as they hold together."""
    for above in reversed(ancestors(post, act)):
        fetched = fetched_post(above, above.id)
        if fetched is None or uow.posts.key_of(above.id) is not None:
            continue
        if uow.actors.key_of(above.attributed_to) is None:
            continue
        command = publish_command(uow, fetched, act, context)
        if command.community_id is not None or command.parent_id is not None:
            posting.submit(uow, command, act.announced_by)


CREATE = Handler(create_needs, create_apply)
