"""The world in which a recorded activity makes sense, made around what it names.

We stand where its receiver stood: the group it was sent to is ours, what it likes or deletes is
here, who it is about is known. What it embeds is served by the wire, as are its actors.
"""

from communities.membership import MembershipState, Role
from communities.people import ActorKey, FollowState
from communities.posts import Poll, PollOption, PostState, Reaction, ReactionKind
from protocols.activitypub.audience import community_candidates
from protocols.activitypub.parsing_origins import origin
from protocols.activitypub.vocabulary import Activity, ActivityType, Actor, Post, Reference
from storage.unit_of_work import UnitOfWork
from tests.support.factories import BEGINNING
from tests.support.fixture_world import FixtureWorld
from tests.support.postbox import actor_document, note

_ABOUT_POSTS = frozenset(
    {
        ActivityType.LIKE,
        ActivityType.DISLIKE,
        ActivityType.EMOJI_REACT,
        ActivityType.DELETE,
        ActivityType.LOCK,
        ActivityType.FLAG,
        ActivityType.UPDATE,
    }
)
_REACTIONS = {
    ActivityType.LIKE: ReactionKind.LIKE,
    ActivityType.DISLIKE: ReactionKind.DISLIKE,
    ActivityType.ANNOUNCE: ReactionKind.BOOST,
}
_MODERATION = frozenset(
    {ActivityType.ADD, ActivityType.REMOVE, ActivityType.BLOCK, ActivityType.LOCK}
)


