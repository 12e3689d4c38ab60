"""What a community is: its kind, who sees it, how one joins it, who decides in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from communities.people import ActorKey, ActorState


class CommunityKind(StrEnum):
    """The preset a community was made with."""

    GROUP = "group"
    PAGE = "page"
    FORUM = "forum"
    CHANNEL = "channel"


class CommunityVisibility(StrEnum):
    """Who can know of a community and read it."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    SECRET = "secret"  # noqa: S105 - a word, not a password


class JoinPolicy(StrEnum):
    """How one becomes a member."""

    OPEN = "open"
    ASK = "ask"
    INVITE = "invite"
    CLOSED = "closed"


JOINS: Mapping[CommunityVisibility, frozenset[JoinPolicy]] = {
    CommunityVisibility.PUBLIC: frozenset(JoinPolicy),
    CommunityVisibility.UNLISTED: frozenset(JoinPolicy),
    CommunityVisibility.PRIVATE: frozenset({JoinPolicy.ASK, JoinPolicy.INVITE, JoinPolicy.CLOSED}),
    CommunityVisibility.SECRET: frozenset({JoinPolicy.INVITE, JoinPolicy.CLOSED}),
}
"""Which ways of joining go with which visibility."""


class PostingPolicy(StrEnum):
    """Who may start a thread or comment.

    `ANYONE` is the default of a public group, since members of Lemmy, Mbin and Mastodon post
    without joining first; a ban still holds.
    """

    ANYONE = "anyone"
    MEMBERS = "members"
    MODERATORS = "moderators"


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """A community, here or elsewhere; `host` is its authority, None when that is this node.

    Only the authority decides (publishes, removes, admits); everyone else records its facts.
    `downvotes` says whether dislikes count. `moderators_uri` and `featured_uri` name the
    collections that Add and Remove are about.
    """

    id: ActorKey
    uri: str
    localpart: str
    host: str | None
    name: str
    kind: CommunityKind = CommunityKind.GROUP
    visibility: CommunityVisibility = CommunityVisibility.PUBLIC
    join: JoinPolicy = JoinPolicy.OPEN
    posting: PostingPolicy = PostingPolicy.ANYONE
    state: ActorState = ActorState.ACTIVE
    downvotes: bool = True
    sensitive: bool = False
    description_html: str = ""
    description_source: str = ""
    url: str | None = None
    icon_url: str | None = None
    image_url: str | None = None
    followers_uri: str | None = None
    moderators_uri: str | None = None
    featured_uri: str | None = None
    created_at: datetime | None = None

    @property
    def is_local(self) -> bool:
        """Whether this node is the community's authority."""
        return self.host is None

    @property
    def is_open_to_read(self) -> bool:
        """Whether anyone may read what is posted here."""
        return self.visibility in (CommunityVisibility.PUBLIC, CommunityVisibility.UNLISTED)
