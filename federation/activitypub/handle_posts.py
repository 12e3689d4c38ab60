"""Create of posts, comments, polls and messages, and votes in polls.

A post that comes from its author's own server is taken as sent; any other copy, in an Announce
most of all, only names what is then fetched from its origin.

Spec: FEP-1b12; FEP-fe34 "embedding"; FEP-9967 (poll votes); security ORI-01, ORI-02, ORI-07.
"""

from contextlib import suppress

from communities import polls, posting
from communities.community import Community
from communities.errors import DomainError, NotAllowed, NotFound, Reason
from communities.posting import PublishPost
from communities.posts import Post as DomainPost
from communities.posts import Visibility
from federation.activitypub.act import Act, Context, Handler, relay
from federation.activitypub.threads_wanted import (
    ancestors,
    fetched_post,
    require_other_parent,
    wanted_for,
)
from federation.activitypub.to_domain import (
    Destination,
    author_of,
    community_of,
    is_spoken_to,
    publish_command,
)
from protocols.activitypub.parsing_origins import check_post_origin, origin
from protocols.activitypub.vocabulary import ActivityType, Post, Reference
from protocols.errors import RemoteProtocolError
from storage.unit_of_work import UnitOfWork

_BRINGS_POSTS = (ActivityType.CREATE, ActivityType.UPDATE)
"""Whose addressing is that of the post inside; a boost speaks to the followers of who boosts."""


def create_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The object when its origin has not vouched for it; author and parents unknown here.

    Raises:
        RemoteProtocolError: the object is no post, or not one of the actor's server.
        Invalid: it answers itself.
    """
    sent = act.activity.object
    if not isinstance(sent, Post | Reference):
        raise RemoteProtocolError("The object of a Create must be a post.", status_hint=422)
    if isinstance(sent, Post) and origin(sent.id) == act.peer:
        check_post_origin(sent)
        require_other_parent(sent)
        return frozenset() if sent.is_poll_vote else wanted_for(uow, sent, act, context)
    if act.announced_by is None and origin(sent.id) != act.peer:
        raise RemoteProtocolError("The object is not of the actor's server.", status_hint=403)
    if sent.id not in act.resolved:
        if context.uris.is_ours(sent.id) or uow.posts.key_of(sent.id) is not None:
            return frozenset()
        return frozenset({sent.id})
    found = fetched_post(act, sent.id)
    return frozenset() if found is None else wanted_for(uow, found, act, context)


def create_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Publish the post, count the poll vote, or deliver the message.

    Raises:
        NotFound: it is for nobody here, or could not be fetched.
        NotAllowed: the actor is not its author.
    """
    sent = act.activity.object
    if not isinstance(sent, Post | Reference):
        raise RemoteProtocolError("The object of a Create must be a post.", status_hint=422)
    is_sent = isinstance(sent, Post) and origin(sent.id) == act.peer
    post = sent if is_sent else fetched_post(act, sent.id)
    if not isinstance(post, Post):
        confirm(uow, sent.id, act)
        return
    require_other_parent(post)
    if post.attributed_to != act.activity.actor:
        raise NotAllowed(Reason.NOT_AUTHOR, "The actor is not the author of the object")
    if post.is_poll_vote and _vote(uow, post, act):
        return
    if act.resolved:
        store_ancestors(uow, post, act, context)
    publish(uow, post, act, context)


def confirm(uow: UnitOfWork, uri: str, act: Act) -> None:
    """Take it from a community that it has published a post which we have already.

    Of what was announced nothing but the id counts: the copy that we have is the author's own.

    Raises:
        NotFound: there is no such post here.
        NotAllowed: another community's post was announced.
    """
    post = uow.posts.by_uri(uri)
    if post is None:
        raise NotFound("The post is not known here and could not be fetched")
    if act.announced_by is None:
        return
    fact = PublishPost(
        id=post.id,
        uri=post.uri,
        author_id=post.author_id,
        kind=post.kind,
        content=post.content,
        published_at=post.published_at,
        at=act.at,
        community_id=act.announced_by,
    )
    posting.record_published(uow, fact, announced=True)


