"""Announce: of activities and posts by a community (FEP-1b12), of a post by a person (a boost).

A community speaks for itself alone: what it announces is a fact about its own members, posts and
votes. The words of an author on another server are fetched from there, whatever the copy says.

Spec: FEP-1b12; FEP-fe34; FEP-171b and FEP-400e (a closed group adds instead of announcing);
security ORI-07, GRP-07; reference activitypub 3 "Receiver order on Announce".
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from communities.errors import DomainError, NotAllowed, NotFound, Reason
from communities.people import ActorKey
from communities.visibility import Viewer, sees
from federation.activitypub.act import Act, Context, Handler
from federation.activitypub.handle_posts import confirm, publish, store_ancestors
from federation.activitypub.handle_reactions import REACTION_TYPES, boost_apply, boost_needs
from federation.activitypub.proofs import is_proven
from federation.activitypub.threads_wanted import fetched_post, require_other_parent, wanted_for
from protocols.activitypub.audience import community_candidates, may_announce
from protocols.activitypub.parsing_origins import (
    check_activity_origin,
    check_post_origin,
    host_of,
    origin,
)
from protocols.activitypub.vocabulary import (
    Activity,
    ActivityObject,
    ActivityType,
    Actor,
    Post,
    Tombstone,
)
from protocols.errors import ProtocolError
from storage.unit_of_work import UnitOfWork

_UNKNOWN_YET = ActorKey(0)
"""Stands for an actor that was fetched and is stored only when everything is there."""

_KNOWN_HERE = REACTION_TYPES | {ActivityType.UPDATE, ActivityType.FLAG}
"""What people of ours did themselves: nobody elsewhere can tell us of it."""

_Handlers = Mapping[ActivityType, Handler]


def announce_handler(inner: _Handlers) -> Handler:
    """The handler of Announce; `inner` handles what a community may announce."""

    def needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
        if not uow.memberships.has_local_member(act.actor):
            if uow.communities.get(act.actor) is None:
                return boost_needs(uow, act, context)
            _require_listener(uow, act, context)
        return _all_needs(uow, act, context, inner)

    def apply(uow: UnitOfWork, act: Act, context: Context) -> None:
        if uow.memberships.has_local_member(act.actor) or uow.communities.get(act.actor):
            _apply_all(uow, act, context, inner)
        else:
            boost_apply(uow, act, context)

    return Handler(needs, apply)


def add_handler(inner: _Handlers, managed: Handler) -> Handler:
    """The handler of Add: to a collection that moderators keep (`managed`), or of content.

    A closed group adds posts to its wall and activities to its threads, where an open one would
    announce them.

    Spec: FEP-400e; FEP-171b.
    """

    def needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
        if not _adds_content(uow, act):
            return managed.needs(uow, act, context)
        if not uow.memberships.has_local_member(act.actor):
            _require_listener(uow, act, context)
        return _all_needs(uow, act, context, inner)

    def apply(uow: UnitOfWork, act: Act, context: Context) -> None:
        if _adds_content(uow, act):
            _apply_all(uow, act, context, inner)
        else:
            managed.apply(uow, act, context)

    return Handler(needs, apply)


def _adds_content(uow: UnitOfWork, act: Act) -> bool:
    community = uow.communities.get(act.actor)
    if community is None:
        return False
    return act.activity.target not in (community.moderators_uri, community.featured_uri)


def _require_listener(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Let through what a community without members here says to followers here, or about ours.

    Raises:
        NotFound: nobody here listens to this community.
    """
    if uow.people.has_local_follower(act.actor):
        return
    if not any(_is_about_ours(obj, context) for obj in act.activity.objects):
        raise NotFound("Nobody here is a member of this community")


def _is_about_ours(obj: ActivityObject, context: Context) -> bool:
    if isinstance(obj, Activity):
        return context.uris.is_ours(obj.actor) or context.uris.is_ours(obj.object_id or "")
    return context.uris.is_ours(obj.id or "")


def _all_needs(uow: UnitOfWork, act: Act, context: Context, inner: _Handlers) -> frozenset[str]:
    """What the announced activities and posts need; of a batch what can be applied at all."""
    objects = act.activity.objects
    if len(objects) == 1:
        return _needs(uow, act, context, inner, objects[0])
    wanted: set[str] = set()
    for obj in objects:
        with suppress(DomainError, ProtocolError):
            wanted |= _needs(uow, act, context, inner, obj)
    return frozenset(wanted)


def _apply_all(uow: UnitOfWork, act: Act, context: Context, inner: _Handlers) -> None:
    """Apply what was announced; in a batch a refused one does not cost the others.

    The rules of the domain refuse before they write, so that nothing needs to be undone.

    Raises:
        DomainError, ProtocolError: all of it was refused.
    """
    objects = act.activity.objects
    refusal: DomainError | ProtocolError | None = None
    applied = 0
    for obj in objects:
        try:
            if len(objects) > 1:
                _needs(uow, act, context, inner, obj)
            _apply(uow, act, context, inner, obj)
            applied += 1
        except (DomainError, ProtocolError) as error:
            refusal = error
    if refusal is not None and not applied:
        if any(_is_about_hidden(uow, act, obj) for obj in objects):
            raise NotFound("No such post")
        raise refusal


