"""Flag: reports from elsewhere about posts and people of ours, or posts in our communities.

Spec: ActivityStreams Flag; reference activitypub 3 "report" (Mastodon sends person and posts, from
an actor of its node; Lemmy a post and its reason in `summary`).
"""

from communities import reporting
from communities.errors import DomainError, NotFound
from communities.people import ActorKey
from communities.posts import Post, PostKey
from communities.reports import Report, ReportKey
from federation.activitypub.act import Act, Context, Handler, nothing_needed
from federation.activitypub.handle_deletes import reason_of
from storage.unit_of_work import UnitOfWork

MAX_REPORTED = 20
"""Posts of one Flag that get a report each; Mastodon sends the few that the reporter ticked."""


def flag_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """File a report for each post that is ours to judge, else one about the person.

    Raises:
        NotFound: none of it is ours to judge.
        DomainError: the report is refused.
    """
    uris = [named.id for named in act.activity.objects if named.id is not None]
    posts = [post for uri in uris if (post := uow.posts.by_uri(uri)) is not None]
    ours = [post for post in posts if _is_ours_to_judge(uow, post)][:MAX_REPORTED]
    if ours:
        _report_posts(uow, act, context, ours)
        return
    person = next((found for uri in uris if (found := uow.people.by_uri(uri)) is not None), None)
    if person is None or not person.is_local:
        raise NotFound("This is not for this node to judge")
    reporting.file_report(uow, _report(act, context, person.id, None))


def _report_posts(uow: UnitOfWork, act: Act, context: Context, posts: list[Post]) -> None:
    refusal: DomainError | None = None
    filed = 0
    for post in posts:
        try:
            reporting.file_report(uow, _report(act, context, post.author_id, post.id))
            filed += 1
        except DomainError as error:
            refusal = error
    if refusal is not None and not filed:
        raise refusal


def _is_ours_to_judge(uow: UnitOfWork, post: Post) -> bool:
    """Whether its author or community is of this node, or a moderator of it lives here."""
    if post.local:
        return True
    if post.community_id is None:
        return False
    community = uow.communities.get(post.community_id)
    if community is not None and community.is_local:
        return True
    moderators = uow.memberships.moderators(post.community_id)
    profiles = uow.actors.many([membership.person_id for membership in moderators])
    return any(profile.is_local for profile in profiles.values())


def _report(act: Act, context: Context, subject_id: ActorKey, post_id: PostKey | None) -> Report:
    return Report(
        id=ReportKey(context.snowflakes.mint_at(None, received=act.at)),
        reporter_id=act.actor,
        subject_id=subject_id,
        post_id=post_id,
        community_id=None,
        reason=reason_of(act.activity),
        at=act.at,
        uri=act.activity.id,
    )


FLAG = Handler(nothing_needed, flag_apply)
