"""What has to be known to decide who is told what, and how a unit of work knows it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from communities.people import ActorKey, Person
from communities.ports import UnitOfWork
from communities.posts import Post, PostKey
from communities.visibility import Viewer, sees


class Attention(Protocol):
    """What people have settled about what they want to hear, and what they had a hand in."""

    def is_silenced(self, person_id: ActorKey, actor_id: ActorKey) -> bool:
        """Whether the person does not want to hear of this actor, or of anyone at its server."""

    def deaf_to(self, root_id: PostKey) -> Collection[ActorKey]:
        """Who has muted the thread that begins with this post."""

    def watchers(self, actor_id: ActorKey) -> Sequence[ActorKey]:
        """Who wants to be told of every post of this person, or in this community."""

    def touched(self, post_id: PostKey) -> Sequence[ActorKey]:
        """People of this node who liked or boosted the post."""


class Unsettled:
    """`Attention` where nobody has settled anything."""

    def is_silenced(self, person_id: ActorKey, actor_id: ActorKey) -> bool:  # noqa: ARG002
        """Nobody is."""
        return False

    def deaf_to(self, root_id: PostKey) -> Collection[ActorKey]:  # noqa: ARG002 - as above
        """Nobody is."""
        return ()

    def watchers(self, actor_id: ActorKey) -> Sequence[ActorKey]:  # noqa: ARG002 - as above
        """Nobody does."""
        return ()

    def touched(self, post_id: PostKey) -> Sequence[ActorKey]:  # noqa: ARG002 - as above
        """Nobody did."""
        return ()


UNSETTLED: Final = Unsettled()


class Lookups(Protocol):
    """What has to be known to decide on notices."""

    def person(self, person_id: ActorKey) -> Person | None:
        """The person with this key; None for a community."""

    def post(self, post_id: PostKey) -> Post | None:
        """The post with this key, whatever its state."""

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name."""

    def moderators(self, community_id: ActorKey) -> Sequence[ActorKey]:
        """Owners and moderators of the community."""

    def staff(self) -> Sequence[ActorKey]:
        """Those who run this node."""

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""

    def can_see(self, person_id: ActorKey, post: Post) -> bool:
        """Whether the person may see the post now."""

    @property
    def attention(self) -> Attention:
        """What people want to hear of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLookups:
    """`Lookups` in a unit of work, at a time; `runners` tells the people who run the node."""

    uow: UnitOfWork
    at: datetime
    runners: Callable[[], Sequence[ActorKey]] = tuple
    attention: Attention = UNSETTLED

    def person(self, person_id: ActorKey) -> Person | None:
        """The person with this key."""
        return self.uow.people.get(person_id)

    def post(self, post_id: PostKey) -> Post | None:
        """The post with this key."""
        return self.uow.posts.get(post_id)

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name."""
        return self.uow.posts.recipients(post_id)

    def moderators(self, community_id: ActorKey) -> Sequence[ActorKey]:
        """Owners and moderators of the community."""
        return [row.person_id for row in self.uow.memberships.moderators(community_id)]

    def staff(self) -> Sequence[ActorKey]:
        """Those who run this node."""
        return self.runners()

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""
        return self.uow.people.has_blocked(blocker_id, blocked_id)

    def can_see(self, person_id: ActorKey, post: Post) -> bool:
        """Whether the person may see the post."""
        return sees(self.uow, Viewer(person_id=person_id), post, self.at)
