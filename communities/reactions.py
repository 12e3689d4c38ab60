"""Likes, dislikes, boosts and emoji: giving them and taking them back.

Spec: house 2.6 (three cases); a claim counts as the reactor's own word, so that a like which a
microblog sends straight to the author counts too.
"""

from datetime import datetime

from communities.actors import Actor, find_actor, may_act, require_actor
from communities.authority import Case, decide
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import Reacted
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import Post, PostKey, PostState, Reaction, ReactionKind, Visibility
from communities.roles import Action, require
from communities.visibility import Viewer, sees

MAX_EMOJI = 64
"""Characters of an emoji: a longest sequence of joined ones, or a custom `:name:`."""
MAX_EMOJI_BY_ONE = 10
"""How many different emoji one actor gives to one post."""


def react(uow: UnitOfWork, reaction: Reaction, announced_by: ActorKey | None = None) -> bool:
    """Give a reaction; False when it stood already.

    A like replaces a dislike and the other way round. A reaction in a community elsewhere counts
    at once and its authority is asked to announce it.

    Raises:
        NotFound: the post is not there for this actor.
        NotAllowed: the actor is suspended or banned, the community has no downvotes, the post
            cannot be boosted, or someone else than the community announced it.
        Invalid: an emoji is missing or too long.
        Conflict: the actor gave the post `MAX_EMOJI_BY_ONE` emoji already.
    """
    _check_emoji(reaction)
    post, community = _find_post(uow, reaction.post_id)
    actor = require_actor(uow, reaction.actor_id)
    case = decide(community, actor, announced_by)
    if post.state is not PostState.PUBLISHED:
        raise NotFound("No such post")
    if case is not Case.FACT:
        _require_reaction(uow, reaction, post, community, actor)
    if reaction.kind is ReactionKind.EMOJI:
        _check_room(uow, reaction)
    if not uow.reactions.put(reaction):
        return False
    uow.record(_reacted(reaction, post, given=True, requested=case is Case.REQUEST))
    return True


def withdraw_reaction(
    uow: UnitOfWork,
    actor_id: ActorKey,
    post_id: PostKey,
    kind: ReactionKind,
    emoji: str | None = None,
    announced_by: ActorKey | None = None,
) -> bool:
    """Take a reaction back; False when there was none. Bans and locks do not stand in the way.

    Raises:
        NotFound: there is no such post or actor.
        NotAllowed: someone else than the community announced it.
    """
    reaction = uow.reactions.find(actor_id, post_id, kind, emoji)
    post, community = _find_post(uow, post_id)
    case = decide(community, find_actor(uow, actor_id), announced_by)
    if reaction is None or not uow.reactions.remove(actor_id, post_id, kind, emoji):
        return False
    uow.record(_reacted(reaction, post, given=False, requested=case is Case.REQUEST))
    return True


def undo_reaction(
    uow: UnitOfWork, uri: str, actor_id: ActorKey, announced_by: ActorKey | None = None
) -> bool:
    """Take back the reaction that was made by the activity `uri`; False when there is none.

    Spec: security ORI-12.

    Raises:
        NotAllowed: it is another actor's, or someone else than the community announced it.
    """
    reaction = uow.reactions.by_uri(uri)
    if reaction is None:
        return False
    if reaction.actor_id != actor_id:
        raise NotAllowed(Reason.NOT_AUTHOR, "Only who reacted can take it back")
    return withdraw_reaction(
        uow, actor_id, reaction.post_id, reaction.kind, reaction.emoji, announced_by
    )


def _find_post(uow: UnitOfWork, post_id: PostKey) -> tuple[Post, Community | None]:
    post = uow.posts.get(post_id)
    if post is None:
        raise NotFound("No such post")
    if post.community_id is None:
        return post, None
    return post, uow.communities.get(post.community_id)


def _check_emoji(reaction: Reaction) -> None:
    named = bool(reaction.emoji)
    if named is not (reaction.kind is ReactionKind.EMOJI):
        raise Invalid("emoji", "An emoji reaction names its emoji, no other does")
    if reaction.emoji is not None and len(reaction.emoji) > MAX_EMOJI:
        raise Invalid("emoji", f"An emoji is at most {MAX_EMOJI} characters")


def _check_room(uow: UnitOfWork, reaction: Reaction) -> None:
    """Refuse one emoji too many, an announced one too: every one is a row and goes to all peers."""
    if uow.reactions.emoji_by(reaction.actor_id, reaction.post_id) < MAX_EMOJI_BY_ONE:
        return
    if uow.reactions.find(reaction.actor_id, reaction.post_id, reaction.kind, reaction.emoji):
        return
    raise Conflict(f"One gives a post at most {MAX_EMOJI_BY_ONE} emoji")


def _require_reaction(
    uow: UnitOfWork, reaction: Reaction, post: Post, community: Community | None, actor: Actor
) -> None:
    if not _is_seen(uow, post, community, actor, reaction.at):
        raise NotFound("No such post")
    if community is not None:
        require(uow, community, actor, Action.REACT, reaction.at)
        if reaction.kind is ReactionKind.DISLIKE and not community.downvotes:
            raise NotAllowed(Reason.FEATURE_OFF, "This community has no downvotes")
    if reaction.kind is ReactionKind.BOOST and not _may_boost(post, actor):
        raise NotAllowed(Reason.CLOSED, "This post was not meant for everyone")


def _is_seen(
    uow: UnitOfWork, post: Post, community: Community | None, actor: Actor, at: datetime
) -> bool:
    # The busiest case by far needs no look-up: whoever may react in an open community sees it.
    if (
        community is not None
        and may_act(community)
        and community.is_open_to_read
        and post.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    ):
        return True
    return sees(uow, Viewer(person_id=actor.id), post, at)


def _may_boost(post: Post, actor: Actor) -> bool:
    """Everyone may boost what is public; its author also what the followers see anyway."""
    if post.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        return True
    return post.visibility is Visibility.FOLLOWERS and post.author_id == actor.id


def _reacted(reaction: Reaction, post: Post, *, given: bool, requested: bool) -> Reacted:
    return Reacted(
        actor_id=reaction.actor_id,
        post_id=reaction.post_id,
        community_id=post.community_id,
        kind=reaction.kind,
        given=given,
        uri=reaction.uri,
        emoji=reaction.emoji,
        requested=requested,
    )
