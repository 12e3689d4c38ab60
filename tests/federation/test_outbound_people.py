"""People and communities themselves on their way out: edited, moved, gone, blocked."""

from dataclasses import replace

import pytest

from communities import accounts, following, founding
from communities.accounts import Suspend
from communities.events import CommunityChanged, PersonChanged
from communities.fields import render_field
from communities.people import ActorState
from federation import farewell_job as module
from federation.farewell_job import farewell_job
from federation.wanted_jobs import FAREWELL_JOB
from protocols.activitypub import integrity_proofs
from protocols.activitypub.vocabulary import PUBLIC, ActivityType, Actor, ActorType
from protocols.key_formats import load_private_pem, public_half
from storage.peers import PeerPolicy
from storage.unit_of_work import UnitOfWork
from tests.support import spec_keys
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.fixture_files import lemmy_keys, recorded
from tests.support.job_bench import Bench
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    SOFTWARE,
    UNKNOWN,
    Sent,
    Village,
    at_host,
    inner,
    sent_after,
    to_hosts,
)

BLOCK = HOME.request(5)


async def rename_bees(village: Village) -> None:
    changed = replace(village.bees, name="Bees and wasps")
    await village.do(founding.edit_community, changed, village.ada.id, village.world.now)


async def close_bees(village: Village) -> None:
    await village.do(founding.close_community, village.bees.id, village.ada.id, village.world.now)


async def test_an_edited_profile_goes_to_followers_and_to_servers_of_communities(
    village: Village,
) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)

    await village.record(PersonChanged(person_id=village.bob.id))
    sent = await village.step()

    assert to_hosts(sent) == [LEMMY, MASTODON]
    update = sent[0].activity
    person = update.object
    assert update.type is ActivityType.UPDATE
    assert isinstance(person, Actor)
    assert (person.id, person.type) == (village.bob.uri, ActorType.PERSON)
    assert {key.id for key in person.keys} == {
        HOME.main_key(village.bob.uri),
        HOME.ed25519_key(village.bob.uri),
    }
    recorded_person = recorded("lemmy-assets/lemmy/objects/person.json")
    wanted = recorded_person.keys() - {"@context", "icon", "image", "summary", "source", "updated"}
    assert wanted - {"matrixUserId"} <= inner(sent[0].document).keys()


async def test_an_edited_profile_has_a_proof(village: Village) -> None:
    await village.record(PersonChanged(person_id=village.bob.id))

    (sent,) = await village.step()

    key = public_half(load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True))
    integrity_proofs.verify(sent.document, key)


async def test_someone_who_moves_tells_the_followers(village: Village) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    target = village.members[LEMMY]

    await village.do(
        lambda uow: accounts.move_person(uow, village.bob.id, target.id, confirmed=True)
    )
    (sent,) = await village.step()

    assert sent.host == MASTODON
    assert sent.document["type"] == "Move"
    assert sent.document["object"] == village.bob.uri
    assert sent.document["target"] == target.uri


@pytest.mark.parametrize("state", [ActorState.SUSPENDED, ActorState.LIMITED])
async def test_what_this_node_decided_about_someone_is_told_to_nobody(
    village: Village, state: ActorState
) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)

    await village.record(
        PersonChanged(person_id=village.bob.id, state=state),
        CommunityChanged(community_id=village.bees.id, actor_id=village.ada.id, state=state),
    )

    assert await village.step() == []


async def farewells(village: Village, clock: Clock) -> list[Sent]:
    """Run the farewell of the last step."""
    bench = Bench(village.storage, clock, {FAREWELL_JOB: farewell_job(village.storage, now=clock)})
    await bench.run_all()
    return await village.storage.read(sent_after, 0)


