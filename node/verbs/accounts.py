"""What the verbs of `noaber account` do."""

import asyncio

from communities import accounts
from communities.people import ActorKey
from communities.registration import AccountRole
from federation.uris import Uris
from node.accounts.leaving import delete_account
from node.founding import (
    NODE_LOCALPART,
    Newcomer,
    found_person,
    make_keys,
    open_account,
    renew_keys,
)
from node.verbs import operator_forms as forms
from node.verbs.answers import Answer, said, table
from node.verbs.desk import Desk
from node.welcoming import KEPT, new_token, offer
from protocols.strict_json import JsonValue
from storage.accounts import Account
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork


async def create(desk: Desk, form: forms.CreateAccount) -> Answer:
    """Make an account."""
    newcomer = await newcomer_of(desk, form.name, form.title)
    role = AccountRole(form.role)
    profile, link = await desk.acting.run(_create, desk.node.uris, newcomer, role, new_token())
    handle = desk.handle(profile)
    lines = [
        f"made {handle}",
        f"its id is {profile.uri}",
        *_told(link),
        "there its owner chooses a password, with which browsers and apps sign in",
        f"it acts here, too: noaber act --as {profile.localpart} follow|post|reply|vote|...",
    ]
    data = {"handle": handle, "id": profile.uri, "inbox": profile.inbox, "welcome": link}
    return Answer(lines=lines, data={**data})


def _create(
    uow: UnitOfWork, uris: Uris, newcomer: Newcomer, role: AccountRole, token: str
) -> tuple[Profile, str]:
    profile = found_person(uow, uris, newcomer, open_account(newcomer, role))
    return profile, offer(uow, uris, profile.id, token, newcomer.at)


def _told(link: str) -> list[str]:
    return [f"open this once within {KEPT.days} days, when the node runs:", f"  {link}"]


async def welcome(desk: Desk, form: forms.WelcomeAccount) -> Answer:
    """Make a new one-time link for an account; the one before ends."""
    person = await desk.finder.account(form.name)
    now = desk.acting.now()
    link = await desk.acting.run(offer, desk.node.uris, person.id, new_token(), now)
    lines = [f"{desk.handle(person)} has a new link; one made before works no more", *_told(link)]
    return Answer(lines=lines, data={"handle": desk.handle(person), "welcome": link})


async def newcomer_of(desk: Desk, name: str, title: str | None) -> Newcomer:
    """A newcomer with fresh keys, which take some 100 ms beside the loop."""
    return Newcomer(
        key=ActorKey(desk.node.snowflakes.mint()),
        localpart=name.strip().lstrip("@!").lower(),
        name=title or name,
        at=desk.acting.now(),
        keys=await asyncio.to_thread(make_keys),
    )


async def show_all(desk: Desk, _form: forms.ListAccounts) -> Answer:
    """The accounts of this node."""
    rows = await desk.node.storage.read(_accounts)
    if not rows:
        return Answer(
            lines=["there is no account yet: noaber account create NAME"], data={"accounts": []}
        )
    head = ("name", "title", "role", "state", "followers", "posts", "since")
    lines = table(head, [[row[column] for column in head] for row in rows])
    return Answer(lines=lines, data={"accounts": [*rows]})


def _accounts(uow: UnitOfWork) -> list[dict[str, JsonValue]]:
    return [
        _facts(uow, profile)
        for key, _name in uow.directory.names("person")
        if (profile := uow.actors.get(key)) is not None
    ]


def _facts(uow: UnitOfWork, profile: Profile) -> dict[str, JsonValue]:
    since = profile.published_at
    account = uow.accounts.get(profile.id)
    return {
        "name": profile.localpart,
        "title": profile.name,
        "id": profile.uri,
        "role": "" if account is None else account.role.value,
        "state": _state(profile, account),
        "followers": uow.directory.followers(profile.id),
        "posts": uow.timelines.count_by_author(profile.id),
        "since": "" if since is None else since.date().isoformat(),
    }


def _state(profile: Profile, account: Account | None) -> str:
    """How it stands; that it is not open yet says more than that it is out of sight."""
    if account is None or account.is_open:
        return profile.state.value
    return account.state.value


async def suspend(desk: Desk, form: forms.SuspendAccount) -> Answer:
    """Stop an account, here or elsewhere."""
    return await _set_suspended(desk, form.whom, form.reason, suspended=True)


async def unsuspend(desk: Desk, form: forms.UnsuspendAccount) -> Answer:
    """End a suspension."""
    return await _set_suspended(desk, form.whom, form.reason, suspended=False)


async def _set_suspended(desk: Desk, words: str, reason: str, *, suspended: bool) -> Answer:
    whom = await desk.finder.person(words)
    command = accounts.Suspend(
        subject_id=whom.id,
        moderator_id=await node_key(desk),
        at=desk.acting.now(),
        reason=reason,
    )
    act = accounts.suspend if suspended else accounts.unsuspend
    changed = await desk.acting.run(act, command)
    desk.node.peer_keys.forget(whom.id)
    state = "suspended" if suspended else "not suspended"
    verb = "is" if changed else "was"
    return said(f"{desk.handle(whom)} {verb} {state}", changed=changed)


async def node_key(desk: Desk) -> ActorKey:
    """The key of the node's own actor, in whose name the operator acts."""
    found = await desk.node.storage.read(_node_actor)
    if found is None:
        raise RuntimeError("the node has no actor of its own")
    return found.id


def _node_actor(uow: UnitOfWork) -> Profile | None:
    return uow.actors.by_name(NODE_LOCALPART, None)


async def delete(desk: Desk, form: forms.DeleteAccount) -> Answer:
    """Delete an account for good."""
    person = await desk.finder.account(form.name)
    await desk.acting.run(delete_account, person.id, desk.acting.now())
    return said(f"{desk.handle(person)} is deleted; nobody can get the name again", id=person.uri)


async def rotate_keys(desk: Desk, form: forms.RotateKeys) -> Answer:
    """Give an account or a community new keys."""
    owner = await desk.finder.own(form.name)
    keys = await asyncio.to_thread(make_keys)
    await desk.acting.run(renew_keys, desk.node.uris, owner, keys, desk.acting.now())
    desk.node.own_keys.forget(owner.id)
    sentence = f"{desk.handle(owner)} has new keys; servers that know it fetch them when needed"
    return said(sentence, id=owner.uri)
