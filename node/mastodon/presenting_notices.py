"""Notifications of whole pages, with a fixed number of statements whatever their length.

What is about a post that the person may not see any more, or has filtered away, is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from communities.notifications import NoticeKind
from communities.people import ActorKey
from communities.reports import Report, ReportState
from communities.visibility import Viewer
from node.mastodon.presenting import Presenter
from node.notice_types import type_of
from protocols.mastodon import notifications as shapes
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry
from storage.notice_pages import Group
from storage.notifications import Notification
from storage.unit_of_work import UnitOfWork

_WITH_STATUS = frozenset({"mention", "favourite", "reblog", "status", "poll", "update"})
_CONTEXT = "notifications"


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What the notifications of a page are about."""

    accounts: Mapping[ActorKey, Entity]
    statuses: Mapping[str, Entity]
    reports: Mapping[int, Report]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePresenter:
    """Puts notifications together, with what `presenter` makes of posts and accounts."""

    presenter: Presenter

    def notifications(
        self, uow: UnitOfWork, person_id: ActorKey, found: Sequence[Notification], at: datetime
    ) -> list[Entity]:
        """The Notifications of a page, in its order."""
        about = self._about(uow, person_id, found, (), at)
        told = [_notification(one, about) for one in found]
        return [entity for entity in told if entity is not None]

    def groups(
        self, uow: UnitOfWork, person_id: ActorKey, groups: Sequence[Group], at: datetime
    ) -> tuple[list[Entity], list[Entity], list[Entity]]:
        """NotificationGroups in their order, and the Accounts and Statuses that they name."""
        latest = [group.latest for group in groups]
        samples = [actor_id for group in groups for actor_id in group.samples]
        about = self._about(uow, person_id, latest, samples, at)
        told = [(group, _group(group, about)) for group in groups]
        named: dict[ActorKey, None] = {}
        shown: dict[str, Entity] = {}
        for group, entity in told:
            if entity is None:
                continue
            named.update(dict.fromkeys(group.samples))
            if isinstance(key := entity.get("status_id"), str):
                shown[key] = about.statuses[key]
        accounts = [about.accounts[key] for key in named if key in about.accounts]
        return [entity for _, entity in told if entity is not None], accounts, [*shown.values()]

    def _about(
        self,
        uow: UnitOfWork,
        person_id: ActorKey,
        found: Sequence[Notification],
        others: Iterable[ActorKey],
        at: datetime,
    ) -> _About:
        reports = {
            int(report.id): report
            for report in uow.reports.among(_keys(one.report_id for one in found))
        }
        entries = [
            FeedEntry(id=one.post_id, post_id=one.post_id)
            for one in found
            if one.post_id is not None and type_of(one.kind) in _WITH_STATUS
        ]
        viewer = Viewer(person_id=person_id)
        shown = self.presenter.statuses(uow, viewer, list(dict.fromkeys(entries)), at, _CONTEXT)
        actors = dict.fromkeys(one.actor_id for one in found)
        actors.update(dict.fromkeys(others))
        actors.update(dict.fromkeys(report.subject_id for report in reports.values()))
        actors[person_id] = None
        return _About(
            accounts=self.presenter.accounts(uow, list(actors)),
            statuses={str(entity["id"]): entity for entity in shown},
            reports=reports,
        )


def _keys(keys: Iterable[int | None]) -> list[int]:
    return [key for key in keys if key is not None]


def _notification(one: Notification, about: _About) -> Entity | None:
    told_as, account = type_of(one.kind), about.accounts.get(one.actor_id)
    subject = None if told_as is None else _subject(one, told_as, about)
    if told_as is None or account is None or subject is None:
        return None
    return shapes.notification(
        id=one.id,
        type=told_as,
        group_key=one.group_key,
        at=one.at,
        account=account,
        subject=subject,
    )


def _group(group: Group, about: _About) -> Entity | None:
    one = group.latest
    told_as = type_of(one.kind)
    subject = None if told_as is None else _subject(one, told_as, about)
    if told_as is None or subject is None or one.actor_id not in about.accounts:
        return None
    if "status" in subject:
        subject = {"status_id": str(one.post_id)}
    newest, oldest_id = group.newest_on_page, group.oldest_on_page_id
    page = None
    if newest is not None and oldest_id is not None:
        page = (oldest_id, newest.id, newest.at)
    return shapes.notification_group(
        key=group.key,
        type=told_as,
        count=group.count,
        newest_id=one.id,
        page=page,
        accounts=[key for key in group.samples if key in about.accounts],
        subject=subject,
    )


def _subject(one: Notification, told_as: str, about: _About) -> Mapping[str, object] | None:
    """What a notification is about; None when that cannot be shown, and so neither can it."""
    if told_as in _WITH_STATUS:
        status = about.statuses.get(str(one.post_id))
        return None if status is None else {"status": status}
    if one.kind == NoticeKind.REPORT:
        found = None if one.report_id is None else about.reports.get(one.report_id)
        target = None if found is None else about.accounts.get(found.subject_id)
        if found is None or target is None:
            return None
        return {"report": _report(found, target)}
    if one.kind in (NoticeKind.POST_REMOVED, NoticeKind.BANNED):
        target = about.accounts.get(one.person_id)
        return None if target is None else {"moderation_warning": _warning(one, target)}
    return {}


def _report(found: Report, target: Entity) -> Entity:
    facts = shapes.ReportFacts(
        id=found.id,
        comment=found.reason,
        category=found.category.value,
        is_resolved=found.state is ReportState.RESOLVED,
        status_ids=_keys([found.post_id]),
        rule_ids=found.rules,
        at=found.at,
    )
    return shapes.report(facts, target)


def _warning(one: Notification, target: Entity) -> Entity:
    # "suspend" would say that the account is closed: a ban is from one community.
    removed = one.kind == NoticeKind.POST_REMOVED
    return shapes.account_warning(
        id=one.id,
        action="delete_statuses" if removed else "none",
        text=one.reason or "",
        status_ids=_keys([one.post_id]),
        target=target,
        at=one.at,
    )
