"""The event loop of every process of a benchmark: uvloop where it is installed, as in the node."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run(main: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end."""
    try:
        import uvloop  # noqa: PLC0415 - the extra `fast`
    except ImportError:
        return asyncio.run(main)
    result: T = uvloop.run(main)
    return result


def is_fast() -> bool:
    """Whether uvloop is installed."""
    try:
        import uvloop  # noqa: F401, PLC0415 - only asked for
    except ImportError:
        return False
    return True
