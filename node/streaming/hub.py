"""The hub: one for the node. It reads what happened once, and tells everybody who listens.

It wakes at commits that appended events or notifications, reads on beside the writer, and does
nothing at all while nobody listens. What a batch of messages costs is bounded by who is concerned:
people with no tie to it are sorted out with a few statements for all of them.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Final

from communities.people import ActorKey
from node.errors import Refusal
from node.limits import Shares
from node.settings_streaming import StreamingSettings
from node.settings_values import NOWHERE
from node.streaming.concerning import concerned
from node.streaming.gathering import Batch, Boost, Place, current_place, gather
from node.streaming.listeners import Ending, Listener, Message
from node.streaming.rendering import Renderer
from node.streaming.telling import Shared, Teller, Told, Wants, share
from protocols.mastodon.streaming import (
    DELETE,
    FILTERS_CHANGED,
    NOTIFICATION,
    NOTIFICATIONS_MERGED,
    USER,
    Stream,
)
from storage.errors import StorageError
from storage.store import Storage
from storage.unit_of_work import EVENTS, NOTIFICATIONS, UnitOfWork

log = logging.getLogger(__name__)

AT_ONCE: Final = 25
"""People for whom messages are made in one reading of the database."""
BOOSTS_REMEMBERED: Final = 10_000


class Hub:
    """Knows who listens; used in the event loop alone."""

    def __init__(
        self,
        storage: Storage,
        renderer: Renderer,
        settings: StreamingSettings,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Have nobody listen yet."""
        self._storage = storage
        self._renderer = renderer
        self._settings = settings
        self._now = now
        self._of_people: dict[ActorKey, dict[Listener, None]] = {}
        self._count = 0
        self._of_tokens = Shares(settings.max_per_token, NOWHERE)
        self._of_addresses = Shares(settings.max_per_address, NOWHERE)
        self._place: Place | None = None
        self._boosts: OrderedDict[Boost, int] = OrderedDict()
        self._woken = asyncio.Event()
        self._is_closed = False
        storage.on_commit(EVENTS, self._woken.set)
        storage.on_commit(NOTIFICATIONS, self._woken.set)

    @property
    def count(self) -> int:
        """How many listen."""
        return self._count

    async def join(self, listener: Listener) -> None:
        """Let a connection listen to what happens from now on; `leave` takes it back.

        Raises:
            Refusal: too many listen already, or the node is stopping.
        """
        if self._is_closed:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The node is stopping")
        if self._count >= self._settings.max_connections:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections")
        token = str(listener.token_id)
        if not self._of_tokens.take(token):
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many connections")
        if not self._of_addresses.take(listener.address):
            self._of_tokens.give_back(token)
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many connections")
        self._of_people.setdefault(listener.person_id, {})[listener] = None
        self._count += 1
        if self._place is None:
            self._begin_at(await self._storage.read(current_place))

    def _begin_at(self, place: Place) -> None:
        """Unless somebody who joined at the same time was faster."""
        if self._place is None:
            self._place = place
            # What was committed while that was read found nobody to tell.
            self._woken.set()

    def leave(self, listener: Listener) -> None:
        """Forget a connection; nothing happens when it does not listen."""
        of_person = self._of_people.get(listener.person_id, {})
        if listener not in of_person:
            return
        del of_person[listener]
        if not of_person:
            del self._of_people[listener.person_id]
        self._count -= 1
        self._of_tokens.give_back(str(listener.token_id))
        self._of_addresses.give_back(listener.address)
        if not self._count:
            self._place = None

    def filters_changed(self, person_id: ActorKey) -> None:
        """Tell a person's apps that their filters changed."""
        self._tell(person_id, Message(Stream(USER), FILTERS_CHANGED))

    def notifications_merged(self, person_id: ActorKey) -> None:
        """Tell a person's apps that what was held back is among their notifications now."""
        self._tell(person_id, Message(Stream(USER), NOTIFICATIONS_MERGED))

    def announce(self, event: str, payload: str) -> None:
        """Tell everybody who listens to their home: announcements, and what becomes of them."""
        for person_id in self._of_people:
            self._tell(person_id, Message(Stream(USER), event, payload))

    def close(self) -> None:
        """End all connections, since the node stops; nobody is let in any more."""
        self._is_closed = True
        for of_person in self._of_people.values():
            for listener in of_person:
                listener.cut(Ending.STOPPING)

    async def run(self) -> None:
        """Tell what happens, for ever."""
        while True:
            self._woken.clear()
            while await self.step():
                continue
            await self._woken.wait()

    async def step(self) -> int:
        """Tell what happened since the last time; how much that was, up to a bound.

        What cannot be told is logged and passed over: it must not silence what comes after it.
        """
        place = self._place
        if place is None:
            return 0
        batch = await self._gathered(place)
        if self._place is not None:
            self._place = batch.place
        if batch.count:
            await self._tell_all(batch)
        return batch.count

    async def _gathered(self, place: Place) -> Batch:
        try:
            return await self._storage.read(gather, place, self._now())
        except StorageError:
            raise
        except Exception:
            log.exception("what happened after event %d cannot be told", place.seq)
            return Batch(place=await self._storage.read(current_place))

    async def _tell_all(self, batch: Batch) -> None:
        try:
            shared, wants = await self._storage.read(_sort_out, batch, self._wants())
        except Exception:
            log.exception("what happened up to event %d was told to nobody", batch.place.seq)
            return
        self._remember(batch)
        self._tell_unboosted(batch, shared)
        people = iter(wants.items())
        while part := dict(islice(people, AT_ONCE)):
            await self._tell_part(batch, shared, part)

    async def _tell_part(self, batch: Batch, shared: Shared, part: Wants) -> None:
        """Tell some people; when that fails, each alone, and the one that is to blame nothing."""
        try:
            told = await self._storage.read(self._messages, batch, shared, part)
        except Exception:
            if len(part) == 1:
                log.exception("what happened up to event %d was not told to all", batch.place.seq)
                return
            for person_id, streams in part.items():
                await self._tell_part(batch, shared, {person_id: streams})
            return
        for person_id, message in told:
            self._tell(person_id, message)

    def _messages(self, uow: UnitOfWork, batch: Batch, shared: Shared, wants: Wants) -> Told:
        """On a reader's thread: what some people are told."""
        teller = Teller(uow, self._renderer, batch, shared, self._now())
        return [
            (person_id, message)
            for person_id, streams in wants.items()
            for message in teller.messages(person_id, streams)
        ]

    def _wants(self) -> dict[ActorKey, tuple[Stream, ...]]:
        return {
            person_id: tuple({stream: None for each in of_person for stream in each.streams})
            for person_id, of_person in self._of_people.items()
        }

    def _remember(self, batch: Batch) -> None:
        """Keep the ids of boosts: when one is taken back, storage does not know its id any more."""
        for boost, key in batch.boosts.items():
            self._boosts[boost] = key
        while len(self._boosts) > BOOSTS_REMEMBERED:
            self._boosts.popitem(last=False)

    def _tell_unboosted(self, batch: Batch, shared: Shared) -> None:
        for boost in batch.unboosted:
            key = self._boosts.pop(boost, None)
            if key is None:
                continue
            message = Message(Stream(USER), DELETE, str(key))
            self._tell(boost[0], message)
            for person_id, actor_id in shared.following:
                if actor_id == boost[0] != person_id:
                    self._tell(person_id, message)

    def _tell(self, person_id: ActorKey, message: Message) -> None:
        is_notice = message.event == NOTIFICATION
        for listener in self._of_people.get(person_id, ()):
            if message.stream in listener.streams and (
                not is_notice or listener.hears_notices(message.stream)
            ):
                listener.offer(message)


def _sort_out(uow: UnitOfWork, batch: Batch, wants: Wants) -> tuple[Shared, Wants]:
    """What is the same for all who listen, and those of them who may be told anything."""
    shared = share(uow, batch, wants)
    return shared, concerned(uow, batch, shared, wants)
