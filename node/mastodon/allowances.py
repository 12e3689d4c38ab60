"""How much a person may write through an app; the instance tells apps the same numbers."""

import re
from datetime import timedelta

MAX_CHARACTERS = 20_000
"""Of a status; its HTML stays below `communities.limits.MAX_TEXT_BYTES`."""
CHARACTERS_OF_URL = 23
"""What an address counts, however long it is."""
MIN_POLL_OPTIONS, MAX_POLL_OPTIONS = 2, 10
MAX_OPTION_CHARACTERS = 100
SHORTEST_POLL, LONGEST_POLL = timedelta(minutes=5), timedelta(days=31)
MAX_PROFILE_PINS = 5
MAX_SCHEDULED, MAX_SCHEDULED_A_DAY = 300, 25
SCHEDULED_AHEAD = timedelta(minutes=5)
IDEMPOTENT_FOR = timedelta(hours=1)
"""How long the same key from the same app means the same status."""
LOOK_UP_TIME = timedelta(seconds=6)
"""How long whoever is mentioned is looked for at their servers, all together."""

_URL = re.compile(r"https?://\S+")


def characters(text: str) -> int:
    """How many characters a text counts, as apps count them.

    Spec: reference client-apis 1.6 (characters_reserved_per_url).
    """
    return len(_URL.sub("x" * CHARACTERS_OF_URL, text))
