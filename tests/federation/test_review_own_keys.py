"""What a stranger can make this node do by naming a key: never to rewrite its own actors."""

import pytest

from communities.community import CommunityVisibility
from federation.errors import Failure, PeerUnreachable, SignatureRejected
from federation.inbox import Outcome
from protocols.errors import SignatureRefused
from protocols.strict_json import dumps
from storage.errors import Busy
from tests.support.postbox import Postbox, activity, actor_document, note


async def test_a_key_of_this_node_is_never_fetched_for_a_request_that_comes_in(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees", visibility=CommunityVisibility.SECRET)
    postbox.wire.documents[group.uri] = actor_document(group.uri, "Group")
    body = dumps(activity("Like", group.uri, "https://peer.example/post/1"))

    with pytest.raises((SignatureRejected, SignatureRefused)):
        await postbox.post_raw(body, signer=group.uri)

    stored = await postbox.storage.read(lambda uow: uow.communities.get(group.id))
    assert stored == group
    assert postbox.wire.asked == []


async def test_a_key_that_cannot_be_had_now_is_no_refusal_for_good(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve = "https://peer.example/users/eve"
    postbox.wire.documents[eve] = PeerUnreachable(Failure.TIMEOUT)
    body = dumps(activity("Create", eve, note(eve, to=[ada.uri])))

    for _ in range(2):
        with pytest.raises(Busy):
            await postbox.post_raw(body, signer=eve)

    assert len(postbox.wire.asked) == 1


async def test_after_a_while_the_key_is_asked_for_again(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve = "https://peer.example/users/eve"
    postbox.wire.documents[eve] = PeerUnreachable(Failure.TIMEOUT)
    body = dumps(activity("Create", eve, note(eve, to=[ada.uri])))
    with pytest.raises(Busy):
        await postbox.post_raw(body, signer=eve)
    postbox.wire.documents[eve] = actor_document(eve)

    for _ in range(3):
        postbox.world.tick()
    outcome = await postbox.post_raw(body, signer=eve)

    assert outcome is Outcome.APPLIED
