"""A post that somebody here looked up by its URL: kept as far as its own server can speak for it.

Its words are its author's, since the author's server gave them. That a community elsewhere
published it, only the server of that community can say: another post of it stays pending until
the community announces it. And nobody publishes in a community of ours by being looked up.
"""

from datetime import datetime

from communities.errors import NotFound
from communities.posts import Post as DomainPost
from federation.activitypub.act import Act, Context
from federation.activitypub.handle_posts import publish
from federation.activitypub.to_domain import community_of
from protocols.activitypub.parsing_origins import origin, same_origin
from protocols.activitypub.vocabulary import Activity, ActivityType, ActorId, Post
from storage.unit_of_work import UnitOfWork


def store_looked_up(uow: UnitOfWork, post: Post, context: Context, at: datetime) -> DomainPost:
    """Keep a post that was fetched from its own server and whose author is known here.

    Spec: FEP-fe34; house 2.6 "Authority".

    Raises:
        NotFound: its author is not known, or it is for a community of ours that never got it.
        DomainError: a rule refuses it.
    """
    author = uow.actors.key_of(post.attributed_to)
    if author is None:
        raise NotFound("The author of this post is not known here")
    parent = None if post.in_reply_to is None else uow.posts.by_uri(post.in_reply_to)
    if parent is not None and parent.community_id is not None:
        community = uow.communities.get(parent.community_id)
    else:
        community = community_of(uow, post, None)
    if community is not None and community.is_local:
        raise NotFound("This post was not published in the community that it names")
    is_word_of_community = community is not None and same_origin(community.uri, post.id)
    act = Act(
        activity=Activity(
            id=None,
            type=ActivityType.CREATE,
            type_name=ActivityType.CREATE.value,
            actor=ActorId(post.attributed_to),
            objects=(post,),
        ),
        actor=author,
        peer=origin(post.id),
        at=at,
        announced_by=community.id if community is not None and is_word_of_community else None,
        resolved={post.id: post},
    )
    return publish(uow, post, act, context, wanted_already=True)
