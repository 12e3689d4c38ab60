"""What streaming needs of the surface that apps read: entities, and the lists of people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from communities.lists import AccountList
from communities.people import ActorKey
from communities.posts import PostKey
from communities.visibility import Viewer
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry
from storage.notifications import Notification
from storage.unit_of_work import UnitOfWork


class Renderer(Protocol):
    """Puts entities together, as timelines and lists of notifications show them."""

    def statuses(
        self,
        uow: UnitOfWork,
        viewer: Viewer,
        entries: Sequence[FeedEntry],
        at: datetime,
        context: str,
    ) -> Sequence[Entity]:
        """Those of these entries that the viewer may see and wants to."""

    def notifications(
        self, uow: UnitOfWork, person_id: ActorKey, found: Sequence[Notification], at: datetime
    ) -> Sequence[Entity]:
        """Those of these notifications that apps are told."""

    def conversations(
        self, uow: UnitOfWork, person_id: ActorKey, roots: Iterable[PostKey], at: datetime
    ) -> Sequence[Entity]:
        """The conversations that begin with these private messages, as the person sees them."""

    def list_of(self, uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList | None:
        """A list of the person; None when it is none of theirs."""
