"""Actors as federation sees them: the whole row, people and communities alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from communities.membership import MembershipState
from communities.people import ActorKey, ActorState
from protocols.activitypub.parsing_origins import host_of
from storage.actor_words import ActorWords
from storage.audiences import Audiences
from storage.connection import Connection, Row
from storage.memory import Memory
from storage.statements import Statement, Tools, json_list
from storage.tables.social import actors, follows, memberships
from storage.times import from_ms_or_none, to_ms_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileExtra:
    """What of a profile is shown but never searched: fields, aliases, languages.

    Attributes:
        fields: name and HTML of each.
        verified: addresses in fields whose pages link back, and when that was seen (ms).
        hide_collections: nobody else may see whom they follow and who follows them.
        icon_description: what the avatar shows, in words; `image_description` the header.
    """

    fields: tuple[tuple[str, str], ...] = ()
    verified: tuple[tuple[str, int], ...] = ()
    hide_collections: bool = False
    icon_description: str = ""
    image_description: str = ""
    also_known_as: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    matrix_user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An actor with its addresses. `kind` is 'person' or 'community'; `host` None when local.

    `summary_html` has been sanitised. `fetched_at` is when a remote document was last read.
    """

    id: ActorKey
    uri: str
    kind: str
    type: str
    localpart: str
    host: str | None
    name: str
    inbox: str
    summary_html: str = ""
    summary_source: str = ""
    url: str | None = None
    icon_url: str | None = None
    image_url: str | None = None
    shared_inbox: str | None = None
    outbox: str | None = None
    followers_uri: str | None = None
    featured_uri: str | None = None
    moderators_uri: str | None = None
    state: ActorState = ActorState.ACTIVE
    locked: bool = False
    discoverable: bool = True
    indexable: bool = False
    moved_to: str | None = None
    extra: ProfileExtra = field(default_factory=ProfileExtra)
    published_at: datetime | None = None
    fetched_at: datetime | None = None

    @property
    def is_local(self) -> bool:
        """Whether this node is the actor's home."""
        return self.host is None

    @property
    def delivery_inbox(self) -> str:
        """The inbox to send to: the shared one when there is one."""
        return self.shared_inbox or self.inbox


COLUMNS = (
    actors.c.id,
    actors.c.uri,
    actors.c.kind,
    actors.c.type,
    actors.c.localpart,
    actors.c.host,
    actors.c.name,
    actors.c.inbox,
    actors.c.summary_html,
    actors.c.summary_source,
    actors.c.url,
    actors.c.icon_url,
    actors.c.image_url,
    actors.c.shared_inbox,
    actors.c.outbox,
    actors.c.followers_uri,
    actors.c.featured_uri,
    actors.c.moderators_uri,
    actors.c.state,
    actors.c.locked,
    actors.c.discoverable,
    actors.c.indexable,
    actors.c.moved_to,
    actors.c.extra,
    actors.c.published_ms,
    actors.c.fetched_ms,
)
_NAMES = tuple(column.name for column in COLUMNS)
_KEPT = ("id", "uri", "kind", "localpart", "host", "published_ms")
"""Identity never changes by an update (ORI-08)."""

_BY_ID = Statement(select(*COLUMNS).where(actors.c.id == bindparam("id")))
_BY_URI = Statement(select(*COLUMNS).where(actors.c.uri == bindparam("uri")))
_BY_NAME = Statement(
    select(*COLUMNS).where(
        actors.c.localpart == bindparam("localpart"), actors.c.host == bindparam("host")
    )
)
_LOCAL_BY_NAME = Statement(
    select(*COLUMNS).where(actors.c.localpart == bindparam("localpart"), actors.c.host.is_(None))
)
_BY_IDS = Statement(lambda tools: select(*COLUMNS).where(tools.in_list(actors.c.id, "ids")))
_IDENTITY = Statement(
    select(actors.c.id, actors.c.kind, actors.c.host, actors.c.state).where(
        actors.c.uri == bindparam("uri")
    )
)
_INSERT = Statement(insert(actors).values({name: bindparam(name) for name in _NAMES}))
_UPDATE = Statement(
    update(actors)
    .where(actors.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in _NAMES if name not in _KEPT})
)


def _inbox_at(column: ColumnElement[str]) -> Statement:
    """An inbox at a host that begins with the origin: a host may serve several by port."""
    return Statement(
        select(column)
        .where(
            actors.c.host == bindparam("host"),
            func.substr(column, 1, bindparam("length")) == bindparam("prefix"),
        )
        .limit(1)
    )


_SHARED_INBOX_AT = _inbox_at(actors.c.shared_inbox)
_INBOX_AT = _inbox_at(actors.c.inbox)
_FOLLOWERS_AT = Statement(
    select(*COLUMNS)
    .where(
        actors.c.host == bindparam("host"),
        actors.c.id > bindparam("after"),
        func.coalesce(actors.c.shared_inbox, actors.c.inbox) == bindparam("box"),
        or_(
            select(memberships.c.person_id)
            .where(
                memberships.c.person_id == actors.c.id,
                memberships.c.state == MembershipState.MEMBER.value,
            )
            .exists(),
            select(follows.c.follower_id).where(follows.c.follower_id == actors.c.id).exists(),
        ),
    )
    .order_by(actors.c.id)
    .limit(bindparam("most"))
)
_SET_STATE = Statement(
    update(actors)
    .where(actors.c.id == bindparam("actor"))
    .values(state=bindparam("new_state"), moved_to=bindparam("new_moved_to"))
)


def _insert_new(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(actors)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_nothing()
    )


_INSERT_NEW = Statement(_insert_new)
_extra_decoder = msgspec.json.Decoder(ProfileExtra)
_encode = msgspec.json.Encoder().encode


