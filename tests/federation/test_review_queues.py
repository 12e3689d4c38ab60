"""What one peer has waiting holds up nothing of the others."""

import pytest

from federation import inbox
from federation.errors import Failure, PeerUnreachable
from federation.inbox import Outcome
from protocols.strict_json import dumps
from storage.errors import Busy
from tests.support.postbox import Postbox, activity, note


async def test_a_slow_activity_about_a_post_does_not_hold_up_those_of_other_peers(
    postbox: Postbox,
) -> None:
    post = await postbox.post(await postbox.resident("ada"))
    group = await postbox.distant_group("wasps", "evil.example")
    nobody = "https://slow.example/users/nobody"
    postbox.wire.documents[nobody] = PeerUnreachable(Failure.TIMEOUT)
    vote = activity("Like", nobody, post.uri)
    slow = await postbox.deliver(activity("Announce", group.uri, vote))
    bob = await postbox.stranger("bob", "good.example")

    like = await postbox.deliver(activity("Like", bob.uri, post.uri))

    assert (slow, like) == (Outcome.QUEUED, Outcome.APPLIED)
    assert (await postbox.counts(post)).likes == 1


async def test_a_reaction_waits_for_the_post_that_its_own_server_is_about_to_tell(
    postbox: Postbox,
) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    parent = "https://far.example/notes/1"
    postbox.wire.documents[parent] = note("https://far.example/users/ida", id=parent)
    postbox.wire.documents["https://far.example/users/ida"] = PeerUnreachable(Failure.TIMEOUT)
    said = note(eve.uri, to=[ada.uri], inReplyTo=parent)
    first = await postbox.deliver(activity("Create", eve.uri, said))
    bob = await postbox.stranger("bob", "good.example")

    like = await postbox.post_raw(dumps(activity("Like", bob.uri, str(said["id"]))), signer=bob.uri)

    assert (first, like) == (Outcome.QUEUED, Outcome.QUEUED)


async def test_a_peer_of_which_too_much_waits_is_told_to_come_again(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_WAITING", 2)
    post = await postbox.post(await postbox.resident("ada"))
    group = await postbox.distant_group("wasps", "evil.example")
    votes = [activity("Like", f"https://slow.example/users/{name}", post.uri) for name in "abc"]
    for vote in votes:
        postbox.wire.documents[str(vote["actor"])] = PeerUnreachable(Failure.TIMEOUT)
    announces = [activity("Announce", group.uri, vote) for vote in votes]
    bob = await postbox.stranger("bob", "good.example")

    taken = [await postbox.deliver(announce) for announce in announces[:2]]
    with pytest.raises(Busy):
        await postbox.post_raw(dumps(announces[2]), signer=group.uri)
    like = await postbox.deliver(activity("Like", bob.uri, post.uri))
    monkeypatch.setattr(inbox, "MOST_WAITING", 3)
    again = await postbox.deliver(announces[2])

    assert (taken, like) == ([Outcome.QUEUED] * 2, Outcome.APPLIED)
    assert again is Outcome.QUEUED, "what was refused was not kept as seen"
