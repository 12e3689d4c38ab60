"""What moderators do to posts, and reports."""

from collections.abc import Callable

import pytest

from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PostLocked, PostPinned, PostRemoved, ReportFiled
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
from communities.reporting import file_report, resolve_report
from communities.reports import LogEntry, ModerationAction, Report, ReportKey, ReportState
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

    def test_nobody_elsewhere_is_staff_here(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)

        with pytest.raises(NotAllowed):
            remove(village.uow, by_staff(village.zoe, post))


class TestReports:
    """Complaints and what becomes of them."""

    def report(
        self,
        village: Village,
        reporter: Person,
        subject: Person,
        post: Post | None = None,
        reason: str = "spam",
    ) -> Report:
        return Report(
            id=ReportKey(village.key()),
            reporter_id=reporter.id,
            subject_id=subject.id,
            post_id=None if post is None else post.id,
            community_id=None,
            reason=reason,
            at=NOW,
        )

    def test_a_report_of_a_post_goes_to_its_community_once(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)

        filed = file_report(village.uow, self.report(village, village.zoe, village.ann, post))
        again = file_report(village.uow, self.report(village, village.zoe, village.ann, post))

        assert filed == again
        assert filed.community_id == village.bees.id
        assert village.uow.events == [
            ReportFiled(
                report_id=filed.id,
                reporter_id=village.zoe.id,
                subject_id=village.ann.id,
                post_id=post.id,
                community_id=village.bees.id,
            )
        ]

    def test_a_person_can_be_reported_without_a_post(self, village: Village) -> None:
        report = self.report(village, village.zoe, village.ann)

        assert file_report(village.uow, report) == file_report(village.uow, report)

        assert len(village.uow.events) == 1

    def test_another_persons_report_counts_too(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)
        file_report(village.uow, self.report(village, village.zoe, village.ann, post))

        file_report(village.uow, self.report(village, village.bob, village.ann, post))

        assert len(village.uow.reports.rows) == 2

    def test_what_one_cannot_see_one_cannot_report(self, village: Village) -> None:
        post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

        for reporter in (village.bob, village.zoe):
            with pytest.raises(NotFound):
                file_report(village.uow, self.report(village, reporter, village.ann, post))

    def test_a_peers_own_actor_reports_what_its_members_see(self, village: Village) -> None:
        village.member(village.club, village.zoe)
        post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)
        instance = village.person("peer.example", village.zoe.host)

        report = file_report(village.uow, self.report(village, instance, village.ann, post))

        assert village.uow.reports.get(report.id) == report

    def test_reports_that_make_no_sense_are_refused(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)

        for bad in (
            self.report(village, village.ann, village.ann),
            self.report(village, village.zoe, village.bob, post),
            self.report(village, village.zoe, village.ann, post, "x" * (MAX_REASON + 1)),
        ):
            with pytest.raises(Invalid):
                file_report(village.uow, bad)
        assert village.uow.events == []

    def test_a_moderator_resolves_a_report_once(self, moderated: Village) -> None:
        post = moderated.post(moderated.ann, moderated.bees)
        report = file_report(
            moderated.uow, self.report(moderated, moderated.bob, moderated.ann, post)
        )

        done = [
            resolve_report(moderated.uow, report.id, moderated.zoe.id, NOW, reason="dealt with"),
            resolve_report(moderated.uow, report.id, moderated.zoe.id, NOW),
        ]

        assert done == [True, False]
        assert moderated.uow.reports.rows[report.id].state is ReportState.RESOLVED
        (entry,) = moderated.uow.reports.entries
        assert (entry.action, entry.reason) == (ModerationAction.RESOLVE_REPORT, "dealt with")

    def test_who_moderates_nothing_resolves_nothing(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)
        about_post = file_report(village.uow, self.report(village, village.zoe, village.ann, post))
        about_person = file_report(village.uow, self.report(village, village.zoe, village.ann))

        for report in (about_post, about_person):
            with pytest.raises(NotAllowed) as caught:
                resolve_report(village.uow, report.id, village.bob.id, NOW)
            assert caught.value.reason is Reason.ROLE
            assert resolve_report(village.uow, report.id, village.bob.id, NOW, staff=True)

    def test_an_unknown_report_is_not_there(self, village: Village) -> None:
        with pytest.raises(NotFound):
            resolve_report(village.uow, ReportKey(99), village.bob.id, NOW)
