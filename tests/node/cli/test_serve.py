"""`noaber serve` as a process: it answers, commands reach it, and SIGTERM ends it in time."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import ClientError, ClientSession

from node.config_writing import filled
from node.control import SOCKET_FILE
from node.demo_nodes import free_port

pytestmark = pytest.mark.slow
"""Each starts the node as a process of its own, and stopping it takes the second of grace."""

STOP_SECONDS = 10.0


@dataclass(slots=True)
class Process:
    """A served node."""

    process: asyncio.subprocess.Process
    config: Path
    url: str

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Another command on the same settings."""
        other = await started("--config", str(self.config), *words)
        out, err = await other.communicate()
        assert other.returncode is not None
        return other.returncode, out.decode(), err.decode()


async def started(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from node.cli import main; main()", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Process]:
    """A node that answers."""
    port = free_port(18401)
    config = tmp_path / "node.toml"
    config.write_text(
        filled(
            {
                "node.domain": f"127.0.0.1:{port}",
                "node.data_dir": "data",
                "http.port": port,
                "http.public_scheme": "http",
                "metrics.port": 0,
            }
        )
    )
    process = await started("--config", str(config), "serve")
    node = Process(process, config, f"http://127.0.0.1:{port}")
    await ready(node.url)
    yield node
    if process.returncode is None:
        process.kill()
        await process.wait()


async def ready(url: str) -> None:
    async with asyncio.timeout(30), ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    assert answer.status == 200
                    return
            except ClientError:
                await asyncio.sleep(0.05)


async def test_sigterm_ends_it_in_time_and_with_0(served: Process) -> None:
    began = monotonic()

    served.process.send_signal(signal.SIGTERM)
    _out, err = await served.process.communicate()

    assert served.process.returncode == 0
    assert monotonic() - began < STOP_SECONDS
    lines = [json.loads(line) for line in err.decode().splitlines()]
    assert [line["message"] for line in lines][-2:] == ["SIGTERM: stopping", "stopped"]
    assert not (served.config.parent / "data" / SOCKET_FILE).exists()


async def test_commands_act_on_the_node_while_it_runs(served: Process) -> None:
    made = await served.run("account", "create", "ann")
    async with ClientSession() as session:
        resource = f"acct:ann@{served.url.partition('://')[2]}"
        query = {"resource": resource}
        async with session.get(f"{served.url}/.well-known/webfinger", params=query) as answer:
            found = await answer.json(content_type=None)

    assert made[0] == 0
    assert found["subject"] == resource


async def test_a_second_node_on_the_same_data_is_refused(served: Process) -> None:
    code, _out, err = await served.run("serve")

    assert code == 1
    assert err.splitlines()[-1].startswith("noaber: another process of noaber")


async def test_a_port_that_is_taken_is_said_so(served: Process, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    text = served.config.read_text().replace('data_dir = "data"', 'data_dir = "other"')
    other.write_text(text)

    process = await started("--config", str(other), "serve")
    _out, err = await process.communicate()

    assert process.returncode == 1
    assert "address already in use" in err.decode()
    assert "http.port" in err.decode()


async def test_a_backup_is_made_while_the_node_runs(served: Process, tmp_path: Path) -> None:
    await served.run("account", "create", "ann")

    backed_up = await served.run("backup", str(tmp_path / "node.tar"))
    verified = await served.run("verify", str(tmp_path / "node.tar"))

    assert backed_up[0] == verified[0] == 0
    assert "2 actors sign" in verified[1]
