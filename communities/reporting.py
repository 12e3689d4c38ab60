"""Reports: complaints about people and posts, and closing them."""

from dataclasses import replace
from datetime import datetime

from communities.actors import Actor, find_actor, find_community, require_actor
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.events import ReportFiled
from communities.limits import check_reason
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import Post
from communities.reports import LogEntry, ModerationAction, Report, ReportKey
from communities.roles import Action, require
from communities.visibility import Viewer, sees


def file_report(uow: UnitOfWork, report: Report, *, forward: bool = True) -> Report:
    """Put a report in the queue and tell the moderators.

    A report of a post goes to the community of that post, whatever it names. As long as the first
    is open, a second one by the same reporter about the same post, or about the same person
    without a post, changes nothing and answers with the first. `forward` lets the subject's own
    server know, too; that of the community always gets to.

    Raises:
        NotFound: the post or person is not there for the reporter.
        NotAllowed: the reporter is suspended.
        Invalid: the reason is too long, the post is not by the subject, or one reports oneself.
    """
    check_reason(report.reason)
    reporter = require_actor(uow, report.reporter_id)
    find_actor(uow, report.subject_id)
    if report.subject_id == reporter.id:
        raise Invalid("subject", "Nobody reports themselves")
    if report.post_id is not None:
        post = _find_post(uow, report, reporter)
        report = replace(report, community_id=post.community_id)
    earlier = uow.reports.find_open(reporter.id, report.subject_id, report.post_id)
    if earlier is not None:
        return earlier
    uow.reports.add(report)
    uow.record(
        ReportFiled(
            report_id=report.id,
            reporter_id=report.reporter_id,
            subject_id=report.subject_id,
            post_id=report.post_id,
            community_id=report.community_id,
            forward=forward,
        )
    )
    return report


def resolve_report(
    uow: UnitOfWork,
    report_id: ReportKey,
    moderator_id: ActorKey,
    at: datetime,
    *,
    reason: str = "",
    staff: bool = False,
) -> bool:
    """Close a report; False when it was closed already.

    `staff` says that the moderator runs this node (checked by the surface); a report outside all
    communities is theirs alone.

    Raises:
        NotFound: there is no such report.
        NotAllowed: who closes it does not moderate the community.
        Invalid: the reason is too long.
    """
    check_reason(reason)
    report = uow.reports.get(report_id)
    if report is None:
        raise NotFound("No such report")
    moderator = require_actor(uow, moderator_id)
    if not staff or not moderator.is_local:
        if report.community_id is None:
            raise NotAllowed(Reason.ROLE, "This report is for those who run this node")
        community = find_community(uow, report.community_id)
        require(uow, community, moderator, Action.RESOLVE_REPORT, at)
    if not uow.reports.resolve(report_id, by=moderator_id, at=at):
        return False
    uow.reports.log(
        LogEntry(
            at=at,
            moderator_id=moderator_id,
            action=ModerationAction.RESOLVE_REPORT,
            community_id=report.community_id,
            subject_id=report.subject_id,
            post_id=report.post_id,
            reason=reason,
        )
    )
    return True


def _find_post(uow: UnitOfWork, report: Report, reporter: Actor) -> Post:
    post = None if report.post_id is None else uow.posts.get(report.post_id)
    # Peers file reports through one actor of their own, for whoever of theirs saw the post.
    viewer = Viewer(person_id=reporter.id) if reporter.host is None else Viewer(host=reporter.host)
    if post is None or not sees(uow, viewer, post, report.at):
        raise NotFound("No such post")
    if post.author_id != report.subject_id:
        raise Invalid("subject", "This post is by someone else")
    return post