class Scene(FixtureWorld):
    """People, groups and posts around one activity."""

    def __init__(self, uow: UnitOfWork, top: Activity) -> None:
        super().__init__(uow)
        self.top = top
        self._people(top)
        self._things(top)

    # Who there is

    def _people(self, activity: Activity) -> None:
        group = self._group_of(activity)
        if group is not None:
            self.community(
                group,
                local=activity is self.top and group != activity.actor,
                featured=self._featured(),
            )
        kind = "Group" if group == activity.actor else "Person"
        if kind == "Person":
            self.actor(activity.actor, local=self._is_asker(activity))
        self._subjects(activity, group)
        for obj in activity.objects:
            if isinstance(obj, Activity):
                self._people(obj)
            elif isinstance(obj, Post):
                self.served.setdefault(obj.attributed_to, actor_document(obj.attributed_to))
        self._members(activity, group)

    def _featured(self) -> str | None:
        """The collection of pins that is changed, whatever its owner calls it."""
        inner = self.top.object
        target = self.top.target or (inner.target if isinstance(inner, Activity) else None)
        is_pins = target is not None and target.endswith(("/featured", "/pinned"))
        return target if is_pins else None

    def _is_asker(self, activity: Activity) -> bool:
        """Whether it is the Follow of one of ours that somebody else answers."""
        answers = (ActivityType.ACCEPT, ActivityType.REJECT)
        return activity is self.top.object and self.top.type in answers

    def _group_of(self, activity: Activity) -> str | None:
        """The group that the activity belongs to, as far as it says."""
        if activity.type is ActivityType.ANNOUNCE and isinstance(activity.object, Activity):
            return activity.actor
        if activity.type is ActivityType.BLOCK and activity.target is not None:
            path = activity.target.removeprefix(origin(activity.target))
            return activity.target if len(path) > 1 else None
        if activity.type in (ActivityType.ADD, ActivityType.REMOVE) and activity.target:
            return activity.target.rpartition("/")[0]
        if isinstance(activity.object, Actor) and activity.object.type == "Group":
            return activity.object.id
        post = activity.object if isinstance(activity.object, Post) else None
        named = community_candidates(post, activity)
        if activity.audience or (post is not None and (post.audience or post.group)):
            return next((uri for uri in named if not uri.endswith("/followers")), None)
        return next((uri for uri in named if "/c/" in uri or "/m/" in uri), None)

    def _subjects(self, activity: Activity, group: str | None) -> None:
        """Whom the activity is about, or to."""
        uri = activity.object_id
        about_people = (
            activity.type in (ActivityType.BLOCK, ActivityType.FOLLOW, ActivityType.JOIN)
            or (activity.target or "").endswith("/moderators")
            or activity.type is ActivityType.MOVE
        )
        if about_people and uri is not None and uri not in (activity.actor, group):
            asked = activity.type in (ActivityType.FOLLOW, ActivityType.JOIN)
            is_ours = not self._is_asker(activity) if asked else group is None
            self.actor(uri, local=is_ours)
        if activity.type is ActivityType.MOVE and activity.target is not None:
            document = actor_document(activity.target, alsoKnownAs=[activity.actor])
            self.served[activity.target] = document
            self.follow(self.ada, self.actor(activity.actor))
        if activity.type is ActivityType.CREATE and activity is self.top and group is None:
            self.follow(self.ada, self.actor(activity.actor))

    def _members(self, activity: Activity, group: str | None) -> None:
        community = self.uow.communities.by_uri(group) if group is not None else None
        if community is None:
            return
        self.member(community, self.ada.id, Role.MEMBER)
        if group == activity.actor:
            return
        wanted = Role.MEMBER
        inner = activity.object if self._undone(activity) else None
        acts = (activity.type, inner.type if isinstance(inner, Activity) else None)
        if _MODERATION & set(acts) or activity.summary is not None:
            wanted = Role.MODERATOR
        if activity.type is ActivityType.UPDATE and isinstance(activity.object, Actor):
            wanted = Role.OWNER
        self.member(community, self.known(activity.actor), wanted)
        if (activity.target or "").endswith("/moderators") and activity.object_id is not None:
            held = Role.MODERATOR if activity.type is ActivityType.REMOVE else Role.MEMBER
            self.member(community, self.known(activity.object_id), held)
            owner = self.actor(f"{community.uri}/first-owner")
            self.member(community, self.known(activity.actor), Role.OWNER)
            self.member(community, owner.id, Role.OWNER)

    def _undone(self, activity: Activity) -> bool:
        return activity.type is ActivityType.UNDO and isinstance(activity.object, Activity)

    # What there is

    def _things(self, activity: Activity) -> None:
        group = self._group_of(activity)
        inner = activity.object
        if isinstance(inner, Activity):
            self._things(inner)
            if self._undone(activity):
                self._done(inner)
            if activity.type in (ActivityType.ACCEPT, ActivityType.REJECT):
                self._asked(activity, inner)
            return
        if activity is self.top and isinstance(inner, Reference):
            self._named_by_id(activity, inner.id)
        if isinstance(inner, Post) and inner.in_reply_to is not None:
            self._parent(inner, group)
        self._posts(activity, group)

    def _posts(self, activity: Activity, group: str | None) -> None:
        """The posts that are liked, deleted, locked, pinned, boosted or reported."""
        inner, uri = activity.object, activity.object_id
        boosts = activity.type is ActivityType.ANNOUNCE and activity is self.top
        if not (boosts or activity.type in _ABOUT_POSTS or self._pins(activity)):
            return
        is_actor = isinstance(inner, Actor) or getattr(inner, "type", None) == "Group"
        if uri is None or uri == activity.actor or is_actor:
            return
        if self.uow.actors.key_of(uri) is not None:
            return
        uris = [obj.id for obj in activity.objects if obj.id is not None]
        if activity.type is ActivityType.FLAG and len(uris) > 1:
            uris = uris[1:]
        for one in uris:
            self.post(one, self._author(activity), group)
            key = self.uow.posts.key_of(one)
            if activity.type is ActivityType.REMOVE and key is not None:
                self.uow.posts.set_pinned(key, pinned=True)

    def _named_by_id(self, activity: Activity, uri: str) -> None:
        """What an answer or Undo names by nothing but its id."""
        answers = (ActivityType.ACCEPT, ActivityType.REJECT)
        if activity.type in answers and "/follow" in uri:
            followee = self.actor(activity.actor)
            self.follow(self.ada, followee, FollowState.REQUESTED, uri)
        if activity.type is ActivityType.UNDO:
            self.post(f"{activity.actor}/liked", self.ada.id, None)
            liked = self.uow.posts.key_of(f"{activity.actor}/liked")
            assert liked is not None
            given = Reaction(
                actor_id=self.known(activity.actor),
                post_id=liked,
                kind=ReactionKind.LIKE,
                uri=uri,
                at=BEGINNING,
            )
            self.uow.reactions.put(given)

    def _pins(self, activity: Activity) -> bool:
        kinds = (ActivityType.ADD, ActivityType.REMOVE)
        return activity.type in kinds and not (activity.target or "").endswith("/moderators")

    def _author(self, activity: Activity) -> ActorKey:
        """Who wrote what is updated, deleted or locked, unless a moderator does that."""
        if isinstance(activity.object, Post):
            return self.actor(activity.object.attributed_to).id
        own = (ActivityType.DELETE, ActivityType.LOCK)
        if activity.type in own and activity.summary is None:
            return self.known(activity.actor)
        return self.ada.id

    def _parent(self, post: Post, group: str | None) -> None:
        if post.in_reply_to is None or self.uow.posts.key_of(post.in_reply_to) is not None:
            return
        poll = None
        if post.is_poll_vote and post.name is not None:
            poll = Poll(options=(PollOption(name=post.name), PollOption(name="another")))
        self.post(post.in_reply_to, self.ada.id, group, poll)

    def _done(self, undone: Activity) -> None:
        """What an Undo takes back was done."""
        actor, uri = self.known(undone.actor), undone.object_id or ""
        post = self.uow.posts.by_uri(uri)
        kind = _REACTIONS.get(undone.type)
        if kind is not None and post is not None:
            given = Reaction(
                actor_id=actor, post_id=post.id, kind=kind, uri=undone.id, at=BEGINNING
            )
            self.uow.reactions.put(given)
        community = self.uow.communities.by_uri(undone.target or "")
        if undone.type is ActivityType.BLOCK and community is not None:
            banned = self.known(uri)
            self.member(community, banned, Role.MEMBER, MembershipState.BANNED)
        if undone.type is ActivityType.FOLLOW:
            followed = self.uow.actors.by_uri(uri)
            assert followed is not None
            self.follow(self.profile(actor), followed)
        if undone.type is ActivityType.LOCK and post is not None:
            self.uow.posts.set_locked(post.id, locked=True)
        if undone.type is ActivityType.DELETE and post is not None and post.author_id == actor:
            self.uow.posts.set_state(post.id, PostState.WITHDRAWN, at=BEGINNING)
            self.served[uri] = note(undone.actor, id=uri)

    def _asked(self, answer: Activity, asked: Activity) -> None:
        asker = self.uow.actors.by_uri(asked.actor)
        answerer = self.known(answer.actor)
        if asker is None or not asker.is_local:
            return
        community = self.uow.communities.get(answerer)
        if community is not None:
            self.member(community, asker.id, Role.MEMBER, MembershipState.REQUESTED)
            return
        self.follow(asker, self.profile(answerer), FollowState.REQUESTED, asked.id)
