"""People, their follows and their blocks."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from communities.people import ActorKey, ActorState, Appearance, Follow, FollowState, Person
from communities.text import plain_text
from storage.actors import Actors, Profile
from storage.audiences import Audiences
from storage.connection import Connection, Row
from storage.lists import Lists
from storage.memory import Memory
from storage.statements import Statement, Tools
from storage.tables.social import actors, blocks, follows
from storage.times import from_ms, from_ms_or_none, to_ms

_PERSON = (
    actors.c.id,
    actors.c.uri,
    actors.c.localpart,
    actors.c.host,
    actors.c.name,
    actors.c.type,
    actors.c.state,
    actors.c.locked,
    actors.c.summary_html,
    actors.c.url,
    actors.c.icon_url,
    actors.c.published_ms,
)
_BY_ID = Statement(select(*_PERSON).where(actors.c.id == bindparam("id")))
_BY_URI = Statement(select(*_PERSON).where(actors.c.uri == bindparam("uri")))
_BLOCK = Statement(
    select(blocks.c.at_ms).where(
        blocks.c.blocker_id == bindparam("blocker"), blocks.c.blocked_id == bindparam("blocked")
    )
)
_UNBLOCK = Statement(
    delete(blocks).where(
        blocks.c.blocker_id == bindparam("blocker"), blocks.c.blocked_id == bindparam("blocked")
    )
)
_FOLLOW = Statement(
    select(follows.c.state, follows.c.uri, follows.c.since_ms).where(
        follows.c.follower_id == bindparam("follower"),
        follows.c.followee_id == bindparam("followee"),
    )
)
_FOLLOWER_BY_URI = Statement(
    select(follows.c.follower_id).where(
        follows.c.followee_id == bindparam("followee"), follows.c.uri == bindparam("uri")
    )
)
_FOLLOWEE_BY_URI = Statement(
    select(follows.c.followee_id).where(
        follows.c.follower_id == bindparam("follower"), follows.c.uri == bindparam("uri")
    )
)
_UNFOLLOW = Statement(
    delete(follows).where(
        follows.c.follower_id == bindparam("follower"),
        follows.c.followee_id == bindparam("followee"),
    )
)


_HAS_FOLLOWER_AT = Statement(
    select(follows.c.follower_id)
    .join_from(follows, actors, actors.c.id == follows.c.follower_id)
    .where(
        follows.c.followee_id == bindparam("followee"),
        follows.c.state == FollowState.ACCEPTED.value,
        actors.c.host == bindparam("host"),
    )
    .limit(1)
)


_LOCAL_FOLLOWERS = Statement(
    select(follows.c.follower_id)
    .join_from(follows, actors, actors.c.id == follows.c.follower_id)
    .where(follows.c.followee_id == bindparam("followee"), actors.c.host.is_(None))
    .order_by(follows.c.follower_id)
    .limit(bindparam("most"))
)
_LOCAL_FOLLOWEES = Statement(
    select(follows.c.followee_id)
    .join_from(follows, actors, actors.c.id == follows.c.followee_id)
    .where(follows.c.follower_id == bindparam("follower"), actors.c.host.is_(None))
    .order_by(follows.c.followee_id)
    .limit(bindparam("most"))
)
_HAS_LOCAL_FOLLOWER = Statement(
    select(follows.c.follower_id)
    .join_from(follows, actors, actors.c.id == follows.c.follower_id)
    .where(
        follows.c.followee_id == bindparam("followee"),
        follows.c.state == FollowState.ACCEPTED.value,
        actors.c.host.is_(None),
    )
    .limit(1)
)


def _put_block(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("blocker_id", "blocked_id", "uri", "at_ms")
    return (
        tools.insert(blocks)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_nothing()
    )


def _put_follow(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("follower_id", "followee_id", "state", "uri", "since_ms")
    changed = ("state", "uri", "since_ms")
    return (
        tools.insert(follows)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["follower_id", "followee_id"],
            set_={name: bindparam(name) for name in changed},
        )
    )


_PUT_BLOCK = Statement(_put_block)
_PUT_FOLLOW = Statement(_put_follow)


def _person(row: Row) -> Person:
    return Person(
        id=ActorKey(row[0]),
        uri=row[1],
        localpart=row[2],
        host=row[3],
        name=row[4],
        type=row[5],
        state=ActorState(row[6]),
        locked=bool(row[7]),
        summary_html=row[8],
        url=row[9],
        icon_url=row[10],
        created_at=from_ms_or_none(row[11]),
    )


_AUTOMATED = "Service"
_BY_CHOICE = ("Person", _AUTOMATED)
_WHOLE = 100_000


def appearance_of(profile: Profile) -> Appearance:
    """How someone appears, by the whole of their row."""
    extra = profile.extra
    return Appearance(
        name=profile.name,
        about=profile.summary_source,
        about_html=profile.summary_html,
        discoverable=profile.discoverable,
        indexable=profile.indexable,
        locked=profile.locked,
        automated=profile.type == _AUTOMATED,
        hide_collections=extra.hide_collections,
        fields=tuple((name, plain_text(html, _WHOLE)) for name, html in extra.fields),
        fields_html=extra.fields,
        icon_url=profile.icon_url,
        image_url=profile.image_url,
        icon_description=extra.icon_description,
        image_description=extra.image_description,
    )


def _appearing(profile: Profile, appearance: Appearance) -> Profile:
    """The row of someone who appears so; pages that were verified stay so where still named."""
    named = {value for _name, value in appearance.fields}
    extra = replace(
        profile.extra,
        fields=appearance.fields_html,
        verified=tuple(entry for entry in profile.extra.verified if entry[0] in named),
        hide_collections=appearance.hide_collections,
        icon_description=appearance.icon_description,
        image_description=appearance.image_description,
    )
    wanted = _AUTOMATED if appearance.automated else "Person"
    return replace(
        profile,
        name=appearance.name,
        summary_source=appearance.about,
        summary_html=appearance.about_html,
        discoverable=appearance.discoverable,
        indexable=appearance.indexable,
        locked=appearance.locked,
        type=wanted if profile.type in _BY_CHOICE else profile.type,
        icon_url=appearance.icon_url,
        image_url=appearance.image_url,
        extra=extra,
    )


class People:
    """Satisfies `communities.ports.People`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._memory: Memory[Person] = Memory(connection.memories, "actors")
        self._actors = Actors(connection)
        self._audiences = Audiences(connection)
        self._lists = Lists(connection)

    def get(self, person_id: ActorKey) -> Person | None:
        """The person with this key; a community that acts is a person here, too."""
        return self._memory.recall(person_id) or self._remember(self._db.row(_BY_ID, id=person_id))

    def by_uri(self, uri: str) -> Person | None:
        """The person with this actor id."""
        return self._memory.recall(uri) or self._remember(self._db.row(_BY_URI, uri=uri))

    def _remember(self, row: Row | None) -> Person | None:
        if row is None:
            return None
        person = _person(row)
        return self._memory.keep(person, person.id, person.uri)

    def set_state(self, person_id: ActorKey, state: ActorState) -> None:
        """Suspend, limit, delete or bring back a person."""
        self._actors.set_state(person_id, state)

    def appearance(self, person_id: ActorKey) -> Appearance | None:
        """How a person appears now."""
        profile = self._actors.get(person_id)
        return None if profile is None else appearance_of(profile)

    def set_appearance(self, person_id: ActorKey, appearance: Appearance) -> None:
        """Replace how a person of this node appears; of others nothing changes."""
        profile = self._actors.get(person_id)
        if profile is not None and profile.is_local:
            self._actors.put(_appearing(profile, appearance))

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""
        return self._db.row(_BLOCK, blocker=blocker_id, blocked=blocked_id) is not None

    def set_blocked(
        self, blocker_id: ActorKey, blocked_id: ActorKey, *, blocked: bool, uri: str, at: datetime
    ) -> bool:
        """Block or unblock; False when nothing changed."""
        if not blocked:
            return self._db.run(_UNBLOCK, blocker=blocker_id, blocked=blocked_id) > 0
        changed = self._db.run(
            _PUT_BLOCK, blocker_id=blocker_id, blocked_id=blocked_id, uri=uri, at_ms=to_ms(at)
        )
        return changed > 0

    def follow(self, follower_id: ActorKey, followee_id: ActorKey) -> Follow | None:
        """The follow between two actors, if any."""
        row = self._db.row(_FOLLOW, follower=follower_id, followee=followee_id)
        if row is None:
            return None
        return Follow(
            follower_id=follower_id,
            followee_id=followee_id,
            state=FollowState(row[0]),
            uri=row[1],
            since=from_ms(row[2]),
        )

    def follower_by(self, followee_id: ActorKey, uri: str) -> ActorKey | None:
        """Who asked by this Follow to follow the followee."""
        row = self._db.row(_FOLLOWER_BY_URI, followee=followee_id, uri=uri)
        return None if row is None else ActorKey(row[0])

    def followee_by(self, follower_id: ActorKey, uri: str) -> ActorKey | None:
        """Whom the follower asked by this Follow to follow."""
        row = self._db.row(_FOLLOWEE_BY_URI, follower=follower_id, uri=uri)
        return None if row is None else ActorKey(row[0])

    def put_follow(self, follow: Follow) -> None:
        """Store a follow, replacing one between the same two; the audience follows."""
        before = self.follow(follow.follower_id, follow.followee_id)
        self._db.run(
            _PUT_FOLLOW,
            follower_id=follow.follower_id,
            followee_id=follow.followee_id,
            state=follow.state.value,
            uri=follow.uri,
            since_ms=to_ms(follow.since),
        )
        was = before is not None and before.state is FollowState.ACCEPTED
        now = follow.state is FollowState.ACCEPTED
        self._audiences.change(follow.followee_id, follow.follower_id, was=was, now=now)

    def end_follow(self, follower_id: ActorKey, followee_id: ActorKey) -> bool:
        """Remove a follow, and whom it was of from the follower's lists; False without one."""
        before = self.follow(follower_id, followee_id)
        if before is None:
            return False
        self._db.run(_UNFOLLOW, follower=follower_id, followee=followee_id)
        self._audiences.change(
            followee_id, follower_id, was=before.state is FollowState.ACCEPTED, now=False
        )
        self._lists.forget(follower_id, followee_id)
        return True

    def has_follower_at(self, followee_id: ActorKey, host: str) -> bool:
        """Whether anyone of that peer is an accepted follower."""
        return self._db.row(_HAS_FOLLOWER_AT, followee=followee_id, host=host) is not None

    def has_local_follower(self, followee_id: ActorKey) -> bool:
        """Whether anyone of this node is an accepted follower."""
        return self._db.row(_HAS_LOCAL_FOLLOWER, followee=followee_id) is not None

    def local_followers(self, followee_id: ActorKey, *, most: int = 100) -> list[ActorKey]:
        """People of this node who follow someone, or have asked to."""
        rows = self._db.rows(_LOCAL_FOLLOWERS, followee=followee_id, most=most)
        return [ActorKey(row[0]) for row in rows]

    def local_followees(self, follower_id: ActorKey, *, most: int = 100) -> list[ActorKey]:
        """Whom of this node someone follows, or has asked to."""
        rows = self._db.rows(_LOCAL_FOLLOWEES, follower=follower_id, most=most)
        return [ActorKey(row[0]) for row in rows]
