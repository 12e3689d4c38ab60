"""Synapse as a process that answers questions about rooms."""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.differential.replaying import Question, ReplayedRoom

HERE = Path(__file__).resolve().parent
INSTALL = "bash tests/differential/install.sh"


def installed() -> Path | None:
    """The Python of Synapse's environment, or None where it is not installed."""
    lock = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "noaber-interop" / f"synapse-{lock}"
    return home / "bin" / "python" if (home / "installed").exists() else None


class SynapseOracle:
    """The process. One room is asked about at a time."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), "-I", str(HERE / "synapse_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)

    def ask(self, room: ReplayedRoom) -> "Answers":
        """What Synapse says to all questions about the room."""
        request = {
            "version": room.version.identifier,
            "events": [
                {"pdu": event.document, "rejected": number in room.rejected}
                for number, event in enumerate(room.events)
            ],
            "questions": [_asked(question) for question in room.questions],
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Synapse's process ended with {self._process.wait(timeout=10)}")
        return Answers(json.loads(line))


class Answers:
    """What Synapse said.

    Attributes:
        event_ids: as Synapse works them out; None where it takes the JSON for no event.
        to: the answers, in the order of the questions.
    """

    def __init__(self, found: Any) -> None:
        self.event_ids: Sequence[str | None] = found["event_ids"]
        self.to: Sequence[str | list[Any]] = found["answers"]


def _asked(question: Question) -> dict[str, object]:
    states = [list(state.values()) for state in question.states]
    if question.kind == "resolve":
        return {"kind": "resolve", "states": states}
    if question.states:
        return {"kind": "against", "event": question.event, "state": states[0]}
    return {"kind": question.kind, "event": question.event}
