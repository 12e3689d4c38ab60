"""Joining and following on their way out: questions, answers, ends, invitations."""

from dataclasses import replace

import msgspec
import pytest

from communities import banning, following, joining
from communities.banning import BanMember
from communities.community import Community, JoinPolicy
from communities.events import FollowChanged, MembershipChanged
from communities.membership import MembershipState
from communities.people import ActorState, Person
from federation.wanted_jobs import BACKFILL_JOB, Backfill
from protocols.activitypub.vocabulary import Activity, ActivityType
from storage.jobs import Job
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.fixture_files import lemmy_keys, recorded
from tests.support.outbox import LEMMY, MASTODON, OLD_LEMMY, Village, inner

FOLLOW = "https://old.example/activities/follow/1"
OURS = HOME.request(77)


async def ask_everyone(village: Village, policy: JoinPolicy) -> None:
    """Change how one joins bees."""
    changed = replace(village.bees, join=policy)
    await village.storage.write(lambda uow: uow.communities.update(changed))


def jobs_in(uow: UnitOfWork) -> list[Job]:
    return uow.jobs.lease(now_ms=1 << 50, until_ms=(1 << 50) + 1)


async def test_who_joins_gets_an_accept_around_the_same_follow(village: Village) -> None:
    """The keys of lemmy/activities/following/accept.json."""
    old = village.members[OLD_LEMMY]

    await village.do(joining.ask_to_join, village.bees.id, old.id, FOLLOW, village.world.now)
    (sent,) = await village.step()

    accept, follow = sent.document, inner(sent.document)
    assert sent.inbox == f"{old.uri}/inbox"
    assert lemmy_keys("following/accept.json") <= accept.keys()
    recorded_accept = recorded("lemmy-assets/lemmy/activities/following/accept.json")
    assert recorded_accept["object"].keys() <= follow.keys()
    assert (accept["type"], accept["actor"]) == ("Accept", village.bees.uri)
    assert (follow["id"], follow["actor"], follow["object"]) == (
        FOLLOW,
        old.uri,
        village.bees.uri,
    )


async def test_who_asks_again_under_another_id_is_answered_under_that(village: Village) -> None:
    """lemmy#6045: the first answer may have been lost."""
    old = village.members[OLD_LEMMY]
    for number in (1, 1, 2):
        uri = f"https://old.example/activities/follow/{number}"
        await village.do(joining.ask_to_join, village.bees.id, old.id, uri, village.world.now)

    sent = await village.step()

    assert [inner(one.document)["id"] for one in sent] == [
        "https://old.example/activities/follow/1",
        "https://old.example/activities/follow/2",
    ]


async def test_who_has_to_wait_hears_nothing_until_a_moderator_decides(village: Village) -> None:
    await ask_everyone(village, JoinPolicy.ASK)
    old = village.members[OLD_LEMMY]
    await village.do(joining.ask_to_join, village.bees.id, old.id, FOLLOW, village.world.now)
    at_first = await village.step()

    await village.do(joining.admit, village.bees.id, old.id, village.ada.id, village.world.now)
    (sent,) = await village.step()

    assert at_first == []
    assert sent.document["type"] == "Accept"
    assert inner(sent.document)["id"] == FOLLOW


async def test_who_is_turned_down_gets_a_reject(village: Village) -> None:
    await ask_everyone(village, JoinPolicy.ASK)
    old = village.members[OLD_LEMMY]
    await village.do(joining.ask_to_join, village.bees.id, old.id, FOLLOW, village.world.now)

    await village.do(
        joining.refuse, village.bees.id, old.id, village.ada.id, village.world.now, "too young"
    )
    (sent,) = await village.step()

    assert (sent.document["type"], sent.document["summary"]) == ("Reject", "too young")
    assert inner(sent.document)["id"] == FOLLOW


async def test_who_leaves_is_told_nothing(village: Village) -> None:
    lem = village.members[LEMMY]

    await village.do(joining.leave, village.bees.id, lem.id, village.world.now)

    assert await village.step() == []


