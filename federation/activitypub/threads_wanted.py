"""Which documents a post needs before it can be hung into its thread, and whether it is wanted."""

from communities.errors import Invalid
from federation.activitypub.act import Act, Context
from federation.activitypub.to_domain import community_of, recipients
from protocols.activitypub.parsing_origins import same_origin
from protocols.activitypub.vocabulary import Document, Post, Tombstone
from storage.unit_of_work import UnitOfWork

MAX_ANCESTORS = 20
"""How far up a thread is fetched for one activity; what lies above is backfilled lazily."""


def ancestors(post: Post, act: Act) -> list[Post]:
    """The fetched posts above this one, nearest first, as far as they were fetched."""
    found: list[Post] = []
    seen: set[str] = {post.id}
    above = post.in_reply_to
    while above is not None and above not in seen and len(found) < MAX_ANCESTORS:
        seen.add(above)
        fetched = fetched_post(act, above)
        if fetched is None:
            break
        found.append(fetched)
        above = fetched.in_reply_to
    return found


def wanted_for(
    uow: UnitOfWork, post: Post, act: Act, context: Context, *, wanted_already: bool = False
) -> frozenset[str]:
    """Ids of the author and of posts above that are unknown here and were not tried yet.

    Nothing is fetched for a post that nobody here wants, unless the caller knows that it is.
    """
    chain = [post, *ancestors(post, act)]
    wanted: set[str] = {
        one.attributed_to for one in chain if _is_unknown_author(uow, one.attributed_to, act)
    }
    above = chain[-1].in_reply_to
    if (
        above is not None
        and len(chain) <= MAX_ANCESTORS
        and all(above != one.id for one in chain)
        and _is_unknown(uow, above, act, context)
    ):
        wanted.add(above)
    if not wanted or wanted_already or is_wanted(uow, post, act, context):
        return frozenset(wanted)
    return frozenset()


def _is_unknown_author(uow: UnitOfWork, uri: str, act: Act) -> bool:
    if uri == act.activity.actor:
        return False
    return uri not in act.resolved and uow.actors.key_of(uri) is None


def _is_unknown(uow: UnitOfWork, uri: str, act: Act, context: Context) -> bool:
    return (
        uri not in act.resolved
        and not context.uris.is_ours(uri)
        and uow.posts.key_of(uri) is None
        and not uow.posts.is_forgotten(uri)
    )


def is_wanted(uow: UnitOfWork, post: Post, act: Act, context: Context) -> bool:
    """Whether a post is for someone here: announced to us, addressed to one of ours, or followed.

    What a community elsewhere announced is wanted: whether it has members here was looked at
    before (`handle_announce`). So is what answers a post that we have.
    """
    if act.announced_by is not None or recipients(uow, post, context):
        return True
    if post.in_reply_to is not None and uow.posts.key_of(post.in_reply_to) is not None:
        return True
    community = community_of(uow, post, act.activity)
    if community is not None and (
        community.is_local or uow.memberships.has_local_member(community.id)
    ):
        return True
    author = uow.actors.key_of(post.attributed_to)
    return author is not None and uow.people.has_local_follower(author)


def fetched_post(act: Act, uri: str) -> Post | None:
    """The post that was fetched under this id, if its author is of the same origin.

    Spec: FEP-fe34; security ORI-01, ORI-04.
    """
    document = act.resolved.get(uri)
    if not isinstance(document, Post) or document.id != uri:
        return None
    return document if same_origin(document.id, document.attributed_to) else None


def is_gone(document: Document | None) -> bool:
    """Whether its origin says that an object is deleted; that it could not be had says nothing."""
    return isinstance(document, Tombstone)


def require_other_parent(post: Post) -> None:
    """Refuse a post that answers itself.

    Raises:
        Invalid: it does.
    """
    if post.in_reply_to == post.id:
        raise Invalid("inReplyTo", "A post cannot answer itself")
