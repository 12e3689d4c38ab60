"""What the verbs of `noaber account` do with passwords, invitations, requests and roles."""

import secrets
from datetime import timedelta

from communities.people import ActorKey
from communities.registration import AccountRole, AccountState, check_password
from node.accounts import admitting
from node.accounts.letters import LetterKind, keep_link
from node.accounts.owning import replace_password
from node.verbs import operator_forms as forms
from node.verbs.answers import Answer, said, table
from node.verbs.desk import Desk
from node.welcoming import new_token
from protocols.strict_json import JsonValue
from storage.account_links import AccountLink
from storage.accounts import Account
from storage.unit_of_work import UnitOfWork

LINK_KEPT = timedelta(days=1)
_RANDOM_BYTES = 12


async def set_password(desk: Desk, form: forms.SetPassword) -> Answer:
    """Give an account a password: the one that was piped in, else a random one."""
    person = await desk.finder.account(form.name)
    given = form.password.rstrip("\r\n")
    password = given or secrets.token_urlsafe(_RANDOM_BYTES)
    check_password(password)
    hashed = await desk.node.apps.accounts.passwords.hash(password)
    await desk.acting.run(replace_password, person.id, hashed, desk.acting.now())
    lines = [f"{desk.handle(person)} has a new password; its browsers and apps must sign in again"]
    data: dict[str, JsonValue] = {"handle": desk.handle(person)}
    if not given:
        lines.append(f"  {password}")
        data["password"] = password
    return Answer(lines=lines, data=data)


async def reset_link(desk: Desk, form: forms.ResetLink) -> Answer:
    """Make a link by which the owner of an account sets a password anew."""
    person = await desk.finder.account(form.name)
    link = await desk.acting.run(_keep_link, desk, person.id, new_token())
    hours = LINK_KEPT // timedelta(hours=1)
    lines = [f"open this once within {hours} hours, to set a new password:", f"  {link}"]
    return Answer(lines=lines, data={"handle": desk.handle(person), "link": link})


def _keep_link(uow: UnitOfWork, desk: Desk, person_id: ActorKey, token: str) -> str:
    admitting.account_of(uow, person_id)
    link = AccountLink(person_id, None)
    now, uris = desk.acting.now(), desk.node.uris
    return keep_link(uow, uris, LetterKind.RESET, link, token, now, kept=LINK_KEPT)


async def confirm(desk: Desk, form: forms.ConfirmAccount) -> Answer:
    """Take an e-mail address as confirmed, without a letter."""
    person = await desk.finder.account(form.name)
    account = await desk.acting.run(admitting.confirm, person.id, None, desk.acting.now())
    sentence = f"the address {account.email} of {desk.handle(person)} is confirmed"
    return said(sentence, state=account.state.value)


async def invite(desk: Desk, form: forms.Invite) -> Answer:
    """Make an invitation."""
    inviting = desk.node.apps.accounts.inviting
    link = await inviting.invite(None, uses=form.uses, days=form.days)
    people = "1 person" if form.uses == 1 else f"{form.uses} people"
    lines = [f"lets {people} in within {form.days} days:", f"  {link}"]
    return Answer(lines=lines, data={"invitation": link})


async def pending(desk: Desk, _form: forms.ListPending) -> Answer:
    """Who waits to be let in."""
    rows = await desk.node.storage.read(_pending)
    if not rows:
        return Answer(lines=["nobody waits"], data={"accounts": []})
    head = ("name", "waits for", "since", "email", "reason")
    keys = ("name", "state", "since", "email", "reason")
    lines = table(head, [[row[key] or "" for key in keys] for row in rows])
    return Answer(lines=lines, data={"accounts": [*rows]})


def _pending(uow: UnitOfWork) -> list[dict[str, JsonValue]]:
    waiting = [
        *uow.accounts.waiting(AccountState.PENDING),
        *uow.accounts.waiting(AccountState.UNCONFIRMED),
    ]
    return [_waits(uow, account) for account in waiting]


def _waits(uow: UnitOfWork, account: Account) -> dict[str, JsonValue]:
    person = uow.people.get(account.person_id)
    inviter = None if account.inviter_id is None else uow.people.get(account.inviter_id)
    return {
        "name": "" if person is None else person.localpart,
        "state": "approval" if account.state is AccountState.PENDING else "confirmation",
        "since": account.created_at.date().isoformat(),
        "email": account.email,
        "reason": account.reason,
        "invited_by": None if inviter is None else inviter.localpart,
    }


async def approve(desk: Desk, form: forms.ApproveAccount) -> Answer:
    """Let somebody in."""
    person = await desk.finder.account(form.name)
    writes_mail = desk.node.settings.mail.is_on
    account = await desk.acting.run(_approve, person.id, desk, writes_mail)
    waits = "" if account.is_open else "; the e-mail address is still to be confirmed"
    return said(f"{desk.handle(person)} is let in{waits}", state=account.state.value)


def _approve(uow: UnitOfWork, person_id: ActorKey, desk: Desk, writes_mail: bool) -> Account:  # noqa: FBT001 - an argument of a unit
    return admitting.approve(uow, person_id, desk.acting.now(), writes_mail=writes_mail)


async def reject(desk: Desk, form: forms.RejectAccount) -> Answer:
    """Turn somebody down who waits."""
    person = await desk.finder.account(form.name)
    await desk.acting.run(admitting.reject, person.id, desk.acting.now())
    return said(f"{desk.handle(person)} is turned down, and gone")


async def set_role(desk: Desk, form: forms.SetRole) -> Answer:
    """Say what somebody may do with the node."""
    person = await desk.finder.account(form.name)
    role = AccountRole(form.role)
    changed = await desk.acting.run(admitting.set_role, person.id, role)
    verb = "is" if changed else "was"
    return said(f"{desk.handle(person)} {verb} {role.value}", changed=changed)


async def disable(desk: Desk, form: forms.DisableAccount) -> Answer:
    """Let nobody sign in to an account; what it wrote stays."""
    return await _set_disabled(desk, form.name, disabled=True)


async def enable(desk: Desk, form: forms.EnableAccount) -> Answer:
    """Let an account be signed in to again."""
    return await _set_disabled(desk, form.name, disabled=False)


async def _set_disabled(desk: Desk, name: str, *, disabled: bool) -> Answer:
    person = await desk.finder.account(name)
    changed = await desk.acting.run(_disable if disabled else _enable, person.id)
    verb, state = ("is" if changed else "was"), ("closed" if disabled else "open")
    return said(f"{desk.handle(person)} {verb} {state}", changed=changed)


def _disable(uow: UnitOfWork, person_id: ActorKey) -> bool:
    return admitting.set_disabled(uow, person_id, disabled=True)


def _enable(uow: UnitOfWork, person_id: ActorKey) -> bool:
    return admitting.set_disabled(uow, person_id, disabled=False)
