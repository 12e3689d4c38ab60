"""The conversation with Fedify again and again, by several people at once.

Part of the long form: `pytest -m long tests/interop`.
"""

import asyncio

import pytest

from communities.posts import PostState
from storage.unit_of_work import UnitOfWork
from tests.interop.conftest import NAMES
from tests.interop.fedify_server import Fedify, wraps
from tests.interop.gardening import join, write
from tests.interop.home import Garden

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

ROUNDS = 40


async def converse(garden: Garden, fedify: Fedify, who: str) -> tuple[str, str]:
    """Post twice, edit, vote, take the vote back, and delete one; the post kept, that deleted."""
    kept = await write(garden, fedify, who)
    gone = await write(garden, fedify, who, name="Regret")
    await fedify.act("edit", who, id=kept.uri, content="<p>They left.</p>", group=garden.uri)
    vote = await fedify.act("vote", who, object=gone.uri, kind="like", to=garden.uri)
    await fedify.act("undo", who, id=vote, to=garden.uri)
    await fedify.act("vote", who, object=kept.uri, kind="like", to=garden.uri)
    await fedify.act("remove", who, id=gone.uri, group=garden.uri)
    return kept.uri, gone.uri


async def test_nothing_is_lost_or_doubled_in_many_conversations(
    garden: Garden, fedify: Fedify
) -> None:
    for who in NAMES:
        await join(garden, fedify, who)

    async def repeat(who: str) -> list[tuple[str, str]]:
        return [await converse(garden, fedify, who) for _ in range(ROUNDS)]

    told = await asyncio.gather(*map(repeat, NAMES))
    pairs = [pair for of_one in told for pair in of_one]

    def took_effect(uow: UnitOfWork) -> bool:
        for kept_uri, gone_uri in pairs:
            kept, gone = uow.posts.by_uri(kept_uri), uow.posts.by_uri(gone_uri)
            if kept is None or gone is None or gone.state is not PostState.WITHDRAWN:
                return False
            if kept.content.html != "<p>They left.</p>" or uow.posts.counts(kept.id).likes != 1:
                return False
        return True

    await garden.home.until("every act", took_effect)
    for kept, gone in pairs:
        for type_, about in (("Create", kept), ("Update", kept), ("Like", kept), ("Delete", gone)):
            await fedify.hears(wraps(type_, about))
    ids = [one.heard.id for one in fedify.arrivals if one.heard is not None]
    assert len(ids) == len(set(ids))
    taken = [one for one in fedify.arrivals if one.heard is not None]
    assert all(one.signed_by == garden.home.node.uris.main_key(garden.uri) for one in taken)
    assert all("" not in (one.wrapped_proofs or []) for one in taken)
