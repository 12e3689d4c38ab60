"""Notifications through the API: one by one, in groups, and as policies let them through."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities.notifications import NoticeKind, group_key
from communities.people import Person
from communities.posts import Post, Visibility
from communities.reports import Report, ReportKey
from storage.notifications import Notification
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]
V1, V2 = "/api/v1/notifications", "/api/v2/notifications"


@pytest.fixture
async def people(sqlite_storage: Storage, world: World) -> list[Person]:
    """Ada, and five others."""
    names = ("ada", "ben", "cyd", "dot", "eve", "fay")
    return [await sqlite_storage.write(world.person, name) for name in names]


@pytest.fixture
async def ada(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture
async def post(sqlite_storage: Storage, world: World, ada: Person) -> Post:
    return await sqlite_storage.write(world.post, ada)


class Told:
    """Tells people things, as the consumer of the event log does."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock

    async def __call__(
        self, person: Person, kind: NoticeKind, by: Person, post: Post | None = None, **more: Any
    ) -> int:
        post_id = None if post is None else post.id
        at = self.clock()
        one = Notification(
            person_id=person.id,
            kind=kind.value,
            actor_id=by.id,
            at=at,
            post_id=post_id,
            group_key=group_key(kind, post_id, at),
            **more,
        )

        def add(uow: UnitOfWork) -> int | None:
            if one.filtered:
                uow.notice_policies.hold(person.id, by.id, at=at)
            return uow.notifications.add(one)

        key = await self.storage.write(add)
        assert key is not None
        return key


@pytest.fixture
def told(sqlite_storage: Storage, clock: Clock) -> Told:
    return Told(sqlite_storage, clock)


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


class TestGroups:
    """The second version of the API."""

    async def test_like_ones_of_an_hour_are_one_group(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told, clock: Clock
    ) -> None:
        ada, app = people[0], as_(people[0])
        keys = [await told(ada, NoticeKind.REACTION, each, post) for each in people[1:4]]
        clock.advance(timedelta(hours=1))
        later = await told(ada, NoticeKind.REACTION, people[4], post)
        mention = await told(ada, NoticeKind.MENTION, people[5], post)

        found = await app.get(V2)

        groups = found["notification_groups"]
        assert [(group["type"], group["notifications_count"]) for group in groups] == [
            ("mention", 1),
            ("favourite", 1),
            ("favourite", 3),
        ]
        assert groups[0]["group_key"] == f"ungrouped-{mention}"
        assert groups[1]["most_recent_notification_id"] == later
        assert groups[2]["page_min_id"] == str(keys[0])
        assert groups[2]["page_max_id"] == str(keys[2])
        assert groups[2]["sample_account_ids"] == [str(each.id) for each in people[3:0:-1]]
        assert {group["status_id"] for group in groups} == {str(post.id)}
        assert [status["id"] for status in found["statuses"]] == [str(post.id)]
        assert len(found["accounts"]) == 5

    async def test_an_app_says_what_it_can_group(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told
    ) -> None:
        ada = people[0]
        keys = [await told(ada, NoticeKind.REACTION, each, post) for each in people[1:3]]
        for each in people[3:5]:
            await told(ada, NoticeKind.FOLLOW, each)

        found = await as_(ada).get(f"{V2}?grouped_types[]=follow")

        assert [group["notifications_count"] for group in found["notification_groups"]] == [2, 1, 1]
        assert found["notification_groups"][1]["group_key"] == f"ungrouped-{keys[1]}"

    async def test_pages_of_groups_hold_each_notification_once(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told
    ) -> None:
        ada, app = people[0], as_(people[0])
        first = await told(ada, NoticeKind.REACTION, people[1], post)
        middle = await told(ada, NoticeKind.FOLLOW, people[2])
        last = await told(ada, NoticeKind.REACTION, people[3], post)

        newest = await app.get(f"{V2}?limit=1")
        rest = await app.get(f"{V2}?max_id={last}")
        forward = await app.get(f"{V2}?min_id={first}&limit=1")

        (group,) = newest["notification_groups"]
        assert (group["page_min_id"], group["page_max_id"]) == (str(last), str(last))
        assert group["notifications_count"] == 2
        assert [each["page_max_id"] for each in rest["notification_groups"]] == [
            str(middle),
            str(first),
        ]
        assert [each["page_max_id"] for each in forward["notification_groups"]] == [str(middle)]

    async def test_the_latest_account_is_whole_and_others_are_pictures(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told
    ) -> None:
        for each in people[1:4]:
            await told(people[0], NoticeKind.BOOST, each, post)

        found = await as_(people[0]).get(f"{V2}?expand_accounts=partial_avatars")

        assert [account["acct"] for account in found["accounts"]] == ["dot"]
        assert [account["acct"] for account in found["partial_accounts"]] == ["cyd", "ben"]
        assert "note" not in found["partial_accounts"][0]

    async def test_one_group_is_read_and_dismissed(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told
    ) -> None:
        ada, app = people[0], as_(people[0])
        for each in people[1:4]:
            await told(ada, NoticeKind.REACTION, each, post)
        alone = await told(ada, NoticeKind.MENTION, people[4], post)
        key = (await app.get(V2))["notification_groups"][1]["group_key"]

        (group,) = (await app.get(f"{V2}/{key}"))["notification_groups"]
        accounts = await app.get(f"{V2}/{key}/accounts")

        assert group["notifications_count"] == 3
        assert [account["acct"] for account in accounts] == ["dot", "cyd", "ben"]
        assert (await as_(people[1]).call("GET", f"{V2}/{key}")).status == 404
        assert await app.post(f"{V2}/{key}/dismiss") == {}
        assert [one["id"] for one in await app.get(V1)] == [str(alone)]
        assert await app.post(f"{V2}/ungrouped-{alone}/dismiss") == {}
        assert (await app.call("GET", f"{V2}/ungrouped-{alone}")).status == 404
        assert (await app.call("GET", f"{V2}/ungrouped-nothing")).status == 404


