"""Child processes of a benchmark: started, measured and ended by their own id, never by name."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

import msgspec
import psutil

from benchmarks.village import Facts, settings_text

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 15.0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A child process of Python. Use it with `with`; the end of the block stops it."""

    def __init__(self, *arguments: str, log: Path | None = None) -> None:
        """Start `python arguments`; what it writes to standard error goes to `log`."""
        self._log: IO[bytes] | None = log.open("ab") if log is not None else None
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
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
    """A running node: `noaber serve`, with the settings of `village.settings_text`."""

    def __init__(self, facts: Facts) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it did not; its log says why.
        """
        folder = Path(facts.data_dir)
        settings = folder / "node.toml"
        settings.write_text(settings_text(facts), "utf-8")
        self._started = time.monotonic()
        super().__init__(
            *("-c", "from node.cli import main; main()"),
            *("--config", str(settings), "serve"),
            log=folder / "node.log",
        )
        self._wait(facts.port)
        self.ready_after = time.monotonic() - self._started

    def _wait(self, port: int) -> None:
        while time.monotonic() - self._started < START_SECONDS:
            if not self.is_running:
                raise RuntimeError(f"the node ended with {self.process.returncode}")
            if status_of(port, "/readyz") == 200:
                return
            time.sleep(0.005)
        raise RuntimeError("the node did not answer in time")


def status_of(port: int, path: str) -> int:
    """The status that a GET at 127.0.0.1 is answered with; 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def document_of(uri: str) -> str:
    """The ActivityPub document behind an id at 127.0.0.1."""
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path, headers={"Accept": "application/activity+json"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


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