async def test_one_of_ours_asks_a_community_elsewhere(village: Village) -> None:
    """The keys of lemmy/activities/following/follow.json."""
    await village.do(
        joining.request_to_join, village.trees.id, village.ada.id, OURS, village.world.now
    )
    (sent,) = await village.step()

    assert sent.inbox == f"{village.trees.uri}/inbox"
    assert sent.sender_id == village.ada.id
    assert lemmy_keys("following/follow.json") <= sent.document.keys()
    assert sent.document["id"] == OURS
    assert sent.document["to"] == [village.trees.uri]


async def test_who_leaves_a_community_elsewhere_undoes_the_follow(village: Village) -> None:
    """The keys of lemmy/activities/following/undo_follow.json."""
    await village.do(
        joining.request_to_join, village.trees.id, village.ada.id, OURS, village.world.now
    )
    await village.skip()

    await village.do(joining.leave, village.trees.id, village.ada.id, village.world.now)
    (sent,) = await village.step()

    assert lemmy_keys("following/undo_follow.json") <= sent.document.keys()
    assert sent.document["type"] == "Undo"
    assert inner(sent.document)["id"] == OURS


async def test_an_answer_from_a_community_elsewhere_is_not_answered(village: Village) -> None:
    await village.do(
        joining.request_to_join, village.trees.id, village.ada.id, OURS, village.world.now
    )
    await village.skip()

    await village.do(joining.record_accepted, village.trees.id, village.ada.id, village.world.now)
    await village.do(joining.record_rejected, village.trees.id, village.ada.id, village.world.now)

    assert await village.step() == []


async def test_an_invitation_reaches_who_is_invited(village: Village) -> None:
    old = village.members[OLD_LEMMY]

    await village.do(
        joining.invite, village.bees.id, old.id, village.ada.id, village.world.now, OURS
    )
    (sent,) = await village.step()

    assert (sent.document["type"], sent.document["id"]) == ("Invite", OURS)
    assert sent.document["object"] == village.bees.uri
    assert sent.document["target"] == old.uri
    assert sent.document["actor"] == village.ada.uri


async def test_an_invitation_that_is_declined_is_rejected(village: Village) -> None:
    invite = "https://lemmy.example/invite/1"
    await village.do(
        joining.record_invited, village.trees.id, village.ada.id, village.world.now, invite
    )
    await village.skip()

    await village.do(joining.leave, village.trees.id, village.ada.id, village.world.now)
    (sent,) = await village.step()

    assert sent.document["type"] == "Reject"
    assert inner(sent.document) == {"id": invite, "type": "Invite"}


async def test_the_first_member_of_a_community_elsewhere_has_its_history_fetched(
    village: Village,
) -> None:
    oaks = await village.storage.write(village.world.remote_community, "oaks", LEMMY)
    await join(village, oaks, village.ada)
    await village.step()
    first = await village.storage.write(jobs_in)
    await join(village, oaks, village.bob)
    await village.step()
    second = await village.storage.write(jobs_in)

    assert [(job.kind, job.key) for job in first] == [(BACKFILL_JOB, f"backfill {oaks.id}")]
    assert msgspec.json.decode(first[0].payload, type=Backfill).community_id == oaks.id
    assert first[0].order_key == "backfill https://lemmy.example"
    assert second == []


async def join(village: Village, community: Community, person: Person) -> None:
    """Let a person of ours become a member of a community elsewhere."""
    uri = HOME.request(village.world.key())
    await village.do(joining.request_to_join, community.id, person.id, uri, village.world.now)
    await village.do(joining.record_accepted, community.id, person.id, village.world.now)


async def test_following_a_person_elsewhere_and_back(village: Village) -> None:
    mas = village.members[MASTODON]

    await village.do(following.follow, village.bob.id, mas.id, OURS, village.world.now)
    await village.do(following.unfollow, village.bob.id, mas.id)
    follow, undo = await village.step()

    assert (follow.document["type"], follow.document["id"]) == ("Follow", OURS)
    assert follow.document["to"] == [mas.uri]
    assert undo.document["type"] == "Undo"
    recorded_undo = recorded("lemmy-assets/mastodon/activities/undo_follow.json")
    assert recorded_undo.keys() <= undo.document.keys()
    assert recorded_undo["object"].keys() <= inner(undo.document).keys()


