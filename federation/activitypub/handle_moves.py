"""Move: a person or community goes on under another id, which must say so itself.

Spec: FEP-7628; Mastodon "Move"; security ORI-16.
"""

from communities import accounts
from communities.errors import NotAllowed, NotFound, Reason
from communities.people import ActorState
from federation.activitypub.act import Act, Context, Handler
from protocols.activitypub.vocabulary import Actor
from storage.unit_of_work import UnitOfWork


def move_needs(uow: UnitOfWork, act: Act, context: Context) -> frozenset[str]:
    """The target as its own server has it now, also when it is known: its aliases may be new.

    Raises:
        NotFound: nobody here would follow, or there is no target.
        NotAllowed: somebody else than who moves says so.
    """
    target = act.activity.target
    if target is None:
        raise NotFound("A move needs a target")
    if act.activity.object_id != act.activity.actor:
        raise NotAllowed(Reason.NOT_AUTHOR, "Only who moves can say so")
    if not uow.people.has_local_follower(act.actor) and not uow.memberships.has_local_member(
        act.actor
    ):
        raise NotFound("Nobody here follows who moves")
    if context.uris.is_ours(target) or target in act.resolved:
        return frozenset()
    return frozenset({target})


def move_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Record the move, if the target names the old id among its aliases.

    Raises:
        NotFound: the target is not there.
        NotAllowed: it does not confirm the move.
    """
    uri = act.activity.target or ""
    target = uow.actors.by_uri(uri)
    if target is None:
        raise NotFound("There is nobody at the target of the move")
    fetched = act.resolved.get(uri)
    aliases: tuple[str, ...] = ()
    if target.is_local:
        aliases = target.extra.also_known_as
    elif isinstance(fetched, Actor) and fetched.id == uri:
        aliases = fetched.also_known_as
    confirmed = act.activity.actor in aliases
    if accounts.move_person(uow, act.actor, target.id, confirmed=confirmed):
        uow.actors.set_state(act.actor, ActorState.MOVED, moved_to=uri)


MOVE = Handler(move_needs, move_apply)