def publish(
    uow: UnitOfWork, post: Post, act: Act, context: Context, *, wanted_already: bool = False
) -> DomainPost:
    """Submit a post to the domain.

    Raises:
        NotFound: it is for nobody here, unless the caller knows better.
        DomainError: the domain refuses it.
    """
    parent = uow.posts.by_uri(post.in_reply_to) if post.in_reply_to is not None else None
    where = Destination(
        community=_community(uow, post, act, parent),
        parent=parent,
        announced=act.announced_by is not None,
    )
    _require_spoken_to(post, where)
    command = publish_command(uow, post, act, context, where)
    if where.community is not None and where.community.is_local:
        if command.visibility is not Visibility.DIRECT:
            relay(uow, act)
    elif not where.announced and not wanted_already and not _concerns_us(uow, command):
        raise NotFound("This is for nobody here")
    return posting.submit(uow, command, act.announced_by)


def _require_spoken_to(post: Post, where: Destination) -> None:
    """Refuse what a community announces although its author said it to others alone.

    We may read it as the server of one of those others: that makes it nobody else's to read.

    Raises:
        NotAllowed: it is neither public nor addressed to the community.
    """
    if where.announced and where.community is not None and not is_spoken_to(post, where.community):
        raise NotAllowed(Reason.NOT_AUTHORITY, "This was not said to the community")


def _community(
    uow: UnitOfWork, post: Post, act: Act, parent: DomainPost | None
) -> Community | None:
    """Who announced it, else that of what it answers, else the first one that it addresses.

    Spec: reference activitypub 3.3; security GRP-10.
    """
    if act.announced_by is not None:
        return uow.communities.get(act.announced_by)
    if parent is None:
        around = act.activity if act.activity.type in _BRINGS_POSTS else None
        return community_of(uow, post, around)
    return None if parent.community_id is None else uow.communities.get(parent.community_id)


def _concerns_us(uow: UnitOfWork, command: PublishPost) -> bool:
    """Whether a post that no community of ours gets is for someone here, or answers a known one."""
    if command.recipients or command.parent_id is not None:
        return True
    if command.community_id is not None and uow.memberships.has_local_member(command.community_id):
        return True
    return uow.people.has_local_follower(command.author_id)


def _vote(uow: UnitOfWork, post: Post, act: Act) -> bool:
    """Count a vote in a poll; False when what it answers is not a poll that we know."""
    question = uow.posts.by_uri(post.in_reply_to) if post.in_reply_to is not None else None
    if question is None or question.content.poll is None or post.name is None:
        return False
    polls.vote(uow, question.id, author_of(uow, post, act), (post.name,), act.at)
    return True


def store_ancestors(uow: UnitOfWork, post: Post, act: Act, context: Context) -> None:
    """Keep the fetched posts above, from the top down, as far as the domain takes them."""
    for above in reversed(ancestors(post, act)):
        if uow.posts.key_of(above.id) is None:
            with suppress(DomainError):
                _store_ancestor(uow, above, act, context)


def _store_ancestor(uow: UnitOfWork, post: Post, act: Act, context: Context) -> None:
    require_other_parent(post)
    parent = uow.posts.by_uri(post.in_reply_to) if post.in_reply_to is not None else None
    if parent is not None:
        community = uow.communities.get(parent.community_id) if parent.community_id else None
    else:
        # What the answer addresses says nothing about what it answers: only its own words count.
        community = community_of(uow, post, None)
        if community is None and act.announced_by is not None:
            community = uow.communities.get(act.announced_by)
    announced = community is not None and community.id == act.announced_by
    where = Destination(community=community, parent=parent, announced=announced)
    _require_spoken_to(post, where)
    command = publish_command(uow, post, act, context, where)
    posting.submit(uow, command, act.announced_by if announced else None)


CREATE = Handler(create_needs, create_apply)
