"""Notifications in groups, as the second version of the API tells them."""

from collections.abc import Callable
from datetime import timedelta

from communities.notifications import NoticeKind
from communities.people import Person
from communities.posts import Post
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.telling import V1, V2, Told

AppsOf = Callable[[Person | None], App]


async def test_like_ones_of_an_hour_are_one_group(
    as_: AppsOf, people: list[Person], post: Post, told: Told, clock: Clock
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
    as_: AppsOf, people: list[Person], post: Post, told: Told
) -> None:
    ada = people[0]
    keys = [await told(ada, NoticeKind.REACTION, each, post) for each in people[1:3]]
    for each in people[3:5]:
        await told(ada, NoticeKind.FOLLOW, each)

    found = await as_(ada).get(f"{V2}?grouped_types[]=follow")

    assert [group["notifications_count"] for group in found["notification_groups"]] == [2, 1, 1]
    assert found["notification_groups"][1]["group_key"] == f"ungrouped-{keys[1]}"


async def test_pages_of_groups_hold_each_notification_once(
    as_: AppsOf, people: list[Person], post: Post, told: Told
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
    as_: AppsOf, people: list[Person], post: Post, told: Told
) -> None:
    for each in people[1:4]:
        await told(people[0], NoticeKind.BOOST, each, post)

    found = await as_(people[0]).get(f"{V2}?expand_accounts=partial_avatars")

    assert [account["acct"] for account in found["accounts"]] == ["dot"]
    assert [account["acct"] for account in found["partial_accounts"]] == ["cyd", "ben"]
    assert "note" not in found["partial_accounts"][0]


async def test_one_group_is_read_and_dismissed(
    as_: AppsOf, people: list[Person], post: Post, told: Told
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
