"""What an app shows and changes of the account that it calls for: profile and pictures.

With a token that acts as a community it is the community's profile, which owners may change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from communities.accounts import EditProfile, edit_profile
from communities.community import Community, JoinPolicy
from communities.errors import NotFound
from communities.founding import edit_community
from communities.people import ActorKey
from communities.registration import AccountRole
from communities.text import Markup, render
from federation.wanted_jobs import ask_verification
from node.app import Access, Handler, Route
from node.auth import actor_of, required_caller
from node.mastodon.desk import Desk
from node.mastodon.multipart import read_multipart
from node.mastodon.parameters import Parameters
from node.mastodon.preferences import OF_SOURCE, chosen
from node.mastodon.replies import reply
from node.media.receiving import ReceivedFile
from node.media.uploading import store_avatar
from protocols.mastodon.accounts import Entity
from protocols.mastodon.credentials import (
    EVERYONE,
    Role,
    Source,
    credential_account,
    profile,
)
from storage.media import MediaPurpose
from storage.people import appearance_of
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """Whose profile it is, and the person who edits it."""

    actor_id: ActorKey
    person_id: ActorKey


Form = Callable[[UnitOfWork, Desk, _Own], Entity]
"""Shows the caller's own account in one of its entities."""
_PICTURES = {"avatar": MediaPurpose.AVATAR, "header": MediaPurpose.HEADER}
_READ, _WRITE = "profile read:accounts", "write:accounts"


def profile_routes(desk: Desk) -> list[Route]:
    """The caller's own account, as it is read and edited."""
    accounts, own = "/api/v1/accounts", "/api/v1/profile"
    table = (
        ("GET", f"{accounts}/verify_credentials", _show(desk, _credentials), "api-verify", _READ),
        (
            "PATCH",
            f"{accounts}/update_credentials",
            _edit(desk, _credentials),
            "api-update",
            _WRITE,
        ),
        ("GET", own, _show(desk, _profile), "api-profile", _READ),
        ("PATCH", own, _edit(desk, _profile), "api-profile-update", _WRITE),
        ("DELETE", f"{own}/avatar", _remove(desk, "avatar"), "api-avatar-remove", _WRITE),
        ("DELETE", f"{own}/header", _remove(desk, "header"), "api-header-remove", _WRITE),
    )
    return [
        Route(
            method=method,
            path=path,
            handler=handler,
            access=Access.APP_USER,
            name=name,
            scope=scope,
            streamed=method == "PATCH",
        )
        for method, path, handler, name, scope in table
    ]


def _own(request: web.Request) -> _Own:
    actor_id = actor_of(request)
    return _Own(actor_id=actor_id, person_id=required_caller(request).person_id or actor_id)


def _show(desk: Desk, form: Form) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return reply(await desk.storage.read(form, desk, _own(request)))

    return answer


def _edit(desk: Desk, form: Form) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        own = _own(request)
        async with read_multipart(request, desk, *_PICTURES) as (parameters, files):
            await _store(desk, own, parameters, files)
        return reply(await desk.storage.read(form, desk, own))

    return answer


async def _store(
    desk: Desk, own: _Own, parameters: Parameters, files: Mapping[str, ReceivedFile]
) -> None:
    """Change all of it; the texts go in one unit with the last picture, so that peers hear once."""
    last = next((name for name in reversed(_PICTURES) if name in files), None)
    for name, purpose in _PICTURES.items():
        if name not in files:
            continue
        said = parameters if name == last else Parameters({})

        def then(uow: UnitOfWork, url: str, name: str = name, said: Parameters = said) -> None:
            uow.at_ms = to_ms(desk.now())
            _change(uow, desk, own, said, {name: url})

        await store_avatar(desk.media, own.actor_id, files[name], purpose, then)
    if last is None:
        await desk.acting.run(_change, desk, own, parameters, {})


