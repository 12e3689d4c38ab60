"""Posts on their way out: who gets which activity, in all three situations."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from communities import editing
from communities.community import CommunityVisibility, JoinPolicy
from communities.events import PostEdited
from communities.posting import record_published
from communities.posts import PostKind, PostState, Visibility
from federation.activitypub import outbound
from protocols.activitypub import integrity_proofs
from protocols.activitypub.vocabulary import PUBLIC
from protocols.activitypub.vocabulary import Post as Document
from protocols.key_formats import load_private_pem, public_half
from storage.peers import PeerPolicy
from storage.statements import Statement
from storage.tables.social import actors
from storage.unit_of_work import UnitOfWork
from tests.support import spec_keys
from tests.support.factories import HOME
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    UNKNOWN,
    Village,
    at_host,
    inner,
    mentions_in,
    to_hosts,
)


async def test_a_thread_in_our_community_is_announced_to_groupware_and_boosted_to_microblogs(
    village: Village,
) -> None:
    post = await village.publish(village.bob, village.bees)

    sent = await village.step()

    announces = [one for one in sent if not one.twin]
    twins = [one for one in sent if one.twin]
    assert to_hosts(announces) == [LEMMY, PIEFED, UNKNOWN]
    assert to_hosts(twins) == [MASTODON, UNKNOWN]
    announce = announces[0].document
    assert announce["type"] == "Announce"
    assert announce["actor"] == village.bees.uri
    assert announce["to"] == [PUBLIC]
    created = inner(announce)
    assert (created["type"], created["id"]) == ("Create", HOME.created(post.id))
    assert twins[0].document["object"] == post.uri
    assert twins[0].document["id"] == HOME.boosted(post.id)


async def test_a_peers_bytes_are_announced_unchanged(village: Village) -> None:
    lem = village.members[LEMMY]
    created = b'{"type": "Create",  "id":"https://lemmy.example/1", "x": 1.0}'
    await village.publish(lem, village.bees, cause=created)

    sent = await village.step()

    assert to_hosts([one for one in sent if not one.twin]) == [LEMMY, PIEFED, UNKNOWN]
    assert all(created in one.body for one in sent if not one.twin)


async def test_what_a_peer_did_is_not_announced_when_its_bytes_were_not_kept(
    village: Village,
) -> None:
    await village.publish(village.members[LEMMY], village.bees)

    sent = await village.step()

    assert all(one.twin for one in sent)


async def test_what_one_of_ours_does_in_public_has_a_proof_that_survives_the_announce(
    village: Village,
) -> None:
    await village.publish(village.bob, village.bees)

    sent = await village.step()

    key = public_half(load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True))
    for one in at_host(sent, PIEFED):
        created = inner(one.document)
        integrity_proofs.verify(created, key)
        assert integrity_proofs.verification_method(created) == HOME.ed25519_key(village.bob.uri)


async def test_the_same_event_makes_the_same_bytes(village: Village) -> None:
    await village.publish(village.bob, village.bees)
    first = await village.step()

    await village.storage.write(lambda uow: uow.events.move_cursor("activitypub.outbound", 0))
    second = await village.step()

    assert {one.body for one in first} == {one.body for one in second}


async def test_a_comment_is_announced_but_never_boosted(village: Village) -> None:
    post = await village.publish(village.bob, village.bees)
    await village.skip()

    await village.publish(village.ada, parent_id=post.id, kind=PostKind.NOTE)
    sent = await village.step()

    assert to_hosts(sent) == [LEMMY, PIEFED, UNKNOWN]
    created = inner(sent[0].document)
    assert inner(created)["inReplyTo"] == post.uri
    assert sent[0].order_key == post.id


async def test_people_named_by_one_of_ours_get_the_create_where_the_announce_does_not_come(
    village: Village,
) -> None:
    named = tuple(village.members[host].id for host in (MASTODON, LEMMY, OLD_LEMMY))

    await village.publish(village.bob, village.bees, recipients=named)
    sent = await village.step()

    direct = [one for one in sent if one.document["type"] == "Create"]
    assert to_hosts(direct) == [MASTODON, OLD_LEMMY]
    mentions = mentions_in(inner(direct[0].document))
    assert set(mentions) >= {village.members[host].uri for host in (MASTODON, LEMMY, OLD_LEMMY)}


async def test_followers_of_the_author_get_the_create_directly(village: Village) -> None:
    fan = await village.storage.write(village.world.remote_person, "fan", "fans.example")
    await village.storage.write(village.world.follow, fan, village.bob)

    await village.publish(village.bob, village.bees)
    sent = await village.step()

    (direct,) = at_host(sent, "fans.example")
    assert direct.document["type"] == "Create"
    assert direct.sender_id == village.bob.id


async def test_in_a_private_community_only_the_members_servers_hear(village: Village) -> None:
    def close(uow: UnitOfWork) -> None:
        private = replace(village.bees, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
        uow.communities.update(private)
        fan = village.world.remote_person(uow, "fan", "fans.example")
        village.world.follow(uow, fan, village.bob)

    await village.storage.write(close)
    post = await village.publish(
        village.bob, village.bees, recipients=(village.members[OLD_LEMMY].id,)
    )
    sent = await village.step()

    assert post.visibility is Visibility.MEMBERS
    assert to_hosts(sent) == [LEMMY, PIEFED, UNKNOWN]
    assert not any(PUBLIC in one.body.decode() for one in sent)
    assert not any("proof" in one.document for one in sent)


async def test_an_answer_for_followers_stays_out_of_the_communitys_announces(
    village: Village,
) -> None:
    fan = await village.storage.write(village.world.remote_person, "fan", "fans.example")
    await village.storage.write(village.world.follow, fan, village.bob)
    post = await village.publish(village.members[LEMMY], village.bees)
    await village.skip()

    await village.publish(
        village.bob, parent_id=post.id, kind=PostKind.NOTE, visibility=Visibility.FOLLOWERS
    )
    sent = await village.step()

    assert to_hosts(sent) == ["fans.example"]
    assert village.members[LEMMY].uri not in sent[0].body.decode()


async def test_a_post_of_ours_for_a_community_elsewhere_goes_there_and_to_followers(
    village: Village,
) -> None:
    fan = await village.storage.write(village.world.remote_person, "fan", "fans.example")
    await village.storage.write(village.world.follow, fan, village.bob)

    post = await village.publish(village.bob, village.trees)
    sent = await village.step()

    assert post.state is PostState.PENDING
    assert to_hosts(sent) == ["fans.example", LEMMY]
    created = at_host(sent, LEMMY)[0].document
    assert created["type"] == "Create"
    assert created["audience"] == village.trees.uri
    assert village.trees.uri in inner(created)["to"]  # type: ignore[operator]  # a list of ids


async def test_the_confirmation_of_a_community_elsewhere_sends_nothing(village: Village) -> None:
    post = await village.publish(village.bob, village.trees)
    await village.skip()

    draft = village.draft(village.bob, village.trees, uri=post.uri)
    await village.do(lambda uow: record_published(uow, draft, announced=True))
    sent = await village.step()

    assert (await village.post(post.id)).state is PostState.PUBLISHED
    assert sent == []


async def test_what_a_community_elsewhere_announced_sends_nothing(village: Village) -> None:
    draft = village.draft(village.members[LEMMY], village.trees)
    await village.do(lambda uow: record_published(uow, draft, announced=True))

    assert await village.step() == []


async def test_a_post_outside_communities_goes_to_followers_and_people_named(
    village: Village,
) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    await village.publish(
        village.bob, kind=PostKind.NOTE, recipients=(village.members[OLD_LEMMY].id,)
    )
    sent = await village.step()

    assert to_hosts(sent) == [MASTODON, OLD_LEMMY]
    assert {one.document["type"] for one in sent} == {"Create"}


async def test_nothing_goes_to_blocked_peers(village: Village) -> None:
    def block(uow: UnitOfWork) -> None:
        for host in (LEMMY, OLD_LEMMY):
            uow.peers.decide(f"https://{host}", PeerPolicy.BLOCK, reason="", at=village.world.now)

    await village.storage.write(block)
    await village.publish(village.bob, village.trees)
    await village.publish(village.bob, village.bees, recipients=(village.members[OLD_LEMMY].id,))
    sent = await village.step()

    assert not {LEMMY, OLD_LEMMY} & {one.host for one in sent}


async def test_an_edit_carries_when_it_was_made_and_reaches_microblogs_directly(
    village: Village,
) -> None:
    post = await village.publish(village.bob, village.bees)
    await village.skip()

    await village.edit(post)
    sent = await village.step()

    announces = [one for one in sent if one.document["type"] == "Announce"]
    direct = [one for one in sent if one.document["type"] == "Update"]
    assert to_hosts(announces) == [LEMMY, PIEFED, UNKNOWN]
    assert to_hosts(direct) == [MASTODON]
    read = direct[0].activity.object
    assert isinstance(read, Document)
    assert read.updated is not None
    assert read.content_html == "<p>Moin moin.</p>"
    assert direct[0].sender_id == village.bob.id


async def test_a_peers_edit_is_announced_and_not_repeated_to_microblogs(village: Village) -> None:
    post = await village.publish(village.members[LEMMY], village.bees)
    await village.skip()

    event = PostEdited(post_id=post.id, editor_id=post.author_id, community_id=village.bees.id)
    await village.record(event, cause=b'{"type":"Update"}')
    sent = await village.step()

    assert to_hosts(sent) == [LEMMY, PIEFED, UNKNOWN]


async def test_a_withdrawal_is_a_delete_of_the_id(village: Village) -> None:
    post = await village.publish(village.bob, village.bees)
    await village.skip()

    await village.withdraw(post)
    sent = await village.step()

    announce = at_host(sent, LEMMY)[0].document
    (direct,) = at_host(sent, MASTODON)
    deleted = inner(announce)
    assert (deleted["type"], deleted["object"]) == ("Delete", post.uri)
    assert "summary" not in deleted
    assert (direct.document["type"], direct.document["object"]) == ("Delete", post.uri)
    assert direct.document["actor"] == village.bob.uri


async def test_a_peers_withdrawal_is_announced_and_its_boost_undone(village: Village) -> None:
    lem = village.members[LEMMY]
    post = await village.publish(lem, village.bees, cause=b'{"type":"Create"}')
    boosts = {one.host: one.document for one in await village.step() if one.twin}

    def withdraw(uow: UnitOfWork) -> None:
        uow.cause = uow.inbox.keep(b'{"type":"Delete"}', at_ms=1)
        editing.withdraw(uow, post.id, lem.id, village.world.now)

    await village.storage.write(withdraw)
    sent = await village.step()

    (undone,) = at_host(sent, MASTODON)
    assert undone.twin
    assert undone.document["type"] == "Undo"
    assert inner(undone.document)["id"] == boosts[MASTODON]["id"]
    assert inner(undone.document)["object"] == post.uri


async def test_in_a_community_elsewhere_edits_and_withdrawals_are_told_to_it(
    village: Village,
) -> None:
    post = await village.publish(village.bob, village.trees)
    await village.skip()

    await village.edit(post)
    await village.withdraw(post)
    sent = await village.step()

    # The edit was taken back before it left: only the deletion goes.
    assert [(one.host, one.document["type"]) for one in sent] == [(LEMMY, "Delete")]


async def test_a_post_that_was_withdrawn_before_the_step_is_not_shown(village: Village) -> None:
    post = await village.publish(village.bob, village.bees)
    await village.edit(post)
    await village.withdraw(post)

    sent = await village.step()

    kinds = {inner(one.document)["type"] for one in sent if one.document["type"] == "Announce"}
    assert kinds == {"Delete"}
    assert "Moin" not in b"".join(one.body for one in sent).decode()


async def test_a_post_that_was_removed_before_the_step_is_not_shown(village: Village) -> None:
    post = await village.publish(
        village.members[LEMMY], village.bees, cause=b'{"type":"Create","content":"buy"}'
    )
    await village.remove(post)

    sent = await village.step()

    assert "buy" not in b"".join(one.body for one in sent).decode()
    assert not any(one.document["id"] == HOME.boosted(post.id) for one in sent)


async def test_history_that_was_fetched_is_told_to_nobody(village: Village) -> None:
    draft = replace(
        village.draft(village.members[LEMMY], village.trees),
        published_at=village.world.now - timedelta(days=400),
    )
    await village.do(lambda uow: record_published(uow, draft, announced=True))

    assert await village.step() == []


async def test_a_step_ends_early_when_it_has_addressed_enough(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "MOST_ADDRESSED", 4)
    for _ in range(3):
        await village.publish(village.bob, village.bees)

    taken = [await village.storage.write(outbound.step, HOME, 0) for _ in range(4)]

    assert taken == [1, 1, 1, 0]


async def test_an_event_that_cannot_be_told_does_not_stop_the_others(
    village: Village, caplog: pytest.LogCaptureFixture
) -> None:
    def spoil(uow: UnitOfWork) -> None:
        broken = update(actors).values(inbox="gopher://x", shared_inbox=None)
        uow.connection.run(Statement(broken.where(actors.c.id == village.trees.id)))

    await village.storage.write(spoil)
    await village.publish(village.bob, village.trees)
    await village.publish(village.bob, village.bees)

    sent = await village.step()

    assert LEMMY in {one.host for one in sent}
    assert "was not told" in caplog.text