class TestPolicies:
    """Who is let through."""

    async def test_the_policy_is_read_and_changed_in_both_versions(
        self, as_: AppsOf, ada: Person
    ) -> None:
        app = as_(ada)

        usual = await app.get(f"{V2}/policy")
        changed = await app.done(
            "PATCH",
            f"{V2}/policy",
            json={"for_not_following": "drop", "for_new_accounts": "filter"},
        )

        assert usual["for_private_mentions"] == "filter"
        assert usual["for_not_following"] == "accept"
        assert (changed["for_not_following"], changed["for_new_accounts"]) == ("drop", "filter")
        assert await app.get(f"{V2}/policy") == changed
        former = await app.done("PUT", f"{V1}/policy", json={"filter_new_accounts": False})
        assert former["filter_not_following"]
        assert not former["filter_new_accounts"]
        wrong = await app.call("PATCH", f"{V2}/policy", json={"for_new_accounts": "maybe"})
        assert wrong.status == 422

    async def test_who_is_held_back_waits_as_a_request(
        self, as_: AppsOf, people: list[Person], post: Post, told: Told
    ) -> None:
        ada, app = people[0], as_(people[0])
        await told(ada, NoticeKind.MENTION, people[1], post, filtered=True)
        await told(ada, NoticeKind.FOLLOW, people[1], filtered=True)
        await told(ada, NoticeKind.FOLLOW, people[2], filtered=True)

        requests = await app.get(f"{V1}/requests")

        assert await app.get(V1) == []
        assert len(await app.get(f"{V1}?include_filtered=true")) == 3
        assert [each["account"]["acct"] for each in requests] == ["cyd", "ben"]
        assert [each["notifications_count"] for each in requests] == ["1", "2"]
        assert requests[1]["last_status"]["id"] == str(post.id)
        assert await app.get(f"{V1}/requests/{requests[0]['id']}") == requests[0]
        assert (await app.get(f"{V2}/policy"))["summary"] == {
            "pending_requests_count": 2,
            "pending_notifications_count": 3,
        }

    async def test_who_is_accepted_is_heard_now_and_ever_after(
        self, as_: AppsOf, people: list[Person], told: Told, sqlite_storage: Storage
    ) -> None:
        ada, ben, app = people[0], people[1], as_(people[0])
        await told(ada, NoticeKind.FOLLOW, ben, filtered=True)
        (request,) = await app.get(f"{V1}/requests")

        assert await app.post(f"{V1}/requests/{request['id']}/accept") == {}

        assert len(await app.get(V1)) == 1
        assert await app.get(f"{V1}/requests") == []
        assert await app.get(f"{V1}/requests/merged") == {"merged": True}
        assert await sqlite_storage.read(
            lambda uow: uow.notice_policies.is_permitted(ada.id, ben.id)
        )

    async def test_who_is_dismissed_is_forgotten(
        self, as_: AppsOf, people: list[Person], told: Told
    ) -> None:
        ada, app = people[0], as_(people[0])
        for each in people[1:4]:
            await told(ada, NoticeKind.FOLLOW, each, filtered=True)
        ids = [each["id"] for each in await app.get(f"{V1}/requests")]

        assert await app.post(f"{V1}/requests/{ids[0]}/dismiss") == {}
        assert await app.post(f"{V1}/requests/dismiss", json={"id": ids[1:2]}) == {}
        assert await app.post(f"{V1}/requests/accept", json={"id": ids[2:]}) == {}

        assert [one["account"]["acct"] for one in await app.get(V1)] == ["ben"]
        assert await app.get(f"{V1}/requests") == []

    async def test_requests_are_nobody_elses(
        self, as_: AppsOf, people: list[Person], told: Told
    ) -> None:
        await told(people[0], NoticeKind.FOLLOW, people[1], filtered=True)
        (request,) = await as_(people[0]).get(f"{V1}/requests")
        stranger = as_(people[2])

        for way in ("accept", "dismiss"):
            path = f"{V1}/requests/{request['id']}/{way}"
            assert (await stranger.call("POST", path)).status == 404
            assert await stranger.post(f"{V1}/requests/{way}", json={"id": [request["id"]]}) == {}
        assert len(await as_(people[0]).get(f"{V1}/requests")) == 1


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

    assert many == few


async def test_no_one_reads_without_the_token_of_a_person(as_: AppsOf) -> None:
    for path in (V1, V2, f"{V2}/policy", f"{V1}/requests"):
        assert (await as_(None).call("GET", path)).status == 401
