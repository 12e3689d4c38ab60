"""Rows and documents around a recorded activity: who and what there is, and what peers serve."""

from dataclasses import replace
from datetime import datetime, timedelta

from communities.community import Community
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey, Follow, FollowState
from communities.posts import Poll, PostContent, PostKey, PostKind
from communities.posts import Post as DomainPost
from federation.activitypub.act import Context
from federation.snowflakes import Snowflakes
from protocols.activitypub.parsing_origins import host_of, is_web_url
from protocols.activitypub.vocabulary import PUBLIC
from protocols.strict_json import JsonObject, JsonValue
from storage.actors import Profile
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import BEGINNING, HOME
from tests.support.postbox import actor_document

NOW = BEGINNING + timedelta(days=30)


class FixtureWorld:
    """Actors, groups, follows and posts with the ids that a recording names."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.served: dict[str, JsonObject] = {}
        self._numbers = iter(range(1, 100_000))
        self.context = Context(uris=HOME, snowflakes=Snowflakes(self._now, first=0))
        self.ada = self.actor(HOME.person(ActorKey(1)), local=True)

    def _now(self) -> datetime:
        return NOW

    def key(self) -> int:
        """A key that was not given out before."""
        return (to_ms(BEGINNING) + next(self._numbers)) << 16

    def serve(self, value: JsonValue) -> None:
        """Every embedded document as its own server would serve it."""
        if isinstance(value, list):
            for entry in value:
                self.serve(entry)
        elif isinstance(value, dict):
            claimed = value.get("id")
            if isinstance(claimed, str) and is_web_url(claimed):
                self.served.setdefault(claimed, value)
            for entry in value.values():
                self.serve(entry)

    def post(
        self, uri: str, author_id: ActorKey, group: str | None, poll: Poll | None = None
    ) -> None:
        if self.uow.posts.key_of(uri) is not None:
            return
        community = self.uow.communities.by_uri(group) if group is not None else None
        key = PostKey(self.key())
        post = DomainPost(
            id=key,
            uri=uri,
            author_id=author_id,
            root_id=key,
            kind=PostKind.NOTE if poll is None else PostKind.QUESTION,
            content=PostContent(html="<p>Before</p>", poll=poll),
            published_at=BEGINNING - timedelta(days=9000),
            community_id=None if community is None else community.id,
            local=author_id == self.ada.id,
        )
        assert self.uow.posts.add(post)

    def known(self, uri: str) -> ActorKey:
        found = self.uow.actors.key_of(uri)
        return found if found is not None else self.actor(uri).id

    def profile(self, key: ActorKey) -> Profile:
        found = self.uow.actors.get(key)
        assert found is not None
        return found

    def actor(self, uri: str, *, local: bool = False, kind: str = "person") -> Profile:
        found = self.uow.actors.by_uri(uri)
        if found is not None:
            return found
        profile = Profile(
            id=ActorKey(self.key()),
            uri=uri,
            kind=kind,
            type="Group" if kind == "community" else "Person",
            localpart=f"a{next(self._numbers)}",
            host=None if local else host_of(uri),
            name="Somebody",
            inbox=f"{uri}/inbox",
            followers_uri=f"{uri}/followers",
            featured_uri=f"{uri}/featured",
            moderators_uri=f"{uri}/moderators" if kind == "community" else None,
        )
        self.uow.actors.add(profile)
        self.served.setdefault(uri, actor_document(uri))
        return profile

    def community(self, uri: str, *, local: bool, featured: str | None) -> None:
        if uri == PUBLIC or self.uow.actors.key_of(uri) is not None:
            return
        profile = self.actor(uri, local=local, kind="community")
        community = Community(
            id=profile.id,
            uri=uri,
            localpart=profile.localpart,
            host=profile.host,
            name=profile.name,
        )
        self.uow.communities.add(community)
        if featured is not None:
            self.uow.actors.put(replace(profile, featured_uri=featured))

    def member(
        self,
        community: Community,
        person_id: ActorKey,
        role: Role,
        state: MembershipState = MembershipState.MEMBER,
    ) -> None:
        self.uow.memberships.put(
            Membership(
                community_id=community.id,
                person_id=person_id,
                state=state,
                since=BEGINNING,
                role=role,
                uri=f"https://noaber.example/activities/request/{person_id}",
            )
        )

    def follow(
        self,
        follower: Profile,
        followee: Profile,
        state: FollowState = FollowState.ACCEPTED,
        uri: str | None = None,
    ) -> None:
        self.uow.people.put_follow(
            Follow(
                follower_id=follower.id,
                followee_id=followee.id,
                state=state,
                uri=uri or f"https://noaber.example/activities/request/{followee.id}",
                since=BEGINNING,
            )
        )
