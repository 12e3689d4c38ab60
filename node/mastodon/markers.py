"""Markers: how far a person has read home and notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from communities.errors import Conflict
from communities.people import ActorKey
from node.app import Access, Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of, query_of
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment
from storage.markers import TIMELINES, Marker
from storage.unit_of_work import UnitOfWork


def marker_routes(desk: Desk) -> list[Route]:
    """GET and POST /api/v1/markers."""
    markers = _Markers(desk)
    path = "/api/v1/markers"
    return [
        Route(
            method="GET",
            path=path,
            handler=markers.read,
            access=Access.APP_USER,
            name="api-markers",
            scope="read:statuses",
        ),
        Route(
            method="POST",
            path=path,
            handler=markers.set,
            access=Access.APP_USER,
            name="api-marker-set",
            scope="write:statuses",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Markers:
    desk: Desk

    async def read(self, request: web.Request) -> web.Response:
        wanted = query_of(request).texts("timeline") or list(TIMELINES)
        found = await self.desk.storage.read(_read, actor_of(request), wanted)
        return reply(_entities(found))

    async def set(self, request: web.Request) -> web.Response:
        told = _told(await parameters_of(request))
        found = await self.desk.storage.write(_set, actor_of(request), told, self.desk.now())
        return reply(_entities(found))


def _told(parameters: Parameters) -> dict[str, tuple[int, int | None]]:
    """What a client says was read: the last id of each timeline, and the version it knows."""
    told: dict[str, tuple[int, int | None]] = {}
    for timeline in TIMELINES:
        inside = parameters.inside(timeline)
        text = inside.text("last_read_id")
        if text is None:
            continue
        last = key_of(text)
        if last is None:
            raise invalid("last_read_id is no id")
        told[timeline] = last, inside.number("version")
    return told


def _read(uow: UnitOfWork, person_id: ActorKey, wanted: Sequence[str]) -> list[Marker]:
    return [marker for marker in uow.markers.of_person(person_id) if marker.timeline in wanted]


def _set(
    uow: UnitOfWork,
    person_id: ActorKey,
    told: Mapping[str, tuple[int, int | None]],
    at: datetime,
) -> list[Marker]:
    """Set what was told.

    Raises:
        Conflict: the client knows an older version than there is.
    """
    known = {marker.timeline: marker.version for marker in uow.markers.of_person(person_id)}
    for timeline, (last, version) in told.items():
        if version is not None and version != known.get(timeline, 0):
            raise Conflict("Conflict during update, please try again")
        uow.markers.put(person_id, timeline, last, at=at)
    return _read(uow, person_id, list(told))


def _entities(found: Sequence[Marker]) -> dict[str, Entity]:
    """The Markers, by timeline. Spec: Mastodon API "Marker"."""
    return {
        marker.timeline: {
            "last_read_id": str(marker.last_read_id),
            "version": marker.version,
            "updated_at": moment(marker.at),
        }
        for marker in found
    }
