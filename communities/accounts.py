"""Accounts: how they appear, and their ends: deletion, moving away, suspension and its end."""

from dataclasses import dataclass, replace
from datetime import datetime

from communities.actors import Actor, find_actor, require_actor
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import CommunityChanged, PersonChanged
from communities.fields import render_field
from communities.limits import check_appearance, check_reason
from communities.people import ActorKey, ActorState, Appearance, Person
from communities.ports import UnitOfWork
from communities.reports import LogEntry, ModerationAction
from communities.text import Markup, render

_CHOICES = (
    "discoverable",
    "indexable",
    "locked",
    "automated",
    "hide_collections",
    "icon_description",
    "image_description",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditProfile:
    """How a person of this node wants to appear; what is None stays as it is.

    `about` is markdown. An address or description that is empty takes the picture, or its words,
    away. The rest is as in `Appearance`.
    """

    person_id: ActorKey
    name: str | None = None
    about: str | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    locked: bool | None = None
    automated: bool | None = None
    hide_collections: bool | None = None
    fields: tuple[tuple[str, str], ...] | None = None
    icon_url: str | None = None
    image_url: str | None = None
    icon_description: str | None = None
    image_description: str | None = None


def edit_profile(uow: UnitOfWork, command: EditProfile) -> None:
    """Change how a person of this node appears; servers that know them are told.

    The caller acts for the person.

    Raises:
        NotFound: there is no such person.
        NotAllowed: they are suspended, gone, or at home elsewhere.
        Invalid: a field is empty, too long, or has control characters.
    """
    require_actor(uow, command.person_id)
    if not _find_person(uow, command.person_id).is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Another server is the home of this account")
    standing = uow.people.appearance(command.person_id)
    if standing is None:
        raise NotFound("No such person")
    wanted = _edited(standing, command)
    # Before the markdown is rendered, which takes time by its length.
    check_appearance(wanted)
    wanted = replace(
        wanted,
        about_html=render(wanted.about, Markup.LINES) if wanted.about else "",
        fields_html=tuple((name, render_field(value)) for name, value in wanted.fields),
    )
    check_appearance(wanted)
    uow.people.set_appearance(command.person_id, wanted)
    uow.record(PersonChanged(person_id=command.person_id))


def _edited(standing: Appearance, command: EditProfile) -> Appearance:
    """The appearance with what the command changes, in lines without needless blanks."""
    wanted = {
        name: getattr(command, name) for name in _CHOICES if getattr(command, name) is not None
    }
    if command.name is not None:
        wanted["name"] = _one_line(command.name)
    if command.about is not None:
        wanted["about"] = command.about.replace("\r\n", "\n").replace("\r", "\n").strip()
    if command.fields is not None:
        fields = ((_one_line(name), _one_line(value)) for name, value in command.fields)
        wanted["fields"] = tuple(field for field in fields if any(field))
    for name in ("icon_url", "image_url"):
        if getattr(command, name) is not None:
            wanted[name] = getattr(command, name) or None
    return replace(standing, **wanted)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def delete_person(uow: UnitOfWork, person_id: ActorKey, also_tell: tuple[str, ...] = ()) -> bool:
    """Take an account away for good; False when it was gone. The caller acts for the person.

    Everything the person wrote is out of sight from now on. `also_tell` are the hosts that must
    hear of it, looked up before whatever leads to them is gone.

    Raises:
        NotFound: there is no such person.
    """
    person = _find_person(uow, person_id)
    if person.state is ActorState.DELETED:
        return False
    uow.people.set_state(person_id, ActorState.DELETED)
    uow.record(PersonChanged(person_id=person_id, state=ActorState.DELETED, also_tell=also_tell))
    return True


def move_person(
    uow: UnitOfWork, person_id: ActorKey, target_id: ActorKey, *, confirmed: bool
) -> bool:
    """Record that a person goes on under another account; False when that is known.

    `confirmed` says that the target names the person in its `alsoKnownAs`, fetched from its own
    server. Followers are moved by whoever reads the event. The caller acts for the person.

    Spec: security ORI-16.

    Raises:
        NotFound: one of the two is not there.
        NotAllowed: the target does not confirm it, or one of them is suspended.
        Conflict: the target has moved away itself.
        Invalid: the target is the person.
    """
    person = _find_person(uow, person_id)
    target = _find_person(uow, target_id)
    if person_id == target_id:
        raise Invalid("target", "Nobody moves to where they are")
    if person.state is ActorState.MOVED:
        return False
    require_actor(uow, person_id)
    if target.state is ActorState.MOVED:
        raise Conflict("That account has moved away itself")
    require_actor(uow, target_id)
    if not confirmed:
        raise NotAllowed(Reason.NOT_AUTHORITY, "The other account does not know of this one")
    uow.people.set_state(person_id, ActorState.MOVED)
    uow.record(PersonChanged(person_id=person_id, state=ActorState.MOVED, moved_to=target.uri))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """A suspension of a person or community on this node, or its end, by who runs the node.

    The surface has checked that they do. `also_tell` are hosts that must hear of it although
    nothing will lead to them afterwards.
    """

    subject_id: ActorKey
    moderator_id: ActorKey
    at: datetime
    reason: str = ""
    also_tell: tuple[str, ...] = ()


def suspend(uow: UnitOfWork, command: Suspend) -> bool:
    """Stop a person or community on this node: nothing of theirs counts or is seen.

    False when it was suspended already.

    Raises:
        NotFound: there is no such actor, or it was deleted.
        NotAllowed: who acts is not of this node.
        Invalid: one suspends oneself, or the reason is too long.
    """
    return _set_state(uow, command, ActorState.SUSPENDED, ModerationAction.SUSPEND)


def unsuspend(uow: UnitOfWork, command: Suspend) -> bool:
    """End a suspension; False when there was none. Raises as `suspend`."""
    return _set_state(uow, command, ActorState.ACTIVE, ModerationAction.UNSUSPEND)


def _set_state(
    uow: UnitOfWork, command: Suspend, state: ActorState, action: ModerationAction
) -> bool:
    check_reason(command.reason)
    moderator = require_actor(uow, command.moderator_id)
    if not moderator.is_local:
        raise NotAllowed(Reason.ROLE, "Only people of this node run it")
    if command.subject_id == command.moderator_id:
        raise Invalid("subject", "Nobody suspends themselves")
    subject = find_actor(uow, command.subject_id)
    if subject.state is ActorState.DELETED:
        raise NotFound("This account is gone")
    if (subject.state is ActorState.SUSPENDED) is (state is ActorState.SUSPENDED):
        return False
    _store(uow, subject, state, command)
    uow.reports.log(
        LogEntry(
            at=command.at,
            moderator_id=command.moderator_id,
            action=action,
            community_id=None,
            subject_id=command.subject_id,
            reason=command.reason,
        )
    )
    return True


def _store(uow: UnitOfWork, subject: Actor, state: ActorState, command: Suspend) -> None:
    if isinstance(subject, Community):
        uow.communities.update(replace(subject, state=state))
        uow.record(
            CommunityChanged(
                community_id=subject.id,
                actor_id=command.moderator_id,
                state=state,
                also_tell=command.also_tell,
            )
        )
        return
    uow.people.set_state(subject.id, state)
    uow.record(PersonChanged(person_id=subject.id, state=state, also_tell=command.also_tell))


def _find_person(uow: UnitOfWork, person_id: ActorKey) -> Person:
    person = uow.people.get(person_id)
    if person is None:
        raise NotFound("No such person")
    return person
