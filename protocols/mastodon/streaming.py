"""Streams that apps listen to: their names, and the messages in both forms.

Spec: docs.joinmastodon.org methods/streaming; HTML "Server-sent events" for the second form.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from protocols.errors import RemoteProtocolError

UPDATE: Final = "update"
STATUS_UPDATE: Final = "status.update"
DELETE: Final = "delete"
NOTIFICATION: Final = "notification"
CONVERSATION: Final = "conversation"
FILTERS_CHANGED: Final = "filters_changed"
NOTIFICATIONS_MERGED: Final = "notifications_merged"

THUMP: Final = b":thump\n\n"
"""What keeps a connection of the second form open."""
MAX_TAG_CHARACTERS: Final = 200

USER: Final = "user"
USER_NOTIFICATION: Final = "user:notification"
DIRECT: Final = "direct"
LIST: Final = "list"
HASHTAG: Final = "hashtag"
HASHTAG_LOCAL: Final = "hashtag:local"
PUBLIC: Final = (
    "public",
    "public:media",
    "public:local",
    "public:local:media",
    "public:remote",
    "public:remote:media",
)
_PLAIN: Final = frozenset({USER, USER_NOTIFICATION, DIRECT, *PUBLIC})
_TAGGED: Final = frozenset({HASHTAG, HASHTAG_LOCAL})

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: its name, and the tag or the list that it is of."""

    name: str
    subject: str = ""

    @property
    def is_public(self) -> bool:
        """Whether it carries the same posts to everybody."""
        return self.name in PUBLIC or self.name in _TAGGED

    @property
    def scope(self) -> str:
        """What a token must hold."""
        notices = self.name == USER_NOTIFICATION
        return "read:notifications" if notices else "read:statuses"

    @property
    def path(self) -> list[str]:
        """As a message names it."""
        return [self.name, self.subject] if self.subject else [self.name]


def parse_stream(name: str, tag: str | None, list_id: str | None) -> Stream:
    """The stream that an app asks for.

    Raises:
        RemoteProtocolError: there is no such stream, or its tag or list is missing.
    """
    if name in _PLAIN:
        return Stream(name)
    if name in _TAGGED:
        wanted = (tag or "").removeprefix("#")
        if not wanted or len(wanted) > MAX_TAG_CHARACTERS:
            raise RemoteProtocolError("Missing tag name parameter")
        return Stream(name, wanted)
    if name == LIST:
        if not list_id or not (list_id.isascii() and list_id.isdecimal()):
            raise RemoteProtocolError("Missing list name parameter")
        return Stream(name, list_id)
    raise RemoteProtocolError("Unknown stream type")


def frame(stream: Stream, event: str, payload: str | None) -> str:
    """A message to a WebSocket."""
    message: dict[str, object] = {"stream": stream.path, "event": event}
    if payload is not None:
        message["payload"] = payload
    return _encode(message).decode()


def server_sent(event: str, payload: str | None) -> bytes:
    """A message of the second form; the payload has no line breaks, being JSON or a number."""
    return f"event: {event}\ndata: {payload if payload is not None else 'undefined'}\n\n".encode()


def refusal(sentence: str, status: int) -> str:
    """What a WebSocket is told when it asks for what it does not get."""
    return _encode({"error": sentence, "status": status}).decode()
