"""Add and Remove of moderators and pins, Block, Lock, and the Undo of the last two.

In a community of ours its moderators command, wherever they live; about one elsewhere its own
word counts, which comes as an Announce or from its own server.

Spec: FEP-1b12 "Moderation"; reference activitypub 3 (bans, mods, pins, lock); security GRP-01 to
GRP-05.
"""

from communities import appointing, banning, following, moderation
from communities.appointing import ChangeRole
from communities.banning import BanMember
from communities.community import Community
from communities.errors import NotFound
from communities.membership import MembershipState, Role
from communities.moderation import ModeratePost
from communities.posts import Post as DomainPost
from federation.activitypub.act import (
    Act,
    Context,
    Handler,
    authority_in,
    authority_of,
    nothing_needed,
    relay_in,
)
from federation.activitypub.handle_deletes import reason_of
from federation.activitypub.to_domain import community_of
from protocols.activitypub.vocabulary import Activity
from storage.unit_of_work import UnitOfWork


def managed_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The person who becomes a moderator, when not known here.

    Raises:
        NotFound: the target is no collection of a community that we know.
    """
    community = _managing(uow, act, context)
    person = act.activity.object_id or ""
    if not _is_moderators(act.activity, community, context):
        return frozenset()
    if context.uris.is_ours(person) or person in act.resolved:
        return frozenset()
    return frozenset() if uow.actors.key_of(person) is not None else frozenset({person})


def add_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Make a moderator, or pin a post.

    Raises:
        NotFound: the community, person or post is not known here.
        NotAllowed: the actor may not.
    """
    community = _managing(uow, act, context)
    relay_in(uow, act, community.id)
    authority = authority_of(act, community)
    if _is_moderators(act.activity, community, context):
        appointing.grant_role(uow, _role(uow, act, community, Role.MODERATOR), authority)
    elif _is_featured(act.activity, community, context):
        moderation.pin(uow, _moderated(uow, act, act.activity), authority)
    else:
        raise NotFound("No such collection")


def remove_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Take the role of a moderator, the pin, or a post that a closed group takes off its wall.

    Raises:
        NotFound: the community, person or post is not known here.
        NotAllowed: the actor may not.
    """
    community = _managing(uow, act, context)
    relay_in(uow, act, community.id)
    authority = authority_of(act, community)
    if _is_moderators(act.activity, community, context):
        _revoke(uow, act, community)
    elif _is_featured(act.activity, community, context):
        moderation.unpin(uow, _moderated(uow, act, act.activity), authority)
    elif act.actor == community.id:
        moderation.remove(uow, _moderated(uow, act, act.activity), authority)
    else:
        raise NotFound("No such collection")


def _revoke(uow: UnitOfWork, act: Act, community: Community) -> None:
    command = _role(uow, act, community, Role.MODERATOR)
    membership = uow.memberships.get(community.id, command.person_id)
    if membership is not None and membership.state is MembershipState.MEMBER:
        # The collection does not tell owners from moderators: out of it is out of both.
        command = _role(uow, act, community, max(membership.role, Role.MODERATOR, key=_power))
    appointing.revoke_role(uow, command, authority_of(act, community))


def _power(role: Role) -> int:
    return [Role.MEMBER, Role.MODERATOR, Role.OWNER].index(role)


def _managing(uow: UnitOfWork, act: Act, context: Context) -> Community:
    """The community to which the target collection belongs.

    Raises:
        NotFound: it belongs to none that we know.
    """
    target = act.activity.target
    if target is None:
        raise NotFound("No such collection")
    if act.announced_by is not None:
        found = uow.communities.get(act.announced_by)
    elif context.uris.is_ours(target):
        found = uow.communities.by_uri(target.rpartition("/")[0])
    else:
        found = uow.communities.get(act.actor) or community_of(uow, None, act.activity)
    if found is None:
        raise NotFound("No such collection")
    is_kept = _is_moderators(act.activity, found, context) or _is_featured(
        act.activity, found, context
    )
    if not is_kept and act.actor != found.id:
        raise NotFound("No such collection")
    return found


def _is_moderators(activity: Activity, community: Community, context: Context) -> bool:
    if community.is_local:
        return activity.target == context.uris.moderators(community.uri)
    return activity.target == community.moderators_uri


def _is_featured(activity: Activity, community: Community, context: Context) -> bool:
    if community.is_local:
        return activity.target == context.uris.featured(community.uri)
    return activity.target == community.featured_uri


def _role(uow: UnitOfWork, act: Act, community: Community, role: Role) -> ChangeRole:
    person = uow.actors.key_of(act.activity.object_id or "")
    if person is None:
        raise NotFound("No such person")
    return ChangeRole(
        community_id=community.id,
        person_id=person,
        role=role,
        moderator_id=act.actor,
        at=act.at,
        reason=reason_of(act.activity),
    )


def block_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """Who is banned from a community of ours, when not known here."""
    person = act.activity.object_id or ""
    target = act.activity.target or ""
    if context.uris.key_of(target, "g") is None or context.uris.is_ours(person):
        return frozenset()
    if person in act.resolved or uow.actors.key_of(person) is not None:
        return frozenset()
    return frozenset({person})


def block_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Ban from a community, or record that someone of ours was blocked.

    Raises:
        NotFound: the person is not known, or it is a ban by another server of its own people.
        NotAllowed: the actor may not.
    """
    change_block(uow, act, act.activity, blocked=True)


