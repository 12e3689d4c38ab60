"""Votes, emoji, boosts and choices in polls on their way out.

Spec: reference activitypub 3 (rows vote, batch votes, poll); FEP-1b12; FEP-c0e0; FEP-9967.
"""

import logging

from communities.community import Community
from communities.events import PollVoted, Reacted
from communities.posts import Post, ReactionKind, Visibility
from communities.visibility import may_relay
from federation.activitypub import from_domain
from federation.activitypub.fanout import Announced
from federation.activitypub.outbound_posts import SILENCED, tell_counts
from federation.activitypub.sending import Sending, Step
from federation.activitypub.software import Reader, reader_of
from protocols.activitypub import vocabulary
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityType,
    ActorId,
    ObjectId,
    ObjectType,
    Reference,
)
from storage.actors import Profile
from storage.audiences import Mailbox
from storage.times import from_ms

log = logging.getLogger(__name__)

_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_TYPES = {
    ReactionKind.LIKE: ActivityType.LIKE,
    ReactionKind.DISLIKE: ActivityType.DISLIKE,
    ReactionKind.EMOJI: ActivityType.EMOJI_REACT,
    ReactionKind.BOOST: ActivityType.ANNOUNCE,
}


def tell_reacted(sending: Sending, event: Reacted) -> None:
    """Like, Dislike, EmojiReact or Announce, or the Undo of one with the whole of it inside."""
    post, actor = sending.uow.posts.get(event.post_id), sending.actor(event.actor_id)
    if post is None or actor is None or (event.given and actor.state in SILENCED):
        return
    if event.kind is ReactionKind.BOOST:
        _tell_boosted(sending, event, post, actor)
        return
    community = sending.community(event.community_id)
    if community is None:
        if actor.is_local:
            reaction = _reaction(sending, event, post, actor, None)
            boxes = sending.out.mailboxes([sending.actor(post.author_id)])
            _send(sending, actor, reaction, boxes, post)
    elif community.is_local:
        _tell_ours(sending, event, post, actor, community)
    elif event.requested and actor.is_local:
        reaction = _reaction(sending, event, post, actor, community)
        boxes = sending.out.mailboxes([sending.actor(community.id)])
        extra = _box_of_author(sending, post, community)
        _send(sending, actor, reaction, [*boxes, *extra], post)


def _tell_ours(
    sending: Sending, event: Reacted, post: Post, actor: Profile, community: Community
) -> None:
    """A community of ours announces votes, alone or in batches; never a boost (no nesting)."""
    if not may_relay(post, community):
        return
    if actor.is_local:
        reaction = _reaction(sending, event, post, actor, community)
        original = sending.body(reaction, actor, is_public=post.visibility in _OPEN)
    else:
        kept = sending.cause()
        if kept is None:
            return
        original = kept
    is_emoji = event.kind is ReactionKind.EMOJI
    announced = Announced(
        id=sending.id("announce"),
        original=original,
        at=sending.at,
        order_key=post.root_id,
        is_vote=not is_emoji,
        is_emoji=is_emoji,
    )
    sending.out.announce(community, announced)
    if not is_emoji:
        thread = post.root_id if post.root_id in sending.step.begun else 0
        sending.step.votes.setdefault((community.id, thread), []).append(original)
    if actor.is_local:
        boxes = _box_of_author(sending, post, community)
        sending.out.send(actor.id, original, boxes, order_key=post.root_id)


def _box_of_author(sending: Sending, post: Post, community: Community) -> list[Mailbox]:
    """The server of a post's author, where it would not learn of votes by the community."""
    author = sending.actor(post.author_id)
    if author is None or post.visibility is Visibility.MEMBERS:
        return []
    told = {box.inbox for box in sending.out.wrapped_readers(community)}
    return [
        box
        for box in sending.out.mailboxes([author])
        if box.inbox not in told and reader_of(box.software) is not Reader.GROUPWARE
    ]


def _send(
    sending: Sending, actor: Profile, sent: Activity, boxes: list[Mailbox], post: Post
) -> None:
    if boxes:
        body = sending.body(sent, actor, is_public=post.visibility in _OPEN)
        sending.out.send(actor.id, body, boxes, order_key=post.root_id)


