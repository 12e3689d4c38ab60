"""Communities, here and elsewhere: their policies beside their row in actors."""

from dataclasses import replace

from sqlalchemy import bindparam, insert, select, update

from communities.community import (
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
    PostingPolicy,
)
from communities.people import ActorKey, ActorState
from storage.actor_words import ActorWords
from storage.actors import Actors, Profile
from storage.connection import Connection, Row
from storage.memory import Memory
from storage.statements import Statement
from storage.tables.social import actors, communities
from storage.times import from_ms_or_none

COLUMNS = (
    actors.c.id,
    actors.c.uri,
    actors.c.localpart,
    actors.c.host,
    actors.c.name,
    actors.c.state,
    actors.c.summary_html,
    actors.c.summary_source,
    actors.c.url,
    actors.c.icon_url,
    actors.c.followers_uri,
    actors.c.moderators_uri,
    actors.c.featured_uri,
    actors.c.published_ms,
    communities.c.kind,
    communities.c.visibility,
    communities.c.join_policy,
    communities.c.posting,
    communities.c.downvotes,
    communities.c.sensitive,
    actors.c.image_url,
)
_SELECT = select(*COLUMNS).join_from(communities, actors, actors.c.id == communities.c.id)
_BY_ID = Statement(_SELECT.where(communities.c.id == bindparam("id")))
_BY_URI = Statement(_SELECT.where(actors.c.uri == bindparam("uri")))
_LOCAL_BY_NAME = Statement(
    _SELECT.where(actors.c.localpart == bindparam("localpart"), actors.c.host.is_(None))
)
_POLICIES = ("kind", "visibility", "join_policy", "posting", "downvotes", "sensitive")
_INSERT = Statement(
    insert(communities).values({name: bindparam(name) for name in ("id", *_POLICIES)})
)
_UPDATE = Statement(
    update(communities)
    .where(communities.c.id == bindparam("community"))
    .values({name: bindparam(f"new_{name}") for name in _POLICIES})
)
_UPDATE_ACTOR = Statement(
    update(actors)
    .where(actors.c.id == bindparam("community"))
    .values(
        name=bindparam("new_name"),
        summary_html=bindparam("new_html"),
        summary_source=bindparam("new_source"),
        icon_url=bindparam("new_icon_url"),
        image_url=bindparam("new_image_url"),
        state=bindparam("new_state"),
        locked=bindparam("new_locked"),
        discoverable=bindparam("new_discoverable"),
    )
)


def to_community(row: Row) -> Community:
    """The community of a row with `COLUMNS`."""
    return Community(
        id=ActorKey(row[0]),
        uri=row[1],
        localpart=row[2],
        host=row[3],
        name=row[4],
        state=ActorState(row[5]),
        description_html=row[6],
        description_source=row[7],
        url=row[8],
        icon_url=row[9],
        followers_uri=row[10],
        moderators_uri=row[11],
        featured_uri=row[12],
        created_at=from_ms_or_none(row[13]),
        kind=CommunityKind(row[14]),
        visibility=CommunityVisibility(row[15]),
        join=JoinPolicy(row[16]),
        posting=PostingPolicy(row[17]),
        downvotes=bool(row[18]),
        sensitive=bool(row[19]),
        image_url=row[20],
    )


def _policies(community: Community) -> dict[str, object]:
    return {
        "kind": community.kind.value,
        "visibility": community.visibility.value,
        "join_policy": community.join.value,
        "posting": community.posting.value,
        "downvotes": community.downvotes,
        "sensitive": community.sensitive,
    }


class Communities:
    """Satisfies `communities.ports.Communities`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._memory: Memory[Community] = Memory(connection.memories, "communities", "actors")
        self._actors = Actors(connection)
        self._words = ActorWords(connection)

    def get(self, community_id: ActorKey) -> Community | None:
        """The community with this key."""
        return self._memory.recall(community_id) or self._remember(
            self._db.row(_BY_ID, id=community_id)
        )

    def by_uri(self, uri: str) -> Community | None:
        """The community with this actor id."""
        return self._memory.recall(uri) or self._remember(self._db.row(_BY_URI, uri=uri))

    def _remember(self, row: Row | None) -> Community | None:
        if row is None:
            return None
        community = to_community(row)
        return self._memory.keep(community, community.id, community.uri)

    def by_localpart(self, localpart: str) -> Community | None:
        """This node's community with this name."""
        row = self._db.row(_LOCAL_BY_NAME, localpart=localpart)
        return None if row is None else to_community(row)

    def add(self, community: Community) -> None:
        """Store the policies of a new community whose row in actors stands already."""
        self._db.run(_INSERT, id=community.id, **_policies(community))

    def put_remote(self, profile: Profile, community: Community) -> None:
        """Store or refresh a community of a peer; its profile was stored before."""
        if self._db.row(_BY_ID, id=profile.id) is None:
            self.add(replace(community, id=profile.id))
            return
        self._update_policies(replace(community, id=profile.id))

    def update(self, community: Community) -> None:
        """Replace name, description, state and policies; identity stays."""
        self._update_policies(community)
        self._db.run(
            _UPDATE_ACTOR,
            community=community.id,
            new_name=community.name,
            new_html=community.description_html,
            new_source=community.description_source,
            new_icon_url=community.icon_url,
            new_image_url=community.image_url,
            new_state=community.state.value,
            new_locked=community.join is not JoinPolicy.OPEN,
            new_discoverable=community.visibility is CommunityVisibility.PUBLIC,
        )
        self._words.put(community.id, community.name, community.localpart)

    def _update_policies(self, community: Community) -> None:
        values = {f"new_{name}": value for name, value in _policies(community).items()}
        self._db.run(_UPDATE, community=community.id, **values)
