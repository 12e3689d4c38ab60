"""Following, blocking, and the ends of accounts."""

import pytest

from communities.accounts import Suspend, delete_person, move_person, suspend, unsuspend
from communities.community import Community, CommunityVisibility
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import CommunityChanged, FollowChanged, PersonBlocked, PersonChanged
from communities.following import accept, block, follow, reject, unblock, unfollow
from communities.people import ActorKey, ActorState, FollowState, Person
from communities.reports import ModerationAction
from tests.communities.village import NOW, Village


def told(village: Village) -> list[tuple[str, bool]]:
    return [
        (event.state, event.requested)
        for event in village.uow.take_events()
        if isinstance(event, FollowChanged)
    ]


def asks(
    village: Village,
    follower: Person | Community,
    followee: Person | Community,
    uri: str = "https://f/1",
) -> FollowState:
    return follow(village.uow, follower.id, followee.id, uri, NOW).state


class TestFollow:
    """People who follow people."""

    def test_an_open_account_is_followed_at_once(self, village: Village) -> None:
        assert asks(village, village.zoe, village.ann) is FollowState.ACCEPTED

        assert village.uow.events == [
            FollowChanged(
                follower_id=village.zoe.id,
                followee_id=village.ann.id,
                state="accepted",
                uri="https://f/1",
            )
        ]

    def test_a_locked_account_is_asked_and_answers_once(self, village: Village) -> None:
        kim = village.person("kim", locked=True)
        assert asks(village, village.zoe, kim) is FollowState.REQUESTED

        assert accept(village.uow, village.zoe.id, kim.id, NOW)
        assert not accept(village.uow, village.zoe.id, kim.id, NOW)

        assert told(village) == [("requested", False), ("accepted", False)]

    def test_someone_elsewhere_is_always_asked(self, village: Village) -> None:
        """Spec: security ORI-14."""
        assert asks(village, village.ann, village.zoe) is FollowState.REQUESTED

        assert told(village) == [("requested", True)]

    def test_the_same_follow_again_changes_nothing(self, village: Village) -> None:
        asks(village, village.zoe, village.ann)
        told(village)

        asks(village, village.zoe, village.ann)

        assert told(village) == []

    def test_a_follow_with_a_new_id_is_answered_again(self, village: Village) -> None:
        asks(village, village.zoe, village.ann)
        told(village)

        again = follow(village.uow, village.zoe.id, village.ann.id, "https://f/2", NOW)

        assert (again.state, again.uri) == (FollowState.ACCEPTED, "https://f/2")
        assert told(village) == [("accepted", False)]

    def test_an_accept_that_nobody_asked_for_counts_for_nothing(self, village: Village) -> None:
        assert not accept(village.uow, village.ann.id, village.zoe.id, NOW)

        assert village.uow.people.follow(village.ann.id, village.zoe.id) is None

    def test_a_follower_can_be_turned_away_and_can_go(self, village: Village) -> None:
        asks(village, village.zoe, village.ann)
        asks(village, village.ann, village.zoe)
        told(village)

        done = [
            reject(village.uow, village.zoe.id, village.ann.id),
            reject(village.uow, village.zoe.id, village.ann.id),
            unfollow(village.uow, village.ann.id, village.zoe.id),
            unfollow(village.uow, village.ann.id, village.zoe.id),
        ]

        assert done == [True, False, True, False]
        assert told(village) == [("rejected", False), ("ended", True)]

    def test_follows_that_make_no_sense_are_refused(self, village: Village) -> None:
        yan = village.person("yan", "third.example")

        with pytest.raises(Invalid):
            asks(village, village.ann, village.ann)
        with pytest.raises(Invalid):
            asks(village, village.ann, village.bees)
        with pytest.raises(Invalid):
            asks(village, village.bees, village.ann)
        with pytest.raises(NotFound):
            asks(village, village.zoe, yan)
        with pytest.raises(NotFound):
            follow(village.uow, village.ann.id, ActorKey(999), "https://f/1", NOW)
        assert village.uow.events == []

    def test_the_suspended_neither_follow_nor_are_followed(self, village: Village) -> None:
        village.suspend(village.ann)

        for follower, followee in ((village.ann, village.bob), (village.zoe, village.ann)):
            with pytest.raises(NotAllowed) as caught:
                asks(village, follower, followee)
            assert caught.value.reason is Reason.SUSPENDED


class TestGroups:
    """Communities that follow communities."""

    def test_public_groups_follow_each_other(self, village: Village) -> None:
        assert asks(village, village.far, village.bees) is FollowState.ACCEPTED
        assert asks(village, village.bees, village.far) is FollowState.REQUESTED

    def test_private_groups_neither_follow_nor_are_followed(self, village: Village) -> None:
        for visibility in (CommunityVisibility.PRIVATE, CommunityVisibility.SECRET):
            club = village.change(village.club, visibility=visibility)
            for follower, followee in ((village.far, club), (club, village.far)):
                with pytest.raises(NotAllowed) as caught:
                    asks(village, follower, followee)
                assert caught.value.reason is Reason.CLOSED


