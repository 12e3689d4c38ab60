"""Reports: to the moderators of the community where a post stands, else to who runs the node."""

from http import HTTPStatus

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import PostKey
from communities.reporting import file_report
from communities.reports import Report, ReportCategory, ReportKey
from communities.visibility import Viewer
from node.app import Access, Handler, Route
from node.auth import required_caller
from node.errors import Refusal
from node.mastodon.account_lookup import known_account
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.relationships import ReportFacts, report
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

MAX_COMMENT = 1_000
MAX_STATUSES = 20
_MAX_RULES = 50
_MAX_RULE = 20


def report_routes(desk: Desk) -> list[Route]:
    """One call: to report."""
    return [
        Route(
            method="POST",
            path="/api/v1/reports",
            handler=_report(desk),
            access=Access.APP_USER,
            name="api-report",
            scope="write:reports",
        )
    ]


def _report(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        caller = required_caller(request)
        if caller.person_id is None:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, "This method requires an authenticated user"
            )
        return reply(await desk.acting.run(_file, desk, caller.person_id, parameters))

    return answer


def _file(uow: UnitOfWork, desk: Desk, person_id: ActorKey, parameters: Parameters) -> Entity:
    """One report for each post, since each may have moderators of its own; or one of the account.

    The person reports, also where the app acts as a community: moderators must know by whom.
    """
    target = known_account(uow, Viewer(person_id=person_id), _target(parameters))
    posts: list[PostKey | None] = [*_posts(uow, parameters)]
    rules = _rules(parameters)
    comment = (parameters.text("comment") or "").strip()
    if len(comment) > MAX_COMMENT:
        raise invalid(f"Comment is too long (maximum is {MAX_COMMENT} characters)")
    category = _category(parameters, rules)
    forward = parameters.is_set("forward")
    at = desk.now()
    filed = [
        file_report(
            uow,
            Report(
                id=ReportKey(desk.snowflakes.mint()),
                reporter_id=person_id,
                subject_id=_subject(uow, target, post_id),
                post_id=post_id,
                community_id=None,
                reason=comment,
                at=at,
                uri=desk.uris.request(desk.snowflakes.mint()),
                category=category,
                rules=rules,
            ),
            forward=forward,
        )
        for post_id in posts or [None]
    ]
    facts = ReportFacts(
        id=filed[0].id,
        category=category.value,
        comment=comment,
        created_at=filed[0].at,
        forwarded=forward and not target.is_local,
        status_ids=[post_id for post_id in posts if post_id is not None],
        rule_ids=rules,
    )
    return report(facts, desk.presenter.accounts(uow, [target.id])[target.id])


def _subject(uow: UnitOfWork, target: Profile, post_id: PostKey | None) -> ActorKey:
    """Whom the report is about: apps name the community that boosted a thread of somebody."""
    post = None if post_id is None or target.kind != "community" else uow.posts.get(post_id)
    return target.id if post is None else post.author_id


def _target(parameters: Parameters) -> ActorKey:
    key = key_of(parameters.required("account_id"))
    if key is None:
        raise NotFound("There is no such account")
    return ActorKey(key)


def _posts(uow: UnitOfWork, parameters: Parameters) -> list[PostKey]:
    """The posts that are named; an id of a boost stands for what is boosted."""
    texts = parameters.texts("status_ids")
    if len(texts) > MAX_STATUSES:
        raise invalid(f"More than {MAX_STATUSES} posts are too many for one report")
    found: list[PostKey] = []
    for text in texts:
        key = key_of(text)
        entry = None if key is None else uow.feeds.entry(key)
        if entry is None:
            raise NotFound("There is no such post")
        found.append(entry.post_id)
    return [*dict.fromkeys(found)]


def _rules(parameters: Parameters) -> tuple[str, ...]:
    rules = tuple(dict.fromkeys(parameters.texts("rule_ids")))
    if len(rules) > _MAX_RULES or not all(
        rule.isascii() and rule.isdigit() and len(rule) <= _MAX_RULE for rule in rules
    ):
        raise invalid("rule_ids must be ids of rules")
    return rules


def _category(parameters: Parameters, rules: tuple[str, ...]) -> ReportCategory:
    """The category; who names rules means a violation. Spec: Mastodon API "reports"."""
    if rules:
        return ReportCategory.VIOLATION
    try:
        return ReportCategory(parameters.text("category") or ReportCategory.OTHER)
    except ValueError:
        raise invalid("Category is not included in the list") from None
