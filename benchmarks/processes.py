"""Child processes of a benchmark: started, measured and ended by their own id, never by name."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec
import psutil

from benchmarks.village import Facts

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 15.0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A Python module that runs as a child process. Use it with `with`; the end kills it."""

    def __init__(self, module: str, *arguments: str, log: Path | None = None) -> None:
        """Start `python -m module arguments`; what it writes to standard error goes to `log`."""
        self._log: IO[bytes] | None = log.open("ab") if log is not None else None
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )
        self._reader = open(  # noqa: SIM115 - closed with the process
            self.stdout.fileno(), "rb", closefd=False
        )

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def __enter__(self) -> Self:
        """The child itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def line(self) -> bytes:
        """The next line that it writes.

        Raises:
            RuntimeError: it ended instead.
        """
        found = self._reader.readline()
        if not found:
            raise RuntimeError(f"process {self.pid} ended with {self.process.wait()}")
        return found

    def ask(self, question: object) -> bytes:
        """Write one JSON line and give the line that answers it."""
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(question) + b"\n")
        return self.line()

    def cpu_seconds(self) -> float:
        """User and system time of all its threads until now."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def rss_mib(self) -> float:
        """Memory that is resident now."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def stop(self) -> None:
        """End it with SIGTERM, and with SIGKILL if it does not listen."""
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._forget()

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        if self.is_running:
            self.process.send_signal(signal.SIGKILL)
        self._forget()

    def _forget(self) -> None:
        self.process.wait()
        self._reader.close()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()


class NodeChild(Child):
    """A running node."""

    def __init__(self, facts: Facts) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it did not start; its log says why.
        """
        log = Path(facts.data_dir) / "node.log"
        arguments = ["--data", facts.data_dir, "--port", str(facts.port)]
        for network in facts.allow:
            arguments += ["--allow", network]
        self.started_at = time.monotonic()
        super().__init__("benchmarks.node_process", *arguments, log=log)
        while self.line().strip() != b"ready":
            continue
        self.ready_after = time.monotonic() - self.started_at


def module_output(module: str, arguments: Sequence[str], seconds: float) -> bytes:
    """What a module writes that runs to its end within that time."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=seconds,
        check=True,
    )
    return ended.stdout