def _reaction(
    sending: Sending, event: Reacted, post: Post, actor: Profile, community: Community | None
) -> Activity:
    """The reaction, or its Undo. In a community it has no to and cc, as in Lemmy 1.0."""
    author = sending.actor(post.author_id) if community is None else None
    to = (author.uri,) if author is not None else ()
    audience = community.uri if community is not None else None
    kind = _TYPES[event.kind]
    given = from_domain.activity(
        kind,
        id=event.uri or sending.id(kind.value.lower()),
        actor=actor.uri,
        obj=Reference(id=post.uri),
        to=to,
        audience=audience,
        content=event.emoji,
    )
    return given if event.given else sending.undo(given)


def _tell_boosted(sending: Sending, event: Reacted, post: Post, actor: Profile) -> None:
    """A boost by one of ours, to who follows them and to the author of the post."""
    if not actor.is_local:
        return
    author = sending.actor(post.author_id)
    followers = actor.followers_uri or sending.uris.followers(actor.uri)
    named = (author.uri,) if author is not None else ()
    to, cc = (PUBLIC,), (followers, *named)
    if post.visibility is Visibility.UNLISTED:
        to, cc = (followers,), (PUBLIC, *named)
    elif post.visibility is not Visibility.PUBLIC:
        to, cc = (followers,), named
    boost = from_domain.activity(
        ActivityType.ANNOUNCE,
        id=event.uri or sending.id("boost"),
        actor=actor.uri,
        obj=Reference(id=post.uri),
        to=to,
        cc=cc,
        published=sending.at if event.given else None,
    )
    sent = boost if event.given else sending.undo(boost)
    boxes = {box.inbox: box for box in sending.out.mailboxes([author])}
    boxes.update({box.inbox: box for box in sending.out.audience(actor.id)})
    _send(sending, actor, sent, [*boxes.values()], post)


def send_batches(step: Step, last: Sending) -> None:
    """Queue the votes of a step for peers that take several in one Announce."""
    for (community_id, thread), originals in step.votes.items():
        community = step.uow.communities.get(community_id)
        if community is not None:
            step.out.announce_batch(
                community,
                originals,
                id=last.id(f"votes-{thread}" if thread else "votes"),
                at=from_ms(last.logged.at_ms or step.out.at_ms),
                order_key=thread or community.id,
            )


def tell_poll_voted(sending: Sending, event: PollVoted) -> None:
    """The choice of one of ours, to the author of a poll elsewhere; in ours the counts go out.

    The counts are told once a step, however many voted. A choice that the poll no longer has is
    left out.
    """
    post, voter = sending.uow.posts.get(event.post_id), sending.actor(event.voter_id)
    if post is None or post.content.poll is None or voter is None:
        return
    if post.local:
        sending.step.polls[post.id] = sending
        return
    author = sending.actor(post.author_id)
    if author is None or not event.requested or not voter.is_local:
        return
    boxes = sending.out.mailboxes([author], personal=True)
    options = post.content.poll.options
    for option in event.options:
        if option >= len(options):
            # Its author may take options away between the vote and this step.
            log.warning("option %d is gone from the poll %s and was not told", option, post.uri)
            continue
        choice = _choice(sending, post, voter, author, option, options[option].name)
        sending.send(voter, choice, boxes, order_key=post.root_id)


def _choice(
    sending: Sending, post: Post, voter: Profile, author: Profile, option: int, name: str
) -> Activity:
    """Create{Note{name}} to the author alone. Spec: FEP-9967; Mastodon "Poll votes"."""
    note = vocabulary.Post(
        id=ObjectId(sending.id(f"choice-{option}")),
        type=ObjectType.NOTE,
        attributed_to=ActorId(voter.uri),
        name=name,
        in_reply_to=post.uri,
        to=(author.uri,),
        published=sending.at,
    )
    return from_domain.activity(
        ActivityType.CREATE,
        id=sending.id(f"vote-{option}"),
        actor=voter.uri,
        obj=note,
        to=(author.uri,),
        published=sending.at,
    )


def send_counts(step: Step) -> None:
    """Queue the counts of polls in which somebody voted in this step."""
    for post_id, sending in step.polls.items():
        tell_counts(sending, post_id)
