"""Notifications, one by one: list, read, dismiss, clear, count."""

from dataclasses import dataclass

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from node.app import Access, Handler, Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.paging import Around, Asked, asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import Parameters, parameters_of, query_of
from node.mastodon.presenting_notices import NoticePresenter
from node.mastodon.replies import reply
from node.notice_types import EVERY_TYPE, USUAL_TYPES, WARNING, kinds_of
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from storage.notice_pages import Wanted
from storage.notifications import Notification
from storage.pages import Window
from storage.unit_of_work import UnitOfWork

NOTIFICATIONS, MOST_NOTIFICATIONS = 40, 80
COUNTED, MOST_COUNTED = 100, 1000
_NOBODY = ActorKey(-1)


def notification_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/notifications that is not about policies."""
    told = _Notifications(desk, NoticePresenter(presenter=desk.presenter))
    base = "/api/v1/notifications"
    return [
        route("GET", base, told.all, "api-notifications"),
        route("GET", f"{base}/unread_count", told.count, "api-notification-count"),
        route("POST", f"{base}/clear", told.clear, "api-notifications-clear"),
        route("GET", f"{base}/{{id:[0-9]+}}", told.one, "api-notification"),
        route("POST", f"{base}/{{id:[0-9]+}}/dismiss", told.dismiss, "api-notification-dismiss"),
        route("POST", f"{base}/dismiss", told.dismiss_named, "api-notification-dismiss-named"),
    ]


def route(method: str, path: str, handler: Handler, name: str) -> Route:
    """A route of notifications: what reads asks for the one scope, what changes for the other."""
    scope = "read:notifications" if method == "GET" else "write:notifications"
    return Route(
        method=method,
        path=path,
        handler=handler,
        access=Access.APP_USER,
        name=name,
        scope=scope,
    )


def wanted_of(parameters: Parameters, person_id: ActorKey) -> Wanted:
    """Which notifications an app asks for.

    A type that older apps do not know is told to those alone that name it.
    """
    known = EVERY_TYPE & {*parameters.texts("supported_types")}
    types = USUAL_TYPES | (known & {WARNING})
    if "types" in parameters:
        types = EVERY_TYPE & {*parameters.texts("types")}
    types -= {*parameters.texts("exclude_types")}
    account = parameters.text("account_id")
    return Wanted(
        person_id=person_id,
        kinds=kinds_of(types),
        actor_id=None if not account else ActorKey(key_of(account) or _NOBODY),
        held_back=parameters.is_set("include_filtered"),
    )


def window_of(asked: Asked) -> Window:
    """The rows to look for: one more than is told, so that it shows whether there is another."""
    return Window(
        before=asked.before, after=asked.after, most=asked.one_more, forward=asked.forward
    )


def counted(parameters: Parameters) -> int:
    """How far an app wants to have counted."""
    limit = parameters.number("limit")
    return COUNTED if limit is None else max(1, min(limit, MOST_COUNTED))


def unread(uow: UnitOfWork, wanted: Wanted, most: int) -> int:
    """How many a person has not read: after the marker that their apps share."""
    markers = uow.markers.of_person(wanted.person_id)
    read = [marker.last_read_id for marker in markers if marker.timeline == "notifications"]
    return uow.notice_pages.unread(wanted, after=max(read, default=0), most=most)


def find_notification(uow: UnitOfWork, person_id: ActorKey, key: int) -> Notification:
    """A notification of a person.

    Raises:
        NotFound: there is none.
    """
    found = uow.notice_pages.get(person_id, key)
    if found is None:
        raise NotFound("No such notification")
    return found


def _drop(uow: UnitOfWork, person_id: ActorKey, key: int) -> None:
    if not uow.notifications.drop(person_id, key):
        raise NotFound("No such notification")


def _clear(uow: UnitOfWork, person_id: ActorKey) -> None:
    uow.notifications.clear(person_id)


@dataclass(frozen=True, slots=True)
class _Notifications:
    desk: Desk
    notices: NoticePresenter

    async def all(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        asked = asked_of(parameters, usual=NOTIFICATIONS, most=MOST_NOTIFICATIONS)
        wanted = wanted_of(parameters, actor_of(request))
        entities, around = await self.desk.storage.read(self._page, wanted, asked)
        return reply(entities, headers=link_header(request, self.desk.uris.base, around))

    def _page(self, uow: UnitOfWork, wanted: Wanted, asked: Asked) -> tuple[list[Entity], Around]:
        found = uow.notice_pages.page(wanted, window_of(asked))
        page, around = cut(asked, found, lambda one: one.id)
        told = self.notices.notifications(uow, wanted.person_id, page, self.desk.now())
        return told, around

    async def one(self, request: web.Request) -> web.Response:
        person_id, key = actor_of(request), id_in_path(request)
        return reply(await self.desk.storage.read(self._one, person_id, key))

    def _one(self, uow: UnitOfWork, person_id: ActorKey, key: int) -> Entity:
        found = find_notification(uow, person_id, key)
        told = self.notices.notifications(uow, person_id, [found], self.desk.now())
        if not told:
            raise NotFound("No such notification")
        return told[0]

    async def dismiss(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_drop, actor_of(request), id_in_path(request))
        return reply({})

    async def dismiss_named(self, request: web.Request) -> web.Response:
        """The way of Mastodon before 1.3, which some apps still go: the id is a parameter."""
        key = key_of((await parameters_of(request)).required("id"))
        if key is None:
            raise NotFound("No such notification")
        await self.desk.storage.write(_drop, actor_of(request), key)
        return reply({})

    async def clear(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_clear, actor_of(request))
        return reply({})

    async def count(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        wanted, most = wanted_of(parameters, actor_of(request)), counted(parameters)
        return reply({"count": await self.desk.storage.read(unread, wanted, most)})
