"""Posts on their way out: published, edited, withdrawn, and private messages.

In a community of ours its followers get the Announce of the author's activity. The activity of an
author of ours goes directly, too: to followers of the author and people named in the post, where
the Announce does not come to anyway; and an edit or deletion to microblogs that had the thread
boosted, since they know nothing of wrapped activities.

Spec: reference activitypub 3 (delivery rule of Lemmy; row DM); security PRV-04, PRV-13.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from communities.community import Community
from communities.events import PostEdited, PostPublished, PostWithdrawn
from communities.people import ActorKey, ActorState
from communities.posts import Post, PostKey, PostState, Visibility
from communities.visibility import audience_in, may_relay
from federation.activitypub import from_domain
from federation.activitypub.sending import Sending
from federation.activitypub.software import wants_chat_messages
from protocols.activitypub import vocabulary
from protocols.activitypub.vocabulary import Activity, ActivityType, ObjectType, Reference
from storage.actors import Profile
from storage.audiences import Mailbox

_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_SHOWN = (PostState.PUBLISHED, PostState.PENDING)
SILENCED = (ActorState.SUSPENDED, ActorState.DELETED)
"""Of whom nothing is told any more, but what they take back."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that the author of a post says about it.

    Attributes:
        is_news: it is the post itself; peers that have it need no more than that.
        is_farewell: it is taken back: who had it before its community was closed hears of that.
    """

    post: Post
    author: Profile
    community: Community | None
    is_requested: bool
    is_news: bool = False
    is_farewell: bool = False

    @property
    def audience(self) -> Visibility:
        """Whom the post is for."""
        return audience_in(self.post, self.community)

    @property
    def is_shown(self) -> bool:
        """Whether the post is there to be read: what was taken back before it left stays here."""
        return self.post.state in _SHOWN and self.author.state not in SILENCED

    @property
    def is_relayed(self) -> bool:
        """Whether a community of ours announces it: it was in the post's audience to begin with."""
        if self.community is None:
            return False
        is_shown = self.post.state is PostState.PUBLISHED
        shown = self.post if is_shown else replace(self.post, state=PostState.PUBLISHED)
        return may_relay(shown, self.community)

    @property
    def has_twin(self) -> bool:
        """Whether microblogs know the post by the community's boost."""
        starts_thread = self.post.root_id == self.post.id and not self.post.is_comment
        by_itself = self.community is not None and self.post.author_id == self.community.id
        is_public = self.audience is Visibility.PUBLIC
        return self.is_relayed and starts_thread and is_public and not by_itself


def tell_published(sending: Sending, event: PostPublished) -> None:
    """Create, in all three situations."""
    spoken = _spoken(
        sending, event.post_id, event.author_id, is_requested=event.requested, is_news=True
    )
    if spoken is None or not spoken.is_shown:
        return
    if spoken.post.visibility is Visibility.DIRECT:
        _send_message(sending, spoken, ActivityType.CREATE)
        return
    post = spoken.post
    if spoken.is_relayed and not post.is_comment:
        sending.step.begun.add(post.root_id)
    _speak(
        sending,
        spoken,
        lambda: _with_document(sending, post, ActivityType.CREATE, sending.uris.created(post.id)),
        announce_id=sending.uris.announced(post.id),
    )
    if spoken.community is not None and spoken.has_twin:
        sending.out.announce_object(spoken.community, post, at=sending.at)


def tell_edited(sending: Sending, event: PostEdited) -> None:
    """Update with the whole post; Mastodon shows an edit by its `updated`."""
    spoken = _spoken(sending, event.post_id, event.editor_id, is_requested=event.requested)
    if spoken is not None and spoken.is_shown:
        _say_updated(sending, spoken)


def tell_counts(sending: Sending, post_id: PostKey) -> None:
    """Update{Question} with the votes counted here. Spec: FEP-9967."""
    post = sending.uow.posts.get(post_id)
    if post is None or not post.local or post.state is not PostState.PUBLISHED:
        return
    spoken = _spoken(sending, post_id, post.author_id, is_requested=True)
    if spoken is not None:
        _say_updated(sending, spoken)


def tell_withdrawn(sending: Sending, event: PostWithdrawn) -> None:
    """Delete by the author; the boost of a peer's post is undone, whose server we cannot speak for.

    Spec: ActivityPub 7.4; security ORI-09.
    """
    spoken = _spoken(sending, event.post_id, event.author_id, is_requested=event.requested)
    if spoken is None:
        return
    spoken = replace(spoken, is_farewell=True)
    _speak(sending, spoken, lambda: deletion(sending, spoken.post, spoken.author))
    if spoken.community is not None and spoken.has_twin and not spoken.author.is_local:
        sending.out.withdraw_object(spoken.community, spoken.post, id=sending.id("undo-boost"))


def deletion(sending: Sending, post: Post, author: Profile) -> Activity:
    """Delete{id} of one's own post, addressed as the post was."""
    to, cc, audience = _addressing(sending, post)
    return from_domain.activity(
        ActivityType.DELETE,
        id=sending.id("delete"),
        actor=author.uri,
        obj=Reference(id=post.uri),
        to=to,
        cc=cc,
        audience=audience,
    )


def _addressing(
    sending: Sending, post: Post
) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    document = from_domain.post_document(sending.uow, post, sending.uris)
    return ((), (), None) if document is None else (document.to, document.cc, document.audience)


def _spoken(
    sending: Sending,
    post_id: PostKey,
    author_id: ActorKey,
    *,
    is_requested: bool,
    is_news: bool = False,
) -> Spoken | None:
    post = sending.uow.posts.get(post_id)
    author = sending.actor(author_id)
    if post is None or author is None:
        return None
    community = sending.community(post.community_id)
    return Spoken(post, author, community, is_requested, is_news)


