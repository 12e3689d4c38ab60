"""Whom a text mentions: known ones without asking anybody, others within a time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from federation.policies import Policies
from node.finding import Finder
from storage.store import Storage
from tests.support.app_caller import desk_over
from tests.support.clock import Clock
from tests.support.factories import World


class SilentWire:
    """A way to peers that do not answer; `asked` holds what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get_json(self, url: str, _accept: str) -> None:
        self.asked.append(url)
        await asyncio.Event().wait()


def finder_over(storage: Storage, wire: SilentWire) -> Finder:
    known = desk_over(storage, Clock()).finder
    return replace(known, client=cast("Any", wire), policies=Policies())


async def test_those_who_are_known_are_found_though_a_peer_is_silent(
    sqlite_storage: Storage,
) -> None:
    world, wire = World(), SilentWire()
    ada = await sqlite_storage.write(world.person, "ada")
    far = await sqlite_storage.write(world.remote_community, "far")
    text = "@nobody@silent.example and @ADA, !far@peer.example, @missing, !ada@noaber.example"

    found = await finder_over(sqlite_storage, wire).mentioned(
        text, within=timedelta(milliseconds=30)
    )

    assert {mention: profile.id for mention, profile in found.items()} == {
        "@ada": ada.id,
        "!far@peer.example": far.id,
    }
    assert [url.split("/")[2] for url in wire.asked] == ["silent.example"]


async def test_a_text_without_mentions_asks_nobody(sqlite_storage: Storage) -> None:
    wire = SilentWire()

    assert await finder_over(sqlite_storage, wire).mentioned("Moin, ann@mail.example") == {}
    assert wire.asked == []
