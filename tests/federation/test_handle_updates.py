"""Update, Delete and Undo of a Delete; forwarded activities; order (ORI-08 to ORI-11, GRP-12)."""

from datetime import timedelta

import pytest

from communities.errors import NotAllowed
from communities.membership import Role
from communities.people import ActorState
from communities.posts import PostState
from federation.errors import SignatureRejected
from federation.inbox import Outcome
from protocols.errors import ProtocolError, RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue
from tests.support.postbox import OTHER_KEY, PUBLIC, Postbox, activity, actor_document, note, page

LATER = "2026-11-01T11:30:00Z"
LATEST = "2026-11-01T11:45:00Z"


async def create(postbox: Postbox, author: str, sent: JsonObject) -> JsonObject:
    await postbox.deliver(activity("Create", author, sent))
    return sent


def edited(sent: JsonObject, text: str, at: str = LATER) -> JsonObject:
    return {**sent, "content": f"<p>{text}</p>", "updated": at}


async def text_of(postbox: Postbox, uri: object) -> str:
    stored = await postbox.find(str(uri))
    assert stored is not None
    return stored.content.html


async def state_of(postbox: Postbox, uri: object) -> PostState:
    stored = await postbox.find(str(uri))
    assert stored is not None
    return stored.state


async def test_an_author_edits_a_post_and_the_group_relays_it(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))

    await postbox.deliver(activity("Update", eve.uri, edited(sent, "Second")))

    assert await text_of(postbox, sent["id"]) == "<p>Second</p>"
    assert len(await postbox.relayed()) == 2


async def test_ori_08_an_older_edit_changes_nothing(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))
    await postbox.deliver(activity("Update", eve.uri, edited(sent, "Third", LATEST)))

    await postbox.deliver(activity("Update", eve.uri, edited(sent, "Second", LATER)))

    assert await text_of(postbox, sent["id"]) == "<p>Third</p>"


@pytest.mark.parametrize("host", ["peer.example", "evil.example"])
async def test_ori_08_nobody_edits_the_post_of_another(postbox: Postbox, host: str) -> None:
    group, ida = await postbox.group("bees"), await postbox.stranger("ida")
    eve = await postbox.stranger("eve", host)
    sent = await create(postbox, ida.uri, page(ida.uri, group.uri))

    for forged in (edited(sent, "evil"), {**edited(sent, "evil"), "attributedTo": eve.uri}):
        with pytest.raises((RemoteProtocolError, NotAllowed)):
            await postbox.deliver(activity("Update", eve.uri, forged))

    assert await text_of(postbox, sent["id"]) == "<p>Moin.</p>"


async def test_a_post_of_ours_is_not_edited_from_elsewhere(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    post = await postbox.post(ada)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Update", eve.uri, note(ada.uri, id=post.uri)))

    assert await text_of(postbox, post.uri) == post.content.html


async def test_an_update_of_a_post_that_never_came_is_its_create(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = edited(page(eve.uri, group.uri), "Second")

    await postbox.deliver(activity("Update", eve.uri, sent))

    assert await text_of(postbox, sent["id"]) == "<p>Second</p>"


async def test_new_counts_of_a_poll_are_taken_over(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.follow(ada, eve)
    options: list[JsonValue] = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}}
        for name in ("Honey", "Wax")
    ]
    sent = await create(postbox, eve.uri, note(eve.uri, type="Question", oneOf=options))
    seven: JsonObject = {"type": "Collection", "totalItems": 7}
    counted: list[JsonValue] = [{"type": "Note", "name": "Honey", "replies": seven}, options[1]]

    await postbox.deliver(activity("Update", eve.uri, {**sent, "oneOf": counted, "votersCount": 7}))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.content.poll is not None
    assert [option.votes for option in stored.content.poll.options] == [7, 0]
    assert stored.edited_at is None


async def test_an_author_closes_the_thread_by_an_update(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))

    await postbox.deliver(
        activity("Update", eve.uri, {**edited(sent, "Done"), "commentsEnabled": False})
    )

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.locked