def _say_updated(sending: Sending, spoken: Spoken) -> None:
    if spoken.post.visibility is Visibility.DIRECT:
        _send_message(sending, spoken, ActivityType.UPDATE)
        return
    updated_id = sending.id("update")
    _speak(
        sending,
        spoken,
        lambda: _with_document(sending, spoken.post, ActivityType.UPDATE, updated_id),
    )


def _with_document(
    sending: Sending, post: Post, kind: ActivityType, activity_id: str
) -> Activity | None:
    document = from_domain.post_document(sending.uow, post, sending.uris)
    if document is None or not post.local:
        return None
    return _around(document, kind, activity_id)


def _around(document: vocabulary.Post, kind: ActivityType, activity_id: str) -> Activity:
    return from_domain.activity(
        kind,
        id=activity_id,
        actor=document.attributed_to,
        obj=document,
        to=document.to,
        cc=document.cc,
        audience=document.audience,
        published=document.published if kind is ActivityType.CREATE else document.updated,
    )


def _speak(
    sending: Sending,
    spoken: Spoken,
    make: Callable[[], Activity | None],
    *,
    announce_id: str | None = None,
) -> None:
    """Queue what an author says, for the community of the post and for those it is for directly."""
    post, author, community = spoken.post, spoken.author, spoken.community
    if community is not None and not community.is_local and not spoken.is_requested:
        return
    if not author.is_local:
        original = sending.cause() if spoken.is_relayed else None
    else:
        sent = make()
        is_public = spoken.audience in _OPEN
        original = None if sent is None else sending.body(sent, author, is_public=is_public)
    if original is None:
        return
    if community is not None and spoken.is_relayed:
        sending.announce(community, original, order_key=post.root_id, id=announce_id)
    if author.is_local:
        sending.out.send(
            author.id, original, direct_readers(sending, spoken), order_key=post.root_id
        )


def direct_readers(sending: Sending, spoken: Spoken) -> list[Mailbox]:
    """Where the author's own activity goes, beside the Announces of a community of ours.

    Spec: security PRV-04 (a members' post leaves by its community alone).
    """
    boxes = {box.inbox: box for box in _own_readers(sending, spoken)}
    community = spoken.community
    if community is None:
        return [*boxes.values()]
    if not community.is_local:
        group = sending.out.mailboxes([sending.actor(community.id)])
        return [*{**boxes, **{box.inbox: box for box in group}}.values()]
    if spoken.has_twin and not spoken.is_news:
        boxes.update({box.inbox: box for box in sending.out.twin_readers(community)})
    if spoken.is_relayed:
        for box in sending.out.wrapped_readers(community):
            boxes.pop(box.inbox, None)
    return [*boxes.values()]


def _own_readers(sending: Sending, spoken: Spoken) -> list[Mailbox]:
    """Servers of those named and, of what is not private, of the author's followers."""
    match spoken.post.visibility if spoken.is_farewell else spoken.audience:
        case Visibility.MEMBERS:
            return []
        case Visibility.DIRECT:
            return _named(sending, spoken)
        case _:
            return [*_named(sending, spoken), *sending.out.audience(spoken.author.id)]


def _named(sending: Sending, spoken: Spoken) -> list[Mailbox]:
    """Servers of those whom a post names, and of the author it answers where everyone may read."""
    post, uow = spoken.post, sending.uow
    people = [*uow.actors.many(uow.posts.recipients(post.id)).values()]
    if post.parent_id is not None and post.visibility in _OPEN:
        parent = uow.posts.get(post.parent_id)
        author = sending.actor(parent.author_id) if parent is not None else None
        people.extend([author] if author is not None else [])
    return sending.out.mailboxes(people)


def _send_message(sending: Sending, spoken: Spoken, kind: ActivityType) -> None:
    """A private message, to each of its readers in the form that their software reads."""
    document = from_domain.post_document(sending.uow, spoken.post, sending.uris)
    if document is None or not spoken.author.is_local:
        return
    readers = sending.uow.actors.many(sending.uow.posts.recipients(spoken.post.id))
    others: list[Profile] = []
    for reader in readers.values():
        if _wants_chat_message(sending, reader):
            _send_chat_message(sending, spoken, document, kind, reader)
        else:
            others.append(reader)
    boxes = sending.out.mailboxes(others, personal=True)
    activity_id = (
        sending.uris.created(spoken.post.id)
        if kind is ActivityType.CREATE
        else sending.id(kind.value.lower())
    )
    sent = _around(document, kind, activity_id)
    sending.send(spoken.author, sent, boxes, order_key=spoken.post.root_id)


def _wants_chat_message(sending: Sending, reader: Profile) -> bool:
    box = sending.out.mailbox(reader)
    peer = sending.out.peer(box.peer) if box is not None else None
    return peer is not None and wants_chat_messages(peer.software, peer.version)


def _send_chat_message(
    sending: Sending,
    spoken: Spoken,
    document: vocabulary.Post,
    kind: ActivityType,
    reader: Profile,
) -> None:
    message = vocabulary.Post(
        id=document.id,
        type=ObjectType.CHAT_MESSAGE,
        attributed_to=document.attributed_to,
        content_html=document.content_html,
        content_media_type=document.content_media_type,
        source=document.source,
        source_media_type=document.source_media_type,
        attachments=document.attachments,
        to=(reader.uri,),
        published=document.published,
        updated=document.updated,
    )
    sent = _around(message, kind, sending.id(f"{kind.value.lower()}-message-{reader.id}"))
    boxes = sending.out.mailboxes([reader], personal=True)
    sending.send(spoken.author, sent, boxes, order_key=spoken.post.root_id)
