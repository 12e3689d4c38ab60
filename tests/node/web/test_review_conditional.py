"""Conditional requests with dates that no calendar has."""

import pytest

from storage.store import Storage
from tests.support.factories import World
from tests.support.visitor import Visitor


@pytest.mark.parametrize(
    "since",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 0001 00:00:00 +2359",
    ],
)
async def test_a_feed_is_given_to_who_asks_with_an_impossible_date(
    visitor: Visitor, world: World, sqlite_storage: Storage, since: str
) -> None:
    await sqlite_storage.write(lambda uow: world.community(uow, "bees"))

    response = await visitor.client.get("/c/bees/feed.atom", headers={"If-Modified-Since": since})

    assert response.status == 200
