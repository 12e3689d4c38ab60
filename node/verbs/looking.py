"""What the verbs show: threads, a post with its comments, what happened to one."""

from datetime import datetime

from communities.errors import NotFound
from communities.membership import MembershipState
from communities.people import ActorKey
from communities.posts import Post
from communities.text import plain_text
from communities.visibility import Viewer, sees
from node.verbs import act_forms as forms
from node.verbs.answers import Answer, printable, table
from node.verbs.desk import Desk, excerpt, post_facts
from protocols.strict_json import JsonObject, JsonValue
from storage.notifications import Notification
from storage.timelines import Entry, ThreadOrder
from storage.unit_of_work import UnitOfWork

_INDENT = "  "
_DEEPEST_INDENT = 10


async def timeline(desk: Desk, form: forms.Timeline) -> Answer:
    """Threads of one community, or of all that a person is a member of."""
    person = await desk.finder.account(form.person)
    if form.community is None:
        communities = await desk.node.storage.read(_joined, person.id)
    else:
        communities = [(await desk.finder.community(form.community)).id]
    order = ThreadOrder(form.order)
    facts = await desk.node.storage.read(_threads, desk, communities, order, form.most)
    if not facts:
        nothing = "nothing was posted" if communities else "a member of no community yet"
        return Answer(lines=[nothing], data={"posts": []})
    head = ("number", "title", "community", "author", "votes", "comments")
    rows = [
        [
            one["number"],
            one["title"] or one["text"],
            one["community"],
            one["author"],
            f"+{one['likes']} -{one['dislikes']}",
            one["comments"],
        ]
        for one in facts
    ]
    return Answer(lines=table(head, rows), data={"posts": [*facts]})


def _joined(uow: UnitOfWork, person_id: ActorKey) -> list[ActorKey]:
    return [
        row.community_id for row in uow.memberships.of_person(person_id, MembershipState.MEMBER)
    ]


def _threads(
    uow: UnitOfWork, desk: Desk, communities: list[ActorKey], order: ThreadOrder, most: int
) -> list[JsonObject]:
    entries: list[Entry] = []
    for community_id in communities:
        entries.extend(uow.timelines.threads(community_id, order, most=most))
    entries.sort(key=lambda entry: (entry.rank, entry.post.id), reverse=True)
    return [post_facts(uow, desk, entry.post) for entry in entries[:most]]


async def show(desk: Desk, form: forms.Show) -> Answer:
    """A post with its comments."""
    person = await desk.finder.account(form.person)
    post = await desk.finder.post(form.post)
    posts = await desk.node.storage.read(_thread, desk, person.id, post)
    facts = await desk.node.storage.read(_facts_of, desk, posts)
    lines: list[str] = []
    for one, told in zip(posts, facts, strict=True):
        lines.extend(_shown(one, told))
    return Answer(lines=lines, data={"posts": [*facts]})


def _thread(uow: UnitOfWork, desk: Desk, person_id: ActorKey, post: Post) -> list[Post]:
    viewer = Viewer(person_id=person_id)
    if not sees(uow, viewer, post, desk.acting.now()):
        raise NotFound(f"there is no post {post.id} here")
    found = [entry.post for entry in uow.timelines.thread(post.root_id)]
    return found or [post]


def _facts_of(uow: UnitOfWork, desk: Desk, posts: list[Post]) -> list[JsonObject]:
    return [post_facts(uow, desk, post) for post in posts]


def _shown(post: Post, facts: JsonObject) -> list[str]:
    indent = _INDENT * min(post.depth, _DEEPEST_INDENT)
    marks = [word for word, holds in (("pinned", post.pinned), ("locked", post.locked)) if holds]
    if post.state.value != "published":
        marks.append(post.state.value)
    if post.visibility.value != "public":
        marks.append(post.visibility.value)
    tail = f" [{', '.join(marks)}]" if marks else ""
    lines = [
        f"{indent}{facts['author']}  +{facts['likes']} -{facts['dislikes']}"
        f"  {post.published_at:%Y-%m-%d %H:%M}  number {post.id}{tail}"
    ]
    if post.content.title:
        lines.append(f"{indent}{printable(post.content.title)}")
    if post.content.link:
        lines.append(f"{indent}{printable(post.content.link)}")
    text = plain_text(post.content.html, 10_000)
    lines.extend(f"{indent}{line}" for line in printable(text).splitlines())
    poll = post.content.poll
    lines.extend(
        f"{indent}( ) {printable(option.name)}: {option.votes}"
        for option in (poll.options if poll is not None else ())
    )
    return [*lines, ""]


async def notifications(desk: Desk, form: forms.Notifications) -> Answer:
    """What happened to a person, newest first."""
    person = await desk.finder.account(form.person)
    rows = await desk.node.storage.read(_notices, desk, person.id, form.most)
    if form.read and rows:
        newest = max(int(str(row["number"])) for row in rows)
        await desk.acting.run(_mark_read, person.id, newest, desk.acting.now())
    if not rows:
        return Answer(lines=["nothing happened yet"], data={"notifications": []})
    head = ("when", "what", "who", "where", "post")
    lines = table(head, [[row[name] for name in head] for row in rows])
    return Answer(lines=lines, data={"notifications": [*rows]})


def _notices(
    uow: UnitOfWork, desk: Desk, person_id: ActorKey, most: int
) -> list[dict[str, JsonValue]]:
    return [_notice(uow, desk, one) for one in uow.notifications.page(person_id, most=most)]


def _notice(uow: UnitOfWork, desk: Desk, told: Notification) -> dict[str, JsonValue]:
    actor = uow.actors.get(told.actor_id)
    community = None if told.community_id is None else uow.actors.get(told.community_id)
    post = None if told.post_id is None else uow.posts.get(told.post_id)
    return {
        "number": str(told.id),
        "when": told.at.isoformat(" ", "minutes"),
        "what": told.kind if told.read_at else f"{told.kind} (new)",
        "who": desk.handle(actor),
        "where": desk.handle(community),
        "post": "" if post is None else f"{post.id} {excerpt(post)}",
    }


def _mark_read(uow: UnitOfWork, person_id: ActorKey, up_to: int, at: datetime) -> None:
    uow.notifications.mark_read(person_id, up_to=up_to, at=at)
