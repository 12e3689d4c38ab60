"""Where a new post goes: its community, its parent, its depth, and who may see and gets it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from communities.actors import find_actor, find_community
from communities.community import Community
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.limits import MAX_RECIPIENTS
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import Post, PostKey, PostState, Visibility
from communities.roles import Standing
from communities.visibility import Viewer, sees

MAX_DEPTH = 100
"""How deep comments nest; deeper answers stand beside the one they answer."""


class Draft(Protocol):
    """The fields of a new post that decide on its place."""

    @property
    def id(self) -> PostKey:
        """Its own key."""

    @property
    def author_id(self) -> ActorKey:
        """Who wrote it."""

    @property
    def community_id(self) -> ActorKey | None:
        """The community that it names, if any."""

    @property
    def parent_id(self) -> PostKey | None:
        """The post that it answers, by key."""

    @property
    def parent_uri(self) -> str | None:
        """The post that it answers, by object id."""

    @property
    def visibility(self) -> Visibility:
        """The audience that its author chose."""

    @property
    def recipients(self) -> tuple[ActorKey, ...]:
        """Whom it addresses by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new post goes.

    `parent` is the post that it answers; it hangs below `parent_id`, which is the same post
    unless that one is as deep as comments go. `root` is the first post of the thread.
    """

    community: Community | None
    root_id: PostKey
    visibility: Visibility
    parent: Post | None = None
    parent_id: PostKey | None = None
    parent_uri: str | None = None
    depth: int = 0


def find_place(uow: UnitOfWork, draft: Draft) -> Place:
    """The place of a new post.

    A comment belongs to the community of what it answers. A private answer to something that is
    not private starts a conversation of its own and leaves the thread alone.

    Spec: security GRP-10.

    Raises:
        NotFound: the community or the parent (named by its key) is not there, or the parent is a
            private conversation that the author is not in.
        NotAllowed: the community is suspended on this node.
        Invalid: it names another community than its parent's, or shows a private conversation
            to more than those in it.
    """
    parent = _find_parent(uow, draft)
    direct = draft.visibility is Visibility.DIRECT
    alone = Place(
        community=None,
        root_id=draft.id,
        visibility=draft.visibility,
        parent_uri=parent.uri if parent is not None else draft.parent_uri,
    )
    if direct and (parent is None or parent.visibility is not Visibility.DIRECT):
        return alone
    if parent is not None and not _is_heard(uow, draft, parent):
        raise NotFound("What this answers is not there")
    if parent is None:
        community = None if draft.community_id is None else find_community(uow, draft.community_id)
        return replace(alone, community=community, visibility=_audience(draft, None, community))
    if draft.community_id not in (None, parent.community_id):
        raise Invalid("community", "A comment stays in the community of what it answers")
    community = None if parent.community_id is None else find_community(uow, parent.community_id)
    full = parent.depth >= MAX_DEPTH
    return Place(
        community=community,
        root_id=parent.root_id,
        visibility=_audience(draft, parent, community),
        parent=parent,
        parent_id=parent.parent_id if full else parent.id,
        parent_uri=parent.uri,
        depth=parent.depth if full else parent.depth + 1,
    )


def _is_heard(uow: UnitOfWork, draft: Draft, parent: Post) -> bool:
    """Whether the author of a draft is in the conversation, where the parent is a private one."""
    if parent.visibility is not Visibility.DIRECT or parent.author_id == draft.author_id:
        return True
    return draft.author_id in uow.posts.recipients(parent.id)


def _find_parent(uow: UnitOfWork, draft: Draft) -> Post | None:
    if draft.parent_id is not None:
        parent = uow.posts.get(draft.parent_id)
        if parent is None:
            raise NotFound("What this answers is not there")
        return parent
    return None if draft.parent_uri is None else uow.posts.by_uri(draft.parent_uri)


def _audience(draft: Draft, parent: Post | None, community: Community | None) -> Visibility:
    """The audience, never wider than that of the community and of a private conversation."""
    if parent is not None and parent.visibility is Visibility.DIRECT:
        if draft.visibility is not Visibility.DIRECT:
            raise Invalid("visibility", "An answer to a direct message is a direct message")
        return Visibility.DIRECT
    if community is not None and not community.is_open_to_read:
        return Visibility.MEMBERS
    if parent is not None and parent.visibility is Visibility.MEMBERS:
        return Visibility.MEMBERS
    if draft.visibility is Visibility.MEMBERS and community is None:
        raise Invalid("visibility", "Only a community has members")
    return draft.visibility


def require_answerable(
    uow: UnitOfWork, place: Place, author_id: ActorKey, held: Standing, at: datetime
) -> None:
    """Let an answer to the parent of this place through, if it may be answered.

    `held` is the author's standing in the community (VISITOR without one). A lock on a post
    closes its whole thread, one on a comment the answers to that comment; moderators, and the
    author of a post outside any community, may answer all the same.

    Raises:
        NotFound: the author cannot see the parent.
        NotAllowed: it was removed or deleted, is not published yet, or is locked.
    """
    parent = place.parent
    if parent is None:
        return
    # Whoever may comment in a community may read it: only narrower audiences ask more.
    narrow = parent.community_id is None or parent.visibility is Visibility.FOLLOWERS
    gone = parent.state in (PostState.REMOVED, PostState.WITHDRAWN)
    as_it_was = replace(parent, state=PostState.PUBLISHED) if gone else parent
    if narrow and not sees(uow, Viewer(person_id=author_id), as_it_was, at):
        raise NotFound("What this answers is not there")
    if gone:
        raise NotAllowed(Reason.REMOVED, "What this answers was deleted")
    if parent.state is not PostState.PUBLISHED:
        raise NotAllowed(Reason.PENDING, "Its community has not published this post yet")
    if held < Standing.MODERATOR and _is_locked(uow, parent, author_id):
        raise NotAllowed(Reason.LOCKED, "This thread is locked")


def _is_locked(uow: UnitOfWork, parent: Post, author_id: ActorKey) -> bool:
    root = parent if parent.root_id == parent.id else uow.posts.get(parent.root_id)
    closed = parent.locked or (root is not None and root.locked)
    own = parent.community_id is None and root is not None and root.author_id == author_id
    return closed and not own


def reachable(uow: UnitOfWork, draft: Draft) -> tuple[ActorKey, ...]:
    """Those the post addresses by name, once each, without whom has blocked its author.

    Spec: security PRV-13 (dropped for that recipient only).

    Raises:
        NotFound: one of them is not known.
        NotAllowed: it is a direct message and nobody is left to get it.
        Invalid: there are too many, or a direct message names nobody.
    """
    named = tuple(dict.fromkeys(draft.recipients))
    if len(named) > MAX_RECIPIENTS:
        raise Invalid("recipients", f"There are more than {MAX_RECIPIENTS} recipients")
    direct = draft.visibility is Visibility.DIRECT
    if direct and not named:
        raise Invalid("recipients", "A direct message needs someone to get it")
    for key in named:
        find_actor(uow, key)
    open_to = tuple(key for key in named if not uow.people.has_blocked(key, draft.author_id))
    if direct and not open_to:
        raise NotAllowed(Reason.BLOCKED, "You cannot send messages to this person")
    return open_to
