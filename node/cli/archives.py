"""`noaber backup`, `restore` and `verify`: the whole node in one file, and whether it is sound."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

import click

from node.cli.frame import settings_of, settings_path
from node.config_text import load
from node.errors import NodeError
from node.settings import Settings

FILE = click.Path(path_type=Path)
SHOWN_AFTER_SECONDS = 1.0


@click.command()
@click.argument("file", type=FILE)
@click.pass_context
def backup(context: click.Context, file: Path) -> None:
    """Write the whole node into one FILE: database with its keys, and settings.

    The node may run meanwhile. A name that ends in .gz is compressed. Guard the file as you guard
    the node: whoever has it can speak as everybody here.
    """
    # 0.2 s of imports that only these commands need.
    from node.archives import write_archive  # noqa: PLC0415

    config = settings_path(context)
    settings = settings_of(context)
    manifest = write_archive(settings, config, file, _progress("copying the database"))
    click.echo(
        f"wrote {file}: {file.stat().st_size / 1024**2:.1f} MiB, the node {manifest.domain}"
        f" as of {manifest.made_at:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(f"look it over with: noaber verify {file}")


@click.command()
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Overwrite the database that is there.")
@click.pass_context
def restore(context: click.Context, file: Path, replace: bool) -> None:  # noqa: FBT001 - an option
    """Put a backup back: into an empty data folder, as the node that it was.

    Where there is no settings file yet, that of the backup is written first. The node must not be
    running. Other servers keep what happened since the backup; this one has lost it.
    """
    from node.archives import opened, put_back  # noqa: PLC0415 - as above
    from node.holding import hold  # noqa: PLC0415

    config = settings_path(context)
    click.echo(f"reading {file} and checking its digests")
    with opened(file) as archive:
        if not config.exists():
            config.parent.mkdir(parents=True, exist_ok=True)
            config.touch(0o600)  # it may hold the password of the database
            config.write_text(archive.settings_text, "utf-8")
            click.echo(f"wrote {config}, as it was in the backup")
        settings = load(config)
        with hold(settings.node.data_dir):
            found = put_back(archive, settings, replace=replace)
    click.echo(f"restored {settings.node.domain}: {_summary(found.rows)}")
    _try_keys(settings.database_url.reveal(), settings.node.domain)
    click.echo(f"start it with: noaber --config {config} serve")


@click.command()
@click.argument("file", type=FILE, required=False)
@click.pass_context
def verify(context: click.Context, file: Path | None) -> None:
    """Check this node, or the backup in FILE: pages, references, schema, and whether keys sign.

    Ends with 0 when all is well.
    """
    if file is None:
        _verify_node(settings_of(context))
    else:
        _verify_archive(file)
    click.echo("all is well")


def _verify_node(settings: Settings) -> None:
    from storage.backup import verify_database  # noqa: PLC0415 - as above
    from storage.engine import make_engine, sqlite_path  # noqa: PLC0415

    url = settings.database_url.reveal()
    path = sqlite_path(make_engine(url))
    if path is None:
        click.echo("the pages of PostgreSQL are its own affair; looking at the keys")
    elif not path.exists():
        raise NodeError(f"there is no database at {path} yet")
    else:
        click.echo("reading every page of the database")
        found = verify_database(path)
        _require_sound(found.problems, str(path))
        click.echo(f"{path}: {_summary(found.rows)}")
    _try_keys(url, settings.node.domain)


def _verify_archive(file: Path) -> None:
    """Restore into a folder that is thrown away, and try the keys there."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - as above

    from node.archives import into_database, look_over, opened  # noqa: PLC0415

    click.echo(f"reading {file} and checking its digests")
    with opened(file) as archive, TemporaryDirectory(prefix="noaber-verify-") as folder:
        made = archive.manifest
        click.echo(
            f"{file} is whole: {made.domain}, made {made.made_at:%Y-%m-%d} by noaber {made.noaber}"
        )
        found = look_over(archive)
        _require_sound(found.problems, str(file))
        if not archive.is_sqlite:
            click.echo("it is a dump of PostgreSQL: its keys can only be tried once it is restored")
            return
        click.echo(f"its database: {_summary(found.rows)}")
        url = f"sqlite:///{folder}/noaber.db"
        into_database(archive, url)
        _try_keys(url, made.domain)


def _require_sound(problems: Sequence[str], where: str) -> None:
    for problem in problems:
        click.echo(f"{where}: {problem}")
    if problems:
        raise NodeError(f"{where} is not sound")


def _summary(rows: Mapping[str, int]) -> str:
    """How much there is of what people know; a dump does not tell."""
    shown = ("actors", "communities", "posts", "memberships", "signing_keys")
    counted = [f"{rows[name]} {name.replace('_', ' ')}" for name in shown if name in rows]
    return ", ".join(counted) or "sound"


def _try_keys(url: str, domain: str) -> None:
    """Say whether every actor of the database can sign what its document lets others verify."""
    from node.self_test import KeyReport, try_keys  # noqa: PLC0415 - as above
    from storage.engine import make_engine  # noqa: PLC0415
    from storage.store import Storage  # noqa: PLC0415

    async def test() -> KeyReport:
        storage = Storage(make_engine(url), threads=False)
        try:
            return await try_keys(storage, domain)
        finally:
            await storage.close()

    report = asyncio.run(test())
    click.echo(f"{report.sound} actors sign, and their documents verify it")
    _require_sound(report.problems, "keys")


def _progress(what: str) -> Callable[[int, int], None]:
    """Shows on standard error how far something is, when it takes longer than a second."""
    began = monotonic()
    last = began

    def show(done: int, whole: int) -> None:
        nonlocal last
        now = monotonic()
        if now - began >= SHOWN_AFTER_SECONDS and now - last >= SHOWN_AFTER_SECONDS:
            last = now
            click.echo(f"{what}: {100 * done // max(whole, 1)} %", err=True)

    return show
