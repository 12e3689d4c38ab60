"""Ties that an app makes in one act: follow or join, leave, block, mute, and how a follow is shown.

Each function is a unit of work. Who acts is a person, or a community that a moderator lets the
app act as: then `mover_id` is that moderator, by whose standing it is allowed.
"""

from dataclasses import dataclass
from datetime import datetime

from communities import banning, following, joining
from communities.banning import BanMember
from communities.community import Community
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.membership import MembershipState
from communities.people import ActorKey
from communities.ties import FollowOptions, Mute, Tie
from storage.unit_of_work import UnitOfWork

MAX_NOTE = 2_000
"""Characters of what one notes about someone."""
MAX_ENDORSEMENTS = 100
MAX_DOMAIN_BLOCKS = 5_000
_INSIDE = (MembershipState.MEMBER, MembershipState.REQUESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One act of someone towards someone else.

    Attributes:
        actor_id: who acts.
        mover_id: the person behind it; the same, but for a community.
        target_id: the other.
        uri: a new id, for what goes to other servers.
        key: a new place for lists.
    """

    actor_id: ActorKey
    mover_id: ActorKey
    target_id: ActorKey
    at: datetime
    uri: str
    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """How a follow is to be shown; what is None stays as it is, or usual."""

    show_reblogs: bool | None = None
    notify: bool | None = None
    languages: tuple[str, ...] | None = None


def follow(uow: UnitOfWork, move: Move, wished: Wished) -> None:
    """Follow someone or join a community, or ask to; who does already changes how it is shown.

    Raises:
        NotFound: the target is not there, or is a secret community.
        NotAllowed: a ban, a block or a suspension stands between, or nobody is let in by asking.
        Invalid: one follows oneself.
    """
    tie = _tie(uow, move)
    standing = uow.follow_options.get(move.actor_id, move.target_id)
    if not (tie.following or tie.requested):
        standing = FollowOptions()
        _begin(uow, move)
    options = FollowOptions(
        show_reblogs=_chosen(wished.show_reblogs, standing.show_reblogs),
        notify=_chosen(wished.notify, standing.notify),
        languages=standing.languages if wished.languages is None else wished.languages or None,
    )
    uow.follow_options.put(move.actor_id, move.target_id, options)


def _begin(uow: UnitOfWork, move: Move) -> None:
    if _joins(uow, move) is None:
        following.follow(uow, move.actor_id, move.target_id, move.uri, move.at)
        return
    made = joining.ask_to_join(uow, move.target_id, move.actor_id, move.uri, move.at)
    if made.state not in _INSIDE:
        # By raising nothing of it is kept: being turned away by a rule is no news to tell later.
        raise NotAllowed(Reason.CLOSED, "This community takes in only those whom it invites")


def unfollow(uow: UnitOfWork, move: Move) -> None:
    """Stop following someone, or leave a community; a request is taken back, too.

    Raises:
        NotFound: the target is not there.
        NotAllowed: the last owner of a community cannot leave it.
    """
    if _joins(uow, move) is None:
        following.unfollow(uow, move.actor_id, move.target_id)
    else:
        joining.leave(uow, move.target_id, move.actor_id, move.at)
    uow.follow_options.put(move.actor_id, move.target_id, FollowOptions())


def block(uow: UnitOfWork, move: Move) -> None:
    """Block someone: nobody follows the other any more. A community bans whom it blocks.

    Who blocks a community leaves it.

    Raises:
        NotFound: the target is not there.
        NotAllowed: a community would lose its last owner, or bans someone above the moderator.
        Invalid: one blocks oneself.
    """
    _refuse_self(move, "blocked")
    if _is_member_of(uow, move):
        banning.ban(uow, _ban(move))
        return
    if _joins(uow, move) is not None:
        joining.leave(uow, move.target_id, move.actor_id, move.at)
    uow.follow_options.put(move.actor_id, move.target_id, FollowOptions())
    uow.follow_options.put(move.target_id, move.actor_id, FollowOptions())
    uow.endorsements.drop(move.actor_id, move.target_id)
    uow.endorsements.drop(move.target_id, move.actor_id)
    following.block(uow, move.actor_id, move.target_id, move.uri, move.at)


def unblock(uow: UnitOfWork, move: Move) -> None:
    """End a block, or the ban by a community. Raises as `block`."""
    if _is_member_of(uow, move) and banning.unban(uow, _ban(move)):
        return
    following.unblock(uow, move.actor_id, move.target_id, move.uri, move.at)


def mute(uow: UnitOfWork, move: Move, wanted: Mute) -> None:
    """Mute someone, or change how.

    Raises:
        Invalid: one mutes oneself.
    """
    _refuse_self(move, "muted")
    uow.mutes.put(move.actor_id, wanted, key=move.key)


def unmute(uow: UnitOfWork, move: Move) -> None:
    """End a mute."""
    uow.mutes.drop(move.actor_id, move.target_id)


def note(uow: UnitOfWork, move: Move, text: str) -> None:
    """Note something about someone, or take it away with an empty text.

    Raises:
        Invalid: it is longer than `MAX_NOTE`.
    """
    if len(text) > MAX_NOTE or "\0" in text:
        raise Invalid("comment", f"A note has at most {MAX_NOTE} characters")
    uow.account_notes.put(move.actor_id, move.target_id, text)


def endorse(uow: UnitOfWork, move: Move) -> None:
    """Show someone on one's own page.

    Raises:
        Invalid: one does not follow them, or endorses enough.
    """
    tie = _tie(uow, move)
    if not tie.following:
        raise Invalid("base", "Validation failed: You must follow who you want to endorse")
    if not tie.endorsed and uow.endorsements.count(move.actor_id) >= MAX_ENDORSEMENTS:
        raise Invalid("base", f"Validation failed: More than {MAX_ENDORSEMENTS} are too many")
    uow.endorsements.put(move.actor_id, move.target_id, key=move.key)


def unendorse(uow: UnitOfWork, move: Move) -> None:
    """End an endorsement."""
    uow.endorsements.drop(move.actor_id, move.target_id)


def remove_follower(uow: UnitOfWork, move: Move) -> None:
    """Let someone follow no more, without a block; nothing happens when they do not."""
    following.reject(uow, move.target_id, move.actor_id)


def answer_request(uow: UnitOfWork, move: Move, *, welcome: bool) -> None:
    """Answer who asked to follow, or to join a community; `target_id` is who asked.

    Raises:
        NotFound: nobody waits by that id.
        NotAllowed: who answers for a community does not moderate it.
    """
    if uow.communities.get(move.actor_id) is not None and _is_person(uow, move.target_id):
        waiting = uow.memberships.get(move.actor_id, move.target_id)
        if waiting is None or waiting.state is not MembershipState.REQUESTED:
            raise NotFound("Nobody of that id waits")
        answer = joining.admit if welcome else joining.refuse
        answer(uow, move.actor_id, move.target_id, move.mover_id, move.at)
        return
    tie = _tie(uow, move)
    if not tie.requested_by:
        raise NotFound("Nobody of that id waits")
    if welcome:
        following.accept(uow, move.target_id, move.actor_id, move.at)
    else:
        following.reject(uow, move.target_id, move.actor_id)


def block_host(uow: UnitOfWork, actor_id: ActorKey, host: str, key: int) -> None:
    """Hide a server from someone.

    Raises:
        Invalid: they have blocked enough.
    """
    if uow.domain_blocks.count(actor_id) >= MAX_DOMAIN_BLOCKS:
        raise Invalid("domain", f"More than {MAX_DOMAIN_BLOCKS} are too many")
    uow.domain_blocks.put(actor_id, host, key=key)


def cut_ties_to(uow: UnitOfWork, actor_id: ActorKey, host: str, most: int) -> int:
    """End up to `most` follows between someone and a server, both ways; how many people it was.

    Spec: Mastodon API "domain_blocks" (removes all followers from the domain).
    """
    people = uow.relations.people_at(actor_id, host, most=most)
    for other in people:
        following.unfollow(uow, actor_id, other)
        following.reject(uow, other, actor_id)
        uow.follow_options.put(actor_id, other, FollowOptions())
    return len(people)


def _tie(uow: UnitOfWork, move: Move) -> Tie:
    found = uow.relations.between(move.actor_id, [move.target_id], move.at)
    if move.target_id not in found:
        raise NotFound("There is no such account")
    return found[move.target_id]


def _joins(uow: UnitOfWork, move: Move) -> Community | None:
    """The community that the act is about membership of; communities follow each other."""
    if uow.communities.get(move.actor_id) is not None:
        return None
    return uow.communities.get(move.target_id)


def _is_member_of(uow: UnitOfWork, move: Move) -> bool:
    """Whether a community acts towards a person."""
    return uow.communities.get(move.actor_id) is not None and _is_person(uow, move.target_id)


def _is_person(uow: UnitOfWork, key: ActorKey) -> bool:
    return uow.communities.get(key) is None


def _ban(move: Move) -> BanMember:
    return BanMember(
        community_id=move.actor_id,
        person_id=move.target_id,
        moderator_id=move.mover_id,
        at=move.at,
    )


def _refuse_self(move: Move, field: str) -> None:
    if move.actor_id == move.target_id:
        raise Invalid(field, "Nobody does this to themselves")


def _chosen(wished: bool | None, standing: bool) -> bool:  # noqa: FBT001 - two answers to one question
    return standing if wished is None else wished