def change_block(uow: UnitOfWork, act: Act, block: Activity, *, blocked: bool) -> None:
    """Apply a Block or its Undo. Raises as `block_apply`."""
    person = uow.people.by_uri(block.object_id or "")
    if person is None:
        raise NotFound("No such person")
    community = uow.communities.by_uri(block.target) if block.target is not None else None
    if community is not None:
        relay_in(uow, act, community.id)
        command = BanMember(
            community_id=community.id,
            person_id=person.id,
            moderator_id=act.actor,
            at=act.at,
            until=block.end_time,
            reason=reason_of(act.activity) or reason_of(block),
            remove_content=block.remove_data,
        )
        change = banning.ban if blocked else banning.unban
        change(uow, command, authority_of(act, community))
        return
    if act.announced_by is not None or not person.is_local:
        # Administrators of a server are no moderators here, also not of their own people.
        raise NotFound("This is no ban from a community that is known here")
    change_personal = following.block if blocked else following.unblock
    change_personal(uow, act.actor, person.id, block.id or "", act.at)


def lock_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Close a thread for comments.

    Raises:
        NotFound: the post is not known here.
        NotAllowed: the actor is neither its author nor a moderator.
    """
    change_lock(uow, act, act.activity, locked=True)


def change_lock(uow: UnitOfWork, act: Act, lock: Activity, *, locked: bool) -> None:
    """Apply a Lock or its Undo. Raises as `lock_apply`."""
    command = _moderated(uow, act, lock)
    post = uow.posts.get(command.post_id)
    community_id = post.community_id if post is not None else None
    relay_in(uow, act, community_id)
    change = moderation.lock if locked else moderation.unlock
    change(uow, command, authority_in(uow, act, community_id))


def _moderated(uow: UnitOfWork, act: Act, about: Activity) -> ModeratePost:
    post: DomainPost | None = uow.posts.by_uri(about.object_id or "")
    if post is None:
        raise NotFound("No such post")
    return ModeratePost(
        post_id=post.id, moderator_id=act.actor, at=act.at, reason=reason_of(act.activity)
    )


ADD = Handler(managed_needs, add_apply)
REMOVE = Handler(managed_needs, remove_apply)
BLOCK = Handler(block_needs, block_apply)
LOCK = Handler(nothing_needed, lock_apply)
