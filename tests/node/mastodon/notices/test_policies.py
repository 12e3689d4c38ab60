"""Whose notifications are let through, and the requests of the others."""

from collections.abc import Callable

from communities.notifications import NoticeKind
from communities.people import Person
from communities.posts import Post
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.telling import V1, V2, Told

AppsOf = Callable[[Person | None], App]


async def test_the_policy_is_read_and_changed_in_both_versions(as_: AppsOf, ada: Person) -> None:
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
    as_: AppsOf, people: list[Person], post: Post, told: Told
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
    as_: AppsOf, people: list[Person], told: Told, sqlite_storage: Storage
) -> None:
    ada, ben, app = people[0], people[1], as_(people[0])
    await told(ada, NoticeKind.FOLLOW, ben, filtered=True)
    (request,) = await app.get(f"{V1}/requests")

    assert await app.post(f"{V1}/requests/{request['id']}/accept") == {}

    assert len(await app.get(V1)) == 1
    assert await app.get(f"{V1}/requests") == []
    assert await app.get(f"{V1}/requests/merged") == {"merged": True}
    assert await sqlite_storage.read(lambda uow: uow.notice_policies.is_permitted(ada.id, ben.id))


async def test_who_is_dismissed_is_forgotten(as_: AppsOf, people: list[Person], told: Told) -> None:
    ada, app = people[0], as_(people[0])
    for each in people[1:4]:
        await told(ada, NoticeKind.FOLLOW, each, filtered=True)
    ids = [each["id"] for each in await app.get(f"{V1}/requests")]

    assert await app.post(f"{V1}/requests/{ids[0]}/dismiss") == {}
    assert await app.post(f"{V1}/requests/dismiss", json={"id": ids[1:2]}) == {}
    assert await app.post(f"{V1}/requests/accept", json={"id": ids[2:]}) == {}

    assert [one["account"]["acct"] for one in await app.get(V1)] == ["ben"]
    assert await app.get(f"{V1}/requests") == []


async def test_requests_are_nobody_elses(as_: AppsOf, people: list[Person], told: Told) -> None:
    await told(people[0], NoticeKind.FOLLOW, people[1], filtered=True)
    (request,) = await as_(people[0]).get(f"{V1}/requests")
    stranger = as_(people[2])

    for way in ("accept", "dismiss"):
        path = f"{V1}/requests/{request['id']}/{way}"
        assert (await stranger.call("POST", path)).status == 404
        assert await stranger.post(f"{V1}/requests/{way}", json={"id": [request["id"]]}) == {}
    assert len(await as_(people[0]).get(f"{V1}/requests")) == 1
