"""Like, Dislike, EmojiReact, and the Announce of a post by a person (a boost); taking them back.

Spec: FEP-c0e0 (emoji, also in the content of a Like); FEP-1b12; security ORI-12.
"""

from dataclasses import replace

from communities import reactions
from communities.errors import NotFound
from communities.posts import Post as DomainPost
from communities.posts import PostState, Reaction, ReactionKind
from federation.activitypub.act import Act, Context, Handler, nothing_needed, relay_in
from federation.activitypub.handle_posts import publish, store_ancestors
from federation.activitypub.threads_wanted import fetched_post, wanted_for
from protocols.activitypub.parsing_origins import same_origin
from protocols.activitypub.vocabulary import Activity, ActivityType
from storage.unit_of_work import UnitOfWork

_KINDS = {
    ActivityType.LIKE: ReactionKind.LIKE,
    ActivityType.DISLIKE: ReactionKind.DISLIKE,
    ActivityType.EMOJI_REACT: ReactionKind.EMOJI,
    ActivityType.ANNOUNCE: ReactionKind.BOOST,
}
REACTION_TYPES = frozenset(_KINDS)


def reaction_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Count the reaction; one to a post that we do not have is not worth a fetch.

    Raises:
        NotFound: the post is not known here.
        DomainError: as `reactions.react`.
    """
    react(uow, act, _find_post(uow, act.activity))


def react(uow: UnitOfWork, act: Act, post: DomainPost) -> None:
    """Give the reaction that the activity stands for; relay it in a community of ours.

    Raises:
        DomainError: as `reactions.react`.
    """
    kind, emoji = _kind(act.activity)
    relay_in(uow, act, post.community_id)
    reaction = Reaction(
        actor_id=act.actor,
        post_id=post.id,
        kind=kind,
        uri=act.activity.id,
        at=act.at,
        emoji=emoji,
    )
    reactions.react(uow, reaction, act.announced_by)


def undo_reaction(uow: UnitOfWork, act: Act, given: Activity) -> None:
    """Take back a reaction: by the id of the activity that gave it, else by what it was.

    One that never came is marked as seen, so that it changes nothing when it comes late.

    Raises:
        NotFound: the post is not known here.
        DomainError: as `reactions.undo_reaction`.
    """
    if given.id is not None and undo_given(uow, act, given.id):
        return
    post = _find_post(uow, given)
    kind, emoji = _kind(given)
    if uow.reactions.find(act.actor, post.id, kind, emoji) is None:
        never_apply(uow, act, given)
        return
    relay_in(uow, act, post.community_id)
    reactions.withdraw_reaction(uow, act.actor, post.id, kind, emoji, act.announced_by)


def undo_given(uow: UnitOfWork, act: Act, uri: str) -> bool:
    """Take back the reaction that the activity with this id gave; False when there is none.

    Raises:
        NotAllowed: it is another actor's, or someone else than the community announced it.
    """
    given = uow.reactions.by_uri(uri)
    if given is None:
        return False
    post = uow.posts.get(given.post_id)
    relay_in(uow, act, post.community_id if post is not None else None)
    return reactions.undo_reaction(uow, uri, act.actor, act.announced_by)


def never_apply(uow: UnitOfWork, act: Act, undone: Activity) -> None:
    """Mark an activity of the signer's server as seen, which was undone before it came.

    Spec: house 2.6 "A Delete or Undo that comes before its Create".
    """
    if undone.id is not None and same_origin(undone.id, act.peer):
        uow.inbox.see(act.peer, undone.id, at_ms=uow.at_ms)


def _find_post(uow: UnitOfWork, activity: Activity) -> DomainPost:
    uri = activity.object_id
    post = uow.posts.by_uri(uri) if uri is not None else None
    if post is None:
        raise NotFound("No such post")
    return post


def _kind(activity: Activity) -> tuple[ReactionKind, str | None]:
    if activity.type is ActivityType.LIKE and activity.content:
        # PieFed and Misskey put the emoji in a Like.
        return ReactionKind.EMOJI, activity.content
    emoji = activity.content if activity.type is ActivityType.EMOJI_REACT else None
    return _KINDS[activity.type], emoji


def boost_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The post when it is unknown and someone here follows who boosts it.

    Raises:
        NotFound: the post is not known here, and nobody would see the boost.
    """
    uri = act.activity.object_id
    if uri is None:
        raise NotFound("No such post")
    if uow.posts.key_of(uri) is not None:
        return frozenset()
    if context.uris.is_ours(uri) or not uow.people.has_local_follower(act.actor):
        raise NotFound("No such post")
    if uri not in act.resolved:
        return frozenset({uri})
    post = fetched_post(act, uri)
    if post is None:
        return frozenset()
    return wanted_for(uow, post, act, context, wanted_already=True)


def boost_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Store the boosted post if need be, and count the boost.

    Raises:
        NotFound: the post is not known here and could not be fetched.
        DomainError: as `reactions.react`.
    """
    uri = act.activity.object_id
    post = uow.posts.by_uri(uri) if uri is not None else None
    if post is None and uri is not None:
        fetched = fetched_post(act, uri)
        if fetched is not None:
            # The bytes are those of the boost: they must not be relayed as the post.
            bare = replace(act, raw=None)
            store_ancestors(uow, fetched, bare, context)
            post = publish(uow, fetched, bare, context, wanted_already=True)
    if post is None:
        raise NotFound("No such post")
    if post.state is PostState.PUBLISHED:
        react(uow, act, post)


REACTION = Handler(nothing_needed, reaction_apply)
BOOST = Handler(boost_needs, boost_apply)
