"""What the verbs of moderators do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from communities import banning, joining, moderation, reporting
from communities.errors import NotAllowed, Reason
from communities.people import ActorKey
from communities.posts import Post
from communities.reports import Report, ReportKey
from communities.roles import Action, require
from communities.text import plain_text
from node.verbs import moderation_forms as forms
from node.verbs.answers import Answer, said, table
from node.verbs.desk import LINE, Desk, excerpt
from protocols.strict_json import JsonValue
from storage.unit_of_work import UnitOfWork

_Act = Callable[[UnitOfWork, moderation.ModeratePost], bool]


def on_post(act: _Act, done: str, was: str) -> Callable[[Desk, forms.OnPost], Awaitable[Answer]]:
    """The verb for one act on one post, with what to say when it did something and when not."""

    async def run(desk: Desk, form: forms.OnPost) -> Answer:
        moderator = await desk.finder.account(form.person)
        subject: Post = await desk.finder.post(form.post)
        command = moderation.ModeratePost(
            post_id=subject.id,
            moderator_id=moderator.id,
            at=desk.acting.now(),
            reason=form.reason,
            staff=form.staff,
        )
        changed = await desk.acting.run(act, command)
        asked = changed and await desk.node.storage.read(_decides_elsewhere, subject, form.staff)
        sentence = f"{subject.uri} {done if changed else was}"
        if asked:
            sentence = f"the community of {subject.uri} was asked; it decides"
        return said(sentence, changed=changed, requested=asked)

    return run


remove = on_post(moderation.remove, "is removed", "was removed already")
restore = on_post(moderation.restore, "is back", "was not removed")
lock = on_post(moderation.lock, "is locked", "was locked already")
unlock = on_post(moderation.unlock, "is open", "was not locked")
pin = on_post(moderation.pin, "is pinned", "was pinned already")
unpin = on_post(moderation.unpin, "is no longer pinned", "was not pinned")


def _decides_elsewhere(uow: UnitOfWork, post: Post, staff: bool) -> bool:  # noqa: FBT001 - a unit's argument
    if staff or post.community_id is None:
        return False
    community = uow.communities.get(post.community_id)
    return community is not None and not community.is_local


async def ban(desk: Desk, form: forms.Ban) -> Answer:
    """Ban a person from a community."""
    until = None if form.days is None else desk.acting.now() + timedelta(days=form.days)
    moderator = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    community = await desk.finder.community(form.community)
    command = banning.BanMember(
        community_id=community.id,
        person_id=whom.id,
        moderator_id=moderator.id,
        at=desk.acting.now(),
        until=until,
        reason=form.reason,
        remove_content=form.remove_content,
        staff=form.staff,
    )
    changed = await desk.acting.run(banning.ban, command)
    words = f"{desk.handle(whom)} {'is' if changed else 'was'} banned from {desk.handle(community)}"
    if changed and not community.is_local and not form.staff:
        words = f"{desk.handle(community)} was asked to ban {desk.handle(whom)}; it decides"
    return said(words, changed=changed)


async def unban(desk: Desk, form: forms.Unban) -> Answer:
    """End a ban."""
    moderator = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    community = await desk.finder.community(form.community)
    command = banning.BanMember(
        community_id=community.id,
        person_id=whom.id,
        moderator_id=moderator.id,
        at=desk.acting.now(),
        reason=form.reason,
        staff=form.staff,
    )
    changed = await desk.acting.run(banning.unban, command)
    words = "may join again" if changed else "was not banned from"
    return said(f"{desk.handle(whom)} {words} {desk.handle(community)}", changed=changed)


async def admit(desk: Desk, form: forms.Admit) -> Answer:
    """Let a person in who asked to join."""
    moderator = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    community = await desk.finder.community(form.community)
    at = desk.acting.now()
    found = await desk.acting.run(joining.admit, community.id, whom.id, moderator.id, at)
    sentence = f"{desk.handle(whom)} is a member of {desk.handle(community)}"
    return said(sentence, state=found.state.value)


async def turn_down(desk: Desk, form: forms.TurnDown) -> Answer:
    """Turn a person down who asked to join."""
    moderator = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    community = await desk.finder.community(form.community)
    at = desk.acting.now()
    found = await desk.acting.run(
        joining.refuse, community.id, whom.id, moderator.id, at, form.reason
    )
    sentence = f"{desk.handle(community)} does not let {desk.handle(whom)} in"
    return said(sentence, state=found.state.value)


async def reports(desk: Desk, form: forms.Reports) -> Answer:
    """Show the reports that are open."""
    person = await desk.finder.account(form.person)
    community_id = None
    if form.community is not None:
        community_id = (await desk.finder.community(form.community)).id
    rows = await desk.node.storage.read(_open_reports, desk, person.id, community_id, form.most)
    if not rows:
        return Answer(lines=["no report is open"], data={"reports": []})
    head = ("number", "since", "by", "about", "post", "reason")
    lines = table(head, [[row[name] for name in head] for row in rows])
    return Answer(lines=lines, data={"reports": [*rows]})


def _open_reports(
    uow: UnitOfWork, desk: Desk, person_id: ActorKey, community_id: ActorKey | None, most: int
) -> list[dict[str, JsonValue]]:
    """The queue of a community for its moderators; that of the node for who runs it."""
    if community_id is not None:
        community, reader = uow.communities.get(community_id), uow.people.get(person_id)
        if community is None or reader is None:
            raise NotAllowed(Reason.ROLE, "this is for moderators of the community")
        require(uow, community, reader, Action.RESOLVE_REPORT, desk.acting.now())
    return [_report_facts(uow, desk, one) for one in uow.reports.queue(community_id, most=most)]


def _report_facts(uow: UnitOfWork, desk: Desk, report: Report) -> dict[str, JsonValue]:
    reporter, subject = uow.actors.get(report.reporter_id), uow.actors.get(report.subject_id)
    post = None if report.post_id is None else uow.posts.get(report.post_id)
    return {
        "number": str(report.id),
        "since": report.at.isoformat(" ", "minutes"),
        "by": desk.handle(reporter),
        "about": desk.handle(subject),
        "post": "" if post is None else f"{post.id} {excerpt(post)}",
        "reason": plain_text(report.reason, LINE),
    }


async def resolve_report(desk: Desk, form: forms.ResolveReport) -> Answer:
    """Close a report."""
    person = await desk.finder.account(form.person)

    def unit(uow: UnitOfWork) -> bool:
        return reporting.resolve_report(
            uow,
            ReportKey(form.report),
            person.id,
            desk.acting.now(),
            reason=form.reason,
            staff=form.staff,
        )

    closed = await desk.acting.run(unit)
    return said(f"report {form.report} {'is' if closed else 'was'} closed", changed=closed)
