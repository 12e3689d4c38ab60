"""Update of posts, polls and actors, and the refresh of what somebody else told us of.

Spec: ActivityPub 7.3; FEP-9967 (counts of a poll); FEP-fe34; security ORI-08, ORI-11; security.md
"Settled" (a forwarded activity is a hint only).
"""

from contextlib import suppress
from dataclasses import replace

from communities import editing, founding, moderation, polls
from communities.community import Community, PostingPolicy
from communities.editing import EditPost
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.moderation import ModeratePost
from communities.posts import Post as DomainPost
from communities.text import plain_text, sanitise
from federation.activitypub.act import Act, Context, Handler, authority_of, relay, relay_in
from federation.activitypub.handle_posts import publish, store_ancestors
from federation.activitypub.profiles import MAX_NAME_CHARACTERS, store_actor
from federation.activitypub.threads_wanted import (
    fetched_post,
    is_gone,
    require_other_parent,
    wanted_for,
)
from federation.activitypub.to_domain import author_of, post_content
from protocols.activitypub.parsing_origins import check_post_origin, origin
from protocols.activitypub.vocabulary import Actor, Post, Reference
from protocols.errors import RemoteProtocolError
from storage.unit_of_work import UnitOfWork


def update_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The object when its origin has not vouched for it, or when only its id was sent.

    Raises:
        RemoteProtocolError: it is nothing that can be updated, or not of the actor's server.
        NotAllowed: it is ours.
    """
    sent = act.activity.object
    if isinstance(sent, Actor):
        return frozenset()
    if not isinstance(sent, Post | Reference):
        raise RemoteProtocolError("The object of an Update must be a post.", status_hint=422)
    if context.uris.is_ours(sent.id):
        raise NotAllowed(Reason.NOT_AUTHOR, "This can be changed on this node alone")
    is_of_peer = origin(sent.id) == act.peer
    if not is_of_peer and act.announced_by is None:
        raise RemoteProtocolError("The object is not of the actor's server.", status_hint=403)
    if isinstance(sent, Post) and is_of_peer:
        check_post_origin(sent)
        return _post_needs(uow, sent, act, context)
    return refresh_needs(uow, act, context)


def update_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Edit the post, take over the counts of the poll, or the profile of the actor.

    An Update of a post that never came is taken for its Create.

    Raises:
        NotFound: the object is for nobody here, or could not be fetched.
        NotAllowed: it is somebody else's.
        DomainError: the domain refuses it.
    """
    sent = act.activity.object
    if isinstance(sent, Actor):
        _update_actor(uow, sent, act, context)
        return
    if isinstance(sent, Post) and origin(sent.id) == act.peer:
        _require_author(sent, act)
        _edit_or_publish(uow, sent, act, context)
        return
    document = act.resolved.get(act.activity.object_id or "")
    if isinstance(document, Actor):
        return  # only its id was sent; it was fetched, and stored with all that was fetched
    if isinstance(document, Post):
        _require_author(document, act)
    refresh_apply(uow, act, context)


def _require_author(post: Post, act: Act) -> None:
    if post.attributed_to != act.activity.actor:
        raise NotAllowed(Reason.NOT_AUTHOR, "The actor is not the author of the object")


def refresh_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The object as its origin has it now, and what that needs in turn."""
    uri = act.activity.object_id
    if uri is None or context.uris.is_ours(uri):
        raise NotFound("There is nothing to fetch")
    if uri not in act.resolved:
        return frozenset({uri})
    post = fetched_post(act, uri)
    return frozenset() if post is None else _post_needs(uow, post, act, context)


def refresh_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Make our copy of a post what its origin says, whoever told us to look.

    Raises:
        NotFound: it could not be fetched, or is for nobody here.
        DomainError: the domain refuses it.
    """
    uri = act.activity.object_id or ""
    post = fetched_post(act, uri)
    if post is not None:
        # Only the bytes of its author may be relayed.
        _edit_or_publish(uow, post, replace(act, raw=None), context)
        return
    known = uow.posts.by_uri(uri)
    if known is None or known.local or not is_gone(act.resolved.get(uri)):
        raise NotFound("The object could not be fetched")
    editing.withdraw(uow, known.id, known.author_id, act.at)


def _post_needs(uow: UnitOfWork, post: Post, act: Act, context: Context) -> frozenset[str]:
    if uow.posts.key_of(post.id) is not None:
        return frozenset()
    return wanted_for(uow, post, act, context)


def _edit_or_publish(uow: UnitOfWork, post: Post, act: Act, context: Context) -> None:
    known = uow.posts.by_uri(post.id)
    if known is not None:
        _edit(uow, known, post, act)
        return
    require_other_parent(post)
    store_ancestors(uow, post, act, context)
    publish(uow, post, act, context)


def _edit(uow: UnitOfWork, known: DomainPost, post: Post, act: Act) -> None:
    editor_id = author_of(uow, post, act)
    if editor_id != known.author_id:
        raise NotAllowed(Reason.NOT_AUTHOR, "The author of a post never changes")
    content = post_content(post)
    if content.poll is not None and post.updated is None:
        # Mastodon sends new counts without `updated`.
        with suppress(Invalid):
            polls.record_poll_counts(uow, known.id, content.poll)
            return
    relay_in(uow, act, known.community_id)
    edited_at = post.updated or act.activity.updated or act.at
    command = EditPost(
        post_id=known.id, editor_id=editor_id, content=content, edited_at=edited_at, at=act.at
    )
    editing.edit(uow, command, act.announced_by)
    if post.comments_enabled is False and not known.locked:
        # Lemmy before 0.19 and PieFed close a thread so; where only a moderator may, they say Lock.
        with suppress(NotAllowed):
            closing = ModeratePost(post_id=known.id, moderator_id=editor_id, at=act.at)
            moderation.lock(uow, closing, act.announced_by)


def _update_actor(uow: UnitOfWork, actor: Actor, act: Act, context: Context) -> None:
    """Store an actor's document that comes from the actor itself, or from its community.

    Spec: security ORI-11.
    """
    community = uow.communities.by_uri(actor.id)
    if community is not None and community.is_local:
        relay(uow, act)
        founding.edit_community(uow, _edited(community, actor), act.actor, act.at, act.announced_by)
        return
    is_own_word = act.announced_by is None and actor.id == act.activity.actor
    if not is_own_word and (community is None or authority_of(act, community) != community.id):
        raise NotAllowed(Reason.NOT_AUTHORITY, "This actor can only be changed by its own server")
    if context.uris.is_ours(actor.id):
        raise NotAllowed(Reason.NOT_AUTHORITY, "This can be changed on this node alone")
    store_actor(uow, actor, at=act.at, snowflakes=context.snowflakes)


def _edited(community: Community, actor: Actor) -> Community:
    """A community of ours as a moderator elsewhere wants it: what moderators may say by Update."""
    markdown = actor.source if actor.source_media_type == "text/markdown" else None
    posting = community.posting
    if actor.posting_restricted_to_mods:
        posting = PostingPolicy.MODERATORS
    elif posting is PostingPolicy.MODERATORS:
        posting = PostingPolicy.ANYONE
    return replace(
        community,
        name=plain_text(actor.name or "", MAX_NAME_CHARACTERS) or community.name,
        description_html=sanitise(actor.summary_html or ""),
        description_source=markdown or "",
        sensitive=actor.sensitive,
        posting=posting,
    )


UPDATE = Handler(update_needs, update_apply)
REFRESH = Handler(refresh_needs, refresh_apply)
