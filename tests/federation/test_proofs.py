"""A proof by its actor lets an announced activity in without a fetch, and only a good one."""

from typing import Any

import pytest

from communities.community import Community
from communities.people import Person
from federation.inbox import Outcome
from protocols.activitypub.integrity_proofs import create
from protocols.key_formats import public_half, render_multikey
from protocols.strict_json import JsonObject
from tests.support.postbox import OTHER_KEY, Postbox, activity, page


class Village:
    """A group elsewhere with a member here, and an author of a third server with two keys."""

    group: Community
    author: Person
    method: str


@pytest.fixture
async def village(postbox: Postbox) -> Village:
    made = Village()
    made.group = await postbox.distant_group("wasps")
    await postbox.member(made.group, await postbox.resident("ada"))
    made.author = await postbox.stranger("ida", "far.example")
    made.method = f"{made.author.uri}#ed25519-key"
    multikey = render_multikey(public_half(OTHER_KEY))
    await postbox.storage.write(
        lambda uow: uow.keys.replace(
            made.author.id, [(made.method, multikey)], fetched_at=postbox.world.now
        )
    )
    return made


def proven(village: Village, method: str | None = None) -> tuple[JsonObject, JsonObject]:
    """A post, and its Create with a proof."""
    sent = page(village.author.uri, village.group.uri)
    signed = create(
        activity("Create", village.author.uri, sent),
        key=OTHER_KEY,
        verification_method=method or village.method,
        created="2026-11-01T11:00:00Z",
    )
    return sent, signed


async def announced(postbox: Postbox, village: Village, inner: JsonObject) -> Outcome:
    return await postbox.deliver(activity("Announce", village.group.uri, inner))


async def test_a_good_proof_spares_the_fetch(postbox: Postbox, village: Village) -> None:
    sent, signed = proven(village)

    outcome = await announced(postbox, village, signed)

    assert outcome is Outcome.APPLIED
    assert await postbox.find(str(sent["id"])) is not None
    assert postbox.wire.asked == []


@pytest.mark.parametrize("spoil", ["content", "actor-key", "unknown-key"])
async def test_with_a_bad_proof_the_origin_is_asked(
    postbox: Postbox, village: Village, spoil: str
) -> None:
    other = await postbox.stranger("eve", "far.example")
    methods = {"actor-key": f"{other.uri}#main-key", "unknown-key": f"{village.author.uri}#none"}
    sent, signed = proven(village, methods.get(spoil))
    if spoil == "content":
        inner: Any = signed["object"]
        inner["content"] = "<p>forged</p>"
    postbox.wire.documents[str(sent["id"])] = {**sent, "content": "<p>true</p>"}

    outcome = await announced(postbox, village, signed)

    stored = await postbox.find(str(sent["id"]))
    assert outcome is Outcome.QUEUED
    assert stored is not None
    assert stored.content.html == "<p>true</p>"
