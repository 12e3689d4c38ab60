"""Letting go of actors who are gone, and following those who have moved."""

from datetime import timedelta

import pytest

from communities.events import PersonChanged
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorState, FollowState, Person
from federation import gone_job as module
from federation.errors import Failure, PeerUnreachable
from federation.gone_job import end_ties_job, gone_job
from federation.moved_job import moved_job
from federation.wanted_jobs import (
    CONFIRM_GONE_JOB,
    END_TIES_JOB,
    MOVE_FOLLOWERS_JOB,
    ask_whether_gone,
)
from protocols.activitypub.parsing_actors import parse_actor
from protocols.activitypub.vocabulary import Tombstone
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.job_bench import Bench, Documents, context
from tests.support.outbox import LEMMY, MASTODON, OLD_LEMMY, UNKNOWN, Village
from tests.support.postbox import actor_document


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def bench(storage: Storage, clock: Clock, documents: Documents) -> Bench:
    return Bench(
        storage,
        clock,
        {
            CONFIRM_GONE_JOB: gone_job(storage, documents, now=clock),
            END_TIES_JOB: end_ties_job(storage, now=clock),
            MOVE_FOLLOWERS_JOB: moved_job(storage, context(clock), now=clock),
        },
    )


async def ask(village: Village, host: str) -> None:
    await village.storage.write(lambda uow: ask_whether_gone(uow, f"https://{host}/inbox", at_ms=0))


async def membership(village: Village, person: Person) -> Membership:
    found = await village.storage.read(lambda uow: uow.memberships.get(village.bees.id, person.id))
    assert found is not None
    return found


async def hosts_of_bees(village: Village) -> set[str]:
    boxes = await village.storage.read(lambda uow: uow.audiences.of(village.bees.id))
    return {box.inbox.split("/")[2] for box in boxes}


async def test_a_member_whose_actor_is_gone_leaves_and_nothing_more_is_sent_there(
    village: Village, bench: Bench, documents: Documents
) -> None:
    mas = village.members[MASTODON]
    await village.storage.write(village.world.follow, mas, village.bob)
    documents.documents[mas.uri] = Tombstone(id=mas.uri)
    await ask(village, MASTODON)

    await bench.run()

    assert (await membership(village, mas)).state is MembershipState.LEFT
    assert await village.storage.read(lambda uow: uow.people.follow(mas.id, village.bob.id)) is None
    assert MASTODON not in await hosts_of_bees(village)
    assert await bench.left() == 0


async def test_one_who_is_there_keeps_everyone_behind_the_inbox(
    village: Village, bench: Bench, documents: Documents
) -> None:
    mas = village.members[MASTODON]
    documents.documents[mas.uri] = parse_actor(actor_document(mas.uri))
    await ask(village, MASTODON)

    await bench.run()

    assert (await membership(village, mas)).state is MembershipState.MEMBER


async def test_what_cannot_be_had_is_no_confirmation(village: Village, bench: Bench) -> None:
    await ask(village, MASTODON)

    await bench.run()

    assert MASTODON in await hosts_of_bees(village)
    assert await bench.left() == 0


async def test_a_server_that_does_not_answer_is_asked_again(
    village: Village, bench: Bench, documents: Documents, clock: Clock
) -> None:
    mas = village.members[MASTODON]
    documents.documents[mas.uri] = PeerUnreachable(Failure.CONNECT)
    await ask(village, MASTODON)
    await bench.run()
    documents.documents[mas.uri] = Tombstone(id=mas.uri)

    clock.advance(timedelta(minutes=1))
    await bench.run()

    assert (await membership(village, mas)).state is MembershipState.LEFT


async def test_a_whole_server_that_is_gone_is_let_go_in_steps(
    village: Village, bench: Bench, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FETCHED", 3)

    def many(uow: UnitOfWork) -> list[Person]:
        people = [village.world.remote_person(uow, f"p{one}", UNKNOWN) for one in range(8)]
        for person in people:
            village.world.member(uow, village.bees, person)
        return people

    people = [*await village.storage.write(many), village.members[UNKNOWN]]
    documents.documents = {one.uri: Tombstone(id=one.uri) for one in people}
    await ask(village, UNKNOWN)

    await bench.run_all()

    assert UNKNOWN not in await hosts_of_bees(village)
    assert sorted(documents.asked) == sorted(one.uri for one in people)


async def test_the_last_owner_stays_whatever_became_of_the_account(
    village: Village, bench: Bench, documents: Documents
) -> None:
    lem = village.members[LEMMY]

    def only_owner(uow: UnitOfWork) -> None:
        village.world.member(uow, village.bees, village.ada)
        village.world.member(uow, village.bees, lem, Role.OWNER)

    await village.storage.write(only_owner)
    documents.documents[lem.uri] = Tombstone(id=lem.uri)
    await ask(village, LEMMY)

    await bench.run_all()

    assert (await membership(village, lem)).role is Role.OWNER


async def test_who_said_farewell_is_let_go(village: Village, bench: Bench) -> None:
    mas = village.members[MASTODON]

    def delete(uow: UnitOfWork) -> None:
        uow.people.set_state(mas.id, ActorState.DELETED)
        uow.record(PersonChanged(person_id=mas.id, state=ActorState.DELETED))

    await village.storage.write(delete)
    await village.step()
    await bench.run()

    assert MASTODON not in await hosts_of_bees(village)


async def test_people_here_follow_where_someone_has_moved(village: Village, bench: Bench) -> None:
    old, new = village.members[OLD_LEMMY], village.members[MASTODON]

    def move(uow: UnitOfWork) -> None:
        for person in (village.ada, village.bob):
            village.world.follow(uow, person, old)
        uow.record(PersonChanged(person_id=old.id, state=ActorState.MOVED, moved_to=new.uri))

    await village.storage.write(move)
    await village.step()
    await bench.run()
    sent = await village.step()

    def follows(uow: UnitOfWork) -> list[tuple[bool, FollowState | None]]:
        found = []
        for person in (village.ada, village.bob):
            follow = uow.people.follow(person.id, new.id)
            gone = uow.people.follow(person.id, old.id) is None
            found.append((gone, follow.state if follow is not None else None))
        return found

    assert await village.storage.read(follows) == [(True, FollowState.REQUESTED)] * 2
    assert [(one.host, one.document["type"]) for one in sent] == [
        (MASTODON, "Follow"),
        (OLD_LEMMY, "Undo"),
    ] * 2
    assert len({one.document["id"] for one in sent}) == 4


async def test_members_here_join_where_a_community_has_moved(
    village: Village, bench: Bench
) -> None:
    oaks = await village.storage.write(village.world.remote_community, "oaks", OLD_LEMMY)

    await village.record(
        PersonChanged(person_id=village.trees.id, state=ActorState.MOVED, moved_to=oaks.uri)
    )
    await village.step()
    await bench.run()
    sent = await village.step()

    assert [(one.host, one.document["type"]) for one in sent] == [
        (OLD_LEMMY, "Follow"),
        (LEMMY, "Undo"),
    ]
