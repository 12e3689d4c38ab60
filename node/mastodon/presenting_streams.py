"""What streams show: what timelines and lists of notifications show, and no more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from communities.lists import AccountList
from communities.people import ActorKey
from communities.posts import PostKey
from communities.visibility import Viewer
from node.mastodon.conversations import conversation_entities
from node.mastodon.lists import list_of_community
from node.mastodon.presenting import Presenter
from node.mastodon.presenting_notices import NoticePresenter
from node.notice_types import USUAL_TYPES, type_of
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry
from storage.notifications import Notification
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRenderer:
    """Satisfies `node.streaming.rendering.Renderer`."""

    presenter: Presenter

    def statuses(
        self,
        uow: UnitOfWork,
        viewer: Viewer,
        entries: Sequence[FeedEntry],
        at: datetime,
        context: str,
    ) -> Sequence[Entity]:
        """Those of these entries that the viewer may see and wants to."""
        return self.presenter.statuses(uow, viewer, entries, at, context)

    def notifications(
        self, uow: UnitOfWork, person_id: ActorKey, found: Sequence[Notification], at: datetime
    ) -> Sequence[Entity]:
        """Those of these notifications that every app understands."""
        notices = NoticePresenter(presenter=self.presenter)
        told = [one for one in found if type_of(one.kind) in USUAL_TYPES]
        return notices.notifications(uow, person_id, told, at) if told else []

    def conversations(
        self, uow: UnitOfWork, person_id: ActorKey, roots: Iterable[PostKey], at: datetime
    ) -> Sequence[Entity]:
        """The conversations that begin with these private messages."""
        found = [uow.conversations.get(person_id, root_id) for root_id in roots]
        known = [each for each in found if each is not None]
        return conversation_entities(uow, self.presenter, known, at)

    def list_of(self, uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList | None:
        """A list of the person, or that of a community that they are in."""
        return list_of(uow, person_id, list_id)


def list_of(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList | None:
    """A list of a person, or that of a community that they are in; None when it is not theirs."""
    own = uow.lists.get(person_id, list_id)
    return own or list_of_community(uow, person_id, list_id)
