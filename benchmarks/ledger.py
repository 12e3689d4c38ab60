"""What a node's database holds, read from outside: which effects are there, and how often.

Only SQLite files are read, and read-only while the node runs.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.activities import Sent

_MOST = 500


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def present(database: Path, requests: Iterable[Sent]) -> set[str]:
    """The effects of these requests that the database holds."""
    wanted = [request.effect for request in requests]
    found: set[str] = set()
    with opened(database) as connection:
        for start in range(0, len(wanted), _MOST):
            some = wanted[start : start + _MOST]
            marks = ",".join("?" * len(some))
            for table, condition in (("posts", " AND state = 'published'"), ("reactions", "")):
                rows = connection.execute(
                    f"SELECT uri FROM {table} WHERE uri IN ({marks}){condition}", some
                )
                found.update(row[0] for row in rows)
    return found


def checkpoint(database: Path) -> None:
    """Fold the write-ahead log of a node that does not run into its file."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def count(database: Path, query: str) -> int:
    """The first number of a query."""
    with opened(database) as connection:
        row = connection.execute(query).fetchone()
    return 0 if row is None or row[0] is None else int(row[0])


def lag(database: Path) -> int:
    """How many events the slowest consumer has not taken yet."""
    with opened(database) as connection:
        last = connection.execute("SELECT max(seq) FROM event_log").fetchone()[0] or 0
        slowest = connection.execute("SELECT min(seq) FROM cursors").fetchone()[0] or 0
    return int(last) - int(slowest)


def doubled(database: Path) -> list[str]:
    """Effects that stand twice, each as a sentence; an exactly-once node has none."""
    checks = {
        "posts with one id": "SELECT uri, count(*) FROM posts GROUP BY uri HAVING count(*) > 1",
        "reactions of one activity": "SELECT uri, count(*) FROM reactions WHERE uri IS NOT NULL"
        " GROUP BY uri HAVING count(*) > 1",
        "reactions of one actor to one post": "SELECT post_id, count(*) FROM reactions"
        " WHERE kind IN ('like', 'dislike', 'boost')"
        " GROUP BY post_id, actor_id, slot HAVING count(*) > 1",
        "memberships": "SELECT community_id, count(*) FROM memberships"
        " GROUP BY community_id, person_id HAVING count(*) > 1",
        "notifications": "SELECT post_id, count(*) FROM notifications"
        " GROUP BY person_id, kind, actor_id, post_id HAVING count(*) > 1",
        "publications of one post": "SELECT json_extract(payload, '$.post_id'), count(*)"
        " FROM event_log WHERE kind = 'PostPublished' GROUP BY 1 HAVING count(*) > 1",
    }
    found = []
    with opened(database) as connection:
        for name, query in checks.items():
            rows = connection.execute(query).fetchall()
            if rows:
                found.append(f"{len(rows)} {name}, such as {rows[0]}")
        found += _wrong_counts(connection)
    return found


def _wrong_counts(connection: sqlite3.Connection) -> list[str]:
    """Counters that say something else than the rows they count."""
    wrong = connection.execute(
        "SELECT count(*) FROM post_counts c WHERE c.likes <> (SELECT count(*) FROM reactions r"
        " WHERE r.post_id = c.post_id AND r.kind = 'like')"
        " OR c.boosts <> (SELECT count(*) FROM reactions r"
        " WHERE r.post_id = c.post_id AND r.kind = 'boost')"
    ).fetchone()[0]
    return [f"{wrong} counters of reactions that are wrong"] if wrong else []