class TestBlock:
    """Blocks between people."""

    def test_a_block_ends_both_follows_and_is_told_once(self, village: Village) -> None:
        asks(village, village.zoe, village.ann)
        asks(village, village.ann, village.zoe)
        village.uow.take_events()

        done = [block(village.uow, village.ann.id, village.zoe.id, "b/1", NOW) for _ in range(2)]

        assert done == [True, False]
        assert village.uow.people.follows == {}
        assert village.uow.events[-1] == PersonBlocked(
            blocker_id=village.ann.id, blocked_id=village.zoe.id, blocked=True, uri="b/1"
        )
        assert told(village) == [("ended", True), ("rejected", False)]

    def test_whom_someone_blocked_cannot_follow_until_the_end_of_it(self, village: Village) -> None:
        block(village.uow, village.ann.id, village.zoe.id, "b/1", NOW)

        with pytest.raises(NotAllowed) as caught:
            asks(village, village.zoe, village.ann)
        assert caught.value.reason is Reason.BLOCKED

        assert unblock(village.uow, village.ann.id, village.zoe.id, "b/1", NOW)
        assert not unblock(village.uow, village.ann.id, village.zoe.id, "b/1", NOW)
        assert asks(village, village.zoe, village.ann) is FollowState.ACCEPTED

    def test_nobody_blocks_themselves(self, village: Village) -> None:
        with pytest.raises(Invalid):
            block(village.uow, village.ann.id, village.ann.id, "b/1", NOW)


class TestAccounts:
    """Deletion, moving and suspension."""

    def test_a_deletion_is_told_once_to_whom_it_names(self, village: Village) -> None:
        done = [delete_person(village.uow, village.ann.id, ("a.example",)) for _ in range(2)]

        assert done == [True, False]
        assert village.uow.events == [
            PersonChanged(person_id=village.ann.id, state="deleted", also_tell=("a.example",))
        ]

    def test_a_confirmed_move_is_told_once(self, village: Village) -> None:
        done = [
            move_person(village.uow, village.zoe.id, village.ann.id, confirmed=True)
            for _ in range(2)
        ]

        assert done == [True, False]
        assert village.uow.events == [
            PersonChanged(person_id=village.zoe.id, state="moved", moved_to=village.ann.uri)
        ]

    def test_a_move_that_the_target_does_not_confirm_is_refused(self, village: Village) -> None:
        """Spec: security ORI-16."""
        with pytest.raises(NotAllowed) as caught:
            move_person(village.uow, village.zoe.id, village.ann.id, confirmed=False)

        assert caught.value.reason is Reason.NOT_AUTHORITY
        assert village.uow.events == []

    def test_moves_do_not_go_in_a_circle(self, village: Village) -> None:
        move_person(village.uow, village.zoe.id, village.ann.id, confirmed=True)

        with pytest.raises(Conflict):
            move_person(village.uow, village.ann.id, village.zoe.id, confirmed=True)
        with pytest.raises(Invalid):
            move_person(village.uow, village.ann.id, village.ann.id, confirmed=True)

    def test_nobody_moves_from_or_to_a_suspended_account(self, village: Village) -> None:
        village.suspend(village.ann)

        for source, target in ((village.zoe, village.ann), (village.ann, village.zoe)):
            with pytest.raises(NotAllowed):
                move_person(village.uow, source.id, target.id, confirmed=True)

    def command(self, village: Village, subject: Person | Community) -> Suspend:
        return Suspend(subject_id=subject.id, moderator_id=village.bob.id, at=NOW, reason="spam")

    def test_a_suspension_is_logged_and_told_once_and_can_end(self, village: Village) -> None:
        command = self.command(village, village.zoe)

        done = [act(village.uow, command) for act in (suspend, suspend, unsuspend, unsuspend)]

        assert done == [True, False, True, False]
        assert [entry.action for entry in village.uow.reports.entries] == [
            ModerationAction.SUSPEND,
            ModerationAction.UNSUSPEND,
        ]
        assert village.uow.events == [
            PersonChanged(person_id=village.zoe.id, state="suspended"),
            PersonChanged(person_id=village.zoe.id, state="active"),
        ]

    def test_a_community_can_be_suspended(self, village: Village) -> None:
        assert suspend(village.uow, self.command(village, village.far))

        assert village.uow.communities.rows[village.far.id].state is ActorState.SUSPENDED
        assert village.uow.events == [
            CommunityChanged(
                community_id=village.far.id, actor_id=village.bob.id, state="suspended"
            )
        ]

    def test_suspensions_that_make_no_sense_are_refused(self, village: Village) -> None:
        delete_person(village.uow, village.zoe.id)
        by_zoe = Suspend(subject_id=village.ann.id, moderator_id=village.far.id, at=NOW)

        with pytest.raises(NotFound):
            suspend(village.uow, self.command(village, village.zoe))
        with pytest.raises(Invalid):
            suspend(village.uow, self.command(village, village.bob))
        with pytest.raises(NotAllowed):
            suspend(village.uow, by_zoe)

    def test_who_is_not_there_is_not_found(self, village: Village) -> None:
        with pytest.raises(NotFound):
            delete_person(village.uow, ActorKey(999))
