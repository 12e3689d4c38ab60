"""Notifications through the API, one by one."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from communities.notifications import NoticeKind
from communities.people import Person
from communities.posts import Post, Visibility
from communities.reports import Report, ReportKey
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.factories import World
from tests.support.telling import V1, V2, Told

AppsOf = Callable[[Person | None], App]


TYPES = {
    NoticeKind.MENTION: "mention",
    NoticeKind.REPLY: "mention",
    NoticeKind.DIRECT_MESSAGE: "mention",
    NoticeKind.REACTION: "favourite",
    NoticeKind.BOOST: "reblog",
    NoticeKind.NEW_POST: "status",
    NoticeKind.EDITED: "update",
    NoticeKind.POLL_ENDED: "poll",
    NoticeKind.FOLLOW: "follow",
    NoticeKind.FOLLOW_REQUEST: "follow_request",
    NoticeKind.JOIN_REQUEST: "follow_request",
}


@pytest.mark.parametrize("kind", TYPES)
async def test_a_notice_is_told_as_a_type_that_apps_know(
    as_: AppsOf, people: list[Person], post: Post, told: Told, kind: NoticeKind
) -> None:
    ada, ben = people[:2]
    about = None if "follow" in TYPES[kind] else post
    key = await told(ada, kind, ben, about)

    (one,) = await as_(ada).get(V1)

    assert (one["id"], one["type"]) == (str(key), TYPES[kind])
    assert one["account"]["acct"] == "ben"
    assert ("status" in one) is (about is not None)
    assert await as_(ada).get(f"{V1}/{key}") == one
    await as_(ada).get(V2)


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.INVITED,
        NoticeKind.ADMITTED,
        NoticeKind.TURNED_DOWN,
        NoticeKind.ROLE_CHANGED,
        NoticeKind.POST_RESTORED,
    ],
)
async def test_what_no_type_is_true_for_is_not_told_to_apps(
    as_: AppsOf, people: list[Person], told: Told, kind: NoticeKind
) -> None:
    key = await told(people[0], kind, people[1])

    assert await as_(people[0]).get(V1) == []
    assert await as_(people[0]).get(f"{V1}/unread_count") == {"count": 0}
    assert (await as_(people[0]).call("GET", f"{V1}/{key}")).status == 404


async def test_warnings_are_told_to_apps_alone_that_ask_for_them(
    as_: AppsOf, people: list[Person], post: Post, told: Told
) -> None:
    app = as_(people[0])
    await told(people[0], NoticeKind.POST_REMOVED, people[1], post, reason="off topic")

    assert await app.get(V1) == []
    for query in ("supported_types[]=moderation_warning", "types[]=moderation_warning"):
        (one,) = await app.get(f"{V1}?{query}")
        assert one["moderation_warning"]["action"] == "delete_statuses"
        assert one["moderation_warning"]["text"] == "off topic"


async def test_moderators_see_what_a_report_says(
    as_: AppsOf, people: list[Person], sqlite_storage: Storage, world: World, told: Told
) -> None:
    ada, ben, cyd = people[:3]
    report = Report(
        id=ReportKey(world.key()),
        reporter_id=ben.id,
        subject_id=cyd.id,
        post_id=None,
        community_id=None,
        reason="spam, and much of it",
        at=world.now,
    )
    await sqlite_storage.write(lambda uow: uow.reports.add(report))
    await told(ada, NoticeKind.REPORT, ben, report_id=report.id)

    (one,) = await as_(ada).get(V1)

    assert one["type"] == "admin.report"
    assert one["report"]["comment"] == "spam, and much of it"
    assert one["report"]["target_account"]["acct"] == "cyd"


async def test_apps_choose_types_and_accounts(
    as_: AppsOf, people: list[Person], post: Post, told: Told
) -> None:
    ada, ben, cyd = people[:3]
    await told(ada, NoticeKind.REACTION, ben, post)
    await told(ada, NoticeKind.BOOST, cyd, post)
    await told(ada, NoticeKind.FOLLOW, cyd)
    app = as_(ada)

    async def types(query: str) -> list[str]:
        return [one["type"] for one in await app.get(f"{V1}?{query}")]

    assert await types("") == ["follow", "reblog", "favourite"]
    assert await types("types[]=favourite&types[]=follow") == ["follow", "favourite"]
    assert await types("exclude_types[]=favourite&exclude_types[]=follow") == ["reblog"]
    assert await types(f"account_id={cyd.id}") == ["follow", "reblog"]
    assert await types("account_id=nobody") == []
    assert await types("types[]=carrier_pigeon") == []


async def test_pages_lead_on_and_end_and_lead_back(
    as_: AppsOf, people: list[Person], told: Told
) -> None:
    app = as_(people[0])
    keys = [str(await told(people[0], NoticeKind.FOLLOW, each)) for each in people[1:]]
    seen: list[str] = []
    url: str | None = f"{V1}?limit=2"
    back = ""

    while url is not None:
        reply = await app.call("GET", url)
        seen += [one["id"] for one in reply.json]
        links = {
            rel: link
            for link, rel in re.findall(r"<([^>]*)>; rel=\"(\w+)\"", reply.headers["Link"])
        }
        back = links["prev"]
        url = links["next"].partition("noaber.example")[2] if "next" in links else None

    assert seen == keys[::-1]
    newer = await app.get(back.partition("noaber.example")[2])
    assert [one["id"] for one in newer] == [keys[2], keys[1]]


async def test_what_a_person_may_not_see_any_more_is_left_out(
    as_: AppsOf, people: list[Person], sqlite_storage: Storage, world: World, told: Told
) -> None:
    ada, ben = people[:2]
    secret = await sqlite_storage.write(
        lambda uow: world.post(uow, ben, visibility=Visibility.DIRECT)
    )
    await told(ada, NoticeKind.NEW_POST, ben, secret)

    assert await as_(ada).get(V1) == []
    assert (await as_(ada).get(V2))["notification_groups"] == []


async def test_unread_ones_are_counted_up_to_the_marker(
    as_: AppsOf, people: list[Person], post: Post, told: Told
) -> None:
    ada, app = people[0], as_(people[0])
    keys = [await told(ada, NoticeKind.REACTION, each, post) for each in people[1:]]

    assert await app.get(f"{V1}/unread_count") == {"count": 5}
    assert await app.get(f"{V1}/unread_count?limit=3") == {"count": 3}
    assert await app.get(f"{V2}/unread_count") == {"count": 1}
    await app.post("/api/v1/markers", json={"notifications": {"last_read_id": str(keys[2])}})
    assert await app.get(f"{V1}/unread_count") == {"count": 2}


async def test_notifications_are_dismissed_and_cleared(
    as_: AppsOf, people: list[Person], told: Told
) -> None:
    ada, app = people[0], as_(people[0])
    keys = [await told(ada, NoticeKind.FOLLOW, each) for each in people[1:]]

    assert await app.post(f"{V1}/{keys[0]}/dismiss") == {}
    assert await app.post(f"{V1}/dismiss", data={"id": str(keys[1])}) == {}
    assert [one["id"] for one in await app.get(V1)] == [str(key) for key in keys[:1:-1]]
    assert (await as_(people[1]).call("POST", f"{V1}/{keys[2]}/dismiss")).status == 404
    assert await app.post(f"{V1}/clear") == {}
    assert await app.get(V1) == []


async def test_a_page_takes_the_same_statements_whatever_its_length(
    as_: AppsOf, people: list[Person], post: Post, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.connection import Connection

    ada = people[0]
    count = 0
    start = Connection._start

    def counted(self: Connection, *given: Any) -> Any:
        nonlocal count
        count += 1
        return start(self, *given)

    async def statements(path: str) -> int:
        nonlocal count
        count = 0
        await as_(ada).get(path)
        return count

    await told(ada, NoticeKind.REACTION, people[1], post)
    await told(ada, NoticeKind.MENTION, people[1], post)
    monkeypatch.setattr(Connection, "_start", counted)
    few = [await statements(path) for path in (V1, V2)]
    for each in people[2:]:
        await told(ada, NoticeKind.REACTION, each, post)
        await told(ada, NoticeKind.MENTION, each, post)
        await told(ada, NoticeKind.BOOST, each, post)

    many = [await statements(path) for path in (V1, V2)]

    # What is counted of an account is kept for a minute, so that a later page may need less.
    assert all(later <= first for later, first in zip(many, few, strict=True))


async def test_no_one_reads_without_the_token_of_a_person(as_: AppsOf) -> None:
    for path in (V1, V2, f"{V2}/policy", f"{V1}/requests"):
        assert (await as_(None).call("GET", path)).status == 401
