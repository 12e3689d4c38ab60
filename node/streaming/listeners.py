"""One connection that listens: what it wants to hear, what waits to be sent, and its end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from communities.people import ActorKey
from protocols.mastodon.streaming import USER, USER_NOTIFICATION, Stream

MOST_WAITING = 256
"""Messages that wait for a client before it counts as too slow."""
MOST_STREAMS = 32
"""Streams over one connection."""


class Ending(Enum):
    """Why the node ends a connection: the code of the WebSocket, and a word.

    Spec: RFC 6455 section 7.4.1.
    """

    STOPPING = (1001, "the node is stopping")
    TOKEN_ENDED = (1008, "the access token was revoked")
    TOO_SLOW = (1013, "too slow")
    LEFT = (1000, "")

    @property
    def code(self) -> int:
        """The code."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """The word."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Message:
    """What one stream says: an event and its payload, which is JSON, an id or nothing."""

    stream: Stream
    event: str
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """What an app is told that asked for a stream it does not get."""

    sentence: str
    status: int


class Listener:
    """A connection for one person's app; used in the event loop alone.

    Attributes:
        person_id: who listens, or the community that the app acts as.
        streams: what it wants to hear.
        ending: why it was ended; None as long as it goes on.
    """

    def __init__(
        self,
        person_id: ActorKey,
        token_id: int,
        address: str,
        *,
        notices: bool = True,
        most: int = MOST_WAITING,
    ) -> None:
        """Listen to nothing yet.

        Args:
            person_id: who listens.
            token_id: by which token.
            address: from where.
            notices: its token may read notifications, which are part of the stream `user` then.
            most: how many messages may wait.
        """
        self.person_id = person_id
        self.token_id = token_id
        self.address = address
        self.streams: dict[Stream, None] = {}
        self.ending: Ending | None = None
        self._notices = notices
        self._most = most
        self._waiting: deque[Message | Objection] = deque()
        self._arrived = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None

    def hears_notices(self, stream: Stream) -> bool:
        """Whether notifications are told on this stream of it."""
        return stream.name == USER_NOTIFICATION or (stream.name == USER and self._notices)

    def offer(self, message: Message | Objection) -> None:
        """Have a message sent; who is too slow is cut."""
        if self.ending is not None:
            return
        if len(self._waiting) >= self._most:
            self.cut(Ending.TOO_SLOW)
            return
        self._waiting.append(message)
        self._arrived.set()

    async def next(self) -> Message | Objection:
        """The next message, once there is one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    def cut(self, ending: Ending) -> None:
        """End it now, also in the middle of a message that the client does not take."""
        if self.ending is not None:
            return
        self.ending = ending
        self._waiting.clear()
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def until_cut(self) -> AsyncIterator[None]:
        """Run the block until it ends by itself, or `cut` is called."""
        try:
            async with asyncio.timeout(None) as deadline:
                self._deadline = deadline
                if self.ending is not None:
                    deadline.reschedule(asyncio.get_running_loop().time())
                yield
        except TimeoutError:
            if self.ending is None:
                raise
        finally:
            self._deadline = None