def to_profile(row: Row) -> Profile:
    """The profile of a row with `COLUMNS`."""
    return Profile(
        id=ActorKey(row[0]),
        uri=row[1],
        kind=row[2],
        type=row[3],
        localpart=row[4],
        host=row[5],
        name=row[6],
        inbox=row[7],
        summary_html=row[8],
        summary_source=row[9],
        url=row[10],
        icon_url=row[11],
        image_url=row[12],
        shared_inbox=row[13],
        outbox=row[14],
        followers_uri=row[15],
        featured_uri=row[16],
        moderators_uri=row[17],
        state=ActorState(row[18]),
        locked=bool(row[19]),
        discoverable=bool(row[20]),
        indexable=bool(row[21]),
        moved_to=row[22],
        extra=_extra_decoder.decode(row[23]) if row[23] else ProfileExtra(),
        published_at=from_ms_or_none(row[24]),
        fetched_at=from_ms_or_none(row[25]),
    )


def _values(profile: Profile) -> dict[str, object]:
    values: dict[str, object] = {
        name: getattr(profile, name) for name in _NAMES if not name.endswith("_ms")
    }
    values["state"] = profile.state.value
    values["extra"] = _encode(profile.extra) if profile.extra != ProfileExtra() else None
    values["published_ms"] = to_ms_or_none(profile.published_at)
    values["fetched_ms"] = to_ms_or_none(profile.fetched_at)
    return values


class Actors:
    """Profiles of people and communities, here and elsewhere."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._memory: Memory[Profile] = Memory(connection.memories, "actors")
        self._identities: Memory[Row] = Memory(connection.memories, "actors")
        self._audiences = Audiences(connection)
        self._words = ActorWords(connection)

    def get(self, actor_id: ActorKey) -> Profile | None:
        """The profile with this key."""
        return self._memory.recall(actor_id) or self._remember(self._db.row(_BY_ID, id=actor_id))

    def by_uri(self, uri: str) -> Profile | None:
        """The profile with this actor id."""
        return self._memory.recall(uri) or self._remember(self._db.row(_BY_URI, uri=uri))

    def _remember(self, row: Row | None) -> Profile | None:
        if row is None:
            return None
        profile = to_profile(row)
        return self._memory.keep(profile, profile.id, profile.uri)

    def by_name(self, localpart: str, host: str | None) -> Profile | None:
        """The profile with this handle; host None for this node's own."""
        row = (
            self._db.row(_LOCAL_BY_NAME, localpart=localpart)
            if host is None
            else self._db.row(_BY_NAME, localpart=localpart, host=host)
        )
        return None if row is None else to_profile(row)

    def many(self, actor_ids: Sequence[ActorKey]) -> dict[ActorKey, Profile]:
        """Profiles by key; unknown keys are left out."""
        if not actor_ids:
            return {}
        found = (to_profile(row) for row in self._db.rows(_BY_IDS, ids=json_list(actor_ids)))
        return {profile.id: profile for profile in found}

    def key_of(self, uri: str) -> ActorKey | None:
        """The key of an actor id, without reading the profile."""
        row = self._identity(uri)
        return None if row is None else ActorKey(row[0])

    def is_community(self, uri: str) -> bool:
        """Whether the actor with this id is a community we know."""
        row = self._identity(uri)
        return row is not None and row[1] == "community"

    def _identity(self, uri: str) -> Row | None:
        known = self._identities.recall(uri)
        if known is not None:
            return known
        row = self._db.row(_IDENTITY, uri=uri)
        return None if row is None else self._identities.keep(row, uri)

    def add(self, profile: Profile) -> None:
        """Store a new local actor; its uri must be new."""
        self._db.run(_INSERT, **_values(profile))
        self._words.put(profile.id, profile.name, profile.localpart)

    def put(self, profile: Profile) -> Profile:
        """Store a fetched profile: new, or over the row with the same uri, whose key stays.

        Identity (key, uri, kind, handle) and the state this node gave it are never changed.
        """
        if self._db.run(_INSERT_NEW, **_values(profile)) == 1:
            self._words.put(profile.id, profile.name, profile.localpart)
            return profile
        known = self.by_uri(profile.uri)
        if known is None:
            raise ValueError(f"the key {profile.id} belongs to another actor")
        values = _values(profile)
        values.update(id=known.id, state=known.state.value)
        for name in _KEPT[1:]:
            values.pop(name)
        self._db.run(_UPDATE, **values)
        if profile.name != known.name:
            self._words.put(known.id, profile.name, known.localpart)
        if profile.delivery_inbox != known.delivery_inbox:
            self._audiences.move(known.id, known.delivery_inbox, profile.delivery_inbox)
        stored = self.get(known.id)
        if stored is None:
            raise ValueError("the actor vanished within its own transaction")
        return stored

    def set_state(
        self, actor_id: ActorKey, state: ActorState, *, moved_to: str | None = None
    ) -> None:
        """Suspend, limit, delete, move or bring back an actor."""
        self._db.run(_SET_STATE, actor=actor_id, new_state=state.value, new_moved_to=moved_to)

    def inbox_at(self, origin: str) -> str | None:
        """An inbox at a peer: its shared one, else that of anyone; None if nobody is known."""
        where = {"host": host_of(origin), "prefix": f"{origin}/", "length": len(origin) + 1}
        row = self._db.row(_SHARED_INBOX_AT, **where) or self._db.row(_INBOX_AT, **where)
        return None if row is None else str(row[0])

    def receiving_at(self, inbox: str, *, after: int = 0, most: int = 20) -> list[Profile]:
        """Those who follow or are members of anything and receive at this inbox, by key."""
        rows = self._db.rows(_FOLLOWERS_AT, host=host_of(inbox), box=inbox, after=after, most=most)
        return [to_profile(row) for row in rows]
