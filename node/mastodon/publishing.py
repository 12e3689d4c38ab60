"""Publishing: the units in which a submission becomes a post, or waits for its time.

The key that an app sends with a submission is looked for and kept in the unit that makes the post:
of two requests with the same key the second finds what the first made, and a process that is
killed in between has done both or neither. Spec: reference client-apis 1.7 "Idempotency-Key".
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

import msgspec
from aiohttp import web

from communities import posting
from communities.people import ActorKey
from communities.placing import find_place
from communities.posting import PublishPost
from communities.posts import Post, Visibility
from node.auth import Caller
from node.errors import Refusal
from node.mastodon.allowances import IDEMPOTENT_FOR, MAX_SCHEDULED, MAX_SCHEDULED_A_DAY
from node.mastodon.submissions import Submission
from node.media.attaching import claim_attachments
from node.media.urls import MediaUrls
from storage.scheduled import ScheduledPost
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

PUBLISH_JOB = "publish-scheduled"
"""Publishes a scheduled post; its payload names it and the time that it was scheduled for."""

OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_MAX_KEY = 1_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Submission).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A key that an app sends so that sending again posts nothing twice."""

    token_id: int
    key: str
    at: datetime

    @property
    def digest(self) -> bytes:
        """The key as it is kept."""
        return sha256(self.key.encode("utf-8", "surrogateescape")).digest()


def once_of(request: web.Request, caller: Caller, at: datetime) -> Once | None:
    """The key of a request; None when the app sends none.

    Raises:
        Refusal: it is longer than any app makes it, or no text.
    """
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _MAX_KEY or not key.isprintable():
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The Idempotency-Key is too long, or no text"
        )
    return Once(token_id=caller.token_id, key=key, at=at) if key else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """The uploads that go with a post, and what makes their addresses."""

    ids: tuple[int, ...]
    urls: MediaUrls


def made_before(uow: UnitOfWork, once: Once | None) -> int | None:
    """What the same key made within the last hour: the key of a post, or of a scheduled one."""
    if once is None:
        return None
    return uow.idempotency_keys.find(once.token_id, once.digest, once.at)


def publish(uow: UnitOfWork, command: PublishPost, enclosed: Enclosed, once: Once | None) -> int:
    """Publish a post, or request it, unless its key did so before; the key of the post.

    Raises:
        NotFound, NotAllowed, Conflict, Invalid: as `submit_with_media`.
    """
    known = made_before(uow, once)
    if known is not None:
        return known
    post = submit_with_media(uow, command, enclosed)
    _remember(uow, once, command.author_id, post.id)
    return post.id


def submit_with_media(uow: UnitOfWork, command: PublishPost, enclosed: Enclosed) -> Post:
    """Submit a post with its uploads, which are its own from now on.

    Raises:
        NotFound, NotAllowed, Conflict, Invalid: as `posting.submit` and `claim_attachments`.
    """
    if enclosed.ids:
        attachments = claim_attachments(
            uow,
            enclosed.urls,
            enclosed.ids,
            command.author_id,
            command.id,
            private=find_place(uow, command).visibility not in OPEN,
            at=command.at,
        )
        command = replace(command, content=replace(command.content, attachments=attachments))
    return posting.submit(uow, command)


def submission_in(scheduled: ScheduledPost) -> Submission:
    """What the author of a scheduled post sent."""
    return _decode(scheduled.params)


def to_schedule(
    id_: int, person_id: ActorKey, submission: Submission, at: datetime
) -> ScheduledPost:
    """A submission that waits for its time."""
    return ScheduledPost(id=id_, person_id=person_id, at=at, params=_encode(submission))


def schedule(uow: UnitOfWork, scheduled: ScheduledPost, once: Once | None) -> int:
    """Let a post wait for its time, unless its key did so before; its key.

    Raises:
        Refusal: too many of its author wait, in all or for that day.
        NotFound, Invalid: one of its uploads cannot be attached.
    """
    known = made_before(uow, once)
    if known is not None:
        return known
    if uow.scheduled.count(scheduled.person_id) >= MAX_SCHEDULED:
        raise _refused(f"You have reached the limit of {MAX_SCHEDULED} scheduled posts")
    _check_day(uow, scheduled)
    uow.media.keep(submission_in(scheduled).media_ids, scheduled.person_id, until=scheduled.at)
    uow.scheduled.add(scheduled)
    _wake_at(uow, scheduled)
    _remember(uow, once, scheduled.person_id, scheduled.id)
    return scheduled.id


def reschedule(
    uow: UnitOfWork, id_: int, person_id: ActorKey, at: datetime
) -> ScheduledPost | None:
    """Give a scheduled post another time; None when its author has no such post.

    Raises:
        Refusal: too many wait for that day.
        NotFound, Invalid: one of its uploads is gone.
    """
    before = uow.scheduled.find(id_, person_id)
    if before is None or before.at == at:
        return before
    after = replace(before, at=at)
    if _day(before.at) != _day(at):
        _check_day(uow, after)
    uow.media.keep(submission_in(after).media_ids, person_id, until=at)
    uow.scheduled.move(id_, person_id, at=at)
    _wake_at(uow, after)
    return after


def _check_day(uow: UnitOfWork, scheduled: ScheduledPost) -> None:
    begin = _day(scheduled.at)
    end = begin + timedelta(days=1)
    waiting = uow.scheduled.count(scheduled.person_id, begin=begin, end=end)
    if waiting >= MAX_SCHEDULED_A_DAY:
        raise _refused(f"You have reached the limit of {MAX_SCHEDULED_A_DAY} posts for that day")


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _wake_at(uow: UnitOfWork, scheduled: ScheduledPost) -> None:
    """A job for each time it was given: one that comes at another time than it has now is idle."""
    at_ms = to_ms(scheduled.at)
    payload = f"{scheduled.id} {at_ms}"
    uow.jobs.enqueue(PUBLISH_JOB, payload.encode(), run_ms=at_ms, key=f"{PUBLISH_JOB} {payload}")


def _remember(uow: UnitOfWork, once: Once | None, person_id: ActorKey, result_id: int) -> None:
    if once is not None:
        uow.idempotency_keys.put(
            once.token_id,
            once.digest,
            person_id=person_id,
            result_id=result_id,
            until=once.at + IDEMPOTENT_FOR,
        )


def _refused(sentence: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)
