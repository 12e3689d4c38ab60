"""What the verbs of `noaber community` do.

What is changed is changed in the name of the community's first owner on this node: other software
believes only people. Where there is none the community, which stands as its own owner, does it
itself, and the node gives roles.
"""

from dataclasses import replace

from communities import appointing, founding
from communities.community import Community, CommunityVisibility, JoinPolicy, PostingPolicy
from communities.errors import Invalid, NotFound
from communities.membership import Role
from communities.people import ActorKey
from communities.text import plain_text, render_markdown
from node.founding import CommunityPlan, found_community
from node.verbs import operator_forms as forms
from node.verbs.accounts import newcomer_of, node_key
from node.verbs.answers import Answer, printable, said, table
from node.verbs.desk import Desk
from protocols.strict_json import JsonObject, JsonValue
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork


async def create(desk: Desk, form: forms.CreateCommunity) -> Answer:
    """Make a community."""
    owner = await desk.finder.account(form.owner)
    plan = CommunityPlan(
        description=form.description,
        visibility=CommunityVisibility(form.visibility),
        join=JoinPolicy(form.join),
        posting=PostingPolicy(form.posting),
        downvotes=not form.no_downvotes,
    )
    newcomer = await newcomer_of(desk, form.name, form.title)
    made = await desk.acting.run(found_community, desk.node.uris, newcomer, owner.id, plan)
    handle = f"!{made.localpart}@{desk.node.uris.domain}"
    lines = [f"made {handle}", f"its id is {made.uri}", f"its page is {made.url}"]
    return Answer(lines=lines, data={"handle": handle, "id": made.uri, "url": made.url})


async def show_all(desk: Desk, _form: forms.ListCommunities) -> Answer:
    """The communities of this node."""
    rows = await desk.node.storage.read(_communities)
    if not rows:
        sentence = "there is no community yet: noaber community create NAME --owner ACCOUNT"
        return Answer(lines=[sentence], data={"communities": []})
    head = ("name", "title", "visibility", "join", "members", "posts", "comments", "state")
    lines = table(head, [[row[column] for column in head] for row in rows])
    return Answer(lines=lines, data={"communities": [*rows]})


def _communities(uow: UnitOfWork) -> list[JsonObject]:
    found = (uow.communities.get(key) for key, _name in uow.directory.names("community"))
    return [_facts(uow, one) for one in found if one is not None]


def _facts(uow: UnitOfWork, community: Community) -> JsonObject:
    listing = uow.directory.listing(community.id)
    return {
        "name": community.localpart,
        "host": community.host,
        "title": community.name,
        "id": community.uri,
        "url": community.url,
        "visibility": community.visibility.value,
        "join": community.join.value,
        "posting": community.posting.value,
        "downvotes": community.downvotes,
        "state": community.state.value,
        "members": 0 if listing is None else listing.members,
        "posts": 0 if listing is None else listing.posts,
        "comments": 0 if listing is None else listing.comments,
    }


async def show(desk: Desk, form: forms.ShowCommunity) -> Answer:
    """One community with its policies and moderators."""
    profile = await desk.finder.community(form.name)
    facts = await desk.node.storage.read(_with_moderators, desk, profile)
    lines = [f"{name}: {_words(value)}" for name, value in facts.items()]
    return Answer(lines=lines, data=facts)


