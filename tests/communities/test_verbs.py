"""Every verb over the cases of `authority`: command, request, fact, claim, and false facts.

Each verb is one entry: how the stage is set for it, how it is called by ann (of this node) or zoe
(of a peer), and what a request for it does before its answer. What a case must do is the same for
all of them.

Spec: house 2.6 "A test runs every verb over the three cases".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from communities.appointing import ChangeRole, grant_role, revoke_role
from communities.banning import BanMember, ban, unban
from communities.community import Community
from communities.editing import EditPost, edit, withdraw
from communities.errors import NotAllowed, NotFound, Reason
from communities.events import (
    CommunityChanged,
    MembershipChanged,
    PostEdited,
    PostLocked,
    PostPinned,
    PostPublished,
    PostRemoved,
    PostWithdrawn,
    Reacted,
    RoleChanged,
)
from communities.founding import edit_community
from communities.membership import MembershipState, Role
from communities.moderation import ModeratePost, lock, pin, remove, restore, unlock, unpin
from communities.people import ActorKey, Person
from communities.ports import UnitOfWork
from communities.posting import PublishPost, submit
from communities.posts import Post, PostContent, PostState, Reaction, ReactionKind
from communities.reactions import react, withdraw_reaction
from tests.communities.village import NOW, Village

Told = (
    CommunityChanged
    | MembershipChanged
    | PostEdited
    | PostLocked
    | PostPinned
    | PostPublished
    | PostRemoved
    | PostWithdrawn
    | Reacted
    | RoleChanged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who acts, where, on what; `own` is the actor's post, `other` that of the target, eve."""

    village: Village
    actor: Person
    target: Person
    community: Community
    own: Post
    other: Post
    draft: PublishPost
    like: Reaction

    @property
    def uow(self) -> UnitOfWork:
        return self.village.uow

    @property
    def on_other(self) -> ModeratePost:
        return ModeratePost(post_id=self.other.id, moderator_id=self.actor.id, at=NOW)

    @property
    def sentence(self) -> BanMember:
        return BanMember(
            community_id=self.community.id,
            person_id=self.target.id,
            moderator_id=self.actor.id,
            at=NOW,
        )

    @property
    def appointment(self) -> ChangeRole:
        return ChangeRole(
            community_id=self.community.id,
            person_id=self.target.id,
            role=Role.MODERATOR,
            moderator_id=self.actor.id,
            at=NOW,
        )

    @property
    def better(self) -> EditPost:
        return EditPost(
            post_id=self.own.id,
            editor_id=self.actor.id,
            content=PostContent(html="<p>Better</p>"),
            edited_at=NOW,
            at=NOW,
        )

    def take(self) -> Told:
        (event,) = self.village.uow.take_events()
        assert isinstance(event, Told)
        return event

    def snapshot(self) -> object:
        uow = self.village.uow
        return (
            dict(uow.posts.rows),
            dict(uow.memberships.rows),
            dict(uow.reactions.rows),
            dict(uow.communities.rows),
            list(uow.reports.entries),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb.

    `own_words`: it is about the actor's own words, so that a request takes effect at once and a
    peer's own word about them is enough. `awaits`: an answer still changes something.
    `is_taking_back`: neither ban nor suspension stands in the way.
    """

    call: Callable[[Scene, ActorKey | None], object]
    prepare: Callable[[Scene], object] = lambda scene: None
    own_words: bool = False
    awaits: bool = True
    is_taking_back: bool = False


def make_removed(scene: Scene) -> None:
    scene.uow.posts.set_state(scene.other.id, PostState.REMOVED, at=NOW)


VERBS = {
    "publish": Verb(call=lambda scene, by: submit(scene.uow, scene.draft, by), own_words=True),
    "edit": Verb(
        call=lambda scene, by: edit(scene.uow, scene.better, by), own_words=True, awaits=False
    ),
    "withdraw": Verb(
        call=lambda scene, by: withdraw(scene.uow, scene.own.id, scene.actor.id, NOW, by),
        own_words=True,
        awaits=False,
        is_taking_back=True,
    ),
    "react": Verb(
        call=lambda scene, by: react(scene.uow, scene.like, by), own_words=True, awaits=False
    ),
    "withdraw_reaction": Verb(
        prepare=lambda scene: scene.uow.reactions.put(scene.like),
        call=lambda scene, by: withdraw_reaction(
            scene.uow, scene.actor.id, scene.other.id, ReactionKind.LIKE, None, by
        ),
        own_words=True,
        awaits=False,
        is_taking_back=True,
    ),
    "remove": Verb(call=lambda scene, by: remove(scene.uow, scene.on_other, by)),
    "restore": Verb(
        prepare=make_removed, call=lambda scene, by: restore(scene.uow, scene.on_other, by)
    ),
    "lock": Verb(call=lambda scene, by: lock(scene.uow, scene.on_other, by)),
    "unlock": Verb(
        prepare=lambda scene: scene.uow.posts.set_locked(scene.other.id, locked=True),
        call=lambda scene, by: unlock(scene.uow, scene.on_other, by),
    ),
    "pin": Verb(call=lambda scene, by: pin(scene.uow, scene.on_other, by)),
    "unpin": Verb(
        prepare=lambda scene: scene.uow.posts.set_pinned(scene.other.id, pinned=True),
        call=lambda scene, by: unpin(scene.uow, scene.on_other, by),
    ),
    "ban": Verb(call=lambda scene, by: ban(scene.uow, scene.sentence, by)),
    "unban": Verb(
        prepare=lambda scene: scene.village.ban(scene.community, scene.target),
        call=lambda scene, by: unban(scene.uow, scene.sentence, by),
    ),
    "grant_role": Verb(call=lambda scene, by: grant_role(scene.uow, scene.appointment, by)),
    "revoke_role": Verb(
        prepare=lambda scene: scene.village.member(scene.community, scene.target, Role.MODERATOR),
        call=lambda scene, by: revoke_role(scene.uow, scene.appointment, by),
    ),
    "edit_community": Verb(
        call=lambda scene, by: edit_community(
            scene.uow, replace(scene.community, name="Renamed"), scene.actor.id, NOW, by
        )
    ),
}

every_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


def stage(
    village: Village, verb: Verb, actor: Person, community: Community, role: Role = Role.OWNER
) -> Scene:
    """The scene with everything in place; the actor has a role that may do anything."""
    eve = village.person("eve")
    village.member(community, actor, role)
    village.member(community, eve)
    other = village.post(eve, community)
    scene = Scene(
        village=village,
        actor=actor,
        target=eve,
        community=community,
        own=village.post(actor, community),
        other=other,
        draft=village.draft(actor, community),
        like=village.reaction(actor, other),
    )
    verb.prepare(scene)
    return scene


@every_verb
@pytest.mark.parametrize("who", ["ann", "zoe"])
def test_a_command_takes_effect_wherever_its_giver_lives_and_a_repeat_does_nothing(
    village: Village, verb: Verb, who: str
) -> None:
    actor = village.ann if who == "ann" else village.zoe
    scene = stage(village, verb, actor, village.bees)
    before = scene.snapshot()

    assert verb.call(scene, None)
    done = scene.snapshot()
    assert done != before
    assert not scene.take().requested

    verb.call(scene, None)
    assert scene.snapshot() == done
    assert village.uow.events == []


@every_verb
def test_a_request_asks_and_changes_nothing_but_ones_own_words(
    village: Village, verb: Verb
) -> None:
    scene = stage(village, verb, village.ann, village.far)
    before = scene.snapshot()

    assert verb.call(scene, None)

    assert scene.take().requested
    assert (scene.snapshot() != before) is verb.own_words
    assert village.uow.reports.entries == []


@every_verb
def test_the_answer_to_a_request_settles_it_once(village: Village, verb: Verb) -> None:
    scene = stage(village, verb, village.ann, village.far)
    verb.call(scene, None)
    asked = scene.snapshot()
    scene.take()

    verb.call(scene, village.far.id)
    answered = scene.snapshot()

    assert (answered != asked) is verb.awaits
    if verb.awaits:
        assert not scene.take().requested
    verb.call(scene, village.far.id)
    assert scene.snapshot() == answered
    assert village.uow.events == []


@every_verb
@pytest.mark.parametrize("who", ["ann", "zoe"])
def test_a_fact_takes_effect_without_asking_our_rules(
    village: Village, verb: Verb, who: str
) -> None:
    actor = village.ann if who == "ann" else village.zoe
    scene = stage(village, verb, actor, village.far, Role.MEMBER)
    before = scene.snapshot()

    assert verb.call(scene, village.far.id)

    assert scene.snapshot() != before
    assert not scene.take().requested


@every_verb
def test_a_plain_member_commands_only_their_own_words(village: Village, verb: Verb) -> None:
    scene = stage(village, verb, village.ann, village.bees, Role.MEMBER)

    if verb.own_words:
        assert verb.call(scene, None)
        return
    with pytest.raises((NotAllowed, NotFound)) as caught:
        verb.call(scene, None)
    if isinstance(caught.value, NotAllowed):
        assert caught.value.reason is Reason.ROLE
    assert village.uow.events == []


@every_verb
def test_a_claim_counts_for_ones_own_words_alone(village: Village, verb: Verb) -> None:
    scene = stage(village, verb, village.zoe, village.far)
    before = scene.snapshot()

    if verb.own_words:
        assert verb.call(scene, None)
        assert scene.snapshot() != before
        return
    with pytest.raises(NotAllowed) as caught:
        verb.call(scene, None)
    assert caught.value.reason is Reason.NOT_AUTHORITY
    assert (scene.snapshot(), village.uow.events) == (before, [])


@every_verb
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_nobody_but_the_authority_announces(village: Village, verb: Verb, where: str) -> None:
    evil = village.community("evil", host="evil.example")
    community = village.bees if where == "here" else village.far
    scene = stage(village, verb, village.zoe, community)
    before = scene.snapshot()

    with pytest.raises(NotAllowed) as caught:
        verb.call(scene, evil.id)

    assert caught.value.reason is Reason.NOT_AUTHORITY
    assert (scene.snapshot(), village.uow.events) == (before, [])


@every_verb
@pytest.mark.parametrize("why", [Reason.SUSPENDED, Reason.BANNED])
def test_the_suspended_and_banned_do_nothing_but_take_back(
    village: Village, verb: Verb, why: Reason
) -> None:
    scene = stage(village, verb, village.zoe, village.bees)
    if why is Reason.SUSPENDED:
        village.suspend(village.zoe)
    else:
        village.member(village.bees, village.zoe, state=MembershipState.BANNED)
    before = scene.snapshot()

    if verb.is_taking_back:
        assert verb.call(scene, None)
        return
    # A removed post is not there for those who may not see it, banned moderators among them.
    with pytest.raises((NotAllowed, NotFound)) as caught:
        verb.call(scene, None)
    if isinstance(caught.value, NotAllowed):
        assert caught.value.reason is why
    assert (scene.snapshot(), village.uow.events) == (before, [])
