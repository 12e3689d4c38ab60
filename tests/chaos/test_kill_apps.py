"""What an app was answered stands once after a kill, and a retry makes nothing twice.

Slow: each kill is a process that starts, works, is killed and starts again; the long form is
`python -m tests.chaos.run_apps --kills 20`.
"""

import random
from pathlib import Path

import pytest

from tests.chaos.run_apps import play, summary

pytestmark = pytest.mark.timeout(300)


@pytest.mark.slow
async def test_three_kills_lose_no_status_and_no_upload(tmp_path: Path) -> None:
    seed = random.randrange(10**6)

    cost = await play(tmp_path, kills=3, seed=seed)

    assert not cost.faults, summary(cost, 3, seed)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
async def test_twenty_kills_lose_no_status_and_no_upload(tmp_path: Path) -> None:
    seed = random.randrange(10**6)

    cost = await play(tmp_path, kills=20, seed=seed)

    assert not cost.faults, summary(cost, 20, seed)
