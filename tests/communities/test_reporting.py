"""Reports: complaints about people and posts, and what becomes of them."""

import pytest

from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.events import ReportFiled
from communities.limits import MAX_REASON
from communities.membership import Role
from communities.people import Person
from communities.posts import Post, Visibility
from communities.reporting import file_report, resolve_report
from communities.reports import ModerationAction, Report, ReportKey, ReportState
from tests.communities.village import NOW, Village


@pytest.fixture
def moderated(village: Village) -> Village:
    """The village with bob, and zoe from elsewhere, as moderators of the bees."""
    village.member(village.bees, village.bob, Role.MODERATOR)
    village.member(village.bees, village.zoe, Role.MODERATOR)
    return village


def report_of(
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


def test_a_report_of_a_post_goes_to_its_community_once(village: Village) -> None:
    post = village.post(village.ann, village.bees)

    filed = file_report(village.uow, report_of(village, village.zoe, village.ann, post))
    again = file_report(village.uow, report_of(village, village.zoe, village.ann, post))

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


def test_a_person_can_be_reported_without_a_post(village: Village) -> None:
    report = report_of(village, village.zoe, village.ann)

    assert file_report(village.uow, report) == file_report(village.uow, report)

    assert len(village.uow.events) == 1


def test_a_person_is_reported_once_as_long_as_the_first_report_is_open(village: Village) -> None:
    first, second, third = (report_of(village, village.zoe, village.ann) for _ in range(3))

    filed = [file_report(village.uow, first), file_report(village.uow, second)]
    resolve_report(village.uow, first.id, village.bob.id, NOW, staff=True)

    assert filed == [first, first]
    assert file_report(village.uow, third) == third
    assert [*village.uow.reports.rows] == [first.id, third.id]


def test_a_report_of_a_post_leaves_room_for_one_of_its_author(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    file_report(village.uow, report_of(village, village.zoe, village.ann, post))

    file_report(village.uow, report_of(village, village.zoe, village.ann))

    assert len(village.uow.reports.rows) == 2


def test_another_persons_report_counts_too(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    file_report(village.uow, report_of(village, village.zoe, village.ann, post))

    file_report(village.uow, report_of(village, village.bob, village.ann, post))

    assert len(village.uow.reports.rows) == 2


def test_what_one_cannot_see_one_cannot_report(village: Village) -> None:
    post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

    for reporter in (village.bob, village.zoe):
        with pytest.raises(NotFound):
            file_report(village.uow, report_of(village, reporter, village.ann, post))


def test_a_peers_own_actor_reports_what_its_members_see(village: Village) -> None:
    village.member(village.club, village.zoe)
    post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)
    instance = village.person("peer.example", village.zoe.host)

    report = file_report(village.uow, report_of(village, instance, village.ann, post))

    assert village.uow.reports.get(report.id) == report


def test_reports_that_make_no_sense_are_refused(village: Village) -> None:
    post = village.post(village.ann, village.bees)

    for bad in (
        report_of(village, village.ann, village.ann),
        report_of(village, village.zoe, village.bob, post),
        report_of(village, village.zoe, village.ann, post, "x" * (MAX_REASON + 1)),
    ):
        with pytest.raises(Invalid):
            file_report(village.uow, bad)
    assert village.uow.events == []


def test_a_moderator_resolves_a_report_once(moderated: Village) -> None:
    post = moderated.post(moderated.ann, moderated.bees)
    report = file_report(moderated.uow, report_of(moderated, moderated.bob, moderated.ann, post))

    done = [
        resolve_report(moderated.uow, report.id, moderated.zoe.id, NOW, reason="dealt with"),
        resolve_report(moderated.uow, report.id, moderated.zoe.id, NOW),
    ]

    assert done == [True, False]
    assert moderated.uow.reports.rows[report.id].state is ReportState.RESOLVED
    (entry,) = moderated.uow.reports.entries
    assert (entry.action, entry.reason) == (ModerationAction.RESOLVE_REPORT, "dealt with")


def test_who_moderates_nothing_resolves_nothing(village: Village) -> None:
    post = village.post(village.ann, village.bees)
    about_post = file_report(village.uow, report_of(village, village.zoe, village.ann, post))
    about_person = file_report(village.uow, report_of(village, village.zoe, village.ann))

    for report in (about_post, about_person):
        with pytest.raises(NotAllowed) as caught:
            resolve_report(village.uow, report.id, village.bob.id, NOW)
        assert caught.value.reason is Reason.ROLE
        assert resolve_report(village.uow, report.id, village.bob.id, NOW, staff=True)


def test_an_unknown_report_is_not_there(village: Village) -> None:
    with pytest.raises(NotFound):
        resolve_report(village.uow, ReportKey(99), village.bob.id, NOW)
