"""Scheduled statuses: what waits for its time, and the job that publishes it then."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posting import PublishPost
from communities.ties import DefaultVisibility
from communities.titles import join_title
from node.app import Route
from node.auth import actor_of
from node.errors import Refusal
from node.jobs import JobHandler
from node.mastodon.composing import compose
from node.mastodon.desk import Desk
from node.mastodon.media import media_entity
from node.mastodon.paging import Around, Asked, asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import invalid, parameters_of, query_of
from node.mastodon.publishing import Enclosed, reschedule, submission_in, submit_with_media
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from node.mastodon.submissions import Submission, scheduled_at
from node.media.urls import MediaUrls
from protocols.mastodon import scheduled as shapes
from protocols.mastodon.accounts import Entity
from storage.jobs import Job
from storage.scheduled import ScheduledPost
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)


def scheduled_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/scheduled_statuses."""
    waiting = _Waiting(desk)
    one = "/api/v1/scheduled_statuses/{id}"
    table = (
        ("GET", "/api/v1/scheduled_statuses", waiting.all, "api-scheduled-list", "read:statuses"),
        ("GET", one, waiting.one, "api-scheduled", "read:statuses"),
        ("PUT", one, waiting.move, "api-scheduled-move", "write:statuses"),
        ("DELETE", one, waiting.drop, "api-scheduled-drop", "write:statuses"),
    )
    return user_routes(table)


def shown(uow: UnitOfWork, scheduled: ScheduledPost, urls: MediaUrls) -> Entity:
    """A scheduled post as its author's apps see it."""
    return _all_shown(uow, scheduled.person_id, [scheduled], urls)[0]


def _all_shown(
    uow: UnitOfWork, person_id: ActorKey, page: Sequence[ScheduledPost], urls: MediaUrls
) -> list[Entity]:
    """Scheduled posts of one person, with two statements however many there are."""
    sent = [submission_in(scheduled) for scheduled in page]
    uploads = {
        each.id: each for each in uow.media.many([key for one in sent for key in one.media_ids])
    }
    usual = uow.preferences.of(person_id).visibility
    return [
        _entity(
            scheduled,
            submission,
            usual,
            [media_entity(uploads[key], urls) for key in submission.media_ids if key in uploads],
        )
        for scheduled, submission in zip(page, sent, strict=True)
    ]


def _entity(
    scheduled: ScheduledPost, sent: Submission, usual: DefaultVisibility, media: list[Entity]
) -> Entity:
    poll = None
    if sent.poll is not None:
        poll = shapes.ScheduledPoll(
            options=sent.poll.options,
            expires_in=sent.poll.seconds,
            multiple=sent.poll.multiple,
            hide_totals=sent.poll.hides_totals,
        )
    return shapes.scheduled_status(
        shapes.Scheduled(
            id=scheduled.id,
            at=scheduled.at,
            text=join_title(sent.title, sent.text),
            visibility=sent.visibility or usual.value,
            app_id=sent.app_id,
            spoiler_text=sent.warning,
            sensitive=sent.sensitive,
            language=sent.language,
            in_reply_to_id=sent.answered_id,
            group_id=sent.group_id,
            media_ids=sent.media_ids,
            media=media,
            poll=poll,
            idempotency=sent.idempotency,
        )
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        asked = asked_of(query_of(request))
        entities, around = await self.desk.storage.read(self._page, actor_of(request), asked)
        return reply(entities, headers=link_header(request, self.desk.uris.base, around))

    def _page(
        self, uow: UnitOfWork, person_id: ActorKey, asked: Asked
    ) -> tuple[list[Entity], Around]:
        found = uow.scheduled.page(
            person_id,
            after=asked.after,
            before=asked.before,
            most=asked.one_more,
            forward=asked.forward,
        )
        page, around = cut(asked, found, lambda one: one.id)
        return _all_shown(uow, person_id, page, self.desk.media.urls), around

    async def one(self, request: web.Request) -> web.Response:
        id_, person_id = id_in_path(request), actor_of(request)
        return reply(await self.desk.storage.read(self._one, id_, person_id))

    def _one(self, uow: UnitOfWork, id_: int, person_id: ActorKey) -> Entity:
        return shown(uow, _required(uow.scheduled.find(id_, person_id)), self.desk.media.urls)

    async def move(self, request: web.Request) -> web.Response:
        at = scheduled_at(await parameters_of(request), self.desk.now())
        if at is None:
            raise invalid("scheduled_at can't be blank")
        id_, person_id = id_in_path(request), actor_of(request)
        return reply(await self.desk.storage.write(self._move, id_, person_id, at))

    def _move(self, uow: UnitOfWork, id_: int, person_id: ActorKey, at: datetime) -> Entity:
        moved = _required(reschedule(uow, id_, person_id, at))
        return shown(uow, moved, self.desk.media.urls)

    async def drop(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_drop, id_in_path(request), actor_of(request))
        return reply({})


def _required(found: ScheduledPost | None) -> ScheduledPost:
    if found is None:
        raise NotFound("No such scheduled post")
    return found


def _drop(uow: UnitOfWork, id_: int, person_id: ActorKey) -> None:
    uow.scheduled.remove(_required(uow.scheduled.find(id_, person_id)).id)


def publish_scheduled_job(desk: Desk) -> JobHandler:
    """Publish a scheduled post as if it were posted now.

    What is refused now stays among the scheduled posts of its author, with the time that passed.
    """

    async def run(job: Job) -> None:
        id_, at_ms = map(int, job.payload.split())
        scheduled = await desk.storage.read(_waits, id_, at_ms)
        if scheduled is None:
            await desk.storage.write(_finish, job)
            return
        try:
            draft = await compose(desk, scheduled.person_id, submission_in(scheduled))
        except Refusal as refusal:
            log.info("scheduled post %d was refused: %s", id_, refusal.sentence)
            await desk.storage.write(_finish, job)
            return
        command = await asyncio.to_thread(desk.acting.prepare, scheduled.person_id, draft)
        await desk.acting.run(_publish, command, scheduled, desk.media.urls, job)

    return run


def _waits(uow: UnitOfWork, id_: int, at_ms: int) -> ScheduledPost | None:
    """The scheduled post, if that is still its time."""
    found = uow.scheduled.get(id_)
    return found if found is not None and to_ms(found.at) == at_ms else None


def _publish(
    uow: UnitOfWork, command: PublishPost, scheduled: ScheduledPost, urls: MediaUrls, job: Job
) -> None:
    """Publish, unless another run did or its author moved it, and end the job, in one unit."""
    if _waits(uow, scheduled.id, to_ms(scheduled.at)) is not None:
        uow.scheduled.remove(scheduled.id)
        enclosed = Enclosed(ids=submission_in(scheduled).media_ids, urls=urls)
        submit_with_media(uow, command, enclosed)
    uow.jobs.finish(job)


def _finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)