def _remove(desk: Desk, name: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        own = _own(request)

        def unit(uow: UnitOfWork) -> Entity:
            _change(uow, desk, own, Parameters({f"{name}_description": ""}), {name: ""})
            uow.media.drop_of_actor(own.actor_id, _PICTURES[name])
            return _credentials(uow, desk, own)

        return reply(await desk.acting.run(unit))

    return answer


def _change(
    uow: UnitOfWork, desk: Desk, own: _Own, said: Parameters, pictures: Mapping[str, str]
) -> None:
    """Edit the profile and the defaults for posts; a picture at an empty address is taken away."""
    community = uow.communities.get(own.actor_id)
    if community is not None:
        _change_community(uow, desk, own, community, said, pictures)
    elif pictures or _names_profile(said):
        edit_profile(uow, _wanted(uow, own.actor_id, said, pictures))
        if "fields_attributes" in said:
            ask_verification(uow, own.actor_id, at_ms=to_ms(desk.now()))
    if "source" in said:
        source = said.inside("source")
        changed = chosen(uow.preferences.of(own.actor_id), source, OF_SOURCE)
        uow.preferences.put(own.actor_id, changed)


_OF_PROFILE = (
    "display_name",
    "note",
    "discoverable",
    "indexable",
    "locked",
    "bot",
    "hide_collections",
    "fields_attributes",
    "avatar_description",
    "header_description",
)


def _names_profile(said: Parameters) -> bool:
    return any(name in said for name in _OF_PROFILE)


def _wanted(
    uow: UnitOfWork, person_id: ActorKey, said: Parameters, pictures: Mapping[str, str]
) -> EditProfile:
    return EditProfile(
        person_id=person_id,
        name=_display_name(uow, person_id, said),
        about=said.text("note"),
        discoverable=said.flag("discoverable"),
        indexable=said.flag("indexable"),
        locked=said.flag("locked"),
        automated=said.flag("bot"),
        hide_collections=said.flag("hide_collections"),
        fields=_fields(said),
        icon_url=pictures.get("avatar"),
        image_url=pictures.get("header"),
        icon_description=said.text("avatar_description"),
        image_description=said.text("header_description"),
    )


def _display_name(uow: UnitOfWork, actor_id: ActorKey, said: Parameters) -> str | None:
    """The name that is wanted; without one somebody is shown by their handle."""
    name = said.text("display_name")
    if name is None or name.strip():
        return name
    found = uow.actors.get(actor_id)
    return None if found is None else found.localpart


def _fields(said: Parameters) -> tuple[tuple[str, str], ...] | None:
    if "fields_attributes" not in said:
        return None
    return tuple(
        (one.text("name") or "", one.text("value") or "") for one in said.each("fields_attributes")
    )


def _change_community(
    uow: UnitOfWork,
    desk: Desk,
    own: _Own,
    community: Community,
    said: Parameters,
    pictures: Mapping[str, str],
) -> None:
    """Edit a community as one of its owners. Raises as `edit_community`."""
    wanted = replace(
        community,
        name=" ".join((_display_name(uow, community.id, said) or community.name).split()),
        join=_join(community, said.flag("locked")),
        icon_url=pictures.get("avatar", community.icon_url or "") or None,
        image_url=pictures.get("header", community.image_url or "") or None,
    )
    note = said.text("note")
    if note is not None:
        wanted = replace(
            wanted, description_source=note, description_html=render(note, Markup.LINES)
        )
    edit_community(uow, wanted, own.person_id, desk.now())


def _join(community: Community, locked: bool | None) -> JoinPolicy:  # noqa: FBT001 - yes, no, or not said
    """Whether one is asked before joining; a community by invitation stays that."""
    if locked is True and community.join is JoinPolicy.OPEN:
        return JoinPolicy.ASK
    if locked is False and community.join is JoinPolicy.ASK:
        return JoinPolicy.OPEN
    return community.join


def _credentials(uow: UnitOfWork, desk: Desk, own: _Own) -> Entity:
    account = desk.presenter.accounts(uow, [own.actor_id])[own.actor_id]
    return credential_account(account, _source(uow, own.actor_id), _role(uow, own))


def _profile(uow: UnitOfWork, desk: Desk, own: _Own) -> Entity:
    account = desk.presenter.accounts(uow, [own.actor_id])[own.actor_id]
    row = uow.actors.get(own.actor_id)
    return profile(
        account,
        _source(uow, own.actor_id),
        has_avatar=row is not None and row.icon_url is not None,
        has_header=row is not None and row.image_url is not None,
    )


def _source(uow: UnitOfWork, actor_id: ActorKey) -> Source:
    row = uow.actors.get(actor_id)
    if row is None:
        raise NotFound("There is no such account")
    appearance, wanted = appearance_of(row), uow.preferences.of(actor_id)
    return Source(
        note=appearance.about,
        fields=appearance.fields,
        verified={address: from_ms(at_ms) for address, at_ms in row.extra.verified},
        follow_requests=uow.relations.count_waiting(actor_id, is_community=row.kind == "community"),
        discoverable=appearance.discoverable,
        indexable=appearance.indexable,
        hide_collections=appearance.hide_collections,
        privacy=wanted.visibility.value,
        sensitive=wanted.sensitive,
        language=wanted.language,
        quote_policy=wanted.quote_policy.value,
    )


def _role(uow: UnitOfWork, own: _Own) -> Role:
    """What the account is on the node; a community is nothing there."""
    found = uow.accounts.get(own.actor_id)
    if found is None or not found.is_staff:
        return EVERYONE
    return Role(id=_ROLE_IDS[found.role], name=found.role.value.capitalize())


_ROLE_IDS = {AccountRole.USER: EVERYONE.id, AccountRole.MODERATOR: "1", AccountRole.ADMIN: "2"}
