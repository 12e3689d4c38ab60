"""Delete by authors, by moderators and of accounts, and bringing back what was deleted.

Spec: ActivityPub 6.4, 7.4; FEP-fe34; security ORI-09, GRP-01, GRP-12, FLD-06.
"""

from dataclasses import replace

from communities import accounts, editing, moderation, reinstating
from communities.community import Community
from communities.editing import EditPost
from communities.errors import NotAllowed, NotFound, Reason
from communities.events import CommunityChanged
from communities.limits import MAX_REASON
from communities.moderation import ModeratePost
from communities.people import ActorState
from communities.posts import Post as DomainPost
from communities.posts import PostState
from communities.text import plain_text
from federation.activitypub.act import Act, Context, Handler, authority_in, authority_of, relay_in
from federation.activitypub.threads_wanted import fetched_post, is_gone
from federation.activitypub.to_domain import post_content
from protocols.activitypub.parsing_origins import is_web_url, origin
from protocols.activitypub.vocabulary import Activity
from protocols.errors import RemoteProtocolError
from storage.unit_of_work import UnitOfWork


def reason_of(activity: Activity) -> str:
    """Why a moderator says it was done: `summary` (Lemmy, Mbin) or `content` (Mastodon)."""
    return plain_text(activity.summary or activity.content or "", MAX_REASON)


def delete_needs(uow: UnitOfWork, act: Act, _context: Context) -> frozenset[str]:
    """The object, where a community says that an author of another server deleted it.

    Raises:
        RemoteProtocolError: the object has no id.
    """
    uri = act.activity.object_id
    if uri is None or not is_web_url(uri):
        raise RemoteProtocolError("The object of a Delete needs an id.", status_hint=422)
    if act.announced_by is None or origin(uri) == act.peer or uri in act.resolved:
        return frozenset()
    post = uow.posts.by_uri(uri)
    is_by_author = post is not None and not post.local and post.author_id == act.actor
    return frozenset({uri}) if is_by_author else frozenset()


def delete_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Withdraw or remove the post, or end the account.

    Raises:
        NotFound: the object is not known here, and not of the actor's server.
        NotAllowed: the actor is neither its author nor a moderator.
    """
    uri = act.activity.object_id or ""
    if uri == act.activity.actor:
        _end_account(uow, act)
        return
    post = uow.posts.by_uri(uri)
    if post is None:
        _delete_unknown(uow, act, uri)
    elif post.author_id == act.actor:
        _withdraw(uow, act, post)
    else:
        relay_in(uow, act, post.community_id)
        moderation.remove(uow, _moderated(act, post), authority_in(uow, act, post.community_id))


def _end_account(uow: UnitOfWork, act: Act) -> None:
    if act.announced_by not in (None, act.actor):
        raise NotAllowed(Reason.NOT_AUTHORITY, "An account is ended by its own server")
    community = uow.communities.get(act.actor)
    if community is not None:
        _close(uow, act, community)
        return
    accounts.delete_person(uow, act.actor)


def _close(uow: UnitOfWork, act: Act, community: Community) -> None:
    """Record that a community elsewhere was closed; the caller knows that its server says so."""
    if community.state is ActorState.DELETED:
        return
    uow.communities.update(replace(community, state=ActorState.DELETED))
    uow.record(
        CommunityChanged(
            community_id=community.id, actor_id=act.actor, state=ActorState.DELETED.value
        )
    )


def _delete_unknown(uow: UnitOfWork, act: Act, uri: str) -> None:
    community = uow.communities.by_uri(uri)
    if community is not None:
        if community.is_local or authority_of(act, community) != community.id:
            raise NotAllowed(Reason.NOT_AUTHORITY, "A community is closed by its own server")
        _close(uow, act, community)
        return
    if origin(uri) != act.peer or uow.actors.key_of(uri) is not None:
        raise NotFound("The object is not known here")
    editing.forget(uow, uri, act.at)


def _withdraw(uow: UnitOfWork, act: Act, post: DomainPost) -> None:
    if act.announced_by is not None:
        if post.local:
            raise NotFound("What people of this node do is known here")
        if origin(post.uri) != act.peer and not is_gone(act.resolved.get(post.uri)):
            raise NotAllowed(Reason.NOT_AUTHOR, "Its own server has not deleted this post")
    relay_in(uow, act, post.community_id)
    editing.withdraw(uow, post.id, act.actor, act.at, act.announced_by)


def undelete_needs(uow: UnitOfWork, act: Act, deleted: Activity) -> frozenset[str]:
    """The post as its author has it again, where it was withdrawn: the text went with that."""
    uri = deleted.object_id or ""
    if uri in act.resolved:
        return frozenset()
    post = uow.posts.by_uri(uri)
    if post is None or post.local or post.state is not PostState.WITHDRAWN:
        return frozenset()
    return frozenset({uri}) if post.author_id == act.actor else frozenset()


def undelete(uow: UnitOfWork, act: Act, deleted: Activity) -> None:
    """Bring back what a moderator removed or its author withdrew.

    Raises:
        NotFound: the post is not known here, or its own server does not have it.
        NotAllowed: the actor is neither its author nor a moderator.
    """
    uri = deleted.object_id or ""
    post = uow.posts.by_uri(uri)
    if post is None:
        raise NotFound("No such post")
    if post.state is PostState.WITHDRAWN:
        _reinstate(uow, act, post)
        return
    relay_in(uow, act, post.community_id)
    moderation.restore(uow, _moderated(act, post), authority_in(uow, act, post.community_id))


def _reinstate(uow: UnitOfWork, act: Act, post: DomainPost) -> None:
    fetched = fetched_post(act, post.uri)
    if fetched is None or uow.actors.key_of(fetched.attributed_to) != post.author_id:
        raise NotFound("Its own server does not have this post")
    relay_in(uow, act, post.community_id)
    command = EditPost(
        post_id=post.id,
        editor_id=act.actor,
        content=post_content(fetched),
        edited_at=act.at,
        at=act.at,
    )
    reinstating.reinstate(uow, command, act.announced_by)


def _moderated(act: Act, post: DomainPost) -> ModeratePost:
    return ModeratePost(
        post_id=post.id, moderator_id=act.actor, at=act.at, reason=reason_of(act.activity)
    )


DELETE = Handler(delete_needs, delete_apply)
