"""Settings of streaming."""

from dataclasses import dataclass
from typing import Annotated

from node.settings_values import told


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingSettings:
    """How many apps may listen at once."""

    max_connections: Annotated[
        int, told("How many connections may listen over all.", at_least=0, at_most=100_000)
    ] = 2000
    max_per_address: Annotated[
        int, told("How many of them may come from one address.", at_least=1)
    ] = 60
    max_per_token: Annotated[
        int, told("How many of them may be of one app of one person.", at_least=1)
    ] = 12
