"""`noaber demo`: it shows what it says, and fails when a step does not arrive."""

import json
from pathlib import Path

import pytest

from node import demo_story
from node.cli import run

Captured = pytest.CaptureFixture[str]


@pytest.mark.slow
def test_every_step_is_shown(capsys: Captured) -> None:
    """Starts three nodes and waits for what they send each other: three seconds."""
    code = run(["demo", "--once", "--port", "18301"])

    out = capsys.readouterr().out
    assert code == 0, out
    assert "All of it was shown" in out
    assert "got Announce(Create(Note)), signed by !bees@127.0.0.1:" in out


@pytest.mark.slow
@pytest.mark.parametrize("step", ["find", "comment", "ban"])
def test_a_step_that_does_not_arrive_ends_it_with_1(
    step: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starts three nodes and waits in vain for one of the steps: four seconds."""
    monkeypatch.setattr(demo_story, "PATIENCE_SECONDS", 2.0)

    code = run(["demo", "--once", "--port", "18301", "--break", step])

    assert code == 1
    assert "FAILED: " in capsys.readouterr().out


@pytest.mark.slow
def test_one_node_writes_down_its_facts(tmp_path: Path, capsys: Captured) -> None:
    """Makes a node with six keys: over a second on a busy machine."""
    path = tmp_path / "facts.json"
    words = ["--nodes", "1", "--once", "--facts", str(path), "--keep", str(tmp_path / "kept")]

    code = run(["demo", "--port", "18301", "--allow-peer", "127.0.0.1/32", *words])

    facts = json.loads(path.read_text())
    assert code == 0, capsys.readouterr()
    assert facts["base_url"] == "http://127.0.0.1:18301"
    assert [person["name"] for person in facts["people"]] == ["alice", "bob"]
    assert facts["people"][0]["inbox"] == facts["people"][0]["id"] + "/inbox"
    assert facts["private"]["text"]
    assert facts["private"]["id"].startswith(facts["base_url"])
    assert Path(facts["database"]).is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--nodes", "2"], "there is a demo of 3 nodes"),
        (["--nodes", "1", "--allow-peer", "nonsense"], "does not appear to be"),
        (["--facts", "facts.json"], "are for --nodes 1"),
        (["--break", "nonsense"], "the steps are find, follow"),
    ],
)
def test_what_is_typed_wrong_is_said_at_once(
    words: list[str], sentence: str, capsys: Captured
) -> None:
    code = run(["demo", "--once", *words])

    assert code == 2
    assert sentence in capsys.readouterr().err
