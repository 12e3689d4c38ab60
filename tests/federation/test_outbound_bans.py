"""Bans on their way out: to the members' servers, and to that of the banned person."""

from dataclasses import replace
from datetime import timedelta

from communities import appointing, banning
from communities.appointing import ChangeRole
from communities.banning import BanMember
from communities.membership import Role
from communities.people import Person
from communities.posts import Post
from storage.unit_of_work import UnitOfWork
from tests.support.fixture_files import lemmy_keys
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    PIEFED,
    Village,
    at_host,
    inner,
)


def ban_of(village: Village, person: Person, **changes: object) -> BanMember:
    command = BanMember(
        community_id=village.bees.id,
        person_id=person.id,
        moderator_id=village.ada.id,
        at=village.world.tick(),
        reason="spam",
    )
    return replace(command, **changes)  # type: ignore[arg-type]  # fields of the command by name


async def moderate_trees(village: Village) -> Post:
    """Make bob a moderator of the community elsewhere; a post there."""

    def appoint(uow: UnitOfWork) -> Post:
        member = uow.memberships.get(village.trees.id, village.bob.id)
        assert member is not None
        uow.memberships.put(replace(member, role=Role.MODERATOR))
        return village.world.post(uow, village.members[LEMMY], village.trees)

    return await village.storage.write(appoint)


async def test_a_ban_names_the_community_and_its_end(village: Village) -> None:
    """The keys of lemmy/activities/block/block_user.json."""
    lem = village.members[LEMMY]
    until = village.world.now + timedelta(days=7)

    await village.do(banning.ban, ban_of(village, lem, until=until, remove_content=True))
    sent = await village.step()

    block = inner(at_host(sent, PIEFED)[0].document)
    assert lemmy_keys("block/block_user.json") <= block.keys()
    assert (block["type"], block["object"]) == ("Block", lem.uri)
    assert block["target"] == village.bees.uri
    assert block["endTime"] == block["expires"] == until.isoformat().replace("+00:00", "Z")
    assert block["removeData"] is True
    assert block["summary"] == "spam"


async def test_the_banned_persons_server_is_told_though_it_has_no_member_left(
    village: Village,
) -> None:
    lem = village.members[LEMMY]
    await village.do(banning.ban, ban_of(village, lem))
    left = await village.storage.read(lambda uow: uow.audiences.of(village.bees.id))

    sent = at_host(await village.step(), LEMMY)

    assert LEMMY not in {box.inbox.split("/")[2] for box in left}
    assert [inner(one.document)["type"] for one in sent] == ["Block"]


async def test_a_microblog_learns_of_a_ban_by_the_end_of_the_follow(village: Village) -> None:
    mas = village.members[MASTODON]
    membership = await village.storage.read(
        lambda uow: uow.memberships.get(village.bees.id, mas.id)
    )
    assert membership is not None

    await village.do(banning.ban, ban_of(village, mas))
    (told,) = at_host(await village.step(), MASTODON)

    assert told.document["type"] == "Reject"
    assert told.document["actor"] == village.bees.uri
    assert inner(told.document)["id"] == membership.uri


async def test_the_end_of_a_ban_undoes_the_block(village: Village) -> None:
    lem = village.members[LEMMY]
    await village.do(banning.ban, ban_of(village, lem))
    await village.skip()

    await village.do(banning.unban, ban_of(village, lem))
    sent = await village.step()

    undo = inner(at_host(sent, LEMMY)[0].document)
    block = inner(undo)
    assert undo["type"] == "Undo"
    assert (block["type"], block["object"], block["target"]) == (
        "Block",
        lem.uri,
        village.bees.uri,
    )
    assert "endTime" not in block


async def test_a_moderator_of_ours_asks_for_a_ban_elsewhere(village: Village) -> None:
    await moderate_trees(village)
    lem = village.members[LEMMY]
    command = ban_of(village, lem, community_id=village.trees.id, moderator_id=village.bob.id)

    await village.do(banning.ban, command)
    (sent,) = await village.step()

    assert sent.host == LEMMY
    assert (sent.document["type"], sent.document["target"]) == ("Block", village.trees.uri)


async def test_a_ban_that_was_lifted_before_the_step_is_told_and_undone(
    village: Village,
) -> None:
    lem = village.members[LEMMY]
    await village.do(banning.ban, ban_of(village, lem))
    await village.do(banning.unban, ban_of(village, lem))

    sent = at_host(await village.step(), PIEFED)

    assert [inner(one.document)["type"] for one in sent] == ["Block", "Undo"]


async def test_a_moderator_who_was_banned_before_the_step_is_told_of_both(
    village: Village,
) -> None:
    lem = village.members[LEMMY]
    change = ChangeRole(
        community_id=village.bees.id,
        person_id=lem.id,
        role=Role.MODERATOR,
        moderator_id=village.ada.id,
        at=village.world.tick(),
    )
    await village.do(appointing.grant_role, change)
    await village.do(banning.ban, ban_of(village, lem))

    sent = at_host(await village.step(), LEMMY)

    assert [inner(one.document)["type"] for one in sent] == ["Add", "Block"]
