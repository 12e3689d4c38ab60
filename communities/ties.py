"""Ties between one actor and another, as that one sees them, and how a person likes things shown.

What of it other servers are told (follows, blocks, memberships) changes by `communities.following`
and `communities.joining`; mutes, notes, endorsements and defaults concern nobody but their owner.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from communities.people import ActorKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Someone whose posts one does not want to see, for good or until a time.

    `hide_notifications`: neither what they do.
    """

    target_id: ActorKey
    hide_notifications: bool = True
    until: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Whether it holds at this time."""
        return self.until is None or self.until > at


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How what someone follows is shown to them.

    Attributes:
        show_reblogs: boosts of the followed come along.
        notify: each new post is told.
        languages: only posts in these, by tag; None for all.
    """

    show_reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] | None = None


USUAL = FollowOptions()
"""How a follow is shown without a word about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """All that stands between one actor and another, seen from the first.

    Being a member of a community is following it, and a member follows; who has asked to join
    has requested.
    """

    following: bool = False
    requested: bool = False
    followed_by: bool = False
    requested_by: bool = False
    options: FollowOptions = USUAL
    blocking: bool = False
    blocked_by: bool = False
    mute: Mute | None = None
    blocks_host: bool = False
    endorsed: bool = False
    note: str = ""


NO_TIE = Tie()


class DefaultVisibility(StrEnum):
    """Whom a new post is for, unless its author says otherwise; in the words of Mastodon."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    DIRECT = "direct"


class QuotePolicy(StrEnum):
    """Who may quote a new post, unless its author says otherwise."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    NOBODY = "nobody"


class ExpandMedia(StrEnum):
    """Which pictures an app shows at once."""

    DEFAULT = "default"
    SHOW_ALL = "show_all"
    HIDE_ALL = "hide_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What holds for a person's new posts, and how they read; `language` None is that of the app.

    `autoplay_gifs` and the others on reading are kept for apps, which show by them.
    """

    visibility: DefaultVisibility = DefaultVisibility.PUBLIC
    sensitive: bool = False
    language: str | None = None
    quote_policy: QuotePolicy = QuotePolicy.PUBLIC
    expand_media: ExpandMedia = ExpandMedia.DEFAULT
    expand_spoilers: bool = False
    autoplay_gifs: bool = False
