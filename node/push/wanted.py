"""Which pushes are wanted: one job for each app that asked to be told of what happened."""

from dataclasses import dataclass

import msgspec

from communities.people import ActorKey, FollowState
from node.notice_types import type_of
from storage.notifications import Notification
from storage.push_subscriptions import PushSubscription
from storage.unit_of_work import UnitOfWork

PUSH_JOB = "push"
POLICIES = ("all", "followed", "follower", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushWanted:
    """The payload of a job: which app is to be told of which notification."""

    subscription_id: int
    notification_id: int


def want_pushes(uow: UnitOfWork, notification: Notification, now_ms: int) -> None:
    """Enqueue a push of a stored notification to each app of the person that wants its type."""
    told_as = type_of(notification.kind)
    if told_as is None:
        return
    for subscription in uow.push_subscriptions.of(notification.person_id):
        if told_as in subscription.alerts and _suits(uow, subscription, notification.actor_id):
            wanted = PushWanted(subscription_id=subscription.id, notification_id=notification.id)
            uow.jobs.enqueue(PUSH_JOB, msgspec.json.encode(wanted), run_ms=now_ms)


def _suits(uow: UnitOfWork, subscription: PushSubscription, actor_id: ActorKey) -> bool:
    person_id = subscription.person_id
    match subscription.policy:
        case "all":
            return True
        case "followed":
            return _follows(uow, person_id, actor_id)
        case "follower":
            return _follows(uow, actor_id, person_id)
        case _:
            return False


def _follows(uow: UnitOfWork, follower_id: ActorKey, followee_id: ActorKey) -> bool:
    follow = uow.people.follow(follower_id, followee_id)
    return follow is not None and follow.state is FollowState.ACCEPTED
