"""What people want to hear of, for `communities.notice_lookups`: mutes, bells, own reactions."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from communities.people import ActorKey
from communities.posts import PostKey, ReactionKind
from storage.connection import Connection
from storage.domain_blocks import DomainBlocks
from storage.follow_options import FollowsShown
from storage.mutes import Mutes
from storage.people import People
from storage.statements import Statement
from storage.tables.social import actors, poll_votes, reactions
from storage.thread_mutes import ThreadMutes

_TOUCHED = Statement(
    select(reactions.c.actor_id)
    .join_from(reactions, actors, actors.c.id == reactions.c.actor_id)
    .where(
        reactions.c.post_id == bindparam("post"),
        reactions.c.kind.in_([ReactionKind.LIKE.value, ReactionKind.BOOST.value]),
        actors.c.host.is_(None),
    )
    .distinct()
)
_VOTERS = Statement(
    select(poll_votes.c.voter_id)
    .join_from(poll_votes, actors, actors.c.id == poll_votes.c.voter_id)
    .where(poll_votes.c.post_id == bindparam("post"), actors.c.host.is_(None))
    .distinct()
)


class StoredAttention:
    """Satisfies `communities.notice_lookups.Attention`, at a time; remembers whom it looked up."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        """Work on this connection."""
        self._db = connection
        self._at = at
        self._people = People(connection)
        self._mutes = Mutes(connection)
        self._hosts = DomainBlocks(connection)
        self._threads = ThreadMutes(connection)
        self._options = FollowsShown(connection)
        self._silenced: dict[ActorKey, tuple[frozenset[ActorKey], frozenset[str]]] = {}
        self._deaf: dict[PostKey, Collection[ActorKey]] = {}

    def is_silenced(self, person_id: ActorKey, actor_id: ActorKey) -> bool:
        """Whether the person muted this actor, or blocked its server."""
        known = self._silenced.get(person_id)
        if known is None:
            known = (self._mutes.silenced(person_id, self._at), self._hosts.of(person_id))
            self._silenced[person_id] = known
        actors_muted, hosts = known
        if actor_id in actors_muted:
            return True
        actor = self._people.get(actor_id) if hosts else None
        return actor is not None and actor.host in hosts

    def deaf_to(self, root_id: PostKey) -> Collection[ActorKey]:
        """Who has muted the thread."""
        known = self._deaf.get(root_id)
        if known is None:
            known = self._deaf[root_id] = self._threads.muting(root_id)
        return known

    def watchers(self, actor_id: ActorKey) -> Sequence[ActorKey]:
        """Who wants to be told of every post of this actor."""
        return self._options.to_notify(actor_id)

    def touched(self, post_id: PostKey) -> Sequence[ActorKey]:
        """People of this node who liked or boosted the post."""
        return [ActorKey(row[0]) for row in self._db.rows(_TOUCHED, post=post_id)]

    def voters(self, post_id: PostKey) -> Sequence[ActorKey]:
        """People of this node who voted in a poll."""
        return [ActorKey(row[0]) for row in self._db.rows(_VOTERS, post=post_id)]
