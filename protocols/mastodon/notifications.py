"""Notifications, groups of them, policies and requests, as an app shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment, moment_or_none

_PARTIAL: Final = (
    "id",
    "acct",
    "locked",
    "bot",
    "url",
    "avatar",
    "avatar_static",
    "avatar_description",
)


def notification(
    *,
    id: int,  # noqa: A002 - the field's word
    type: str,  # noqa: A002 - as above
    group_key: str | None,
    at: datetime,
    account: Entity,
    subject: Mapping[str, object],
) -> Entity:
    """The Notification; `subject` is what it is about: status, report, moderation_warning.

    Spec: Mastodon API "Notification".
    """
    return {
        "id": str(id),
        "type": type,
        "group_key": group_key or ungrouped_key(id),
        "created_at": moment(at),
        "account": account,
        **subject,
    }


def ungrouped_key(id: int) -> str:  # noqa: A002 - as above
    """The key of a notification that is told alone."""
    return f"ungrouped-{id}"


def notification_group(
    *,
    key: str,
    type: str,  # noqa: A002 - as above
    count: int,
    newest_id: int,
    page: tuple[int, int, datetime] | None,
    accounts: Sequence[int],
    subject: Mapping[str, object],
) -> Entity:
    """The NotificationGroup.

    Args:
        key: what its notifications have in common.
        type: theirs.
        count: how many there are in all.
        newest_id: the newest of all.
        page: the oldest and newest id on the page that is told, and the time of the newest.
        accounts: ids of some who caused them, newest first.
        subject: what it is about: status_id, report, moderation_warning.

    Spec: Mastodon API "NotificationGroup".
    """
    oldest, newest, at = page or (None, None, None)
    return {
        "group_key": key,
        "type": type,
        "notifications_count": count,
        "most_recent_notification_id": newest_id,
        "page_min_id": None if oldest is None else str(oldest),
        "page_max_id": None if newest is None else str(newest),
        "latest_page_notification_at": moment_or_none(at),
        "sample_account_ids": [str(account) for account in accounts],
        **subject,
    }


def partial_account(account: Entity) -> Entity:
    """What is left of an Account where only its picture is shown.

    Spec: Mastodon API "PartialAccountWithAvatar".
    """
    return {name: account[name] for name in _PARTIAL if name in account}


def account_warning(
    *,
    id: int,  # noqa: A002 - as above
    action: str,
    text: str,
    status_ids: Sequence[int],
    target: Entity,
    at: datetime,
) -> Entity:
    """The AccountWarning. Spec: Mastodon API "AccountWarning"."""
    return {
        "id": str(id),
        "action": action,
        "text": text,
        "status_ids": [str(key) for key in status_ids] or None,
        "target_account": target,
        "appeal": None,
        "created_at": moment(at),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What is said in a report, and of which posts."""

    id: int
    comment: str
    category: str
    at: datetime
    is_resolved: bool = False
    status_ids: Sequence[int] = ()
    rule_ids: Sequence[str] = ()


def report(facts: ReportFacts, target: Entity) -> Entity:
    """The Report, as those see it who can act on it. Spec: Mastodon API "Report"."""
    return {
        "id": str(facts.id),
        "action_taken": facts.is_resolved,
        "action_taken_at": None,
        "category": facts.category,
        "comment": facts.comment,
        "forwarded": False,
        "created_at": moment(facts.at),
        "status_ids": [str(key) for key in facts.status_ids] or None,
        "rule_ids": list(facts.rule_ids) or None,
        "collection_ids": None,
        "target_account": target,
    }


def notification_policy(choices: Mapping[str, str], *, requests: int, held: int) -> Entity:
    """The NotificationPolicy; `choices` by name, as `for_not_following`.

    Spec: Mastodon API "NotificationPolicy".
    """
    return {**choices, "summary": _summary(requests, held)}


def former_notification_policy(filters: Mapping[str, bool], *, requests: int, held: int) -> Entity:
    """The policy as the first version of the API told it. Spec: "V1::NotificationPolicy"."""
    return {**filters, "summary": _summary(requests, held)}


def _summary(requests: int, held: int) -> Entity:
    return {"pending_requests_count": requests, "pending_notifications_count": held}


def notification_request(
    *,
    id: int,  # noqa: A002 - as above
    account: Entity,
    count: int,
    created_at: datetime,
    updated_at: datetime,
    last_status: Entity | None,
) -> Entity:
    """The NotificationRequest. Spec: Mastodon API "NotificationRequest"."""
    return {
        "id": str(id),
        "created_at": moment(created_at),
        "updated_at": moment(updated_at),
        "notifications_count": str(count),
        "account": account,
        "last_status": last_status,
    }
