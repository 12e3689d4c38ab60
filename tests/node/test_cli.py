"""The command line: what was typed wrong is one sentence with exit code 2."""

from pathlib import Path

import click
import pytest

from communities.errors import NotFound
from node import cli
from node.cli import run
from node.config_example import example
from storage.errors import Busy

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text("[node]\ndomain = 'example.org'\n")
    return path


def test_config_example_prints_the_example(capsys: Captured) -> None:
    code = run(["config", "example"])

    assert code == 0
    assert capsys.readouterr().out == example()


def test_config_check_says_that_a_file_is_fine(settings_file: Path, capsys: Captured) -> None:
    code = run(["config", "check", str(settings_file)])

    assert code == 0
    assert capsys.readouterr().out == (
        f"{settings_file} is fine: https://example.org, handles end in @example.org\n"
    )


def test_config_check_takes_the_file_of_the_option(settings_file: Path, capsys: Captured) -> None:
    code = run(["--config", str(settings_file), "config", "check"])

    assert code == 0
    assert "is fine" in capsys.readouterr().out


def test_config_check_takes_the_file_of_the_environment(
    settings_file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOABER_CONFIG", str(settings_file))

    code = run(["config", "check"])

    assert code == 0
    assert "is fine" in capsys.readouterr().out


def test_config_check_of_a_bad_file_is_one_sentence(settings_file: Path, capsys: Captured) -> None:
    settings_file.write_text("[node]\ndomian = 'example.org'\n")

    code = run(["config", "check", str(settings_file)])

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err == (
        f"noaber: {settings_file} line 2: unknown setting node.domian; did you mean node.domain?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["frobnicate"], "noaber: No such command 'frobnicate'.\n"),
        (["config", "chek"], "noaber: No such command 'chek'. Did you mean 'check'?\n"),
        (["doctor", "--fast"], "noaber: No such option '--fast'.\n"),
        (["--config"], "noaber: Option '--config' requires an argument.\n"),
        (["doctor", "x"], "noaber: Got unexpected extra argument (x)\n"),
    ],
)
def test_what_was_typed_wrong_is_one_sentence(
    arguments: list[str], sentence: str, capsys: Captured
) -> None:
    code = run(arguments)

    captured = capsys.readouterr()
    assert code == 2
    assert captured.err == sentence


def test_command_without_settings_says_which_file_it_wants(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOABER_CONFIG", raising=False)

    code = run(["doctor"])

    assert code == 2
    assert capsys.readouterr().err == (
        "noaber: there is no settings file node.toml: name one with --config,"
        " or begin with noaber quickstart\n"
    )


def test_no_command_shows_what_there_is(capsys: Captured) -> None:
    code = run([])

    assert code == 2
    assert "Commands:" in capsys.readouterr().err


def test_help_and_version_end_well(capsys: Captured) -> None:
    codes = [run(["--help"]), run(["config", "-h"]), run(["--version"])]

    assert codes == [0, 0, 0]
    assert "noaber, version " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("there is no\nsuch person"), 2),
        (Busy("there is no such person"), 1),
    ],
)
def test_refusal_of_the_domain_is_bad_input_and_failure_of_storage_is_not(
    error: Exception, code: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def refused() -> None:
        raise error

    monkeypatch.setitem(cli.noaber.commands, "refused", refused)

    assert run(["refused"]) == code
    assert capsys.readouterr().err == "noaber: there is no such person\n"


def test_command_that_gives_a_number_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def three() -> int:
        return 3

    monkeypatch.setitem(cli.noaber.commands, "three", three)

    assert run(["three"]) == 3


def test_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.noaber.commands, "interrupted", interrupted)

    assert run(["interrupted"]) == 130


def test_main_ends_the_process_with_the_code() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["frobnicate"])

    assert caught.value.code == 2
