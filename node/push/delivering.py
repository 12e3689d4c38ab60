"""Sending pushes: one job for each app and notification.

What is sent says who did what, and bears the app's own token: apps that know several accounts tell
by it which one was meant. Nobody between can read it, since it is encrypted for the app alone.

Spec: RFC 8030 section 5 (TTL, Urgency, 404 and 410); reference client-apis 1.6 "WebPush".
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from communities.people import ActorKey
from federation.addresses import Network, check_url
from federation.client import Client
from federation.errors import Failure, FederationError, FetchForbidden, PeerUnreachable
from federation.exchanges import Answer
from node.notice_types import type_of
from node.push.keys import PushKey
from node.push.payloads import payload_of
from node.push.services import Services
from node.push.wanted import PushWanted
from node.push.wording import LANGUAGES
from protocols.mastodon.accounts import Entity
from protocols.web_push import (
    SALT_BYTES,
    PushMessage,
    Voucher,
    build_legacy_message,
    build_message,
)
from storage.jobs import Job
from storage.notifications import Notification
from storage.push_subscriptions import PushSubscription
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

LIFETIME: Final = timedelta(hours=48)
"""What could not be delivered for so long is no news any more."""
VOUCHED_FOR: Final = timedelta(hours=12)

_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_PATIENCE: Final = frozenset({408, 425, 429})
_URGENT: Final = frozenset({"mention", "poll"})
_SERVER_ERROR: Final = 500

AccountOf = Callable[[UnitOfWork, ActorKey], Entity | None]
"""The Account of someone, as apps see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """A push that is still wanted."""

    subscription: PushSubscription
    notification: Notification
    told_as: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """The handler of jobs of kind `node.push.wanted.PUSH_JOB`.

    Attributes:
        key: vouches for what is sent, and opens the tokens.
        account_of: shows who caused a notification.
        subject: where the operator can be reached, for the push services: a URI.
        language: for those who chose none.
        allow_networks: private networks where a push service may be.
    """

    storage: Storage
    client: Client
    key: PushKey
    account_of: AccountOf
    subject: str
    now: Callable[[], datetime]
    language: str = "en"
    allow_networks: tuple[Network, ...] = ()
    services: Services = field(default_factory=Services)

    async def __call__(self, job: Job) -> None:
        """Send one push; a push service that does not answer is tried again, later and less often.

        Raises:
            PeerUnreachable: the service did not take it now.
            FetchForbidden: its address is none that this node connects to.
        """
        wanted = msgspec.json.decode(job.payload, type=PushWanted)
        facts = await self.storage.read(self._find, wanted)
        if facts is None or self.now() - facts.notification.at > LIFETIME:
            await self.storage.write(_finish, job)
            return
        endpoint = facts.subscription.endpoint
        origin = check_url(endpoint, allow_networks=self.allow_networks).origin
        turn = self.services.turn(origin, self.now())
        if turn is not None:
            await self.storage.write(_wait, job, to_ms(turn))
            return
        with self.services.sending(origin):
            answer = await self._send(origin, facts)
        await self._settle(job, facts.subscription, answer)

    async def _send(self, origin: str, facts: _Facts) -> Answer:
        message = self._message(facts)
        try:
            answer = await self.client.post_activity(
                facts.subscription.endpoint, message.body, message.headers
            )
        except FetchForbidden:
            raise
        except FederationError:
            self.services.failed(origin, self.now())
            raise
        if answer.status in _PATIENCE or answer.status >= _SERVER_ERROR:
            self.services.failed(origin, self.now(), answer.retry_after)
        else:
            self.services.answered(origin)
        return answer

    async def _settle(self, job: Job, subscription: PushSubscription, answer: Answer) -> None:
        if answer.status in _GONE:
            await self.storage.write(_end, job, subscription.id)
        elif answer.status in _PATIENCE or answer.status >= _SERVER_ERROR:
            raise PeerUnreachable(Failure.STATUS, status=answer.status)
        else:
            if not answer.is_success:
                log.info("a push service refused a push: %d %s", answer.status, answer.excerpt)
            await self.storage.write(_finish, job)

    def _find(self, uow: UnitOfWork, wanted: PushWanted) -> _Facts | None:
        """What is to be sent; None when the app, or the notification, is gone."""
        subscription = uow.push_subscriptions.get(wanted.subscription_id)
        if subscription is None:
            return None
        person_id = subscription.person_id
        notification = uow.notice_pages.get(person_id, wanted.notification_id)
        told_as = None if notification is None else type_of(notification.kind)
        if notification is None or told_as is None or notification.filtered:
            return None
        account = self.account_of(uow, notification.actor_id)
        if account is None:
            return None
        payload = payload_of(
            uow,
            notification,
            account,
            token=self.key.unseal(subscription.sealed_token),
            language=self._language(uow, person_id),
            at=self.now(),
        )
        return _Facts(
            subscription=subscription, notification=notification, told_as=told_as, payload=payload
        )

    def _language(self, uow: UnitOfWork, person_id: ActorKey) -> str:
        account = uow.accounts.get(person_id)
        chosen = None if account is None else account.locale
        return chosen if chosen in LANGUAGES else self.language

    def _message(self, facts: _Facts) -> PushMessage:
        subscription, now = facts.subscription, self.now()
        build = build_message if subscription.standard else build_legacy_message
        message = build(
            facts.payload,
            subscription.endpoint,
            subscription.receiver,
            voucher=Voucher(
                key=self.key.private, subject=self.subject, expires_at=now + VOUCHED_FOR
            ),
            once=ec.generate_private_key(ec.SECP256R1()),
            salt=secrets.token_bytes(SALT_BYTES),
        )
        left = LIFETIME - (now - facts.notification.at)
        urgent = facts.told_as in _URGENT
        headers = {
            **message.headers,
            "TTL": str(max(0, int(left.total_seconds()))),
            "Urgency": "high" if urgent else "normal",
        }
        return PushMessage(body=message.body, headers=headers)


def _finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)


def _wait(uow: UnitOfWork, job: Job, run_ms: int) -> None:
    uow.jobs.go_on(job, run_ms=run_ms)


def _end(uow: UnitOfWork, job: Job, subscription_id: int) -> None:
    """The app does not take pushes any more."""
    uow.push_subscriptions.drop(subscription_id)
    uow.jobs.finish(job)
