"""A node that is killed loses nothing that it has answered, and does nothing twice.

Slow: each kill is a process that starts, works, is killed and starts again; the long form is
`python -m tests.chaos.run --kills 20`.
"""

import random
import sys
from pathlib import Path

import pytest

from tests.chaos.run import play, summary

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the fake hosts need all of 127/8"),
    pytest.mark.timeout(300),
]


@pytest.mark.slow
def test_two_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)

    account = play(tmp_path, kills=2, hosts=8, seed=seed)

    assert account.faults == 0, summary(account, 2, 8, seed, 0)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)

    account = play(tmp_path, kills=20, hosts=20, seed=seed)

    assert account.faults == 0, summary(account, 20, 20, seed, 0)
