"""Whose notifications a person wants: the policy, and the requests of those it holds back."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from aiohttp import web

from communities.errors import NotFound
from communities.notice_policy import NoticePolicy, Treatment
from communities.people import ActorKey
from communities.visibility import Viewer
from node.app import Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.notifications import (
    MOST_NOTIFICATIONS,
    NOTIFICATIONS,
    route,
    window_of,
)
from node.mastodon.paging import Around, Asked, asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import Parameters, invalid, parameters_of, query_of
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.notifications import (
    former_notification_policy,
    notification_policy,
    notification_request,
)
from storage.feeds import FeedEntry
from storage.notice_policies import NoticeRequest
from storage.unit_of_work import UnitOfWork

_CHOICES = tuple(asdict(NoticePolicy()))
_FORMER = tuple(name for name in _CHOICES if name != "limited_accounts")


def notification_policy_routes(desk: Desk) -> list[Route]:
    """The policy, in both versions, and the requests."""
    policies, requests = _Policies(desk), _Requests(desk)
    v1, v2 = "/api/v1/notifications/policy", "/api/v2/notifications/policy"
    base = "/api/v1/notifications/requests"
    one = f"{base}/{{id:[0-9]+}}"
    return [
        route("GET", v1, policies.former, "api-notification-policy-v1"),
        route("PUT", v1, policies.change_former, "api-notification-policy-v1-put"),
        route("PATCH", v1, policies.change_former, "api-notification-policy-v1-change"),
        route("GET", v2, policies.read, "api-notification-policy"),
        route("PUT", v2, policies.change, "api-notification-policy-put"),
        route("PATCH", v2, policies.change, "api-notification-policy-change"),
        route("GET", base, requests.all, "api-notification-requests"),
        route("GET", f"{base}/merged", requests.merged, "api-notification-requests-merged"),
        route("POST", f"{base}/accept", requests.accept_many, "api-notification-requests-accept"),
        route("POST", f"{base}/dismiss", requests.dismiss_many, "api-notification-requests-drop"),
        route("GET", one, requests.one, "api-notification-request"),
        route("POST", f"{one}/accept", requests.accept, "api-notification-request-accept"),
        route("POST", f"{one}/dismiss", requests.dismiss, "api-notification-request-dismiss"),
    ]


def _read_policy(uow: UnitOfWork, person_id: ActorKey) -> tuple[NoticePolicy, tuple[int, int]]:
    return uow.notice_policies.get(person_id), uow.notice_policies.pending(person_id)


def _change_policy(
    uow: UnitOfWork, person_id: ActorKey, changes: dict[str, Treatment]
) -> tuple[NoticePolicy, tuple[int, int]]:
    if changes:
        changed = replace(uow.notice_policies.get(person_id), **changes)
        uow.notice_policies.put(person_id, changed)
    return _read_policy(uow, person_id)


def _changes(parameters: Parameters) -> dict[str, Treatment]:
    changes: dict[str, Treatment] = {}
    for name in _CHOICES:
        word = parameters.text(f"for_{name}")
        if word is None:
            continue
        if word not in {*Treatment}:
            raise invalid(f"for_{name} must be accept, filter or drop")
        changes[name] = Treatment(word)
    return changes


def _former_changes(parameters: Parameters) -> dict[str, Treatment]:
    flags = {name: parameters.flag(f"filter_{name}") for name in _FORMER}
    return {
        name: Treatment.FILTER if flag else Treatment.ACCEPT
        for name, flag in flags.items()
        if flag is not None
    }


@dataclass(frozen=True, slots=True)
class _Policies:
    desk: Desk

    async def read(self, request: web.Request) -> web.Response:
        return reply(_policy(*await self.desk.storage.read(_read_policy, actor_of(request))))

    async def change(self, request: web.Request) -> web.Response:
        changes = _changes(await parameters_of(request))
        found = await self.desk.storage.write(_change_policy, actor_of(request), changes)
        return reply(_policy(*found))

    async def former(self, request: web.Request) -> web.Response:
        return reply(_former_policy(*await self.desk.storage.read(_read_policy, actor_of(request))))

    async def change_former(self, request: web.Request) -> web.Response:
        changes = _former_changes(await parameters_of(request))
        found = await self.desk.storage.write(_change_policy, actor_of(request), changes)
        return reply(_former_policy(*found))


def _policy(policy: NoticePolicy, pending: tuple[int, int]) -> Entity:
    choices = {f"for_{name}": str(word) for name, word in asdict(policy).items()}
    return notification_policy(choices, requests=pending[0], held=pending[1])


def _former_policy(policy: NoticePolicy, pending: tuple[int, int]) -> Entity:
    words = asdict(policy)
    filters = {f"filter_{name}": words[name] is not Treatment.ACCEPT for name in _FORMER}
    return former_notification_policy(filters, requests=pending[0], held=pending[1])


def _asked_for(uow: UnitOfWork, person_id: ActorKey, ids: Sequence[int]) -> list[ActorKey]:
    return [request.actor_id for request in uow.notice_policies.described(person_id, ids)]


def _find(uow: UnitOfWork, person_id: ActorKey, key: int) -> NoticeRequest:
    found = uow.notice_policies.described(person_id, [key])
    if not found:
        raise NotFound("No such request")
    return found[0]


def _accept(uow: UnitOfWork, person_id: ActorKey, ids: Sequence[int]) -> None:
    uow.notice_policies.accept(person_id, _asked_for(uow, person_id, ids))


def _dismiss(uow: UnitOfWork, person_id: ActorKey, ids: Sequence[int]) -> None:
    uow.notice_policies.dismiss(person_id, _asked_for(uow, person_id, ids))


def _accept_one(uow: UnitOfWork, person_id: ActorKey, key: int) -> None:
    uow.notice_policies.accept(person_id, [_find(uow, person_id, key).actor_id])


def _dismiss_one(uow: UnitOfWork, person_id: ActorKey, key: int) -> None:
    uow.notice_policies.dismiss(person_id, [_find(uow, person_id, key).actor_id])


async def _ids(request: web.Request) -> list[int]:
    texts = (await parameters_of(request)).texts("id")
    return [key for text in texts if (key := key_of(text)) is not None]


@dataclass(frozen=True, slots=True)
class _Requests:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=NOTIFICATIONS, most=MOST_NOTIFICATIONS)
        entities, around = await self.desk.storage.read(self._page, actor_of(request), asked)
        return reply(entities, headers=link_header(request, self.desk.uris.base, around))

    def _page(
        self, uow: UnitOfWork, person_id: ActorKey, asked: Asked
    ) -> tuple[list[Entity], Around]:
        found = uow.notice_policies.requests(person_id, window_of(asked))
        page, around = cut(asked, found, lambda request: request.id)
        return self._entities(uow, person_id, page), around

    def _entities(
        self, uow: UnitOfWork, person_id: ActorKey, found: Sequence[NoticeRequest]
    ) -> list[Entity]:
        presenter = self.desk.presenter
        accounts = presenter.accounts(uow, [request.actor_id for request in found])
        posts = [one.last_post_id for one in found if one.last_post_id is not None]
        entries = [FeedEntry(id=key, post_id=key) for key in dict.fromkeys(posts)]
        viewer = Viewer(person_id=person_id)
        shown = presenter.statuses(uow, viewer, entries, self.desk.now(), "notifications")
        statuses = {entity["id"]: entity for entity in shown}
        return [
            notification_request(
                id=one.id,
                account=accounts[one.actor_id],
                count=one.count,
                created_at=one.created_at,
                updated_at=one.updated_at,
                last_status=statuses.get(str(one.last_post_id)),
            )
            for one in found
            if one.actor_id in accounts
        ]

    async def one(self, request: web.Request) -> web.Response:
        person_id, key = actor_of(request), id_in_path(request)
        return reply(await self.desk.storage.read(self._one, person_id, key))

    def _one(self, uow: UnitOfWork, person_id: ActorKey, key: int) -> Entity:
        entities = self._entities(uow, person_id, [_find(uow, person_id, key)])
        if not entities:
            raise NotFound("No such request")
        return entities[0]

    async def accept(self, request: web.Request) -> web.Response:
        person_id = actor_of(request)
        await self.desk.storage.write(_accept_one, person_id, id_in_path(request))
        return self._merged(person_id)

    async def accept_many(self, request: web.Request) -> web.Response:
        person_id = actor_of(request)
        await self.desk.storage.write(_accept, person_id, await _ids(request))
        return self._merged(person_id)

    def _merged(self, person_id: ActorKey) -> web.Response:
        """Apps that listen are told to read their notifications again."""
        self.desk.streams.notifications_merged(person_id)
        return reply({})

    async def dismiss(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_dismiss_one, actor_of(request), id_in_path(request))
        return reply({})

    async def dismiss_many(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_dismiss, actor_of(request), await _ids(request))
        return reply({})

    async def merged(self, _request: web.Request) -> web.Response:
        """Always: what is accepted is among the others at once."""
        return reply({"merged": True})
