"""What a node shows to people, as JSON read from its SQLite file while it runs.

    python tests/hostile/observe.py noaber.db

Checks from outside look for a text in it, under the field names that clients of the Mastodon API
know (content, spoiler_text, note, url and so on). The id of a remote actor stands here only when
the actor follows, is a member, or wrote or did something that is shown.
"""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]


def rows(connection: sqlite3.Connection, query: str) -> Rows:
    """The rows of a query, each by column name."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def posts(connection: sqlite3.Connection) -> Rows:
    """Every post with content, whatever its state."""
    found = rows(
        connection,
        "SELECT p.uri, p.url, p.title, p.html AS content, p.source AS text,"
        " p.warning AS spoiler_text, p.link, p.language, p.visibility, p.state,"
        " p.parent_uri AS in_reply_to, a.uri AS account, p.extra"
        " FROM posts p JOIN actors a ON a.id = p.author_id",
    )
    for post in found:
        extra = json.loads(post.pop("extra") or b"{}")
        post["media_attachments"] = [
            {"url": attached["url"], "description": attached.get("alt")}
            for attached in extra.get("attachments", ())
        ]
        post["tags"] = list(extra.get("hashtags", ()))
        poll = extra.get("poll") or {}
        post["poll"] = [option["name"] for option in poll.get("options", ())]
    return found


def accounts(connection: sqlite3.Connection) -> Rows:
    """The profiles of all actors, without their ids."""
    found = rows(
        connection,
        "SELECT localpart AS username, host, name AS display_name, summary_html AS note, url,"
        " icon_url AS avatar, image_url AS header, state, extra FROM actors",
    )
    for account in found:
        extra = json.loads(account.pop("extra") or b"{}")
        account["fields"] = [
            {"name": name, "value": value} for name, value in extra.get("fields", ())
        ]
    return found


def relations(connection: sqlite3.Connection) -> Rows:
    """Who follows whom, and who is in which community."""
    follows = rows(
        connection,
        "SELECT a.uri AS follower, b.uri AS followee, f.state FROM follows f"
        " JOIN actors a ON a.id = f.follower_id JOIN actors b ON b.id = f.followee_id",
    )
    members = rows(
        connection,
        "SELECT a.uri AS member, b.uri AS community, m.state, m.role FROM memberships m"
        " JOIN actors a ON a.id = m.person_id JOIN actors b ON b.id = m.community_id",
    )
    return [*follows, *members]


def told(connection: sqlite3.Connection) -> Rows:
    """Reactions, notifications and reports."""
    reactions = rows(
        connection,
        "SELECT a.uri AS account, p.uri AS status, r.kind, r.slot FROM reactions r"
        " JOIN actors a ON a.id = r.actor_id JOIN posts p ON p.id = r.post_id",
    )
    notices = rows(
        connection,
        "SELECT a.uri AS account, n.kind, p.uri AS status FROM notifications n"
        " JOIN actors a ON a.id = n.actor_id LEFT JOIN posts p ON p.id = n.post_id",
    )
    reports = rows(connection, "SELECT reason AS comment, state FROM reports")
    return [*reactions, *notices, *reports]


def observe(database: Path) -> dict[str, Rows]:
    """The state that people see."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return {
            "statuses": posts(connection),
            "accounts": accounts(connection),
            "relations": relations(connection),
            "notifications": told(connection),
        }
    finally:
        connection.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(observe(Path(sys.argv[1]))))
