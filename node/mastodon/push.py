"""Push subscriptions: an app says where it wants to be told, and of what."""

import secrets
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from communities.errors import NotFound
from federation.addresses import check_url, parse_networks
from federation.errors import FetchForbidden
from node.app import Access, Handler, Route
from node.app_guards import bearer_of
from node.auth import actor_of, required_caller
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of
from node.mastodon.replies import reply
from node.push.keys import NONCE_BYTES
from node.push.wanted import POLICIES
from protocols.errors import RemoteProtocolError
from protocols.mastodon.accounts import Entity
from protocols.web_push import Receiver, parse_receiver
from storage.push_subscriptions import PushSubscription
from storage.unit_of_work import UnitOfWork

ALERTS: Final = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "admin.sign_up",
    "admin.report",
)
_PATH: Final = "/api/v1/push/subscription"


def push_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/push."""
    push = _Push(desk)
    return [
        _route("POST", push.subscribe, "api-push-subscribe"),
        _route("GET", push.read, "api-push-subscription"),
        _route("PUT", push.change, "api-push-change"),
        _route("DELETE", push.end, "api-push-end"),
    ]


def _route(method: str, handler: Handler, name: str) -> Route:
    return Route(
        method=method,
        path=_PATH,
        handler=handler,
        access=Access.APP_USER,
        name=name,
        scope="push",
    )


@dataclass(frozen=True, slots=True)
class _Push:
    desk: Desk

    async def subscribe(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        told, data = parameters.inside("subscription"), parameters.inside("data")
        token = bearer_of(request) or ""
        new = PushSubscription(
            id=self.desk.snowflakes.mint(),
            token_id=required_caller(request).token_id,
            person_id=actor_of(request),
            endpoint=self._endpoint(told),
            receiver=_receiver(told),
            standard=told.is_set("standard"),
            alerts=_alerts(data),
            policy=_policy(data) or "all",
            sealed_token=self.desk.push_key.seal(token, secrets.token_bytes(NONCE_BYTES)),
        )
        return self._told(await self.desk.storage.write(_put, new))

    async def read(self, request: web.Request) -> web.Response:
        token_id = required_caller(request).token_id
        return self._told(await self.desk.storage.read(_find, token_id))

    async def change(self, request: web.Request) -> web.Response:
        data = (await parameters_of(request)).inside("data")
        alerts = _alerts(data) if "alerts" in data else None
        token_id = required_caller(request).token_id
        changed = await self.desk.storage.write(_change, token_id, alerts, _policy(data))
        return self._told(changed)

    async def end(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_drop, required_caller(request).token_id)
        return reply({})

    def _endpoint(self, told: Parameters) -> str:
        """Where the push service of the app is.

        Raises:
            Refusal: it is no place that this node connects to.
        """
        endpoint = told.required("endpoint")
        networks = [str(net) for net in self.desk.settings.federation.allow_networks.items]
        try:
            check_url(endpoint, allow_networks=parse_networks(networks))
        except FetchForbidden:
            raise invalid("Endpoint must be the https address of a push service") from None
        return endpoint

    def _told(self, subscription: PushSubscription) -> web.Response:
        """The WebPushSubscription. Spec: Mastodon API "WebPushSubscription"."""
        entity: Entity = {
            "id": str(subscription.id),
            "endpoint": subscription.endpoint,
            "standard": subscription.standard,
            "alerts": {name: name in subscription.alerts for name in ALERTS},
            "policy": subscription.policy,
            "server_key": self.desk.push_key.public,
        }
        return reply(entity)


def _receiver(told: Parameters) -> Receiver:
    keys = told.inside("keys")
    try:
        return parse_receiver(keys.required("p256dh"), keys.required("auth"))
    except RemoteProtocolError as error:
        raise invalid(str(error)) from None


def _alerts(data: Parameters) -> frozenset[str]:
    alerts = data.inside("alerts")
    return frozenset(name for name in ALERTS if alerts.is_set(name))


def _policy(data: Parameters) -> str | None:
    policy = data.text("policy")
    if policy is not None and policy not in POLICIES:
        raise invalid(f"policy must be one of {', '.join(POLICIES)}")
    return policy


def _put(uow: UnitOfWork, new: PushSubscription) -> PushSubscription:
    uow.push_subscriptions.put(new)
    return new


def _find(uow: UnitOfWork, token_id: int) -> PushSubscription:
    found = uow.push_subscriptions.of_token(token_id)
    if found is None:
        raise NotFound("This app has no push subscription")
    return found


def _change(
    uow: UnitOfWork, token_id: int, alerts: frozenset[str] | None, policy: str | None
) -> PushSubscription:
    found = _find(uow, token_id)
    changed = replace(
        found,
        alerts=found.alerts if alerts is None else alerts,
        policy=policy or found.policy,
    )
    uow.push_subscriptions.put(changed)
    return changed


def _drop(uow: UnitOfWork, token_id: int) -> None:
    uow.push_subscriptions.drop_of_token(token_id)