async def test_who_is_deleted_is_taken_off_every_server_ever_known(
    village: Village, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys of lemmy/activities/deletion/delete_user.json."""
    monkeypatch.setattr(module, "PAGE", 3)

    def others(uow: UnitOfWork) -> None:
        for number in range(5):
            host = f"stranger{number}.example"
            village.world.remote_person(uow, "any", host)
            uow.peers.ensure(f"https://{host}", at=village.world.now)
        uow.peers.ensure("https://nobody.example", at=village.world.now)
        uow.peers.decide(
            "https://stranger4.example", PeerPolicy.BLOCK, reason="", at=village.world.now
        )

    await village.storage.write(others)
    await village.do(accounts.delete_person, village.bob.id)
    at_once = await village.step()
    sent = await farewells(village, clock)

    assert at_once == []
    strangers = [f"stranger{number}.example" for number in range(4)]
    assert to_hosts(sent) == sorted([*SOFTWARE, *strangers])
    assert len({one.body for one in sent}) == 1
    farewell = sent[0].document
    assert lemmy_keys("deletion/delete_user.json") <= farewell.keys()
    assert (farewell["type"], farewell["object"]) == ("Delete", village.bob.uri)
    assert farewell["to"] == [PUBLIC]


async def test_an_edited_community_is_announced_and_speaks_for_itself_to_microblogs(
    village: Village,
) -> None:
    """The keys of lemmy/activities/community/update_community.json."""
    await rename_bees(village)
    sent = await village.step()

    announces = [one for one in sent if one.document["type"] == "Announce"]
    (direct,) = [one for one in sent if one.document["type"] == "Update"]
    assert to_hosts(announces) == [LEMMY, PIEFED, UNKNOWN]
    assert direct.host == MASTODON
    assert direct.document["actor"] == inner(direct.document)["id"] == village.bees.uri
    update = inner(announces[0].document)
    assert lemmy_keys("community/update_community.json") <= update.keys()
    recorded_group = recorded("lemmy-assets/lemmy/activities/community/update_community.json")
    group = inner(update)
    assert group["name"] == "Bees and wasps"
    assert update["actor"] == village.ada.uri
    ours = group.keys() | {"summary", "source", "language", "updated"}
    assert recorded_group["object"].keys() <= ours


async def test_a_new_community_has_nobody_to_tell(village: Village) -> None:
    wasps = await village.storage.write(village.world.community, "wasps")

    await village.record(CommunityChanged(community_id=wasps.id, actor_id=village.ada.id))

    assert await village.step() == []


async def test_a_closed_community_is_deleted_everywhere(village: Village) -> None:
    await close_bees(village)
    sent = await village.step()

    announces = [one for one in sent if one.document["type"] == "Announce"]
    (direct,) = [one for one in sent if one.document["type"] == "Delete"]
    assert to_hosts(announces) == [LEMMY, PIEFED, UNKNOWN]
    assert inner(announces[0].document)["object"] == village.bees.uri
    assert (direct.host, direct.document["object"]) == (MASTODON, village.bees.uri)
    assert direct.document["actor"] == village.bees.uri


async def test_hosts_that_left_by_the_act_are_told_too(village: Village) -> None:
    event = CommunityChanged(
        community_id=village.bees.id,
        actor_id=village.ada.id,
        state=ActorState.DELETED,
        also_tell=(OLD_LEMMY, LEMMY, "nobody.example"),
    )
    await village.record(event)

    sent = await village.step()

    assert len(at_host(sent, OLD_LEMMY)) == 1
    assert len(at_host(sent, LEMMY)) == 1


async def test_changes_of_a_community_elsewhere_are_its_own_to_tell(village: Village) -> None:
    await village.record(
        CommunityChanged(community_id=village.trees.id, actor_id=village.bob.id),
        CommunityChanged(community_id=village.trees.id, actor_id=village.bob.id, requested=True),
    )

    assert await village.step() == []


async def test_who_is_blocked_is_told_by_a_block_without_a_target(village: Village) -> None:
    mas = village.members[MASTODON]

    await village.do(following.block, village.bob.id, mas.id, BLOCK, village.world.now)
    await village.do(following.unblock, village.bob.id, mas.id, BLOCK, village.world.now)
    block, undo = await village.step()

    assert block.inbox == f"{mas.uri}/inbox"
    assert (block.document["type"], block.document["id"]) == ("Block", BLOCK)
    assert block.document["object"] == mas.uri
    assert "target" not in block.document
    assert undo.document["type"] == "Undo"
    assert inner(undo.document)["id"] == BLOCK


async def test_of_who_was_deleted_before_the_step_only_the_deletion_is_told(
    village: Village, clock: Clock
) -> None:
    await village.record(PersonChanged(person_id=village.bob.id))
    await village.publish(village.bob, village.bees)
    await village.publish(village.bob, village.trees)
    await village.do(accounts.delete_person, village.bob.id)

    at_once = await village.step()
    later = await farewells(village, clock)

    assert at_once == []
    assert {one.document["type"] for one in later} == {"Delete"}


async def test_a_block_is_told_though_it_ended_a_follow_before_the_step(
    village: Village,
) -> None:
    mas = village.members[MASTODON]
    await village.storage.write(village.world.follow, mas, village.bob)
    await village.storage.write(village.world.follow, village.bob, mas)

    await village.do(following.block, village.bob.id, mas.id, BLOCK, village.world.now)
    sent = await village.step()

    assert [one.document["type"] for one in sent] == ["Undo", "Reject", "Block"]


async def test_a_community_that_was_suspended_before_the_step_announces_no_posts(
    village: Village,
) -> None:
    await village.publish(village.bob, village.bees)
    suspension = Suspend(
        subject_id=village.bees.id, moderator_id=village.ada.id, at=village.world.now
    )
    await village.do(accounts.suspend, suspension)

    assert await village.step() == []


async def test_an_edited_profile_shows_all_that_its_owner_chose(village: Village) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    wanted = accounts.EditProfile(
        person_id=village.bob.id,
        locked=True,
        automated=True,
        discoverable=False,
        indexable=True,
        fields=(("Home", "https://bob.example/"),),
        icon_url="https://noaber.example/media/1.webp",
        icon_description="A bee",
        image_url="https://noaber.example/media/2.webp",
    )

    await village.do(accounts.edit_profile, wanted)
    document = inner((await village.step())[0].document)

    assert document["type"] == "Service"
    assert document["manuallyApprovesFollowers"] is True
    assert (document["discoverable"], document["indexable"]) == (False, True)
    assert document["icon"] == {
        "type": "Image",
        "url": "https://noaber.example/media/1.webp",
        "name": "A bee",
    }
    assert document["image"] == {"type": "Image", "url": "https://noaber.example/media/2.webp"}
    value = render_field("https://bob.example/")
    assert document["attachment"] == [{"type": "PropertyValue", "name": "Home", "value": value}]
