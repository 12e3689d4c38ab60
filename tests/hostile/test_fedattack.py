"""The named attack cases of ../shared/checks/fedattack against a running node.

Slow: the cases wait for time-outs of the node, a hundred seconds and more in all.
"""

import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEDATTACK = ROOT.parent / "shared" / "checks" / "fedattack" / "fedattack.py"
OBSERVE = Path(__file__).with_name("observe.py")
START_SECONDS = 30.0
ATTACK_SECONDS = 540
NEEDS_APPS = {"H06"}
"""The case about OAuth needs the API for apps (--mastodon), which the node does not have."""


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A throw-away node whose only peers are 127.0.0.1 and 127.0.0.2, and the facts about it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "facts.json"
    command = (
        *(sys.executable, "-c", "from node.cli import main; main()", "demo"),
        *("--nodes", "1", "--port", str(port), "--facts", str(file)),
        *("--allow-peer", "127.0.0.1/32", "--allow-peer", "127.0.0.2/32"),
        *("--keep", str(tmp_path / "kept"), "--verbose"),
    )
    with (tmp_path / "node.log").open("wb") as log:
        node = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield read_facts(file, node)
    finally:
        node.terminate()
        node.wait(15)


def read_facts(file: Path, node: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """The facts, as soon as the node has written them."""
    end = time.monotonic() + START_SECONDS
    while not file.exists():
        assert node.poll() is None, "the node ended"
        assert time.monotonic() < end, "the node did not start in time"
        time.sleep(0.05)
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not FEDATTACK.exists(), reason="../shared/checks/fedattack is not here")
@pytest.mark.parametrize("observed", ["database", "api"])
def test_no_named_attack_succeeds(
    facts: dict[str, Any], tmp_path: Path, observed: Literal["database", "api"]
) -> None:
    results = tmp_path / "results.json"
    observe = _by_database(facts) if observed == "database" else _by_api(facts)
    command = (
        *(sys.executable, str(FEDATTACK), "--target", facts["base_url"]),
        *("--user", facts["people"][0]["id"], "--group", facts["groups"][0]["id"]),
        *("--private", facts["private"]["id"], "--private-text", facts["private"]["text"]),
        *(*observe, "--canary", "--burst", "--slow", "--settle", "0.5"),
        *("--json", str(results)),
    )

    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=ATTACK_SECONDS
    )

    rows = json.loads(results.read_text()) if results.exists() else []
    bad = [row for row in rows if row["verdict"] in ("FAIL", "ERROR")]
    skipped = {row["id"] for row in rows if row["verdict"] == "SKIP"}
    log = (tmp_path / "node.log").read_text()
    assert not bad, json.dumps(bad, indent=1)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert skipped <= (NEEDS_APPS if observed == "database" else set()), ended.stdout
    assert "Traceback" not in log, log


def _by_database(facts: dict[str, Any]) -> tuple[str, ...]:
    return ("--observe-cmd", shlex.join([sys.executable, str(OBSERVE), facts["database"]]))


def _by_api(facts: dict[str, Any]) -> tuple[str, ...]:
    """What an app of the attacked person sees; of their notices more than the newest page."""
    pages = range(0, 480, 80)
    more = [f"/api/v1/notifications?limit=80&min_id={after}" for after in pages]
    observe = [word for path in more for word in ("--observe", path)]
    return ("--mastodon", "--token", facts["people"][0]["token"], *observe)
