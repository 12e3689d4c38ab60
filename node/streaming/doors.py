"""What lets apps listen: who stands behind a token, when it ends, and where work goes on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from node.auth import Caller
from node.tasks import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Ports of the streaming surface.

    Attributes:
        identify: whom a token stands for; None when it does not hold.
        on_end: calls once when a caller's token ends; gives what takes that back.
        spawn: runs something beside what runs now, under a name.
    """

    identify: Callable[[str], Awaitable[Caller | None]]
    on_end: Callable[[Caller, Callable[[], None]], Callable[[], None]]
    spawn: Callable[[Work, str], None]
