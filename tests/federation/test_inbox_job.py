"""The job behind the inbox: what it fetches, how often it takes effect, and when it gives up."""

import json
from datetime import timedelta
from itertools import pairwise

from communities.people import ActorState
from communities.posts import PostState
from federation.errors import Failure, PeerUnreachable
from federation.inbox import Outcome
from federation.wanted_jobs import NODEINFO_JOB
from storage.store import Storage
from tests.support.postbox import PUBLIC, Postbox, activity, actor_document, note, page


async def jobs_left(postbox: Postbox) -> dict[str, tuple[int, int]]:
    """Beside the question what a new peer runs, which is asked later."""
    counts = await postbox.storage.read(lambda uow: uow.jobs.counts())
    return {kind: count for kind, count in counts.items() if kind != NODEINFO_JOB}


async def test_an_unknown_parent_is_fetched_and_the_comment_hung_under_it(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    author = "https://far.example/users/ida"
    parent = page(author, group.uri)
    postbox.wire.documents[author] = actor_document(author)
    postbox.wire.documents[str(parent["id"])] = parent
    comment = note(eve.uri, inReplyTo=parent["id"], audience=group.uri)

    outcome = await postbox.deliver(activity("Create", eve.uri, comment))

    assert outcome is Outcome.QUEUED
    above, below = await postbox.find(str(parent["id"])), await postbox.find(str(comment["id"]))
    assert above is not None
    assert below is not None
    assert below.parent_id == above.id
    assert below.community_id == above.community_id == group.id
    assert await jobs_left(postbox) == {}


async def test_an_endless_thread_costs_a_bounded_number_of_fetches(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    chain = [f"{eve.uri}/chain/{number}" for number in range(300)]
    for uri, above in pairwise(chain):
        postbox.wire.documents[uri] = note(eve.uri, id=uri, inReplyTo=above)
    sent = note(eve.uri, id=f"{eve.uri}/chain/start", inReplyTo=chain[0], to=[PUBLIC, ada.uri])

    await postbox.deliver(activity("Create", eve.uri, sent))

    assert len(postbox.wire.asked) <= 21
    assert await postbox.find(str(sent["id"])) is not None


async def test_what_concerns_nobody_here_causes_no_fetch(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    sent = note(eve.uri, inReplyTo="https://far.example/n/1")

    outcome = await postbox.deliver(activity("Create", eve.uri, sent))

    assert outcome is Outcome.IGNORED
    assert postbox.wire.asked == []


async def test_a_peer_that_does_not_answer_is_asked_again_and_at_last_done_without(
    postbox: Postbox,
) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    parent = "https://far.example/n/1"
    postbox.wire.documents[parent] = PeerUnreachable(Failure.TIMEOUT)
    sent = note(eve.uri, inReplyTo=parent, to=[PUBLIC, ada.uri])

    await postbox.deliver(activity("Create", eve.uri, sent))

    assert await postbox.find(str(sent["id"])) is None
    for _ in range(4):
        postbox.world.tick(timedelta(hours=3))
        await postbox.jobs.step()
    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.parent_uri == parent
    assert await jobs_left(postbox) == {}


async def test_a_refused_activity_ends_its_job(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    await postbox.deliver(activity("Create", eve.uri, page(eve.uri, group.uri)))
    sent = note(eve.uri, inReplyTo="https://far.example/n/1", audience=group.uri)
    sent["content"] = "€" * 40_000

    outcome = await postbox.deliver(activity("Create", eve.uri, sent))

    assert outcome is Outcome.QUEUED
    assert await postbox.find(str(sent["id"])) is None
    assert await jobs_left(postbox) == {}


async def test_who_was_suspended_while_the_job_waited_is_refused(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    sent = note(eve.uri, inReplyTo="https://far.example/n/1", to=[PUBLIC, ada.uri])
    body = activity("Create", eve.uri, sent)

    await postbox.post_raw(json.dumps(body).encode(), signer=eve.uri)
    await postbox.storage.write(lambda uow: uow.people.set_state(eve.id, ActorState.SUSPENDED))
    await postbox.jobs.step()

    assert await postbox.find(str(sent["id"])) is None
    assert await jobs_left(postbox) == {}


async def test_activities_about_one_object_are_applied_in_the_order_they_came(
    postbox: Postbox,
) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    sent = note(eve.uri, inReplyTo="https://far.example/n/1", to=[PUBLIC, ada.uri])
    deleted = activity("Delete", eve.uri, sent["id"])

    first = await postbox.post_raw(
        json.dumps(activity("Create", eve.uri, sent)).encode(), signer=eve.uri
    )
    second = await postbox.post_raw(json.dumps(deleted).encode(), signer=eve.uri)
    await postbox.jobs.step()

    assert (first, second) == (Outcome.QUEUED, Outcome.QUEUED)
    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.state is PostState.WITHDRAWN


async def test_a_peer_is_asked_for_no_more_than_its_budget_in_a_minute(storage: Storage) -> None:
    postbox = Postbox(storage, fetches_per_minute=2)
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    for number in range(4):
        sent = note(eve.uri, inReplyTo=f"https://far.example/n/{number}", to=[PUBLIC, ada.uri])
        await postbox.deliver(activity("Create", eve.uri, sent))

    assert len(postbox.wire.asked) == 2
    assert await jobs_left(postbox) == {"inbox": (2, 0)}


async def test_our_own_objects_are_never_fetched(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    await postbox.follow(ada, eve)

    outcome = await postbox.deliver(
        activity("Announce", eve.uri, "https://noaber.example/post/404")
    )

    assert outcome is Outcome.IGNORED
    assert postbox.wire.asked == []
