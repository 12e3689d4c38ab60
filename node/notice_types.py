"""What apps call the kinds of notices: the types of Mastodon, and none that no app knows.

Answers and private messages are mentions there, requests to join are requests to follow. An emoji
is told as a favourite, the nearest word there is. Being invited, admitted, turned down or made a
moderator has no type that is true ("follow" would say that the community follows), so apps hear
nothing of it: pages do. What moderators did to one's own posts, or a ban, is told as a warning to
apps that ask for that type.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from communities.notifications import NoticeKind

WARNING: Final = "moderation_warning"

TYPES: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.MENTION: "mention",
    NoticeKind.REPLY: "mention",
    NoticeKind.DIRECT_MESSAGE: "mention",
    NoticeKind.REACTION: "favourite",
    NoticeKind.BOOST: "reblog",
    NoticeKind.FOLLOW: "follow",
    NoticeKind.FOLLOW_REQUEST: "follow_request",
    NoticeKind.JOIN_REQUEST: "follow_request",
    NoticeKind.NEW_POST: "status",
    NoticeKind.EDITED: "update",
    NoticeKind.POLL_ENDED: "poll",
    NoticeKind.REPORT: "admin.report",
    NoticeKind.SIGN_UP: "admin.sign_up",
    NoticeKind.POST_REMOVED: WARNING,
    NoticeKind.BANNED: WARNING,
}

EVERY_TYPE: Final = frozenset(TYPES.values())
USUAL_TYPES: Final = EVERY_TYPE - {WARNING}
"""What an app is told that does not say what it knows."""
GROUPED_TYPES: Final = frozenset({"favourite", "reblog", "follow"})


def type_of(kind: str) -> str | None:
    """The type of a stored kind; None for one that apps are not told."""
    return TYPES.get(NoticeKind(kind))


def kinds_of(types: Iterable[str]) -> tuple[str, ...]:
    """The kinds that are told as one of these types."""
    wanted = frozenset(types)
    return tuple(kind.value for kind, told_as in TYPES.items() if told_as in wanted)
