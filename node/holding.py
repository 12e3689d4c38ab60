"""One process at a time works on a data folder: a lock that ends with the process that has it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import DataInUse

LOCK_FILE = "noaber.lock"


@contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Have the data folder to oneself inside the block; it is made when it is not there.

    Made here, it is for its owner alone: it holds keys and messages.

    The lock is the system's (flock), so a process that was killed leaves none behind.

    Raises:
        DataInUse: another process has it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            raise DataInUse(
                f"another process of noaber{f' (pid {holder})' if holder else ''}"
                f" works in {data_dir}; wait for it, or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
