"""Notifications in groups, as apps since Mastodon 4.3 show them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from node.app import Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.notifications import (
    MOST_NOTIFICATIONS,
    NOTIFICATIONS,
    counted,
    find_notification,
    route,
    unread,
    wanted_of,
    window_of,
)
from node.mastodon.paging import (
    ACCOUNTS,
    MOST_ACCOUNTS,
    Around,
    Asked,
    asked_of,
    cut,
    link_header,
)
from node.mastodon.parameters import Parameters, query_of
from node.mastodon.presenting_notices import NoticePresenter
from node.mastodon.replies import reply
from node.notice_types import EVERY_TYPE, GROUPED_TYPES, kinds_of, type_of
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.notifications import partial_account, ungrouped_key
from storage.notice_pages import Group, Wanted
from storage.notifications import Notification
from storage.unit_of_work import UnitOfWork

_ALONE = "ungrouped-"
_PARTIAL = "partial_avatars"


def notification_group_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v2/notifications that is not about policies."""
    told = _Groups(desk, NoticePresenter(presenter=desk.presenter))
    base = "/api/v2/notifications"
    one = f"{base}/{{group_key}}"
    return [
        route("GET", base, told.all, "api-notification-groups"),
        route("GET", f"{base}/unread_count", told.count, "api-notification-group-count"),
        route("GET", one, told.one, "api-notification-group"),
        route("GET", f"{one}/accounts", told.accounts, "api-notification-group-accounts"),
        route("POST", f"{one}/dismiss", told.dismiss, "api-notification-group-dismiss"),
    ]


def _grouped(parameters: Parameters, person_id: ActorKey) -> Wanted:
    named = {*parameters.texts("grouped_types")} if "grouped_types" in parameters else GROUPED_TYPES
    kinds = kinds_of(GROUPED_TYPES & named)
    return replace(wanted_of(parameters, person_id), grouped=kinds)


def _alone(one: Notification) -> Group:
    return Group(
        key=ungrouped_key(one.id),
        count=1,
        latest=one,
        samples=(one.actor_id,),
        newest_on_page=one,
        oldest_on_page_id=one.id,
    )


def _groups(
    uow: UnitOfWork, wanted: Wanted, page: Sequence[Notification], stretch: tuple[int, int]
) -> list[Group]:
    """The groups that the notifications of a page stand for."""
    keys = [one.group_key for one in page if one.group_key and one.kind in wanted.grouped]
    low, high = stretch
    found = uow.notice_pages.groups(wanted, keys, low=low, high=high) if keys else {}
    return [
        found[one.group_key]
        if one.group_key in found and one.kind in wanted.grouped
        else _alone(one)
        for one in page
    ]


def _stretch(asked: Asked, page: Sequence[Notification], *, is_last: bool) -> tuple[int, int]:
    """From which id to which a page reaches: the last one to the end of what was asked for."""
    low, high = page[-1].id, page[0].id
    if is_last and asked.forward:
        return low, asked.before - 1
    return (asked.after + 1, high) if is_last else (low, high)


def _of_one(uow: UnitOfWork, person_id: ActorKey, key: str) -> Group:
    """A group by its key.

    Raises:
        NotFound: the person has none of that key.
    """
    if key.startswith(_ALONE):
        one = find_notification(uow, person_id, key_of(key.removeprefix(_ALONE)) or 0)
        found = _alone(one)
    else:
        kinds = kinds_of(EVERY_TYPE)
        wanted = Wanted(person_id=person_id, kinds=kinds, held_back=True, grouped=kinds)
        groups = uow.notice_pages.groups(wanted, [key])
        if key not in groups:
            raise NotFound("No such notifications")
        found = groups[key]
    return replace(found, newest_on_page=None, oldest_on_page_id=None)


def _dismiss(uow: UnitOfWork, person_id: ActorKey, key: str) -> None:
    group = _of_one(uow, person_id, key)
    if group.latest.group_key == key:
        uow.notifications.drop_group(person_id, key)
    else:
        uow.notifications.drop(person_id, group.latest.id)


def _results(
    told: tuple[list[Entity], list[Entity], list[Entity]], *, partial: bool = False
) -> Entity:
    """The GroupedNotificationsResults: of each group the latest account is always whole."""
    groups, accounts, statuses = told
    results: Entity = {"accounts": accounts, "statuses": statuses, "notification_groups": groups}
    if partial:
        samples = [group["sample_account_ids"] for group in groups]
        whole = {ids[0] for ids in samples if isinstance(ids, list) and ids}
        results["accounts"] = [account for account in accounts if account["id"] in whole]
        results["partial_accounts"] = [
            partial_account(account) for account in accounts if account["id"] not in whole
        ]
    return results


@dataclass(frozen=True, slots=True)
class _Groups:
    desk: Desk
    notices: NoticePresenter

    async def all(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        asked = asked_of(parameters, usual=NOTIFICATIONS, most=MOST_NOTIFICATIONS)
        wanted = _grouped(parameters, actor_of(request))
        told, around = await self.desk.storage.read(self._page, wanted, asked)
        partial = parameters.text("expand_accounts") == _PARTIAL
        headers = link_header(request, self.desk.uris.base, around)
        return reply(_results(told, partial=partial), headers=headers)

    def _page(
        self, uow: UnitOfWork, wanted: Wanted, asked: Asked
    ) -> tuple[tuple[list[Entity], list[Entity], list[Entity]], Around]:
        found = uow.notice_pages.page_of_groups(wanted, window_of(asked))
        page, around = cut(asked, found, lambda one: one.id)
        if not page:
            return ([], [], []), around
        stretch = _stretch(asked, page, is_last=len(found) <= asked.most)
        groups = _groups(uow, wanted, page, stretch)
        return self.notices.groups(uow, wanted.person_id, groups, self.desk.now()), around

    async def one(self, request: web.Request) -> web.Response:
        key = request.match_info["group_key"]
        return reply(_results(await self.desk.storage.read(self._one, actor_of(request), key)))

    def _one(
        self, uow: UnitOfWork, person_id: ActorKey, key: str
    ) -> tuple[list[Entity], list[Entity], list[Entity]]:
        group = _of_one(uow, person_id, key)
        told = self.notices.groups(uow, person_id, [group], self.desk.now())
        if not told[0]:
            raise NotFound("No such notifications")
        return told

    async def accounts(self, request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)
        key = request.match_info["group_key"]
        entities, around = await self.desk.storage.read(
            self._accounts, actor_of(request), key, asked
        )
        return reply(entities, headers=link_header(request, self.desk.uris.base, around))

    def _accounts(
        self, uow: UnitOfWork, person_id: ActorKey, key: str, asked: Asked
    ) -> tuple[list[Entity], Around]:
        group = _of_one(uow, person_id, key)
        if group.latest.group_key == key:
            found = uow.notice_pages.of_group(person_id, key, window_of(asked))
        else:
            found = [group.latest]
        page, around = cut(asked, found, lambda one: one.id)
        ids = dict.fromkeys(one.actor_id for one in page if type_of(one.kind) is not None)
        accounts = self.desk.presenter.accounts(uow, list(ids))
        return [accounts[key] for key in ids if key in accounts], around

    async def dismiss(self, request: web.Request) -> web.Response:
        key = request.match_info["group_key"]
        await self.desk.storage.write(_dismiss, actor_of(request), key)
        return reply({})

    async def count(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        wanted, most = _grouped(parameters, actor_of(request)), counted(parameters)
        return reply({"count": await self.desk.storage.read(unread, wanted, most)})
