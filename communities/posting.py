"""Publishing posts and comments, in the three cases of `authority`, and what becomes of requests.

`submit` finds the case by itself; `publish`, `request_publish` and `record_published` are for
callers that know it. All of them answer with the stored post, and do nothing but that when a post
with this object id stands already.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from communities.actors import Actor, require_actor
from communities.authority import Case, decide
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PostPublished, PostRemoved
from communities.limits import check_content
from communities.people import ActorKey
from communities.placing import Place, find_place, reachable, require_answerable
from communities.ports import UnitOfWork
from communities.posts import Post, PostContent, PostKey, PostKind, PostState, Visibility
from communities.roles import Action, Standing, require
from communities.visibility import Viewer, sees

PENDING_LIFETIME = timedelta(days=14)
"""How long a post waits for the community elsewhere to announce it: as long as delivery tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishPost:
    """A new post or comment, as its author (or the announcing community) gives it.

    `published_at` is the author's time, `at` the time now. `recipients` are those addressed by
    name: the readers of a direct message, the people mentioned in any other post. `local` says
    whether this node made the object id. A comment names its parent by key or by object id.
    """

    id: PostKey
    uri: str
    author_id: ActorKey
    kind: PostKind
    content: PostContent
    published_at: datetime
    at: datetime
    community_id: ActorKey | None = None
    parent_id: PostKey | None = None
    parent_uri: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    recipients: tuple[ActorKey, ...] = ()
    url: str | None = None
    local: bool = False


def submit(uow: UnitOfWork, command: PublishPost, announced_by: ActorKey | None = None) -> Post:
    """Publish, request or record a post, whichever its community and author make of it.

    Raises:
        NotFound, NotAllowed, Conflict, Invalid: as the function for that case.
    """
    existing = _find_existing(uow, command)
    if existing is not None and announced_by is None:
        return existing
    place = find_place(uow, command)
    author = require_actor(uow, command.author_id)
    match decide(place.community, author, announced_by):
        case Case.COMMAND:
            return _publish(uow, command, place, author, PostState.PUBLISHED)
        case Case.REQUEST:
            return _publish(uow, command, place, author, PostState.PENDING)
        case Case.FACT:
            if existing is not None:
                return _confirm(uow, existing, command)
            return _record(uow, command, place, PostState.PUBLISHED)
        case Case.CLAIM:
            return _record(uow, command, place, PostState.PENDING)


def publish(uow: UnitOfWork, command: PublishPost) -> Post:
    """Publish a post in a community of this node, or on its author's own.

    Spec: security GRP-08, GRP-10, PRV-13.

    Raises:
        NotFound: the community or parent is not there for the author, or the post was deleted
            before it came.
        NotAllowed: the author is suspended, banned, blocked or outside the posting policy, the
            thread is locked or gone, or the community is not ours.
        Conflict: another author has a post with this object id.
        Invalid: a field is too long, or does not fit the place.
    """
    existing = _find_existing(uow, command)
    if existing is not None:
        return existing
    place = find_place(uow, command)
    if place.community is not None and not place.community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Another server decides in this community")
    author = require_actor(uow, command.author_id)
    return _publish(uow, command, place, author, PostState.PUBLISHED)


def request_publish(uow: UnitOfWork, command: PublishPost) -> Post:
    """Keep a post of one of ours for a community elsewhere, which is asked to publish it.

    Until its announcement comes the post is PENDING: its author alone sees it. What we know that
    the community would refuse is refused at once.

    Raises:
        NotFound, NotAllowed, Conflict, Invalid: as `publish`; NotAllowed also when the author is
            not one of ours or the community is.
    """
    existing = _find_existing(uow, command)
    if existing is not None:
        return existing
    place = find_place(uow, command)
    author = require_actor(uow, command.author_id)
    if place.community is None or place.community.is_local or not author.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "There is no other server to ask")
    return _publish(uow, command, place, author, PostState.PENDING)


def record_published(uow: UnitOfWork, fact: PublishPost, *, announced: bool) -> Post:
    """Record a post in a community elsewhere.

    `announced` says that the community itself told us (the caller has verified that): the post
    is published, also one that was PENDING or, after a silence, REFUSED. Otherwise only the
    author told us, and it stays PENDING until the community does; nobody hears of it yet.

    Raises:
        NotFound: the community is not there, or the post was deleted before it came.
        NotAllowed: the author or community is suspended here, or the community is ours.
        Conflict: another author has a post with this object id.
        Invalid: a field is too long, or does not fit the place.
    """
    existing = _find_existing(uow, fact)
    if existing is not None:
        return _confirm(uow, existing, fact) if announced else existing
    place = find_place(uow, fact)
    if place.community is None or place.community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Only a community elsewhere announces posts")
    require_actor(uow, fact.author_id)
    return _record(uow, fact, place, PostState.PUBLISHED if announced else PostState.PENDING)


