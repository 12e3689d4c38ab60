"""Tells people of a node things, as the consumer of the event log does."""

from typing import Any

from communities.notifications import NoticeKind, group_key
from communities.people import Person
from communities.posts import Post
from storage.notifications import Notification
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock

V1, V2 = "/api/v1/notifications", "/api/v2/notifications"


class Told:
    """Tells people things, as the consumer of the event log does."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock

    async def __call__(
        self, person: Person, kind: NoticeKind, by: Person, post: Post | None = None, **more: Any
    ) -> int:
        post_id = None if post is None else post.id
        at = self.clock()
        one = Notification(
            person_id=person.id,
            kind=kind.value,
            actor_id=by.id,
            at=at,
            post_id=post_id,
            group_key=group_key(kind, post_id, at),
            **more,
        )

        def add(uow: UnitOfWork) -> int | None:
            if one.filtered:
                uow.notice_policies.hold(person.id, by.id, at=at)
            return uow.notifications.add(one)

        key = await self.storage.write(add)
        assert key is not None
        return key
