"""Like, Dislike, EmojiReact, and the Announce of an object (a boost)."""

from dataclasses import replace

from communities import reactions
from communities.errors import NotFound
from communities.posts import Post as DomainPost
from communities.posts import PostState, Reaction, ReactionKind
from federation.activitypub.act import Act, Context, Handler, relay
from federation.activitypub.handle_posts import publish, store_resolved_actors
from federation.activitypub.threads_wanted import fetched_post, wanted_for
from protocols.activitypub.vocabulary import ActivityType
from storage.unit_of_work import UnitOfWork

_KINDS = {
    ActivityType.LIKE: ReactionKind.LIKE,
    ActivityType.DISLIKE: ReactionKind.DISLIKE,
    ActivityType.EMOJI_REACT: ReactionKind.EMOJI,
    ActivityType.ANNOUNCE: ReactionKind.BOOST,
}


def reaction_needs(_uow: UnitOfWork, _act: Act, _context: Context) -> frozenset[str]:
    """Nothing: a vote for a post that we do not have is not worth a fetch."""
    return frozenset()


def reaction_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Count the reaction.

    Raises:
        NotFound: the post is not known here.
    """
    uri = act.activity.object_id
    post = uow.posts.by_uri(uri) if uri is not None else None
    if post is None:
        raise NotFound("No such post")
    react(uow, act, post)


def react(uow: UnitOfWork, act: Act, post: DomainPost) -> None:
    """Give the reaction that the activity stands for; relay it in a community of ours."""
    activity = act.activity
    emoji = activity.content if activity.type is ActivityType.EMOJI_REACT else None
    kind = _KINDS[activity.type]
    if activity.type is ActivityType.LIKE and activity.content:
        # PieFed and Misskey put the emoji in a Like (FEP-c0e0).
        kind, emoji = ReactionKind.EMOJI, activity.content
    _relay_in_our_community(uow, act, post)
    reaction = Reaction(
        actor_id=act.actor,
        post_id=post.id,
        kind=kind,
        uri=activity.id,
        at=act.at,
        emoji=emoji,
    )
    reactions.react(uow, reaction, act.announced_by)


def _relay_in_our_community(uow: UnitOfWork, act: Act, post: DomainPost) -> None:
    if post.community_id is None:
        return
    community = uow.communities.get(post.community_id)
    if community is not None and community.is_local:
        relay(uow, act)


def boost_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The post when it is unknown: a boost is how microblogs learn of posts."""
    uri = act.activity.object_id
    if uri is None or context.uris.is_ours(uri) or uow.posts.key_of(uri) is not None:
        return frozenset()
    if uri not in act.resolved:
        return frozenset({uri}) if _is_wanted(uow, act) else frozenset()
    post = fetched_post(act.resolved[uri], uri)
    return frozenset() if post is None else wanted_for(uow, post, act, context)


def _is_wanted(uow: UnitOfWork, act: Act) -> bool:
    """Whether someone here follows who boosts: a person, or a community that announces."""
    return uow.people.has_local_follower(act.actor) or uow.memberships.has_local_member(act.actor)


def boost_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Store the boosted post if need be, and count the boost.

    A community's bare Announce files the post under it; that is no boost (the twin of FEP-1b12).

    Raises:
        NotFound: the post is not known here and could not be fetched.
    """
    uri = act.activity.object_id
    if uri is None:
        raise NotFound("No such post")
    store_resolved_actors(uow, act, context)
    announcer = uow.communities.get(act.actor)
    post = uow.posts.by_uri(uri)
    fetched = fetched_post(act.resolved.get(uri), uri)
    if fetched is not None and (post is None or announcer is not None):
        post = publish(uow, fetched, _as_announced(act) if announcer is not None else act, context)
    if post is None:
        raise NotFound("No such post")
    if announcer is None and post.state is PostState.PUBLISHED:
        react(uow, act, post)


def _as_announced(act: Act) -> Act:
    return replace(act, announced_by=act.actor, raw=None)


REACTION = Handler(reaction_needs, reaction_apply)
BOOST = Handler(boost_needs, boost_apply)
