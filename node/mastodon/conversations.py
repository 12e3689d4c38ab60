"""Conversations: threads of direct messages, by their newest one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import PostKey
from communities.visibility import Viewer
from node.app import Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.paging import asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import query_of
from node.mastodon.presenting import Presenter
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from protocols.mastodon.accounts import Entity
from protocols.mastodon.conversations import conversation
from storage.conversations import Conversation
from storage.feeds import FeedEntry
from storage.unit_of_work import UnitOfWork


def conversation_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/conversations."""
    told = _Conversations(desk)
    base = "/api/v1/conversations"
    table = (
        ("GET", base, told.page, "api-conversations", "read:statuses"),
        ("DELETE", f"{base}/{{id}}", told.hide, "api-conversation-hide", "write:conversations"),
        ("POST", f"{base}/{{id}}/read", told.read, "api-conversation-read", "write:conversations"),
        (
            "POST",
            f"{base}/{{id}}/unread",
            told.unread,
            "api-conversation-unread",
            "write:conversations",
        ),
    )
    return user_routes(table)


def conversation_entities(
    uow: UnitOfWork, presenter: Presenter, found: Sequence[Conversation], at: datetime
) -> list[Entity]:
    """The Conversations of one person; without those whose newest message they do not see.

    A fixed number of statements however many there are.
    """
    if not found:
        return []
    person_id = found[0].person_id
    entries = [FeedEntry(id=each.last_id, post_id=each.last_id) for each in found]
    shown = presenter.statuses(uow, Viewer(person_id=person_id), entries, at)
    statuses = {str(status["id"]): status for status in shown}
    people = uow.conversations.participants([each.last_id for each in found])
    accounts = presenter.accounts(uow, list({key for keys in people.values() for key in keys}))
    return [
        conversation(
            id=each.root_id,
            unread=each.unread,
            accounts=_others(people[each.last_id], person_id, accounts),
            last_status=statuses[str(each.last_id)],
        )
        for each in found
        if str(each.last_id) in statuses
    ]


def _others(
    keys: Sequence[ActorKey], person_id: ActorKey, accounts: dict[ActorKey, Entity]
) -> list[Entity]:
    """Everybody but the person; the person, who wrote to nobody else: apps expect somebody."""
    others = [key for key in dict.fromkeys(keys) if key != person_id] or [person_id]
    return [accounts[key] for key in others if key in accounts]


@dataclass(frozen=True, slots=True)
class _Conversations:
    desk: Desk

    async def page(self, request: web.Request) -> web.Response:
        person_id, asked = actor_of(request), asked_of(query_of(request))
        found = await self.desk.storage.read(
            lambda uow: uow.conversations.page(
                person_id,
                before=asked.before,
                after=asked.after,
                most=asked.one_more,
                forward=asked.forward,
            )
        )
        page, around = cut(asked, found, lambda each: each.last_id)
        return reply(
            await self._entities(page),
            headers=link_header(request, self.desk.uris.base, around),
        )

    async def hide(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_hide, actor_of(request), PostKey(id_in_path(request)))
        return reply({})

    async def read(self, request: web.Request) -> web.Response:
        return await self._mark(request, unread=False)

    async def unread(self, request: web.Request) -> web.Response:
        return await self._mark(request, unread=True)

    async def _mark(self, request: web.Request, *, unread: bool) -> web.Response:
        marked = await self.desk.storage.write(
            _mark, actor_of(request), PostKey(id_in_path(request)), unread
        )
        entities = await self._entities([marked])
        if not entities:
            raise NotFound("There is no such conversation")
        return reply(entities[0])

    async def _entities(self, found: Sequence[Conversation]) -> list[Entity]:
        return await self.desk.storage.read(
            conversation_entities, self.desk.presenter, found, self.desk.now()
        )


def _find(uow: UnitOfWork, person_id: ActorKey, root_id: PostKey) -> Conversation:
    found = uow.conversations.get(person_id, root_id)
    if found is None:
        raise NotFound("There is no such conversation")
    return found


def _hide(uow: UnitOfWork, person_id: ActorKey, root_id: PostKey) -> None:
    _find(uow, person_id, root_id)
    uow.conversations.hide(person_id, root_id)


def _mark(
    uow: UnitOfWork,
    person_id: ActorKey,
    root_id: PostKey,
    unread: bool,  # noqa: FBT001 - an argument of a unit
) -> Conversation:
    _find(uow, person_id, root_id)
    uow.conversations.mark(person_id, root_id, unread=unread)
    return _find(uow, person_id, root_id)
