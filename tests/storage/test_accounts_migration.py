"""People who lived here before there were accounts have one after the migration."""

import importlib
from pathlib import Path

from sqlalchemy import Engine

from storage import schema
from storage.engine import make_engine

ROOT = Path(__file__).resolve().parents[2]
BEFORE = sorted((ROOT / "storage/migrations/versions").glob("000[1-3]*.py"))
PEOPLE = (
    (1, "person", "Person", None, "active"),
    (2, "person", "Application", None, "active"),
    (3, "person", "Person", "peer.example", "active"),
    (4, "person", "Person", None, "deleted"),
    (5, "person", "Person", None, "suspended"),
    (6, "community", "Group", None, "active"),
)


def as_it_was(tmp_path: Path) -> Engine:
    """A database of the version before, with somebody of each kind."""
    engine = make_engine(f"sqlite:///{tmp_path / 'before.db'}")
    applying = importlib.import_module("storage.migrations.applying")
    for path in BEFORE:
        assert applying.apply(engine, path.stem, lambda _name: None)
    with engine.begin() as connection:
        for key, kind, type_, host, state in PEOPLE:
            connection.exec_driver_sql(
                "INSERT INTO actors (id, uri, kind, type, localpart, host, name, summary_html,"
                " summary_source, inbox, state, locked, discoverable, indexable, published_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, '', '', '', '', ?, 0, 1, 0, ?)",
                (key, f"https://x/{key}", kind, type_, f"n{key}", host, state, key * 1000),
            )
    return engine


def test_each_person_of_this_node_gets_an_account(tmp_path: Path) -> None:
    engine = as_it_was(tmp_path)

    schema.prepare(engine, snapshot_dir=None)

    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT person_id, role, state, password, created_ms, approved_ms FROM accounts"
            " ORDER BY person_id"
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, "user", "active", None, 1000, 1000),
        (5, "user", "active", None, 5000, 5000),
    ]
