"""What moderators do to posts, and what those do who run the node."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from communities.editing import EditPost, withdraw
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PostLocked, PostPinned, PostRemoved
from communities.limits import MAX_REASON
from communities.membership import Role
from communities.moderation import (
    MAX_PINNED,
    ModeratePost,
    lock,
    pin,
    remove,
    restore,
    unlock,
    unpin,
)
from communities.people import ActorKey, Person
from communities.ports import UnitOfWork
from communities.posts import Post, PostState, Visibility
from communities.reinstating import reinstate
from communities.reports import LogEntry, ModerationAction
from tests.communities.village import NOW, Village

Verb = Callable[[UnitOfWork, ModeratePost, ActorKey | None], bool]
PAIRS = [(remove, restore), (lock, unlock), (pin, unpin)]
VERBS = [verb for pair in PAIRS for verb in pair]


def act(moderator: Person, post: Post, reason: str = "off topic") -> ModeratePost:
    return ModeratePost(post_id=post.id, moderator_id=moderator.id, at=NOW, reason=reason)


def by_staff(moderator: Person, post: Post) -> ModeratePost:
    return ModeratePost(post_id=post.id, moderator_id=moderator.id, at=NOW, staff=True)


@pytest.fixture
def moderated(village: Village) -> Village:
    """The village with bob, and zoe from elsewhere, as moderators of the bees."""
    village.member(village.bees, village.bob, Role.MODERATOR)
    village.member(village.bees, village.zoe, Role.MODERATOR)
    return village


@pytest.mark.parametrize(("do", "undo"), PAIRS, ids=["remove", "lock", "pin"])
def test_a_moderator_does_and_undoes_and_a_repeat_leaves_no_trace(
    moderated: Village, do: Verb, undo: Verb
) -> None:
    post = moderated.post(moderated.ann, moderated.bees)
    command = act(moderated.zoe, post)

    done = [
        do(moderated.uow, command, None),
        do(moderated.uow, command, None),
        undo(moderated.uow, command, None),
        undo(moderated.uow, command, None),
    ]

    assert done == [True, False, True, False]
    assert moderated.stored(post) == post
    assert len(moderated.uow.events) == len(moderated.uow.reports.entries) == 2


def test_a_removal_is_logged_and_told_with_its_reason(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees)

    remove(moderated.uow, act(moderated.bob, post, "rude"))

    assert moderated.stored(post).state is PostState.REMOVED
    assert moderated.uow.reports.entries == [
        LogEntry(
            at=NOW,
            moderator_id=moderated.bob.id,
            action=ModerationAction.REMOVE_POST,
            community_id=moderated.bees.id,
            subject_id=moderated.ann.id,
            post_id=post.id,
            reason="rude",
        )
    ]
    assert moderated.uow.events == [
        PostRemoved(
            post_id=post.id,
            moderator_id=moderated.bob.id,
            community_id=moderated.bees.id,
            removed=True,
            reason="rude",
        )
    ]


def test_opening_unpinning_and_restoring_are_told_as_such(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees)
    for do, undo in PAIRS:
        do(moderated.uow, act(moderated.bob, post), None)
        moderated.uow.take_events()

        undo(moderated.uow, act(moderated.bob, post), None)

        (event,) = moderated.uow.take_events()
        match event:
            case PostRemoved(removed=told) | PostLocked(locked=told) | PostPinned(pinned=told):
                assert not told
            case _:
                pytest.fail(f"{event} is not about this")


def test_locking_and_pinning_are_told(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees)

    lock(moderated.uow, act(moderated.bob, post))
    pin(moderated.uow, act(moderated.bob, post))

    assert (moderated.stored(post).locked, moderated.stored(post).pinned) == (True, True)
    assert moderated.uow.events == [
        PostLocked(
            post_id=post.id,
            actor_id=moderated.bob.id,
            community_id=moderated.bees.id,
            locked=True,
        ),
        PostPinned(
            post_id=post.id,
            moderator_id=moderated.bob.id,
            community_id=moderated.bees.id,
            pinned=True,
        ),
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_a_plain_member_moderates_nothing(village: Village, verb: Verb) -> None:
    """Spec: security GRP-01, GRP-04."""
    village.member(village.bees, village.zoe)
    post = village.post(village.ann, village.bees)

    with pytest.raises(NotAllowed) as caught:
        verb(village.uow, act(village.zoe, post), None)

    assert caught.value.reason is Reason.ROLE
    assert (village.stored(post), village.uow.events, village.uow.reports.entries) == (post, [], [])


@pytest.mark.parametrize("verb", VERBS)
def test_a_moderator_of_another_group_moderates_nothing_here(village: Village, verb: Verb) -> None:
    village.member(village.club, village.zoe, Role.OWNER)
    post = village.post(village.ann, village.bees)

    with pytest.raises(NotAllowed):
        verb(village.uow, act(village.zoe, post), None)


@pytest.mark.parametrize("verb", VERBS)
def test_a_suspended_moderator_moderates_nothing(moderated: Village, verb: Verb) -> None:
    moderated.suspend(moderated.bob)
    post = moderated.post(moderated.ann, moderated.bees)

    with pytest.raises(NotAllowed) as caught:
        verb(moderated.uow, act(moderated.bob, post), None)

    assert caught.value.reason is Reason.SUSPENDED


def test_a_private_post_is_not_there_for_a_stranger_who_would_remove_it(village: Village) -> None:
    post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

    with pytest.raises(NotFound):
        remove(village.uow, act(village.zoe, post))


def test_authors_may_lock_but_not_unlock_their_own_thread(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    assert lock(village.uow, act(village.zoe, post))
    with pytest.raises(NotAllowed):
        unlock(village.uow, act(village.zoe, post))


@pytest.mark.parametrize("verb", [remove, unlock, pin])
def test_posts_outside_communities_have_no_moderators(moderated: Village, verb: Verb) -> None:
    post = moderated.post(moderated.ann)

    with pytest.raises(NotAllowed) as caught:
        verb(moderated.uow, act(moderated.bob, post), None)

    assert caught.value.reason is Reason.ROLE


def test_a_withdrawn_post_is_neither_removed_nor_restored(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees, state=PostState.WITHDRAWN)

    assert not remove(moderated.uow, act(moderated.bob, post))
    assert not restore(moderated.uow, act(moderated.bob, post))


def test_only_a_few_posts_can_be_pinned(moderated: Village) -> None:
    for _ in range(MAX_PINNED):
        assert pin(moderated.uow, act(moderated.bob, moderated.post(moderated.ann, moderated.bees)))

    with pytest.raises(Conflict):
        pin(moderated.uow, act(moderated.bob, moderated.post(moderated.ann, moderated.bees)))


def test_comments_and_removed_posts_cannot_be_pinned(moderated: Village) -> None:
    root = moderated.post(moderated.ann, moderated.bees)
    comment = moderated.post(moderated.ann, moderated.bees, parent=root)
    removed = moderated.post(moderated.ann, moderated.bees, state=PostState.REMOVED)

    with pytest.raises(Invalid):
        pin(moderated.uow, act(moderated.bob, comment))
    with pytest.raises(Conflict):
        pin(moderated.uow, act(moderated.bob, removed))


def test_what_does_not_exist_or_is_in_no_community_cannot_be_pinned(village: Village) -> None:
    post = village.post(village.ann)

    with pytest.raises(Invalid):
        pin(village.uow, by_staff(village.bob, post))
    village.uow.posts.rows.clear()
    with pytest.raises(NotFound):
        pin(village.uow, by_staff(village.bob, post))


def test_a_reason_has_a_limit(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees)

    with pytest.raises(Invalid):
        remove(moderated.uow, act(moderated.bob, post, "x" * (MAX_REASON + 1)))


class TestStaff:
    """Those who run the node, on the node."""

    def test_staff_remove_anywhere_but_only_here(self, village: Village) -> None:
        for community in (None, village.bees, village.far):
            post = village.post(village.zoe, community)
            assert remove(village.uow, by_staff(village.bob, post))
            assert village.stored(post).state is PostState.REMOVED
        assert not any(
            event.requested for event in village.uow.events if isinstance(event, PostRemoved)
        )

    def test_what_staff_took_down_is_not_brought_back_by_those_who_moderate_it(
        self, moderated: Village
    ) -> None:
        uow = moderated.uow
        ours, theirs = (
            moderated.post(moderated.zoe, community)
            for community in (moderated.bees, moderated.far)
        )
        for post in (ours, theirs):
            remove(uow, by_staff(moderated.bob, post))
        uow.take_events()

        for post, announced_by in ((ours, None), (theirs, moderated.far.id)):
            with pytest.raises(NotAllowed) as caught:
                restore(uow, act(moderated.zoe, post), announced_by)
            assert caught.value.reason is Reason.REMOVED
            assert moderated.stored(post).state is PostState.REMOVED
        assert uow.events == []

    def test_staff_lift_what_they_took_down(self, village: Village) -> None:
        post = village.post(village.zoe, village.far)
        remove(village.uow, by_staff(village.bob, post))

        assert restore(village.uow, by_staff(village.bob, post))
        assert remove(village.uow, act(village.zoe, post), village.far.id)
        assert restore(village.uow, act(village.zoe, post), village.far.id)

        assert village.stored(post).state is PostState.PUBLISHED
        assert [entry.action for entry in village.uow.reports.entries] == [
            ModerationAction.STAFF_REMOVE_POST,
            ModerationAction.RESTORE_POST,
            ModerationAction.REMOVE_POST,
            ModerationAction.RESTORE_POST,
        ]

    def test_staff_take_down_what_a_moderator_removed_before_and_tell_nobody_twice(
        self, moderated: Village
    ) -> None:
        post = moderated.post(moderated.ann, moderated.bees)
        remove(moderated.uow, act(moderated.zoe, post))
        moderated.uow.take_events()

        done = [remove(moderated.uow, by_staff(moderated.bob, post)) for _ in range(2)]

        assert done == [True, False]
        assert moderated.uow.events == []
        with pytest.raises(NotAllowed):
            restore(moderated.uow, act(moderated.zoe, post))

    @pytest.mark.parametrize("staff", [True, False])
    def test_authors_bring_nothing_back_that_others_removed_before_they_withdrew_it(
        self, moderated: Village, staff: bool
    ) -> None:
        post = moderated.post(moderated.ann, moderated.bees)
        remove(moderated.uow, replace(act(moderated.bob, post), staff=staff))
        withdraw(moderated.uow, post.id, moderated.ann.id, NOW)
        again = EditPost(
            post_id=post.id,
            editor_id=moderated.ann.id,
            content=post.content,
            edited_at=NOW,
            at=NOW,
        )

        with pytest.raises(NotAllowed) as caught:
            reinstate(moderated.uow, again)

        assert caught.value.reason is Reason.REMOVED
        assert moderated.stored(post).state is PostState.WITHDRAWN

    def test_nobody_elsewhere_is_staff_here(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)

        with pytest.raises(NotAllowed):
            remove(village.uow, by_staff(village.zoe, post))
