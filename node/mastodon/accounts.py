"""Accounts as apps look at them: one, many, by name, and who follows whom.

Whom someone follows can be hidden by them; who is in a community is for its members to see.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.visibility import Viewer
from node.app import Access, Handler, Route
from node.auth import actor_of, viewer_of
from node.mastodon.account_lookup import (
    account_in_path,
    entities_of,
    known_account,
    known_entities,
    reply_with_accounts,
    sees_members,
    window_of,
)
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS, Asked, asked_of
from node.mastodon.parameters import query_of
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.relationships import familiar_followers
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

MOST_AT_ONCE = 80
_BASE = "/api/v1/accounts"

Found = tuple[Sequence[tuple[ActorKey, int]], dict[ActorKey, Entity]]
"""Rows of a page with their places, and the accounts in it."""
Collect = Callable[[UnitOfWork, Desk, Viewer, Profile, Asked], list[tuple[ActorKey, int]]]
"""Reads the rows of a list around an account, as far as the viewer may see it."""


def account_routes(desk: Desk) -> list[Route]:
    """Accounts and the lists around them."""
    public, user = Access.APP_OPTIONAL, Access.APP_USER
    table = (
        (_BASE, _many(desk), "api-accounts", public, "read:accounts"),
        (f"{_BASE}/lookup", _lookup(desk), "api-account-lookup", public, "read:accounts"),
        (
            f"{_BASE}/familiar_followers",
            _familiar(desk),
            "api-familiar-followers",
            user,
            "read:follows",
        ),
        (f"{_BASE}/{{id}}", _one(desk), "api-account", public, "read:accounts"),
        (
            f"{_BASE}/{{id}}/followers",
            _page(desk, _followers),
            "api-account-followers",
            public,
            "read:accounts",
        ),
        (
            f"{_BASE}/{{id}}/following",
            _page(desk, _following),
            "api-account-following",
            public,
            "read:accounts",
        ),
        (
            f"{_BASE}/{{id}}/endorsements",
            _page(desk, _endorsements),
            "api-account-endorsements",
            public,
            "read:accounts",
        ),
        (
            f"{_BASE}/{{id}}/identity_proofs",
            _no_proofs(desk),
            "api-account-identity-proofs",
            public,
            "read:accounts",
        ),
        (
            "/api/v1/endorsements",
            _own_endorsements(desk),
            "api-endorsements",
            user,
            "read:accounts",
        ),
    )
    return [
        Route(method="GET", path=path, handler=handler, access=access, name=name, scope=scope)
        for path, handler, name, access, scope in table
    ]


def _one(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        key = account_in_path(request)
        return reply(await desk.storage.read(_entity, desk, viewer_of(request), key))

    return answer


def _entity(uow: UnitOfWork, desk: Desk, viewer: Viewer, key: ActorKey) -> Entity:
    known_account(uow, viewer, key)
    return desk.presenter.accounts(uow, [key])[key]


def _many(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        keys = _keys(query_of(request).texts("id"))
        return reply(await desk.storage.read(known_entities, desk, viewer_of(request), keys))

    return answer


def _keys(texts: Sequence[str]) -> list[ActorKey]:
    found = (key_of(text) for text in texts[:MOST_AT_ONCE])
    return [ActorKey(key) for key in dict.fromkeys(found) if key is not None]


def _lookup(desk: Desk) -> Handler:
    """By handle, of those known here: other servers are not asked."""

    async def answer(request: web.Request) -> web.Response:
        words = query_of(request).required("acct")
        return reply(await desk.storage.read(_by_handle, desk, viewer_of(request), words))

    return answer


def _by_handle(uow: UnitOfWork, desk: Desk, viewer: Viewer, words: str) -> Entity:
    name, _, host = words.strip().lstrip("@!").partition("@")
    if host.lower() in ("", desk.uris.domain, desk.uris.base.partition("://")[2]):
        found = uow.actors.by_name(name.lower(), None)
    else:
        found = uow.actors.by_name(name, host.lower()) or uow.actors.by_name(
            name.lower(), host.lower()
        )
    if found is None:
        raise NotFound("There is no such account")
    return _entity(uow, desk, viewer, found.id)


def _page(desk: Desk, collect: Collect) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> Found:
            viewer = viewer_of(request)
            profile = known_account(uow, viewer, account_in_path(request))
            found = collect(uow, desk, viewer, profile, asked)
            return found, entities_of(uow, desk, viewer, found)

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _followers(
    uow: UnitOfWork, desk: Desk, viewer: Viewer, profile: Profile, asked: Asked
) -> list[tuple[ActorKey, int]]:
    if profile.kind == "community":
        if not sees_members(uow, viewer, profile.id, desk.now()):
            return []
        return uow.relations.members(profile.id, window_of(asked))
    if _is_hidden(profile, viewer):
        return []
    return uow.relations.followers(profile.id, window_of(asked))


def _following(
    uow: UnitOfWork, _desk: Desk, viewer: Viewer, profile: Profile, asked: Asked
) -> list[tuple[ActorKey, int]]:
    """Of what someone is a member is shown to themselves alone."""
    is_own = viewer.person_id == profile.id
    if not is_own and (_is_hidden(profile, viewer) or profile.kind == "community"):
        return []
    return uow.relations.following(profile.id, window_of(asked), with_communities=is_own)


def _is_hidden(profile: Profile, viewer: Viewer) -> bool:
    return profile.extra.hide_collections and viewer.person_id != profile.id


def _endorsements(
    uow: UnitOfWork, _desk: Desk, _viewer: Viewer, profile: Profile, asked: Asked
) -> list[tuple[ActorKey, int]]:
    return uow.endorsements.page(profile.id, window_of(asked))


def _own_endorsements(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> Found:
            found = uow.endorsements.page(actor_of(request), window_of(asked))
            return found, entities_of(uow, desk, viewer_of(request), found)

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _no_proofs(desk: Desk) -> Handler:
    """Nobody proves anything that way any more; older apps still ask."""

    async def answer(request: web.Request) -> web.Response:
        await desk.storage.read(known_account, viewer_of(request), account_in_path(request))
        return reply([])

    return answer


def _familiar(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        keys = _keys(query_of(request).texts("id"))
        return reply(await desk.storage.read(_familiar_to, desk, actor_of(request), keys))

    return answer


def _familiar_to(
    uow: UnitOfWork, desk: Desk, actor_id: ActorKey, keys: Sequence[ActorKey]
) -> list[Entity]:
    """Who follows each account and is followed by the caller; who hides that is left out.

    Spec: Mastodon API "familiar_followers".
    """
    known = uow.relations.known(actor_id, keys)
    pairs = uow.relations.familiar(actor_id, known)
    profiles = uow.actors.many([*dict.fromkeys(key for pair in pairs for key in pair)])
    shown: defaultdict[ActorKey, list[ActorKey]] = defaultdict(list)
    for account_id, follower_id in pairs:
        both = (profiles[account_id], profiles[follower_id])
        if not any(profile.extra.hide_collections for profile in both):
            shown[account_id].append(follower_id)
    entities = desk.presenter.accounts(
        uow, [*dict.fromkeys(key for followers in shown.values() for key in followers)]
    )
    return [
        familiar_followers(key, [entities[one] for one in shown[key] if one in entities])
        for key in known
    ]
