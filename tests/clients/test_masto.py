"""npm's masto signs in by code with PKCE, listens over WebSocket, and hears of a far comment."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Pair
from tests.clients.phones import consent, newcomer
from tests.interop.fedify_server import INSTALL, installed
from tests.support.browser import Browser

PHONE = Path(__file__).parent / "masto/phone.mjs"
PATIENCE_SECONDS = 30


@pytest.fixture
def modules() -> Path:
    """Where masto is installed, or a skip with the command that brings it."""
    found = installed()
    if found is None:
        pytest.skip(f"masto is not installed: run `{INSTALL}` (npm)")
    return found


async def _said(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, (await process.stderr.read()).decode() if process.stderr else ""
    return json.loads(line)


async def _tell(process: asyncio.subprocess.Process, word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word.encode() + b"\n")
    await process.stdin.drain()


async def test_masto_signs_in_streams_and_hears_of_a_comment_from_another_node(
    pair: Pair, modules: Path, tmp_path: Path
) -> None:
    await newcomer(pair.home, "ann")
    ben = await newcomer(pair.far, "ben")
    shutil.copy(PHONE, tmp_path / "phone.mjs")
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    process = await asyncio.create_subprocess_exec(
        modules / "node_modules/node/bin/node",
        tmp_path / "phone.mjs",
        pair.home.node.uris.base,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            address = (await _said(process))["authorize"]
            async with Browser(pair.home.node.uris.base) as browser:
                await _tell(process, await consent(browser, address, "ann"))
                assert "state=a+state" in (browser.page.left_for or "").replace("%20", "+")
                assert await _said(process) == {"refusedWithOtherVerifier": 400}
                await _tell(process, await consent(browser, address, "ann"))
            begun = await _said(process)
            assert begun["me"] == "ann"
            assert begun["streaming"].startswith("ws://")
            found = (await ben.search_v2(begun["uri"], resolve=True)).statuses[0]
            await ben.status_reply(found, "Hello from afar")
            heard = await _said(process)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert heard == {"type": "mention", "from": f"ben@{pair.far.name}", "inReplyTo": begun["post"]}
