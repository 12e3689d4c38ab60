"""Announcements of the operator: read, dismissed, cheered."""

from dataclasses import dataclass
from datetime import datetime
from unicodedata import category

from aiohttp import web

from communities.errors import Invalid, NotFound
from communities.people import ActorKey
from node.app import Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.paging import id_in_path
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from protocols.mastodon import announcements as shapes
from protocols.mastodon.accounts import Entity
from storage.announcements import Announcement
from storage.unit_of_work import UnitOfWork

MAX_KINDS = 8
"""Different emojis that an announcement may have."""
_MAX_EMOJI = 30
_NO_EMOJI = frozenset({"Ll", "Lu", "Lt", "Lo", "Lm", "Zs", "Zl", "Zp", "Cc", "Cs"})


def announcement_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/announcements."""
    told = _Announcements(desk)
    base = "/api/v1/announcements"
    one = f"{base}/{{id}}/reactions/{{name}}"
    table = (
        ("GET", base, told.all, "api-announcements", "read"),
        (
            "POST",
            f"{base}/{{id}}/dismiss",
            told.dismiss,
            "api-announcement-dismiss",
            "write:accounts",
        ),
        ("PUT", one, told.cheer, "api-announcement-cheer", "write:favourites"),
        ("DELETE", one, told.take_back, "api-announcement-uncheer", "write:favourites"),
    )
    return user_routes(table)


@dataclass(frozen=True, slots=True)
class _Announcements:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        person_id = actor_of(request)
        return reply(await self.desk.storage.read(_entities, person_id, self.desk.now()))

    async def dismiss(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_dismiss, actor_of(request), id_in_path(request))
        return reply({})

    async def cheer(self, request: web.Request) -> web.Response:
        name = _emoji_in(request)
        await self.desk.storage.write(_cheer, actor_of(request), id_in_path(request), name)
        return reply({})

    async def take_back(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        await self.desk.storage.write(_take_back, actor_of(request), id_in_path(request), name)
        return reply({})


def _emoji_in(request: web.Request) -> str:
    """The emoji in a path.

    Raises:
        Invalid: what stands there is none.
    """
    name = request.match_info["name"]
    kinds = {category(letter) for letter in name}
    is_keycap = name.endswith("\u20e3")
    if len(name) > _MAX_EMOJI or not (kinds & {"So"} or is_keycap) or kinds & _NO_EMOJI:
        raise Invalid("name", "An announcement is cheered with one emoji")
    return name


def _entities(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> list[Entity]:
    cheers = uow.announcements.cheers(person_id)
    return [
        shapes.announcement(
            shapes.AnnouncementFacts(
                id=each.id,
                html=each.html,
                published_at=each.published_at,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                all_day=each.all_day,
                read=read,
                reactions=[
                    (cheer.name, cheer.count, cheer.by_me) for cheer in cheers.get(each.id, ())
                ],
            )
        )
        for each, read in uow.announcements.shown(person_id, at)
    ]


def fresh_entity(new: Announcement) -> Entity:
    """An announcement that nobody has read or reacted to yet, as streams tell it."""
    return shapes.announcement(
        shapes.AnnouncementFacts(
            id=new.id,
            html=new.html,
            published_at=new.published_at,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            all_day=new.all_day,
            read=False,
            reactions=(),
        )
    )


def _find(uow: UnitOfWork, announcement_id: int) -> Announcement:
    found = uow.announcements.get(announcement_id)
    if found is None:
        raise NotFound("There is no such announcement")
    return found


def _dismiss(uow: UnitOfWork, person_id: ActorKey, announcement_id: int) -> None:
    uow.announcements.mark_read(_find(uow, announcement_id).id, person_id)


def _cheer(uow: UnitOfWork, person_id: ActorKey, announcement_id: int, name: str) -> None:
    found = _find(uow, announcement_id)
    kinds = {cheer.name for cheer in uow.announcements.cheers(person_id).get(found.id, ())}
    if name not in kinds and len(kinds) >= MAX_KINDS:
        raise Invalid("name", f"An announcement has {MAX_KINDS} different emojis at most")
    uow.announcements.cheer(found.id, person_id, name)


def _take_back(uow: UnitOfWork, person_id: ActorKey, announcement_id: int, name: str) -> None:
    uow.announcements.take_back(_find(uow, announcement_id).id, person_id, name)
