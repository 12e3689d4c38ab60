"""What an app does about other accounts: follow and join, block, mute, note."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from communities.community import CommunityVisibility, JoinPolicy
from communities.membership import MembershipState, Role
from communities.people import FollowState, Person
from communities.posts import Visibility
from communities.visibility import Viewer, sees
from node.mastodon.desk import Desk
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.statement_count import counting

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def ben(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ben")


async def lock(desk: Desk, person: Person) -> None:
    def unit(uow: UnitOfWork) -> None:
        profile = uow.actors.get(person.id)
        assert profile is not None
        uow.connection.run_text(f"UPDATE actors SET locked = true WHERE id = {person.id}")

    await desk.storage.write(unit)


async def test_an_open_account_is_followed_at_once(as_: As, ada: Person, ben: Person) -> None:
    made = await as_(ada).post(
        f"/api/v1/accounts/{ben.id}/follow",
        data={"reblogs": "false", "notify": "true", "languages[]": ["nl", "nds"]},
    )

    assert (made["following"], made["requested"]) == (True, False)
    assert (made["showing_reblogs"], made["notifying"]) == (False, True)
    assert made["languages"] == ["nl", "nds"]
    (seen,) = await as_(ben).get(f"/api/v1/accounts/relationships?id[]={ada.id}")
    assert (seen["followed_by"], seen["following"]) == (True, False)


async def test_following_again_changes_only_what_is_said(
    desk: Desk, as_: As, ada: Person, ben: Person
) -> None:
    path = f"/api/v1/accounts/{ben.id}/follow"
    await as_(ada).post(path, json={"reblogs": False})
    before = await desk.storage.read(lambda uow: uow.people.follow(ada.id, ben.id))

    made = await as_(ada).post(path, json={"notify": True})

    assert (made["showing_reblogs"], made["notifying"]) == (False, True)
    assert await desk.storage.read(lambda uow: uow.people.follow(ada.id, ben.id)) == before


async def test_a_follow_that_ended_is_shown_as_usual_when_it_begins_again(
    as_: As, ada: Person, ben: Person
) -> None:
    path = f"/api/v1/accounts/{ben.id}"
    await as_(ada).post(f"{path}/follow", json={"reblogs": False, "notify": True})

    ended = await as_(ada).post(f"{path}/unfollow")
    again = await as_(ada).post(f"{path}/follow")

    assert ended["following"] is False
    assert (again["showing_reblogs"], again["notifying"]) == (True, False)


@pytest.mark.parametrize("languages", [["<b>"], ["x" * 40], ["en"] * 3 + ["EN"], ["a"]])
async def test_languages_that_are_none_are_refused(
    as_: As, ada: Person, ben: Person, languages: list[str]
) -> None:
    reply = await as_(ada).call(
        "POST", f"/api/v1/accounts/{ben.id}/follow", json={"languages": languages}
    )

    assert reply.status == 422


async def test_who_follows_a_locked_account_waits_for_its_answer(
    desk: Desk, as_: As, ada: Person, ben: Person
) -> None:
    await lock(desk, ben)

    asked = await as_(ada).post(f"/api/v1/accounts/{ben.id}/follow")

    assert (asked["following"], asked["requested"]) == (False, True)
    (waiting,) = await as_(ben).get("/api/v1/follow_requests")
    assert waiting["id"] == str(ada.id)
    answered = await as_(ben).post(f"/api/v1/follow_requests/{ada.id}/authorize")
    assert (answered["followed_by"], answered["requested_by"]) == (True, False)
    assert await as_(ben).get("/api/v1/follow_requests") == []
    reply = await as_(ben).call("POST", f"/api/v1/follow_requests/{ada.id}/authorize")
    assert reply.status == 404


async def test_a_request_can_be_turned_down_and_taken_back(
    desk: Desk, as_: As, ada: Person, ben: Person
) -> None:
    await lock(desk, ben)
    path = f"/api/v1/accounts/{ben.id}"
    await as_(ada).post(f"{path}/follow")

    turned_down = await as_(ben).post(f"/api/v1/follow_requests/{ada.id}/reject")
    await as_(ada).post(f"{path}/follow")
    taken_back = await as_(ada).post(f"{path}/unfollow")

    assert turned_down["requested_by"] is False
    assert taken_back["requested"] is False
    assert await as_(ben).get("/api/v1/follow_requests") == []


async def test_a_follow_of_someone_elsewhere_waits_for_their_server(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    cyd = await desk.storage.write(world.remote_person, "cyd")

    asked = await as_(ada).post(f"/api/v1/accounts/{cyd.id}/follow")

    assert (asked["following"], asked["requested"]) == (False, True)
    assert await as_(ada).get("/api/v1/follow_requests") == []


async def test_an_open_community_is_joined_by_following_it_and_left_by_unfollowing(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    path = f"/api/v1/accounts/{bees.id}"

    joined = await as_(ada).post(f"{path}/follow", json={"reblogs": True})

    assert (joined["following"], joined["requested"]) == (True, False)
    assert joined["showing_reblogs"] is True
    membership = await desk.storage.read(lambda uow: uow.memberships.get(bees.id, ada.id))
    assert membership is not None
    assert membership.state is MembershipState.MEMBER
    assert (await as_(ada).post(f"{path}/unfollow"))["following"] is False
    membership = await desk.storage.read(lambda uow: uow.memberships.get(bees.id, ada.id))
    assert membership is not None
    assert membership.state is MembershipState.LEFT


async def test_a_community_that_asks_first_lets_one_wait(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    hive = await desk.storage.write(lambda uow: world.community(uow, "hive", join=JoinPolicy.ASK))

    asked = await as_(ada).post(f"/api/v1/accounts/{hive.id}/follow")

    assert (asked["following"], asked["requested"]) == (False, True)


async def test_a_community_by_invitation_takes_nobody_in_by_asking_and_keeps_no_trace(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    hive = await desk.storage.write(
        lambda uow: world.community(uow, "hive", join=JoinPolicy.INVITE)
    )

    reply = await as_(ada).call("POST", f"/api/v1/accounts/{hive.id}/follow")

    assert reply.status == 403
    assert "invites" in reply.json["error"]
    assert await desk.storage.read(lambda uow: uow.memberships.get(hive.id, ada.id)) is None


async def test_who_was_invited_joins_a_secret_community_by_following_it(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    def make(uow: UnitOfWork) -> int:
        hive = world.community(
            uow, "hive", visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE
        )
        world.member(uow, hive, ada, state=MembershipState.INVITED)
        return hive.id

    hive = await desk.storage.write(make)

    assert (await as_(ada).post(f"/api/v1/accounts/{hive}/follow"))["following"] is True


async def test_a_banned_person_does_not_get_in_by_following(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(lambda uow: world.member(uow, bees, ada, state=MembershipState.BANNED))

    reply = await as_(ada).call("POST", f"/api/v1/accounts/{bees.id}/follow")

    assert reply.status == 403
    (tie,) = await as_(ada).get(f"/api/v1/accounts/relationships?id[]={bees.id}")
    assert (tie["following"], tie["blocked_by"]) == (False, True)


async def test_the_last_owner_of_a_community_cannot_leave_it(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.OWNER)

    reply = await as_(ada).call("POST", f"/api/v1/accounts/{bees.id}/unfollow")

    assert reply.status == 403


async def test_a_block_ends_what_was_between_and_hides_what_is_written(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    for follower, followee in ((ada, ben), (ben, ada)):
        await desk.storage.write(world.follow, follower, followee)
    post = await desk.storage.write(lambda uow: world.post(uow, ada, visibility=Visibility.PUBLIC))

    made = await as_(ada).post(f"/api/v1/accounts/{ben.id}/block")

    assert (made["blocking"], made["following"], made["followed_by"]) == (True, False, False)
    viewer = Viewer(person_id=ben.id)
    assert not await desk.storage.read(lambda uow: sees(uow, viewer, post, desk.now()))
    assert (await as_(ben).call("POST", f"/api/v1/accounts/{ada.id}/follow")).status == 403
    (listed,) = await as_(ada).get("/api/v1/blocks")
    assert listed["id"] == str(ben.id)
    ended = await as_(ada).post(f"/api/v1/accounts/{ben.id}/unblock")
    assert (ended["blocking"], ended["following"]) == (False, False)
    assert await as_(ada).get("/api/v1/blocks") == []


async def test_who_blocks_a_community_leaves_it(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada)

    made = await as_(ada).post(f"/api/v1/accounts/{bees.id}/block")

    assert (made["blocking"], made["following"]) == (True, False)


async def test_a_community_bans_whom_it_blocks_and_lets_them_back(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.OWNER)
    await desk.storage.write(world.member, bees, ben)
    group = as_(ada).acting_as(bees.id)

    banned = await group.post(f"/api/v1/accounts/{ben.id}/block")

    assert (banned["blocking"], banned["followed_by"]) == (True, False)
    assert (await as_(ben).call("POST", f"/api/v1/accounts/{bees.id}/follow")).status == 403
    assert (await group.post(f"/api/v1/accounts/{ben.id}/unblock"))["blocking"] is False
    assert (await as_(ben).post(f"/api/v1/accounts/{bees.id}/follow"))["following"] is True


async def test_whoever_lost_their_office_bans_nobody_with_an_old_token(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada)
    await desk.storage.write(world.member, bees, ben)

    reply = await as_(ada).acting_as(bees.id).call("POST", f"/api/v1/accounts/{ben.id}/block")

    assert reply.status == 403


async def test_a_mute_ends_by_itself(as_: As, ada: Person, ben: Person, clock: Clock) -> None:
    path = f"/api/v1/accounts/{ben.id}/mute"

    made = await as_(ada).post(path, data={"duration": "3600", "notifications": "false"})

    assert (made["muting"], made["muting_notifications"]) == (True, False)
    assert made["muting_expires_at"].endswith("Z")
    (listed,) = await as_(ada).get("/api/v1/mutes")
    assert (listed["id"], listed["mute_expires_at"]) == (str(ben.id), made["muting_expires_at"])
    clock.advance(timedelta(hours=1))
    assert await as_(ada).get("/api/v1/mutes") == []
    (tie,) = await as_(ada).get(f"/api/v1/accounts/relationships?id[]={ben.id}")
    assert (tie["muting"], tie["muting_expires_at"]) == (False, None)


async def test_a_mute_without_an_end_is_for_good_until_it_is_ended(
    as_: As, ada: Person, ben: Person, clock: Clock
) -> None:
    await as_(ada).post(f"/api/v1/accounts/{ben.id}/mute", json={"duration": 0})
    clock.advance(timedelta(days=400))

    (tie,) = await as_(ada).get(f"/api/v1/accounts/relationships?id[]={ben.id}")
    ended = await as_(ada).post(f"/api/v1/accounts/{ben.id}/unmute")

    assert (tie["muting"], tie["muting_notifications"], tie["muting_expires_at"]) == (
        True,
        True,
        None,
    )
    assert (ended["muting"], ended["muting_notifications"]) == (False, False)


@pytest.mark.parametrize("verb", ["follow", "block", "mute"])
async def test_nobody_does_it_to_themselves(as_: As, ada: Person, verb: str) -> None:
    assert (await as_(ada).call("POST", f"/api/v1/accounts/{ada.id}/{verb}")).status == 422


async def test_a_note_is_for_its_writer_alone(as_: As, ada: Person, ben: Person) -> None:
    path = f"/api/v1/accounts/{ben.id}/note"

    assert (await as_(ada).post(path, data={"comment": " met in Assen "}))["note"] == "met in Assen"

    (seen,) = await as_(ben).get(f"/api/v1/accounts/relationships?id[]={ada.id}")
    assert seen["note"] == ""
    assert (await as_(ada).post(path, data={"comment": ""}))["note"] == ""
    assert (await as_(ada).call("POST", path, data={"comment": "n" * 2_001})).status == 422


async def test_a_follower_is_removed_without_being_told_by_a_block(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    await desk.storage.write(world.follow, ben, ada)

    made = await as_(ada).post(f"/api/v1/accounts/{ben.id}/remove_from_followers")

    assert (made["followed_by"], made["blocking"]) == (False, False)
    again = await as_(ada).post(f"/api/v1/accounts/{ben.id}/remove_from_followers")
    assert again["followed_by"] is False


async def test_a_hidden_server_is_listed_and_its_people_are_let_go(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    def make(uow: UnitOfWork) -> list[Person]:
        far = [world.remote_person(uow, f"p{number}", "far.example") for number in range(3)]
        world.follow(uow, far[0], ada)
        world.follow(uow, ada, far[1])
        world.follow(uow, ada, far[2], FollowState.REQUESTED)
        return far

    far = await desk.storage.write(make)

    assert (
        await as_(ada).post("/api/v1/domain_blocks", data={"domain": "https://Far.example/"}) == {}
    )

    assert await as_(ada).get("/api/v1/domain_blocks") == ["far.example"]
    asked = "&".join(f"id[]={person.id}" for person in far)
    for tie in await as_(ada).get(f"/api/v1/accounts/relationships?{asked}"):
        assert tie["domain_blocking"] is True
        assert (tie["following"], tie["requested"], tie["followed_by"]) == (False, False, False)
    assert await as_(ada).done("DELETE", "/api/v1/domain_blocks?domain=far.example") == {}
    assert await as_(ada).get("/api/v1/domain_blocks") == []


@pytest.mark.parametrize("host", ["", "noaber.example", "far", "a b.example", "x" * 260, "é..é"])
async def test_what_is_no_other_server_is_not_blocked(as_: As, ada: Person, host: str) -> None:
    reply = await as_(ada).call("POST", "/api/v1/domain_blocks", data={"domain": host})

    assert reply.status == 422


async def test_relationships_to_many_take_one_statement(
    desk: Desk, world: World, as_: As, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [(await desk.storage.write(world.person, f"p{number}")).id for number in range(40)]
    count = counting(monkeypatch)

    ties = await as_(ada).get(
        "/api/v1/accounts/relationships?" + "&".join(f"id[]={key}" for key in keys)
    )

    assert [int(tie["id"]) for tie in ties] == keys
    assert count() == 1


async def test_one_relationship_may_be_asked_for_without_brackets(
    as_: As, ada: Person, ben: Person
) -> None:
    (tie,) = await as_(ada).get(f"/api/v1/accounts/relationships?id={ben.id}")

    assert tie["id"] == str(ben.id)


async def test_nothing_is_done_without_a_token(as_: As, ben: Person) -> None:
    for verb in ("follow", "block", "mute", "note", "endorse", "remove_from_followers"):
        reply = await as_(None).call("POST", f"/api/v1/accounts/{ben.id}/{verb}")
        assert reply.status == 401
