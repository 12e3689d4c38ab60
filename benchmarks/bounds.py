"""What the machine does without us: signatures, disk syncs, JSON. Beside these a figure counts."""

import json
import os
import re
import subprocess
import tempfile
import time
import timeit
from pathlib import Path

from benchmarks.event_loop import is_fast
from benchmarks.table import Bound, median, percentile

_SIGNS = re.compile(
    r"^rsa\s+2048 bits\s+\S+s\s+\S+s\s+(?P<sign>[\d.]+)\s+(?P<verify>[\d.]+)", re.MULTILINE
)


class OpensslMissingError(Exception):
    """There is no openssl on this machine, which G5 is measured against."""


def rsa_signatures(seconds: int = 2) -> tuple[float, float]:
    """RSA-2048 signatures and verifications a second of two processes of openssl.

    Raises:
        OpensslMissingError: there is no openssl.
    """
    command = ["openssl", "speed", "-multi", "2", "-seconds", str(seconds), "rsa2048"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise OpensslMissingError(f"{command[0]} was not found") from error
    found = _SIGNS.search(output)
    if found is None:
        raise OpensslMissingError(f"the output of {' '.join(command)} was not understood")
    return float(found["sign"]), float(found["verify"])


def sync_milliseconds(folder: Path, times: int = 100) -> tuple[float, float]:
    """How long it takes to sync 4 KiB to the disk: the middle one and the 99th of a hundred."""
    found = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            file.write(b"x" * 4_096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - started) * 1e3)
    return median(found), percentile(found, 0.99)


def json_microseconds() -> float:
    """How long Python's json takes to read an activity of 1.7 kB."""
    text = json.dumps({"type": "Create", "object": {"tag": [{"name": "a"}] * 8, "c": "x" * 1_400}})
    return min(timeit.repeat(lambda: json.loads(text), number=2_000, repeat=3)) / 2_000 * 1e6


def measured(folder: Path) -> list[Bound]:
    """The bounds that every run prints."""
    sign, verify = rsa_signatures()
    middle, worst = sync_milliseconds(folder)
    return [
        Bound(
            name="openssl speed -multi 2 rsa2048",
            text=f"{sign:.0f} signatures/s, {verify:.0f} verifications/s",
        ),
        Bound(name="fsync of 4 KiB", text=f"{middle:.2f} ms, p99 {worst:.2f} ms"),
        Bound(name="python json.loads, 1.7 kB", text=f"{json_microseconds():.1f} us"),
        Bound(name="event loop", text="uvloop" if is_fast() else "asyncio"),
    ]