async def test_an_actor_renames_itself_and_changes_its_key(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    await postbox.deliver(activity("Update", eve.uri, actor_document(eve.uri, name="Eva")))

    stored = await postbox.storage.read(lambda uow: uow.people.get(eve.id))

    assert stored is not None
    assert stored.name == "Eva"
    assert postbox.keys.remembered(f"{eve.uri}#main-key") is None


@pytest.mark.parametrize("host", ["peer.example", "evil.example"])
async def test_ori_11_nobody_changes_another_actor(postbox: Postbox, host: str) -> None:
    victim = await postbox.stranger("victim")
    eve = await postbox.stranger("eve", host)
    forged = actor_document(victim.uri, name="Owned")

    with pytest.raises((ProtocolError, NotAllowed)):
        await postbox.deliver(activity("Update", eve.uri, forged))

    stored = await postbox.storage.read(lambda uow: uow.people.get(victim.id))
    assert stored is not None
    assert stored.name == victim.name


async def test_an_owner_elsewhere_edits_a_group_of_ours_and_a_member_does_not(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    owner, eve = await postbox.stranger("owner"), await postbox.stranger("eve")
    await postbox.member(group, owner, Role.OWNER)
    await postbox.member(group, eve)
    document = actor_document(group.uri, "Group", name="Bees and friends")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Update", eve.uri, document))
    await postbox.deliver(activity("Update", owner.uri, document))

    stored = await postbox.storage.read(lambda uow: uow.communities.get(group.id))
    assert stored is not None
    assert stored.name == "Bees and friends"
    keys = await postbox.storage.read(lambda uow: uow.keys.find(f"{group.uri}#main-key"))
    assert keys is None


@pytest.mark.parametrize("form", ["id", "tombstone"])
async def test_an_author_deletes_a_post(postbox: Postbox, form: str) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))
    obj = sent["id"] if form == "id" else {"id": sent["id"], "type": "Tombstone"}

    await postbox.deliver(activity("Delete", eve.uri, obj))

    assert await state_of(postbox, sent["id"]) is PostState.WITHDRAWN
    assert len(await postbox.relayed()) == 2


async def test_ori_09_nobody_deletes_the_post_of_another(postbox: Postbox) -> None:
    group, ida = await postbox.group("bees"), await postbox.stranger("ida")
    sent = await create(postbox, ida.uri, page(ida.uri, group.uri))
    neighbour = await postbox.stranger("eve")
    stranger = await postbox.stranger("eve", "evil.example")
    relayed = len(await postbox.relayed())

    for eve in (neighbour, stranger):
        forged = {**sent, "attributedTo": eve.uri}
        for obj in (sent["id"], {"id": sent["id"], "type": "Tombstone"}, forged):
            with pytest.raises(NotAllowed):
                await postbox.deliver(activity("Delete", eve.uri, obj))

    assert await state_of(postbox, sent["id"]) is PostState.PUBLISHED
    assert len(await postbox.relayed()) == relayed


async def test_grp_01_a_moderator_removes_and_brings_back_and_a_member_does_not(
    postbox: Postbox,
) -> None:
    group, ida = await postbox.group("bees"), await postbox.stranger("ida")
    mod, eve = await postbox.stranger("mod", "far.example"), await postbox.stranger("eve")
    await postbox.member(group, mod, Role.MODERATOR)
    await postbox.member(group, eve)
    sent = await create(postbox, ida.uri, page(ida.uri, group.uri))
    removal = activity("Delete", mod.uri, sent["id"], summary="Spam")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Delete", eve.uri, sent["id"]))
    await postbox.deliver(removal)
    removed = await state_of(postbox, sent["id"])
    entries = await postbox.storage.read(lambda uow: uow.reports.entries(group.id))
    await postbox.deliver(activity("Undo", mod.uri, removal))

    assert removed is PostState.REMOVED
    assert [entry.reason for _, entry in entries] == ["Spam"]
    assert await state_of(postbox, sent["id"]) is PostState.PUBLISHED


async def test_an_author_brings_back_a_deleted_post_with_its_text(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))
    deletion = activity("Delete", eve.uri, sent["id"])
    await postbox.deliver(deletion)
    postbox.wire.documents[str(sent["id"])] = sent

    await postbox.deliver(activity("Undo", eve.uri, deletion))

    assert await state_of(postbox, sent["id"]) is PostState.PUBLISHED
    assert await text_of(postbox, sent["id"]) == "<p>Moin.</p>"


async def test_an_author_does_not_bring_back_what_a_moderator_removed(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    mod = await postbox.stranger("mod", "far.example")
    await postbox.member(group, mod, Role.MODERATOR)
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))
    await postbox.deliver(activity("Delete", mod.uri, sent["id"]))
    postbox.wire.documents[str(sent["id"])] = sent

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Undo", eve.uri, activity("Delete", eve.uri, sent["id"])))

    assert await state_of(postbox, sent["id"]) is PostState.REMOVED


async def test_grp_12_a_delete_that_comes_first_keeps_the_post_away(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)

    await postbox.deliver(activity("Delete", eve.uri, sent["id"]))
    late = await postbox.deliver(activity("Create", eve.uri, sent))

    assert late is Outcome.IGNORED
    assert await postbox.find(str(sent["id"])) is None


