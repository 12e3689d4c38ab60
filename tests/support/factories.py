"""People, communities and posts for tests, written through the repositories.

A `World` gives out keys and times in order, so that a test reads the same at each run. Its methods
are units of work: `ada = await storage.write(world.person, "ada")`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from communities.community import Community
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey, Follow, FollowState, Person
from communities.posts import Post, PostContent, PostKey, PostKind
from federation.uris import Uris
from storage.accounts import Account
from storage.actors import Profile
from storage.names import NameKind
from storage.unit_of_work import UnitOfWork

HOME = Uris(base="https://noaber.example", domain="noaber.example")
BEGINNING = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class World:
    """Hands out keys and moments, a minute apart, and stores what tests need."""

    def __init__(self, begin: datetime = BEGINNING) -> None:
        self.now = begin

    def tick(self, by: timedelta = timedelta(minutes=1)) -> datetime:
        """Let time pass; the new moment."""
        self.now += by
        return self.now

    def key(self) -> int:
        """The next key: a snowflake of the next moment."""
        return int(self.tick().timestamp() * 1000) << 16

    def person(self, uow: UnitOfWork, localpart: str) -> Person:
        """Someone of this node."""
        key = ActorKey(self.key())
        uow.names.claim(localpart, NameKind.PERSON, key)
        person = self._person(uow, key, localpart, HOME.person(key), None)
        uow.accounts.add(Account(person_id=key, created_at=self.now, approved_at=self.now))
        return person

    def remote_person(
        self, uow: UnitOfWork, localpart: str, host: str = "peer.example", *, shared: bool = True
    ) -> Person:
        """Someone of a peer; `shared` peers have a shared inbox."""
        uri = f"https://{host}/users/{localpart}"
        shared_inbox = f"https://{host}/inbox" if shared else None
        return self._person(uow, ActorKey(self.key()), localpart, uri, host, shared_inbox)

    def _person(
        self,
        uow: UnitOfWork,
        key: ActorKey,
        localpart: str,
        uri: str,
        host: str | None,
        shared_inbox: str | None = None,
    ) -> Person:
        uow.actors.add(
            self._profile(
                key,
                uri,
                kind="person",
                type="Person",
                localpart=localpart,
                host=host,
                shared_inbox=shared_inbox,
            )
        )
        person = uow.people.get(key)
        assert person is not None
        return person

    def community(self, uow: UnitOfWork, localpart: str, **changes: Any) -> Community:
        """A community of this node: public and open unless `changes` say otherwise."""
        key = ActorKey(self.key())
        uow.names.claim(localpart, NameKind.COMMUNITY, key)
        return self._community(uow, key, localpart, HOME.community(key), None, changes)

    def remote_community(
        self, uow: UnitOfWork, localpart: str, host: str = "peer.example", **changes: Any
    ) -> Community:
        """A community whose authority is a peer."""
        uri = f"https://{host}/c/{localpart}"
        return self._community(uow, ActorKey(self.key()), localpart, uri, host, changes)

    def _community(
        self,
        uow: UnitOfWork,
        key: ActorKey,
        localpart: str,
        uri: str,
        host: str | None,
        changes: dict[str, Any],
    ) -> Community:
        profile = self._profile(
            key, uri, kind="community", type="Group", localpart=localpart, host=host
        )
        uow.actors.add(profile)
        community = Community(
            id=key,
            uri=uri,
            localpart=localpart,
            host=host,
            name=profile.name,
            url=profile.url,
            followers_uri=profile.followers_uri,
            moderators_uri=profile.moderators_uri,
            featured_uri=profile.featured_uri,
            created_at=profile.published_at,
            **changes,
        )
        uow.communities.add(community)
        uow.communities.update(community)
        return community

    def _profile(self, key: ActorKey, uri: str, **values: Any) -> Profile:
        return Profile(
            id=key,
            uri=uri,
            name=values["localpart"].capitalize(),
            inbox=f"{uri}/inbox",
            outbox=f"{uri}/outbox",
            followers_uri=f"{uri}/followers",
            featured_uri=f"{uri}/featured",
            moderators_uri=f"{uri}/moderators" if values["kind"] == "community" else None,
            published_at=self.now,
            fetched_at=None if values["host"] is None else self.now,
            **values,
        )

    def member(
        self,
        uow: UnitOfWork,
        community: Community,
        person: Person,
        role: Role = Role.MEMBER,
        state: MembershipState = MembershipState.MEMBER,
    ) -> Membership:
        """Put a person in a community."""
        membership = Membership(
            community_id=community.id,
            person_id=person.id,
            state=state,
            role=role,
            since=self.tick(),
            uri=f"{person.uri}/follows/{community.id}",
        )
        uow.memberships.put(membership)
        return membership

    def follow(
        self,
        uow: UnitOfWork,
        follower: Person,
        followee: Person,
        state: FollowState = FollowState.ACCEPTED,
    ) -> Follow:
        """Let one person follow another."""
        follow = Follow(
            follower_id=follower.id,
            followee_id=followee.id,
            state=state,
            uri=f"{follower.uri}/follows/{followee.id}",
            since=self.tick(),
        )
        uow.people.put_follow(follow)
        return follow

    def post(
        self, uow: UnitOfWork, author: Person, community: Community | None = None, **changes: Any
    ) -> Post:
        """A thread by an author, in a community or on their own."""
        return self._add(uow, self.draft(author, community, **changes))

    def comment(self, uow: UnitOfWork, author: Person, parent: Post, **changes: Any) -> Post:
        """An answer to a post."""
        draft = self.draft(author, None, **changes)
        comment = replace(
            draft,
            kind=PostKind.NOTE,
            community_id=parent.community_id,
            root_id=parent.root_id,
            parent_id=parent.id,
            parent_uri=parent.uri,
            depth=parent.depth + 1,
        )
        return self._add(uow, comment)

    def _add(self, uow: UnitOfWork, post: Post) -> Post:
        assert uow.posts.add(post)
        stored = uow.posts.get(post.id)
        assert stored is not None
        return stored

    def draft(self, author: Person, community: Community | None = None, **changes: Any) -> Post:
        """A thread that is not stored."""
        key = PostKey(self.key())
        local = author.host is None
        uri = HOME.post(key) if local else f"https://{author.host}/post/{key}"
        values: dict[str, Any] = {
            "content": PostContent(title=f"Post {key}", html="<p>Moin.</p>", source="Moin."),
            "kind": PostKind.PAGE,
            "community_id": None if community is None else community.id,
            "local": local,
            "published_at": self.now,
            "url": uri,
            **changes,
        }
        return Post(id=key, uri=uri, author_id=author.id, root_id=key, **values)
