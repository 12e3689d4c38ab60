"""What the doctor finds on a healthy node, on a sick one, and where nothing can be known."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import Engine

from node.checkup import Finding, Verdict, data_folder, examine
from node.cli import run
from node.settings import (
    DatabaseSettings,
    FederationSettings,
    HttpSettings,
    NodeSettings,
    Settings,
)
from node.settings_values import Networks, Secret
from storage.schema import head
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


def settings_for(folder: Path, domain: str, database: str | None = None) -> Settings:
    return Settings(
        node=NodeSettings(domain=domain, data_dir=folder),
        http=HttpSettings(public_scheme="http"),
        database=DatabaseSettings(url=Secret(database) if database else None),
        federation=FederationSettings(allow_networks=Networks(["127.0.0.1/32"])),
    )


@asynccontextmanager
async def own_site(
    answer: object | int, *, clock_ahead: timedelta = timedelta()
) -> AsyncIterator[str]:
    """A server on loopback that answers WebFinger and NodeInfo; gives its host and port."""

    async def reply(_request: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + clock_ahead, usegmt=True)
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.json_response(answer, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/.well-known/webfinger", reply)
    app.router.add_get("/.well-known/nodeinfo", reply)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{site.port}"
    finally:
        await runner.cleanup()


@pytest.fixture
def silent_host() -> str:
    """A host and port on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.about: finding async for finding in examine(settings)}


def links_to(host: str) -> dict[str, object]:
    return {
        "subject": f"http://{host}/",
        "links": [{"rel": "self", "href": f"http://{host}/actor"}],
    }


async def test_node_before_its_first_start_has_no_fault(tmp_path: Path, silent_host: str) -> None:
    found = await findings(settings_for(tmp_path / "data", silent_host))

    assert {about: finding.verdict for about, finding in found.items()} == {
        "python": Verdict.OK,
        "packages": Verdict.OK,
        "data": Verdict.WARNING,
        "database": Verdict.UNKNOWN,
        "webfinger": Verdict.WARNING,
    }
    assert "could not be reached from here" in found["webfinger"].sentence


async def test_running_node_is_well(tmp_path: Path, sqlite_engine: Engine) -> None:
    url = sqlite_engine.url.render_as_string()
    links: dict[str, object] = {}
    async with own_site(links) as host:
        links.update(links_to(host))
        found = await findings(settings_for(tmp_path, host, url))

    assert found["webfinger"].sentence == f"{host} leads to http://{host}."
    assert found["database"].sentence == f"It opens and has schema {head()}."
    assert found["queue"].sentence == "No delivery waits."
    assert found["clock"].verdict is Verdict.UNKNOWN
    assert not [finding for finding in found.values() if finding.verdict is Verdict.FAULT]


async def test_domain_that_differs_from_the_first_start_is_a_fault(
    tmp_path: Path, sqlite_engine: Engine, silent_host: str
) -> None:
    def start_as_another(uow: UnitOfWork) -> None:
        uow.instance.put("domain", "elsewhere.example")

    storage = Storage(sqlite_engine, threads=False, durable=False)
    await storage.write(start_as_another)
    await storage.close()

    found = await findings(
        settings_for(tmp_path, silent_host, sqlite_engine.url.render_as_string())
    )

    assert found["domain"].verdict is Verdict.FAULT
    assert found["domain"].sentence == (
        f"node.domain is {silent_host}, but the node was started as elsewhere.example."
    )


@pytest.mark.parametrize(
    ("answer", "verdict", "sentence"),
    [
        (404, Verdict.FAULT, "answers 404: pass /.well-known/webfinger there on to this node."),
        (
            503,
            Verdict.WARNING,
            "could not be reached from here: the peer asked to try again later.",
        ),
        (
            {"links": [{"href": "https://elsewhere.example/actor"}, 3]},
            Verdict.FAULT,
            "is answered by another server than this node.",
        ),
        ({"links": 3}, Verdict.FAULT, "is answered by another server than this node."),
        ([], Verdict.FAULT, "answers, but not as noaber does: the answer of the peer is not"),
    ],
)
async def test_domain_that_does_not_lead_here_is_told_apart(
    tmp_path: Path, answer: object, verdict: Verdict, sentence: str
) -> None:
    async with own_site(answer) as host:
        found = await findings(settings_for(tmp_path, host))

    assert found["webfinger"].verdict is verdict
    assert sentence in found["webfinger"].sentence


async def test_domain_on_a_private_address_is_a_warning(tmp_path: Path) -> None:
    settings = Settings(node=NodeSettings(domain="localhost", data_dir=tmp_path))

    found = await findings(settings)

    assert found["webfinger"].verdict is Verdict.WARNING
    assert found["webfinger"].sentence == (
        "localhost leads to a private address as seen from this machine."
    )


def test_little_room_is_a_warning_and_none_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = []
    for free in (10 * 1024**3, 1024**3, 1024**2):
        monkeypatch.setattr("shutil.disk_usage", lambda _path, free=free: Usage(free))
        [_writable, room] = data_folder(tmp_path)
        verdicts.append(room.verdict)

    assert verdicts == [Verdict.OK, Verdict.WARNING, Verdict.FAULT]


def test_a_data_folder_that_others_can_look_into_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_to_all = next(data_folder(tmp_path))
    tmp_path.chmod(0o750)
    kept = next(data_folder(tmp_path))

    assert open_to_all.verdict is Verdict.WARNING
    assert f"chmod o= {tmp_path}" in open_to_all.sentence
    assert kept.verdict is Verdict.OK


def test_media_that_cannot_be_kept_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("no folder")

    [found] = data_folder(tmp_path)

    assert found.verdict is Verdict.FAULT
    assert "nobody can upload" in found.sentence


class Usage:
    """What shutil says of a disk."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_database_that_does_not_open_is_a_fault_and_ends_the_command_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "noaber.db").write_text("this is no database " * 100)
    (tmp_path / "node.toml").write_text(
        "[node]\ndomain = '127.0.0.1:1'\n[http]\npublic_scheme = 'http'\n"
        "[federation]\nallow_networks = ['127.0.0.1/32']\n"
    )

    code = run(["--config", str(tmp_path / "node.toml"), "doctor"])

    told = capsys.readouterr().out
    assert code == 1
    assert "FAULT    database: " in told
    assert "ok       settings: http://127.0.0.1:1" in told
