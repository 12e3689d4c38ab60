"""People, here and elsewhere, as the domain sees them.

A remote person is the same value as a local one; `host` tells them apart. Ids are 64-bit
snowflakes in one space with communities and posts (house: settled beforehand).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ActorKey = NewType("ActorKey", int)
"""The node's own number of a person or a community: one space, so that an author can be either."""


class ActorState(StrEnum):
    """What this node lets a person or community do."""

    ACTIVE = "active"
    LIMITED = "limited"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who can act: a human, a bot (Service), an organisation's account or a node's actor.

    `uri` is the actor id; `localpart` the name before the @; `host` None for people of this node.
    `locked` means that followers are asked first. `type` is the actor type as sent.
    """

    id: ActorKey
    uri: str
    localpart: str
    host: str | None
    name: str
    type: str = "Person"
    state: ActorState = ActorState.ACTIVE
    locked: bool = False
    summary_html: str = ""
    url: str | None = None
    icon_url: str | None = None
    created_at: datetime | None = None

    @property
    def is_local(self) -> bool:
        """Whether the person has an account on this node."""
        return self.host is None

    @property
    def may_act(self) -> bool:
        """Whether anything the person does still counts here."""
        return self.state in (ActorState.ACTIVE, ActorState.LIMITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """How a person appears: `about_html` is made of the markdown `about`.

    Attributes:
        discoverable: search engines and directories may list them.
        indexable: anyone may find their public posts by words.
        locked: followers are asked first.
        automated: the account acts by itself.
        hide_collections: nobody else sees whom they follow, nor who follows them.
        fields: names and values as typed; `fields_html` what is made of them.
        icon_url: the avatar; None without one. `image_url` is the header.
        icon_description: what it shows, in words.
    """

    name: str
    about: str = ""
    about_html: str = ""
    discoverable: bool = True
    indexable: bool = False
    locked: bool = False
    automated: bool = False
    hide_collections: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    fields_html: tuple[tuple[str, str], ...] = ()
    icon_url: str | None = None
    image_url: str | None = None
    icon_description: str = ""
    image_description: str = ""


class FollowState(StrEnum):
    """State of one actor's follow of another (people; and communities that follow communities)."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """`follower` follows `followee`; `uri` is the id of the Follow that asked for it."""

    follower_id: ActorKey
    followee_id: ActorKey
    state: FollowState
    uri: str
    since: datetime
