"""Which documents a post needs before it can be hung into its thread."""

from communities.errors import Invalid
from federation.activitypub.act import Act, Context
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
        document = act.resolved.get(above)
        if not isinstance(document, Post):
            break
        found.append(document)
        above = document.in_reply_to
    return found


def wanted_for(uow: UnitOfWork, post: Post, act: Act, context: Context) -> frozenset[str]:
    """Ids of the author and of posts above that are unknown here and were not tried yet."""
    chain = [post, *ancestors(post, act)]
    wanted: set[str] = {
        one.attributed_to
        for one in chain
        if one.attributed_to not in act.resolved and uow.actors.key_of(one.attributed_to) is None
    }
    above = chain[-1].in_reply_to
    if (
        above is not None
        and len(chain) <= MAX_ANCESTORS
        and above not in act.resolved
        and above not in {one.id for one in chain}
        and not context.uris.is_ours(above)
        and uow.posts.key_of(above) is None
        and not uow.posts.is_forgotten(above)
    ):
        wanted.add(above)
    return frozenset(wanted)


def fetched_post(document: Document | None, uri: str) -> Post | None:
    """The post of a fetched document, if it is one, has that id and an author of its origin.

    Spec: FEP-fe34; security ORI-01, ORI-04.
    """
    if not isinstance(document, Post) or document.id != uri:
        return None
    if not same_origin(document.id, document.attributed_to):
        return None
    return document


def is_gone(act: Act, uri: str) -> bool:
    """Whether its origin said that the object is deleted (a Tombstone; 404 and 410 give None)."""
    return uri in act.resolved and (
        act.resolved[uri] is None or isinstance(act.resolved[uri], Tombstone)
    )


def require_other_parent(post: Post) -> None:
    """Refuse a post that answers itself.

    Raises:
        Invalid: it does.
    """
    if post.in_reply_to == post.id:
        raise Invalid("inReplyTo", "A post cannot answer itself")
