"""What the software of a peer, as NodeInfo names it, can read. Decided in docs/decisions/0004."""

from enum import Enum
from typing import Final

VOTE_BATCHES: Final = "fep-1a11"
"""The NodeInfo capability of peers that take several votes in one Announce (PieFed)."""

MICROBLOGS: Final = frozenset(
    (
        *("mastodon", "hometown", "ecko", "kmyblue", "fedibird", "gotosocial", "takahe"),
        *("pleroma", "akkoma", "mitra", "honk", "snac", "bonfire", "pixelfed"),
        *("misskey", "sharkey", "firefish", "foundkey", "cherrypick", "calckey", "catodon"),
        *("iceshrimp", "iceshrimp.net"),
    )
)
GROUPWARE: Final = frozenset(
    (
        *("lemmy", "piefed", "mbin", "kbin", "lotide", "nodebb", "discourse", "noaber"),
        *("peertube", "mobilizon", "friendica", "hubzilla", "streams", "wordpress"),
    )
)
_CHATTERS: Final = frozenset(("mbin", "piefed", "pleroma"))
_LEMMY: Final = "lemmy"
_ONE_TARGET_REPORTS: Final = frozenset((_LEMMY, "piefed", "mbin", "kbin"))


class Reader(Enum):
    """How the software of a peer reads a group."""

    GROUPWARE = 1
    MICROBLOG = 2
    UNKNOWN = 3


def reader_of(software: str | None) -> Reader:
    """How a software named by NodeInfo reads a group."""
    if software is None:
        return Reader.UNKNOWN
    if software in MICROBLOGS:
        return Reader.MICROBLOG
    return Reader.GROUPWARE if software in GROUPWARE else Reader.UNKNOWN


def takes_emoji(software: str | None) -> bool:
    """Whether EmojiReact can be read: Lemmy refuses activities of types that it does not know."""
    return software != _LEMMY


def wants_chat_messages(software: str | None, version: str | None) -> bool:
    """Whether a direct message has to be a ChatMessage instead of a Note with a Mention.

    Spec: reference activitypub 3, row DM: Lemmy before 1.0, Mbin, PieFed, Pleroma.
    """
    if software == _LEMMY:
        return (version or "").removeprefix("v").startswith("0.")
    return software in _CHATTERS


def reports_one_object(software: str | None) -> bool:
    """Whether a Flag names one object by its id, as Lemmy does; Mastodon names person and posts."""
    return software in _ONE_TARGET_REPORTS