def refuse(
    uow: UnitOfWork, post_id: PostKey, at: datetime, announced_by: ActorKey, reason: str = ""
) -> bool:
    """Take it from the community that it will not publish this pending post; False if not pending.

    Raises:
        NotFound: there is no such post.
        NotAllowed: someone else than its community refused it.
    """
    post = uow.posts.get(post_id)
    if post is None:
        raise NotFound("No such post")
    if post.community_id is None or post.community_id != announced_by:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Only the community itself can refuse a post")
    return _end_waiting(uow, post, at, reason)


def expire(uow: UnitOfWork, post_id: PostKey, at: datetime) -> bool:
    """Give up on a pending post that its community has not answered; False if there is no need."""
    post = uow.posts.get(post_id)
    if post is None or at - post.published_at < PENDING_LIFETIME:
        return False
    return _end_waiting(uow, post, at, "The community did not answer")


def _end_waiting(uow: UnitOfWork, post: Post, at: datetime, reason: str) -> bool:
    if post.state is not PostState.PENDING or post.community_id is None:
        return False
    uow.posts.set_state(post.id, PostState.REFUSED, at=at)
    uow.record(
        PostRemoved(
            post_id=post.id,
            moderator_id=post.community_id,
            community_id=post.community_id,
            removed=True,
            reason=reason,
        )
    )
    return True


def _publish(
    uow: UnitOfWork, command: PublishPost, place: Place, author: Actor, state: PostState
) -> Post:
    """Ask the rules, store and tell; `state` is PENDING for a request."""
    held = Standing.VISITOR
    if place.community is not None:
        held = _require_writer(uow, place, place.community, author, command.at)
        if place.parent is None and command.parent_uri is not None:
            raise NotFound("What this answers is not there")
    require_answerable(uow, place, author.id, held, command.at)
    post = _store(uow, command, place, state)
    uow.record(_published(post, requested=state is PostState.PENDING))
    return post


def _require_writer(
    uow: UnitOfWork, place: Place, community: Community, author: Actor, at: datetime
) -> Standing:
    """The standing of an author who may write here.

    Spec: security PRV-01.

    Raises:
        NotFound: they may not even know that the community, or what they answer, is there.
        NotAllowed: they may not write.
    """
    action = Action.POST if place.parent is None else Action.COMMENT
    try:
        return require(uow, community, author, action, at)
    except NotAllowed:
        viewer = Viewer(person_id=author.id)
        if place.parent is not None and not sees(uow, viewer, place.parent, at):
            raise NotFound("What this answers is not there") from None
        raise


def _record(uow: UnitOfWork, fact: PublishPost, place: Place, state: PostState) -> Post:
    """Store what its community announced, or (PENDING) what its author alone told us."""
    post = _store(uow, fact, place, state)
    if state is PostState.PUBLISHED:
        uow.record(_published(post))
    return post


def _find_existing(uow: UnitOfWork, command: PublishPost) -> Post | None:
    """The post with this object id; a deletion that came first counts as never known.

    Spec: security GRP-12.
    """
    post = uow.posts.by_uri(command.uri)
    if post is None:
        if uow.posts.is_forgotten(command.uri):
            raise NotFound("This post was deleted")
        return None
    if post.author_id != command.author_id:
        raise Conflict("Someone else has a post with this id")
    return post


def _confirm(uow: UnitOfWork, post: Post, fact: PublishPost) -> Post:
    """Publish what waited for this announcement; one by another community changes nothing."""
    waiting = post.state in (PostState.PENDING, PostState.REFUSED)
    if not waiting or fact.community_id not in (None, post.community_id):
        return post
    require_actor(uow, post.author_id)
    uow.posts.set_state(post.id, PostState.PUBLISHED, at=fact.at)
    uow.record(_published(post))
    return replace(post, state=PostState.PUBLISHED)


def _store(uow: UnitOfWork, command: PublishPost, place: Place, state: PostState) -> Post:
    check_content(command.content)
    if command.kind is PostKind.QUESTION and command.content.poll is None:
        raise Invalid("poll", "A question needs choices")
    recipients = reachable(uow, command)
    post = Post(
        id=command.id,
        uri=command.uri,
        author_id=command.author_id,
        root_id=place.root_id,
        kind=command.kind,
        content=command.content,
        published_at=command.published_at,
        community_id=None if place.community is None else place.community.id,
        parent_id=place.parent_id,
        parent_uri=place.parent_uri,
        depth=place.depth,
        visibility=place.visibility,
        state=state,
        local=command.local,
        url=command.url,
    )
    if not uow.posts.add(post, recipients=recipients):
        raise Conflict("A post with this id stands already")
    return post


def _published(post: Post, *, requested: bool = False) -> PostPublished:
    return PostPublished(
        post_id=post.id,
        author_id=post.author_id,
        community_id=post.community_id,
        requested=requested,
    )
