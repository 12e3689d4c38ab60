"""The control channel: commands reach the running node, and nobody else does."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from communities.errors import Conflict, NotFound
from node.control import SOCKET_FILE, answering, ask
from node.errors import NodeError, Refused
from node.verbs.answers import Answer, said
from node.verbs.operator_forms import CreateAccount, ListAccounts
from node.verbs.words import Form

FORM = CreateAccount(name="ann")


def alone() -> Answer:
    return said("did it alone")


async def echo(form: Form) -> Answer:
    return said("done by the node", form=str(form), number=7)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Path]:
    async with answering(tmp_path, echo):
        yield tmp_path


async def asked(data_dir: Path, form: Form = FORM) -> Answer:
    return await asyncio.to_thread(ask, data_dir, form, alone)


async def test_the_running_node_gets_the_form_and_gives_its_answer(running: Path) -> None:
    answer = await asked(running)

    assert [*answer.lines] == ["done by the node"]
    assert answer.data == {"form": str(FORM), "number": 7}


async def test_where_no_node_runs_the_command_does_it_alone(tmp_path: Path) -> None:
    never_there = await asked(tmp_path / "nothing")
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / SOCKET_FILE))
    killed = await asked(tmp_path)

    assert [*never_there.lines] == ["did it alone"]
    assert [*killed.lines] == ["did it alone"]


async def test_what_a_killed_node_left_is_no_hindrance(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / SOCKET_FILE))

    async with answering(tmp_path, echo):
        answer = await asked(tmp_path)

    assert [*answer.lines] == ["done by the node"]
    assert not (tmp_path / SOCKET_FILE).exists()


async def test_nobody_else_on_the_machine_may_ask(running: Path) -> None:
    mode = (running / SOCKET_FILE).stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


async def test_a_data_folder_with_a_long_path_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()

    async with answering(folder, echo):
        answer = await asked(folder)

    assert [*answer.lines] == ["done by the node"]


@pytest.mark.parametrize(
    ("error", "is_input"), [(NotFound("no such person"), True), (Conflict("it is taken"), False)]
)
async def test_a_refusal_comes_as_it_is(tmp_path: Path, error: Exception, is_input: bool) -> None:
    async def refuse(_form: Form) -> Answer:
        raise error

    async with answering(tmp_path, refuse):
        with pytest.raises(Refused, match=str(error)) as caught:
            await asked(tmp_path)

    assert caught.value.is_input is is_input


async def test_a_fault_of_the_node_is_logged_there_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_form: Form) -> Answer:
        raise ZeroDivisionError

    async with answering(tmp_path, fail):
        with pytest.raises(NodeError, match="its log tells more"):
            await asked(tmp_path)

    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"nonsense\n", b"did not understand"),
        (b'{"verb":"account frobnicate","form":{}}\n', b"knows no account frobnicate"),
        (b'{"verb":"account create","form":{"name":7}}\n', b"did not understand"),
        (b'{"verb":"account create","form":{}}\n', b"did not understand"),
    ],
)
async def test_what_is_no_request_is_refused(running: Path, line: bytes, sentence: bytes) -> None:
    def send() -> bytes:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(running / SOCKET_FILE))
            peer.sendall(line)
            return peer.recv(4096)

    reply = await asyncio.to_thread(send)

    assert sentence in reply


async def test_commands_are_answered_side_by_side(tmp_path: Path) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def wait_for_the_other(form: Form) -> Answer:
        if isinstance(form, ListAccounts):
            entered.set()
            await go_on.wait()
        return said("done")

    async with answering(tmp_path, wait_for_the_other), asyncio.TaskGroup() as group:
        first = group.create_task(asked(tmp_path, ListAccounts()))
        await entered.wait()
        second = await asked(tmp_path)
        go_on.set()

    assert [*second.lines] == [*first.result().lines] == ["done"]
