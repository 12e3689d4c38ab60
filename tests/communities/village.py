"""A small world for tests of the domain: people and communities, here and elsewhere.

v = Village()
ann, bob are people of this node; zoe lives at `peer.example`
bees is a public group of this node, club a private one; far is a public group at `far.example`
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.errors import NotAllowed, Reason
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey, ActorState, Follow, FollowState, Person
from communities.posting import PublishPost, publish
from communities.posts import (
    Post,
    PostContent,
    PostKey,
    PostKind,
    PostState,
    Reaction,
    ReactionKind,
    Visibility,
)
from tests.support.memory_uow import MemoryUnitOfWork

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOME = "home.example"
PEER = "peer.example"
FAR = "far.example"


class Village:
    """People, communities and posts in one unit of work in memory."""

    def __init__(self) -> None:
        self.uow = MemoryUnitOfWork()
        self._keys = count(1)
        self.ann = self.person("ann")
        self.bob = self.person("bob")
        self.zoe = self.person("zoe", PEER)
        self.bees = self.community("bees")
        self.club = self.community(
            "club", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        self.far = self.community("far", host=FAR)

    def key(self) -> int:
        return next(self._keys)

    def person(
        self,
        name: str,
        host: str | None = None,
        *,
        state: ActorState = ActorState.ACTIVE,
        locked: bool = False,
    ) -> Person:
        key = ActorKey(self.key())
        person = Person(
            id=key,
            uri=f"https://{host or HOME}/u/{key}",
            localpart=name,
            host=host,
            name=name.title(),
            state=state,
            locked=locked,
        )
        self.uow.people.rows[key] = person
        return person

    def community(
        self,
        name: str,
        *,
        host: str | None = None,
        visibility: CommunityVisibility = CommunityVisibility.PUBLIC,
        join: JoinPolicy = JoinPolicy.OPEN,
    ) -> Community:
        key = ActorKey(self.key())
        community = Community(
            id=key,
            uri=f"https://{host or HOME}/g/{key}",
            localpart=name,
            host=host,
            name=name.title(),
            visibility=visibility,
            join=join,
        )
        self.uow.communities.add(community)
        return community

    def change(self, community: Community, **fields: object) -> Community:
        changed = replace(community, **fields)  # type: ignore[arg-type]  # fields of a test
        self.uow.communities.rows[community.id] = changed
        return changed

    def suspend(self, actor: Person | Community) -> None:
        if isinstance(actor, Person):
            self.uow.people.set_state(actor.id, ActorState.SUSPENDED)
        else:
            self.change(actor, state=ActorState.SUSPENDED)

    def member(
        self,
        community: Community,
        person: Person,
        role: Role = Role.MEMBER,
        *,
        state: MembershipState = MembershipState.MEMBER,
        until: datetime | None = None,
    ) -> Membership:
        membership = Membership(
            community_id=community.id,
            person_id=person.id,
            state=state,
            since=NOW - timedelta(days=1),
            role=role,
            uri=f"{person.uri}/follow",
            until=until,
        )
        self.uow.memberships.put(membership)
        return membership

    def ban(self, community: Community, person: Person, until: datetime | None = None) -> None:
        self.member(community, person, state=MembershipState.BANNED, until=until)

    def follow(self, follower: Person, followee: Person) -> None:
        self.uow.people.put_follow(
            Follow(
                follower_id=follower.id,
                followee_id=followee.id,
                state=FollowState.ACCEPTED,
                uri=f"{follower.uri}/follow/{followee.id}",
                since=NOW,
            )
        )

    def block(self, blocker: Person, blocked: Person) -> None:
        self.uow.people.set_blocked(blocker.id, blocked.id, blocked=True, uri="b", at=NOW)

    def draft(
        self,
        author: Person | Community,
        community: Community | None = None,
        *,
        parent: Post | None = None,
        parent_uri: str | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        to: tuple[Person, ...] = (),
        content: PostContent | None = None,
        kind: PostKind = PostKind.NOTE,
        uri: str | None = None,
        at: datetime = NOW,
    ) -> PublishPost:
        key = PostKey(self.key())
        return PublishPost(
            id=key,
            uri=uri or f"https://{author.host or HOME}/p/{key}",
            author_id=author.id,
            kind=kind,
            content=content or PostContent(html="<p>Hello</p>"),
            published_at=at,
            at=at,
            community_id=None if community is None else community.id,
            parent_id=None if parent is None else parent.id,
            parent_uri=parent_uri,
            visibility=visibility,
            recipients=tuple(person.id for person in to),
            local=author.host is None,
        )

    def post(
        self,
        author: Person | Community,
        community: Community | None = None,
        *,
        parent: Post | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        state: PostState = PostState.PUBLISHED,
        to: tuple[Person, ...] = (),
        content: PostContent | None = None,
        locked: bool = False,
    ) -> Post:
        """A stored post, past all rules."""
        key = PostKey(self.key())
        post = Post(
            id=key,
            uri=f"https://{author.host or HOME}/p/{key}",
            author_id=author.id,
            root_id=key if parent is None else parent.root_id,
            kind=PostKind.NOTE,
            content=content or PostContent(html="<p>Hello</p>"),
            published_at=NOW - timedelta(hours=1),
            community_id=None if community is None else community.id,
            parent_id=None if parent is None else parent.id,
            parent_uri=None if parent is None else parent.uri,
            depth=0 if parent is None else parent.depth + 1,
            visibility=visibility,
            state=state,
            locked=locked,
            local=author.host is None,
        )
        assert self.uow.posts.add(post, recipients=tuple(person.id for person in to))
        return post

    def stored(self, post: Post) -> Post:
        found = self.uow.posts.get(post.id)
        assert found is not None
        return found

    def reaction(
        self,
        actor: Person,
        post: Post,
        kind: ReactionKind = ReactionKind.LIKE,
        *,
        emoji: str | None = None,
    ) -> Reaction:
        return Reaction(
            actor_id=actor.id,
            post_id=post.id,
            kind=kind,
            uri=f"{actor.uri}/{kind}/{self.key()}",
            at=NOW,
            emoji=emoji,
        )


def refused(village: Village, command: PublishPost) -> Reason:
    """Why publishing is not allowed; checks that it left no trace."""
    with pytest.raises(NotAllowed) as caught:
        publish(village.uow, command)
    assert village.uow.events == []
    assert village.uow.posts.get(command.id) is None
    return caught.value.reason