def _is_about_hidden(uow: UnitOfWork, act: Act, obj: ActivityObject) -> bool:
    """Whether it is about a post of ours that the server of the community may not know of.

    Refusing it in other words than an unknown one would tell that it is there. Spec: PRV-01.
    """
    about: list[str | None] = []
    told: ActivityObject | None = obj
    while isinstance(told, Activity):
        about.append(told.object_id)
        told = told.object
    if isinstance(told, Post):
        about.append(told.in_reply_to)
    elif told is not None:
        about.append(told.id)
    viewer = Viewer(host=host_of(act.peer))
    posts = (uow.posts.by_uri(uri) for uri in about if uri is not None)
    return any(
        post is not None and post.local and not sees(uow, viewer, post, act.at) for post in posts
    )


def _needs(
    uow: UnitOfWork, act: Act, context: Context, inner: _Handlers, obj: ActivityObject
) -> frozenset[str]:
    told = _inner_activity(act, obj)
    if told is None:
        return _object_needs(uow, act, context, obj)
    handler = _handler_of(told, act, context, inner)
    actor = uow.actors.key_of(told.actor)
    if actor is None:
        if told.actor not in act.resolved:
            _require_known_post(uow, told)
            return frozenset({told.actor})
        if not isinstance(act.resolved[told.actor], Actor):
            raise NotFound("Who did this is not known here and could not be fetched")
    return handler.needs(uow, _inner_act(uow, act, told, actor or _UNKNOWN_YET), context)


def _apply(
    uow: UnitOfWork, act: Act, context: Context, inner: _Handlers, obj: ActivityObject
) -> None:
    told = _inner_activity(act, obj)
    if told is None:
        _file(uow, act, context, obj)
        return
    actor = uow.actors.key_of(told.actor)
    if actor is None:
        raise NotFound("Who did this is not known here")
    inner[told.type].apply(uow, _inner_act(uow, act, told, actor), context)


def _inner_activity(act: Act, obj: ActivityObject) -> Activity | None:
    """The activity that is announced: sent along, or fetched because only its id was sent."""
    found = obj if isinstance(obj, Activity) else act.resolved.get(obj.id)
    return found if isinstance(found, Activity) else None


def _inner_act(uow: UnitOfWork, act: Act, told: Activity, actor: ActorKey) -> Act:
    """The announced activity as an act of its own, on the word of the community.

    One that was fetched, or has a proof, is vouched for by its actor's own server.
    """
    peer = act.peer
    if origin(told.actor) != peer and (_was_fetched(act, told) or is_proven(uow, act, told)):
        peer = origin(told.actor)
    return replace(
        act, activity=told, actor=actor, peer=peer, announced_by=act.announced_by or act.actor
    )


def _was_fetched(act: Act, told: Activity) -> bool:
    return told.id is not None and act.resolved.get(told.id) is told


def _handler_of(told: Activity, act: Act, context: Context, inner: _Handlers) -> Handler:
    """The handler of an announced activity.

    Raises:
        NotFound: we do not act on it.
        NotAllowed: it belongs to a community of ours, which needs nobody to announce it.
        RemoteProtocolError: its id is of another server than its actor.
    """
    handler = inner.get(told.type)
    if handler is None:
        raise NotFound("Communities do not announce this")
    check_activity_origin(told)
    if context.uris.is_ours(told.actor) and _is_known_here(told):
        raise NotFound("What people of this node do is known here")
    if not may_announce(act.activity.actor, told) and _is_for_ours(told, context):
        raise NotAllowed(Reason.NOT_AUTHORITY, "This belongs to a community of this node")
    return handler


def _is_known_here(told: Activity) -> bool:
    """Whether only who did it could tell of it; an act of moderation is the community's to tell."""
    if told.type is not ActivityType.UNDO:
        return told.type in _KNOWN_HERE
    return not isinstance(told.object, Activity) or told.object.type in _KNOWN_HERE


def _is_for_ours(told: Activity, context: Context) -> bool:
    post = told.object if isinstance(told.object, Post) else None
    candidates = community_candidates(post, told)
    return any(context.uris.key_of(uri, "g") is not None for uri in candidates)


def _require_known_post(uow: UnitOfWork, told: Activity) -> None:
    """Spare the fetch of a voter whose vote is about nothing that we have."""
    if told.type in REACTION_TYPES and uow.posts.key_of(told.object_id or "") is None:
        raise NotFound("No such post")


def _object_needs(
    uow: UnitOfWork, act: Act, context: Context, obj: ActivityObject
) -> frozenset[str]:
    """What a post that was announced itself needs (the twin that microblogs read)."""
    if uow.posts.key_of(obj.id or "") is not None:
        return frozenset()
    post = _bare_post(act, obj)
    if post is not None:
        announced = replace(act, announced_by=act.announced_by or act.actor)
        return wanted_for(uow, post, announced, context)
    if obj.id is None or obj.id in act.resolved or context.uris.is_ours(obj.id):
        return frozenset()
    return frozenset() if isinstance(obj, Actor | Tombstone) else frozenset({obj.id})


def _bare_post(act: Act, obj: ActivityObject) -> Post | None:
    """The announced post: the copy sent along if it is of the announcer's server, else fetched."""
    if isinstance(obj, Post) and origin(obj.id) == act.peer:
        check_post_origin(obj)
        return obj
    return fetched_post(act, obj.id) if obj.id is not None else None


def _file(uow: UnitOfWork, act: Act, context: Context, obj: ActivityObject) -> None:
    """Put a post that a community announced under it; that is no boost."""
    announced = replace(act, announced_by=act.announced_by or act.actor, raw=None)
    post = _bare_post(act, obj)
    if post is None or uow.posts.key_of(post.id) is not None:
        confirm(uow, obj.id or "", announced)
        return
    require_other_parent(post)
    store_ancestors(uow, post, announced, context)
    publish(uow, post, announced, context)
