"""What becomes of a stored value that does not read any more: it is named, and the rest goes on.

A damaged disk or a slip of an administrator must cost one item, not every list that holds it.
"""

import logging
import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

log = logging.getLogger(__name__)

T = TypeVar("T")
D = TypeVar("D")


def read_or(read: Callable[[bytes], T], raw: bytes, instead: D, what: str, key: object) -> T | D:
    """The value of stored bytes; something else, and an error in the log, when they are damaged."""
    try:
        return read(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, zlib.error) as error:
        log.error("damaged row: %s %s does not read: %s", what, key, error)  # noqa: TRY400 - no trace helps
        return instead