@pytest.mark.parametrize(
    ("verb", "kind"), [(following.accept, "Accept"), (following.reject, "Reject")]
)
async def test_a_follower_who_waits_gets_an_answer(
    village: Village, verb: object, kind: str
) -> None:
    mas = village.members[MASTODON]
    asked = "https://mastodon.example/follows/1"

    def lock(uow: UnitOfWork) -> None:
        profile = uow.actors.get(village.bob.id)
        assert profile is not None
        uow.actors.put(replace(profile, locked=True))

    await village.storage.write(lock)
    await village.do(following.follow, mas.id, village.bob.id, asked, village.world.now)
    waiting = await village.step()
    at = (village.world.now,) if kind == "Accept" else ()
    await village.do(verb, mas.id, village.bob.id, *at)  # type: ignore[arg-type]  # a verb
    (sent,) = await village.step()

    assert waiting == []
    assert (sent.document["type"], sent.document["actor"]) == (kind, village.bob.uri)
    assert inner(sent.document)["id"] == asked


async def test_a_group_of_ours_follows_a_group_elsewhere(village: Village) -> None:
    """Spec: FEP-d36d."""
    await village.do(following.follow, village.bees.id, village.trees.id, OURS, village.world.now)
    (sent,) = await village.step()

    assert sent.sender_id == village.bees.id
    assert (sent.document["actor"], sent.document["object"]) == (
        village.bees.uri,
        village.trees.uri,
    )


async def test_a_group_elsewhere_that_follows_one_of_ours_is_accepted(village: Village) -> None:
    asked = "https://lemmy.example/activities/follow/9"

    await village.do(following.follow, village.trees.id, village.bees.id, asked, village.world.now)
    (sent,) = await village.step()

    accept = sent.activity
    assert accept.type is ActivityType.ACCEPT
    assert isinstance(accept.object, Activity)
    assert (accept.object.id, accept.object.actor) == (asked, village.trees.uri)


async def test_follows_between_people_here_are_told_to_nobody(village: Village) -> None:
    await village.do(following.follow, village.ada.id, village.bob.id, OURS, village.world.now)
    await village.do(following.unfollow, village.ada.id, village.bob.id)

    assert await village.step() == []


async def test_a_follow_that_ended_before_the_step_is_told_and_undone(village: Village) -> None:
    await village.do(
        joining.request_to_join, village.trees.id, village.ada.id, OURS, village.world.now
    )
    await village.do(joining.leave, village.trees.id, village.ada.id, village.world.now)

    sent = await village.step()

    assert [one.document["type"] for one in sent] == ["Follow", "Undo"]
    assert len({one.order_key for one in sent}) == 1


async def test_who_joined_and_was_banned_before_the_step_hears_both(village: Village) -> None:
    old = village.members[OLD_LEMMY]
    await village.do(joining.ask_to_join, village.bees.id, old.id, FOLLOW, village.world.now)
    command = BanMember(
        community_id=village.bees.id,
        person_id=old.id,
        moderator_id=village.ada.id,
        at=village.world.tick(),
    )
    await village.do(banning.ban, command)

    sent = [one for one in await village.step() if one.host == OLD_LEMMY]

    assert [one.document["type"] for one in sent] == ["Accept", "Announce"]
    assert inner(sent[1].document)["type"] == "Block"


async def test_a_follow_of_someone_who_is_gone_by_the_step_is_told_to_nobody(
    village: Village,
) -> None:
    event = FollowChanged(
        follower_id=village.bob.id,
        followee_id=village.members[MASTODON].id,
        state="requested",
        uri=OURS,
        requested=True,
    )

    def delete(uow: UnitOfWork) -> None:
        uow.people.set_state(event.followee_id, ActorState.DELETED)

    await village.record(event)
    await village.storage.write(delete)

    assert await village.step() == []


async def test_a_membership_without_a_follow_needs_no_answer(village: Village) -> None:
    """Members by appointment have asked nothing."""
    event = MembershipChanged(
        community_id=village.bees.id,
        person_id=village.members[OLD_LEMMY].id,
        state=MembershipState.MEMBER,
        was=MembershipState.NONE,
        actor_id=village.ada.id,
    )
    await village.record(event)

    assert await village.step() == []