async def test_a_delete_of_an_unknown_post_of_another_server_is_not_remembered(
    postbox: Postbox,
) -> None:
    group, ida = await postbox.group("bees"), await postbox.stranger("ida")
    eve = await postbox.stranger("eve", "evil.example")
    sent = page(ida.uri, group.uri)

    outcome = await postbox.deliver(activity("Delete", eve.uri, sent["id"]))
    await postbox.deliver(activity("Create", ida.uri, sent))

    assert outcome is Outcome.IGNORED
    assert await state_of(postbox, sent["id"]) is PostState.PUBLISHED


async def test_an_account_that_deletes_itself_is_gone_and_signs_no_more(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")

    await postbox.deliver(activity("Delete", eve.uri, eve.uri, removeData=True))

    stored = await postbox.storage.read(lambda uow: uow.people.get(eve.id))
    assert stored is not None
    assert stored.state is ActorState.DELETED
    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Create", eve.uri, page(eve.uri, group.uri)))


async def test_a_group_that_deletes_itself_is_closed(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")

    await postbox.deliver(activity("Delete", group.uri, group.uri))

    stored = await postbox.storage.read(lambda uow: uow.communities.get(group.id))
    assert stored is not None
    assert stored.state is ActorState.DELETED


async def test_fld_06_a_farewell_of_someone_unknown_costs_no_fetch(postbox: Postbox) -> None:
    gone = "https://gone.example/users/1"

    outcome = await postbox.deliver(activity("Delete", gone, gone), key=OTHER_KEY)

    assert outcome is Outcome.IGNORED
    assert postbox.wire.asked == []


async def test_a_forwarded_activity_has_its_object_fetched_from_its_origin(
    postbox: Postbox,
) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    ida = await postbox.stranger("ida", "far.example")
    post = await postbox.post(ada)
    sent = note(ida.uri, inReplyTo=post.uri, to=[PUBLIC])
    postbox.wire.documents[str(sent["id"])] = sent
    forged = {**sent, "content": "<p>forged</p>"}

    outcome = await postbox.deliver(activity("Create", ida.uri, forged), signer=eve.uri)

    assert outcome is Outcome.QUEUED
    assert await text_of(postbox, sent["id"]) == "<p>Moin.</p>"


async def test_a_forwarded_delete_counts_when_the_origin_has_nothing_any_more(
    postbox: Postbox,
) -> None:
    group, ida = await postbox.group("bees"), await postbox.stranger("ida", "far.example")
    eve = await postbox.stranger("eve")
    kept = await create(postbox, ida.uri, page(ida.uri, group.uri))
    gone = await create(postbox, ida.uri, page(ida.uri, group.uri))
    postbox.wire.documents[str(kept["id"])] = kept

    for sent in (kept, gone):
        await postbox.deliver(activity("Delete", ida.uri, sent["id"]), signer=eve.uri)

    assert await state_of(postbox, kept["id"]) is PostState.PUBLISHED
    assert await state_of(postbox, gone["id"]) is PostState.WITHDRAWN


async def test_a_forwarded_activity_about_nothing_that_we_have_is_refused(
    postbox: Postbox,
) -> None:
    ida, eve = await postbox.stranger("ida", "far.example"), await postbox.stranger("eve")

    for kind, obj in (("Create", note(ida.uri)), ("Delete", ida.uri), ("Like", note(ida.uri))):
        with pytest.raises(SignatureRejected):
            await postbox.deliver(activity(kind, ida.uri, obj), signer=eve.uri)

    assert postbox.wire.asked == []


async def test_ori_16_a_move_counts_when_the_new_account_names_the_old(postbox: Postbox) -> None:
    ada = await postbox.resident("ada")
    eve, other = await postbox.stranger("eve"), await postbox.stranger("other")
    await postbox.follow(ada, eve)
    await postbox.follow(ada, other)
    target = await postbox.stranger("eva", "new.example")
    move = activity("Move", eve.uri, eve.uri, target=target.uri)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Move", other.uri, eve.uri, target=target.uri))
    await postbox.deliver(move)
    unconfirmed = await postbox.storage.read(lambda uow: uow.actors.get(eve.id))
    postbox.wire.documents[target.uri] = actor_document(target.uri, alsoKnownAs=[eve.uri])
    await postbox.deliver({**move, "id": f"{eve.uri}/moves/2"})
    moved = await postbox.storage.read(lambda uow: uow.actors.get(eve.id))

    assert unconfirmed is not None
    assert unconfirmed.state is ActorState.ACTIVE
    assert moved is not None
    assert (moved.state, moved.moved_to) == (ActorState.MOVED, target.uri)


async def test_an_edit_without_a_time_counts_as_made_now(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    sent = await create(postbox, eve.uri, page(eve.uri, group.uri))
    postbox.world.tick(timedelta(hours=1))

    await postbox.deliver(activity("Update", eve.uri, {**sent, "content": "<p>Now</p>"}))

    assert await text_of(postbox, sent["id"]) == "<p>Now</p>"
