"""`noaber quickstart`: what it makes, what it refuses, and that it overwrites nothing unasked."""

import io
import stat
import sys
from pathlib import Path

import pytest

from node.config_text import load
from tests.node.cli.conftest import Commands


def quickstart(commands: Commands, *words: str) -> tuple[int, str, str]:
    told = commands("quickstart", "--dir", str(commands.config.parent), *words)
    return told.code, told.out, told.err


def test_a_domain_is_enough(nothing: Commands) -> None:
    code, out, _err = quickstart(nothing, "--yes", "--domain", "https://Bees.Example.org/")

    settings = load(nothing.config)
    assert code == 0
    assert settings.base_url == "https://bees.example.org"
    assert "made @admin@bees.example.org" in out
    assert "open this once within 7 days" in out
    assert out.count("https://bees.example.org/welcome/") == 1
    assert "bees.example.org.  3600  IN  A" in out
    assert "reverse_proxy 127.0.0.1:8008" in out
    assert "proxy_pass http://noaber" in out
    (first,) = nothing("account", "list", "--json").data["accounts"]
    assert (first["name"], first["role"]) == ("admin", "admin")
    assert nothing("verify").code == 0


def test_what_is_not_given_is_asked(nothing: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("bees.example.org\nann\n"))

    code, out, _err = quickstart(nothing)

    assert code == 0
    assert "It can never change." in out
    assert "made @ann@bees.example.org" in out


def test_the_settings_are_for_their_owner_alone(nothing: Commands) -> None:
    quickstart(nothing, "--yes", "--domain", "bees.example.org")

    assert stat.S_IMODE(nothing.config.stat().st_mode) == 0o600


def test_the_data_may_lie_elsewhere(nothing: Commands, tmp_path: Path) -> None:
    where = tmp_path / "var"

    quickstart(nothing, "--yes", "--domain", "bees.example.org", "--data-dir", str(where))

    assert (where / "noaber.db").is_file()


def test_pages_may_live_at_another_host(nothing: Commands) -> None:
    words = ("--domain", "example.org", "--web-host", "bees.example.org")
    _code, out, _err = quickstart(nothing, "--yes", *words)

    settings = load(nothing.config)
    assert (settings.node.domain, settings.base_url) == ("example.org", "https://bees.example.org")
    assert "redir /.well-known/webfinger https://bees.example.org{uri} 301" in out


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ("localhost", "cannot be reached from outside"),
        ("node.local", "cannot be reached from outside"),
        ("node", "cannot be reached from outside"),
        ("192.0.2.7", "is an address"),
        ("bees.example.org:8443", "has a port"),
        ("not a name", "is not the name of a host"),
        ("", "is not the name of a host"),
    ],
)
def test_a_name_that_cannot_be_a_nodes_is_refused(
    nothing: Commands, domain: str, sentence: str
) -> None:
    code, _out, err = quickstart(nothing, "--yes", "--domain", domain)

    assert code == 2
    assert sentence in err
    assert not nothing.config.exists()


def test_a_trial_may_be_local_and_listens_where_its_links_lead(nothing: Commands) -> None:
    code, out, _err = quickstart(nothing, "--yes", "--dev", "--domain", "127.0.0.1:8123")

    settings = load(nothing.config)
    assert code == 0
    assert (settings.base_url, settings.http.port) == ("http://127.0.0.1:8123", 8123)
    assert "DNS" not in out


def test_a_trial_may_listen_elsewhere_when_told(nothing: Commands) -> None:
    words = ("--yes", "--dev", "--domain", "localhost", "--port", "8123")
    code, _out, _err = quickstart(nothing, *words)

    settings = load(nothing.config)
    assert code == 0
    assert (settings.base_url, settings.http.port) == ("http://localhost", 8123)


def test_a_trial_without_a_port_is_told_to_name_one(nothing: Commands) -> None:
    code, _out, err = quickstart(nothing, "--yes", "--dev", "--domain", "localhost")

    assert code == 2
    assert "--domain localhost:8008" in err
    assert not nothing.config.exists()


def test_a_bad_name_leaves_nothing_behind(nothing: Commands) -> None:
    code, _out, err = quickstart(nothing, "--yes", "--domain", "example.org", "--name", "A B")

    assert code == 2
    assert "A B cannot be a name" in err
    assert [*nothing.config.parent.iterdir()] == []


def test_a_settings_file_is_not_overwritten_unasked(
    nothing: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing.config.write_text("mine")

    told_yes = quickstart(nothing, "--yes", "--domain", "example.org")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    said_no = quickstart(nothing, "--domain", "example.org", "--name", "ann")

    assert told_yes[0] == 2
    assert "is there already" in told_yes[2]
    assert said_no[0] == 130
    assert nothing.config.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_said_so(nothing: Commands, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = nothing("quickstart", "--yes", "--domain", "example.org", "--dir", f"{tmp_path}/file")

    assert told.code == 1
    assert "cannot be written" in told.err