def _words(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else printable(str(value))


def _with_moderators(uow: UnitOfWork, desk: Desk, profile: Profile) -> JsonObject:
    community = uow.communities.get(profile.id)
    if community is None:
        raise NotFound("there is no such community")
    moderators: list[JsonValue] = []
    for row in uow.memberships.moderators(community.id):
        person = uow.actors.get(row.person_id)
        if person is not None:
            moderators.append(f"{desk.handle(person)} ({row.role.value})")
    inboxes, followers = uow.audiences.count(community.id)
    description = plain_text(community.description_html, 500)
    return {
        **_facts(uow, community),
        "description": community.description_source or description,
        "moderators": moderators,
        "remote followers": followers,
        "inboxes told": inboxes,
    }


async def edit(desk: Desk, form: forms.EditCommunity) -> Answer:
    """Change a community."""
    profile = await desk.finder.own_community(form.name)
    if form == forms.EditCommunity(name=form.name):
        raise Invalid("name", "nothing to change: give --title, --description or a policy")
    changed = await desk.acting.run(_edit, desk, profile, form)
    tail = "is changed" if changed else "was like that"
    return said(f"{desk.handle(profile)} {tail}", changed=changed)


def _edit(uow: UnitOfWork, desk: Desk, profile: Profile, form: forms.EditCommunity) -> bool:
    stored = uow.communities.get(profile.id)
    if stored is None:
        raise NotFound("there is no such community")
    wanted = stored
    if form.title is not None:
        wanted = replace(wanted, name=form.title)
    if form.description is not None:
        html = render_markdown(form.description) if form.description else ""
        wanted = replace(wanted, description_source=form.description, description_html=html)
    if form.visibility is not None:
        wanted = replace(wanted, visibility=CommunityVisibility(form.visibility))
    if form.join is not None:
        wanted = replace(wanted, join=JoinPolicy(form.join))
    if form.posting is not None:
        wanted = replace(wanted, posting=PostingPolicy(form.posting))
    if form.downvotes is not None:
        wanted = replace(wanted, downvotes=form.downvotes == "yes")
    return founding.edit_community(uow, wanted, _owner(uow, profile), desk.acting.now())


def _owner(uow: UnitOfWork, community: Profile) -> ActorKey:
    """In whose name a community of this node is changed."""
    for row in uow.memberships.moderators(community.id):
        person = uow.people.get(row.person_id)
        if row.role is Role.OWNER and person is not None and person.is_local and person.may_act:
            return person.id
    return community.id


async def delete(desk: Desk, form: forms.DeleteCommunity) -> Answer:
    """Close a community for good."""
    profile = await desk.finder.own_community(form.name)
    await desk.acting.run(_close, desk, profile, form.reason)
    return said(f"{desk.handle(profile)} is closed; nobody can get the name again", id=profile.uri)


def _close(uow: UnitOfWork, desk: Desk, profile: Profile, reason: str) -> None:
    hosts = {box.peer.partition("://")[2] for box in uow.audiences.of(profile.id)}
    founding.close_community(
        uow,
        profile.id,
        _owner(uow, profile),
        desk.acting.now(),
        reason=reason,
        also_tell=tuple(sorted(hosts)),
    )
    uow.names.retire(profile.localpart, at=desk.acting.now())


async def add_moderator(desk: Desk, form: forms.AddModerator) -> Answer:
    """Make a member a moderator or an owner."""
    role = Role.OWNER if form.owner else Role.MODERATOR
    community = await desk.finder.own_community(form.name)
    whom = await desk.finder.person(form.whom)
    changed = await desk.acting.run(
        appointing.grant_role, await _change(desk, community, whom, role)
    )
    verb = "is" if changed else "was"
    article = "an owner" if form.owner else "a moderator"
    sentence = f"{desk.handle(whom)} {verb} {article} of {desk.handle(community)}"
    return said(sentence, changed=changed)


async def remove_moderator(desk: Desk, form: forms.RemoveModerator) -> Answer:
    """Make a moderator or owner a plain member."""
    community = await desk.finder.own_community(form.name)
    whom = await desk.finder.person(form.whom)
    changed = False
    for role in (Role.OWNER, Role.MODERATOR):
        command = await _change(desk, community, whom, role)
        changed = await desk.acting.run(appointing.revoke_role, command) or changed
    verb = "is no longer" if changed else "was not"
    sentence = f"{desk.handle(whom)} {verb} a moderator of {desk.handle(community)}"
    return said(sentence, changed=changed)


async def _change(
    desk: Desk, community: Profile, whom: Profile, role: Role
) -> appointing.ChangeRole:
    owner = await desk.node.storage.read(_owner, community)
    is_owned = owner != community.id
    return appointing.ChangeRole(
        community_id=community.id,
        person_id=whom.id,
        role=role,
        moderator_id=owner if is_owned else await node_key(desk),
        at=desk.acting.now(),
        staff=not is_owned,
    )
