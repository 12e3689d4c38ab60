"""The village in which the rules of the domain are tried."""

import pytest

from tests.communities.village import Village


@pytest.fixture
def village() -> Village:
    """A fresh village."""
    return Village()
