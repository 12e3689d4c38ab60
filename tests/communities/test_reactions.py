"""Likes, dislikes, boosts and emoji."""

import pytest

from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import Reacted
from communities.membership import MembershipState
from communities.people import Person
from communities.posts import PostState, ReactionKind, Visibility
from communities.reactions import MAX_EMOJI_BY_ONE, react, undo_reaction, withdraw_reaction
from tests.communities.village import Village


def test_a_like_counts_and_is_told_once(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    like = village.reaction(village.zoe, post)

    assert react(village.uow, like)
    assert not react(village.uow, like)

    assert village.uow.posts.counts(post.id).likes == 1
    assert village.uow.events == [
        Reacted(
            actor_id=village.zoe.id,
            post_id=post.id,
            community_id=village.bees.id,
            kind=ReactionKind.LIKE,
            given=True,
            uri=like.uri,
        )
    ]


def test_a_dislike_replaces_a_like(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    react(village.uow, village.reaction(village.zoe, post))

    react(village.uow, village.reaction(village.zoe, post, ReactionKind.DISLIKE))

    counts = village.uow.posts.counts(post.id)
    assert (counts.likes, counts.dislikes) == (0, 1)


def test_a_community_can_turn_downvotes_off(village: Village) -> None:
    bees = village.change(village.bees, downvotes=False)
    post = village.post(village.ann, bees)

    with pytest.raises(NotAllowed) as caught:
        react(village.uow, village.reaction(village.zoe, post, ReactionKind.DISLIKE))

    assert caught.value.reason is Reason.FEATURE_OFF
    assert react(village.uow, village.reaction(village.zoe, post))


def test_several_emoji_stand_beside_each_other(village: Village) -> None:
    post = village.post(village.ann, village.bees)

    for emoji in ("🐝", "🌻"):
        assert react(
            village.uow, village.reaction(village.zoe, post, ReactionKind.EMOJI, emoji=emoji)
        )

    assert len(village.uow.reactions.rows) == 2


@pytest.mark.parametrize("announced", [False, True])
def test_one_actor_gives_one_post_only_so_many_emoji(village: Village, announced: bool) -> None:
    community = village.far if announced else village.bees
    authority = village.far.id if announced else None
    post = village.post(village.ann, community)
    emoji = [chr(ord("🐝") + number) for number in range(MAX_EMOJI_BY_ONE + 1)]

    def give(actor: Person, one: str) -> bool:
        reaction = village.reaction(actor, post, ReactionKind.EMOJI, emoji=one)
        return react(village.uow, reaction, authority)

    for one in emoji[:-1]:
        assert give(village.zoe, one)
    with pytest.raises(Conflict):
        give(village.zoe, emoji[-1])

    assert len(village.uow.reactions.rows) == MAX_EMOJI_BY_ONE
    assert not give(village.zoe, emoji[0])
    assert react(village.uow, village.reaction(village.zoe, post), authority)
    assert give(village.ann, emoji[-1])
    withdraw_reaction(village.uow, village.zoe.id, post.id, ReactionKind.EMOJI, emoji[0], authority)
    assert give(village.zoe, emoji[-1])


@pytest.mark.parametrize(
    ("kind", "emoji"),
    [
        (ReactionKind.EMOJI, None),
        (ReactionKind.EMOJI, ""),
        (ReactionKind.LIKE, "🐝"),
        (ReactionKind.EMOJI, "x" * 65),
    ],
)
def test_an_emoji_belongs_to_an_emoji_reaction(
    village: Village, kind: ReactionKind, emoji: str | None
) -> None:
    post = village.post(village.ann, village.bees)

    with pytest.raises(Invalid):
        react(village.uow, village.reaction(village.zoe, post, kind, emoji=emoji))


def test_a_banned_person_cannot_react(village: Village) -> None:
    village.ban(village.bees, village.zoe)
    post = village.post(village.ann, village.bees)

    with pytest.raises(NotAllowed) as caught:
        react(village.uow, village.reaction(village.zoe, post))

    assert caught.value.reason is Reason.BANNED


def test_a_suspended_person_cannot_react(village: Village) -> None:
    post = village.post(village.ann)
    village.suspend(village.zoe)

    with pytest.raises(NotAllowed) as caught:
        react(village.uow, village.reaction(village.zoe, post))

    assert caught.value.reason is Reason.SUSPENDED


def test_nobody_reacts_in_a_suspended_community(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    village.suspend(village.bees)

    with pytest.raises(NotFound):
        react(village.uow, village.reaction(village.zoe, post))


def test_what_one_cannot_see_one_cannot_react_to(village: Village) -> None:
    village.member(village.club, village.bob, state=MembershipState.REQUESTED)
    hidden = [
        village.post(village.ann, village.club, visibility=Visibility.MEMBERS),
        village.post(village.ann, visibility=Visibility.FOLLOWERS),
        village.post(village.ann, visibility=Visibility.DIRECT, to=(village.zoe,)),
        village.post(village.ann, village.bees, visibility=Visibility.FOLLOWERS),
        village.post(village.ann, village.bees, state=PostState.REMOVED),
        village.post(village.ann, village.bees, state=PostState.WITHDRAWN),
        village.post(village.ann, village.far, state=PostState.PENDING),
    ]

    for post in hidden:
        with pytest.raises(NotFound):
            react(village.uow, village.reaction(village.bob, post))

    assert village.uow.events == []


def test_a_post_that_does_not_exist_takes_no_reaction(village: Village) -> None:
    post = village.post(village.ann)
    village.uow.posts.rows.clear()

    with pytest.raises(NotFound):
        react(village.uow, village.reaction(village.zoe, post))


def test_a_member_may_react_in_a_private_group(village: Village) -> None:
    village.member(village.club, village.zoe)
    post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

    assert react(village.uow, village.reaction(village.zoe, post))


def test_only_what_is_public_can_be_boosted_by_others(village: Village) -> None:
    village.member(village.club, village.zoe)
    village.follow(village.zoe, village.ann)
    private = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)
    followers = village.post(village.ann, visibility=Visibility.FOLLOWERS)

    for post in (private, followers):
        with pytest.raises(NotAllowed) as caught:
            react(village.uow, village.reaction(village.zoe, post, ReactionKind.BOOST))
        assert caught.value.reason is Reason.CLOSED

    assert react(village.uow, village.reaction(village.ann, followers, ReactionKind.BOOST))
    public = village.post(village.ann, village.bees)
    assert react(village.uow, village.reaction(village.zoe, public, ReactionKind.BOOST))


def test_a_reaction_elsewhere_counts_at_once_and_asks_the_community(village: Village) -> None:
    post = village.post(village.zoe, village.far)

    assert react(village.uow, village.reaction(village.ann, post))

    (event,) = village.uow.events
    assert isinstance(event, Reacted)
    assert event.requested


def test_the_announcement_of_a_reaction_that_stands_changes_nothing(village: Village) -> None:
    post = village.post(village.zoe, village.far)
    like = village.reaction(village.ann, post)
    react(village.uow, like)
    village.uow.take_events()

    assert not react(village.uow, like, village.far.id)

    assert village.uow.events == []


def test_an_announced_reaction_asks_no_rules_of_ours(village: Village) -> None:
    village.ban(village.far, village.zoe)
    post = village.post(village.ann, village.far)

    assert react(village.uow, village.reaction(village.zoe, post), village.far.id)

    (event,) = village.uow.events
    assert isinstance(event, Reacted)
    assert not event.requested


def test_a_like_sent_straight_to_the_author_counts(village: Village) -> None:
    post = village.post(village.ann, village.far)

    assert react(village.uow, village.reaction(village.zoe, post))


def test_another_community_cannot_announce_a_reaction(village: Village) -> None:
    post = village.post(village.ann, village.bees)

    with pytest.raises(NotAllowed) as caught:
        react(village.uow, village.reaction(village.zoe, post), village.far.id)

    assert caught.value.reason is Reason.NOT_AUTHORITY


def test_a_reaction_taken_back_is_told_with_its_own_id_once(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    like = village.reaction(village.zoe, post)
    react(village.uow, like)
    village.uow.take_events()

    assert withdraw_reaction(village.uow, village.zoe.id, post.id, ReactionKind.LIKE)
    assert not withdraw_reaction(village.uow, village.zoe.id, post.id, ReactionKind.LIKE)

    (event,) = village.uow.events
    assert isinstance(event, Reacted)
    assert (event.given, event.uri) == (False, like.uri)


def test_who_was_banned_since_may_take_a_reaction_back(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    react(village.uow, village.reaction(village.zoe, post))
    village.ban(village.bees, village.zoe)

    assert withdraw_reaction(village.uow, village.zoe.id, post.id, ReactionKind.LIKE)


def test_undo_takes_back_ones_own_reaction_by_its_id(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    like = village.reaction(village.zoe, post)
    react(village.uow, like)
    assert like.uri is not None

    assert undo_reaction(village.uow, like.uri, village.zoe.id)
    assert not undo_reaction(village.uow, like.uri, village.zoe.id)


def test_undo_of_another_actors_reaction_is_refused(village: Village) -> None:
    """Spec: security ORI-12."""
    post = village.post(village.ann, village.bees)
    like = village.reaction(village.ann, post)
    react(village.uow, like)
    assert like.uri is not None

    with pytest.raises(NotAllowed):
        undo_reaction(village.uow, like.uri, village.zoe.id)

    assert village.uow.posts.counts(post.id).likes == 1
