"""Conversations: threads of direct messages as each of our people sees them.

A row for each person and thread is written in the unit that writes the message, so that a page of
conversations is read by an index however many messages there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from communities.people import ActorKey
from communities.posts import Post, PostKey, PostState, Visibility
from storage.connection import Connection, Row
from storage.statements import Statement, Tools, json_list
from storage.tables.reading import conversations
from storage.tables.social import actors, post_recipients, posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread of direct messages: its first post, the newest that the person may read."""

    person_id: ActorKey
    root_id: PostKey
    last_id: PostKey
    unread: bool


_COLUMNS = (
    conversations.c.person_id,
    conversations.c.root_id,
    conversations.c.last_id,
    conversations.c.unread,
)
_NAMES = [column.name for column in _COLUMNS]


def _upsert(tools: Tools, rows: Any) -> Any:  # noqa: ANN401 - a Select, a dialect's Insert
    """Write rows; of two of one thread the newer message counts."""
    insert = tools.insert(conversations).from_select(_NAMES, rows)
    is_newer = insert.excluded.last_id > conversations.c.last_id
    return insert.on_conflict_do_update(
        index_elements=["person_id", "root_id"],
        set_={
            name: case((is_newer, insert.excluded[name]), else_=conversations.c[name])
            for name in ("last_id", "unread")
        },
    )


def _note(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    people = select(
        actors.c.id,
        bindparam("root", type_=BigInteger),
        bindparam("post", type_=BigInteger),
        actors.c.id != bindparam("author", type_=BigInteger),
    ).where(
        tools.in_list(actors.c.id, "people"), actors.c.host.is_(None), actors.c.kind == "person"
    )
    return _upsert(tools, people)


_moved = conversations.alias("moved")


def _merge(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    rows = select(
        _moved.c.person_id,
        bindparam("new_root", type_=BigInteger),
        _moved.c.last_id,
        _moved.c.unread,
    ).where(_moved.c.root_id == bindparam("old_root"))
    return _upsert(tools, rows)


def _readable_by(person: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(
        posts.c.root_id == bindparam("root"),
        posts.c.visibility == Visibility.DIRECT.value,
        posts.c.state == PostState.PUBLISHED.value,
        or_(
            posts.c.author_id == person,
            exists(
                select(post_recipients.c.person_id).where(
                    post_recipients.c.post_id == posts.c.id, post_recipients.c.person_id == person
                )
            ),
        ),
    )


_NOTE = Statement(_note)
_MERGE = Statement(_merge)
_DROP_ROOT = Statement(delete(conversations).where(conversations.c.root_id == bindparam("root")))
_ENDS_WITH = (
    conversations.c.root_id == bindparam("root"),
    conversations.c.last_id == bindparam("post"),
)
_DROP_EMPTY = Statement(
    delete(conversations).where(
        *_ENDS_WITH, ~exists(select(posts.c.id).where(_readable_by(conversations.c.person_id)))
    )
)
_STEP_BACK = Statement(
    update(conversations)
    .where(*_ENDS_WITH)
    .values(
        last_id=select(func.max(posts.c.id))
        .where(_readable_by(conversations.c.person_id))
        .scalar_subquery()
    )
)
_OF_PERSON = conversations.c.person_id == bindparam("person")
_GET = Statement(select(*_COLUMNS).where(_OF_PERSON, conversations.c.root_id == bindparam("root")))
_PAGE = (
    select(*_COLUMNS)
    .where(
        _OF_PERSON,
        conversations.c.last_id < bindparam("before"),
        conversations.c.last_id > bindparam("after"),
    )
    .limit(bindparam("most"))
)
_NEWEST = Statement(_PAGE.order_by(conversations.c.last_id.desc()))
_OLDEST = Statement(_PAGE.order_by(conversations.c.last_id))
_MARK = Statement(
    update(conversations)
    .where(_OF_PERSON, conversations.c.root_id == bindparam("root"))
    .values(unread=bindparam("new_unread"))
)
_HIDE = Statement(
    delete(conversations).where(_OF_PERSON, conversations.c.root_id == bindparam("root"))
)
_AUTHORS = Statement(
    lambda tools: select(posts.c.id, posts.c.author_id).where(tools.in_list(posts.c.id, "ids"))
)
_RECIPIENTS = Statement(
    lambda tools: (
        select(post_recipients.c.post_id, post_recipients.c.person_id)
        .where(tools.in_list(post_recipients.c.post_id, "ids"))
        .order_by(post_recipients.c.person_id)
    )
)


def _conversation(row: Row) -> Conversation:
    return Conversation(
        person_id=ActorKey(row[0]),
        root_id=PostKey(row[1]),
        last_id=PostKey(row[2]),
        unread=bool(row[3]),
    )


class Conversations:
    """Kept by `storage.posts`, read by their people."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def note(self, post: Post, recipients: Iterable[ActorKey]) -> None:
        """A direct message is there: it is unread, but by its author."""
        self._db.run(
            _NOTE,
            root=post.root_id,
            post=post.id,
            author=post.author_id,
            people=json_list({post.author_id, *recipients}),
        )

    def take_back(self, post: Post) -> None:
        """A direct message is gone: its thread ends with the one before, or with none."""
        self._db.run(_DROP_EMPTY, root=post.root_id, post=post.id)
        self._db.run(_STEP_BACK, root=post.root_id, post=post.id)

    def merge(self, old_root: PostKey, new_root: PostKey) -> None:
        """A thread was found to be a branch of another."""
        self._db.run(_MERGE, old_root=old_root, new_root=new_root)
        self._db.run(_DROP_ROOT, root=old_root)

    def get(self, person_id: ActorKey, root_id: PostKey) -> Conversation | None:
        """A person's view of a thread."""
        row = self._db.row(_GET, person=person_id, root=root_id)
        return None if row is None else _conversation(row)

    def page(
        self, person_id: ActorKey, *, before: int, after: int, most: int, forward: bool
    ) -> list[Conversation]:
        """Threads by their newest message: the newest ones first, or the oldest if `forward`."""
        rows = self._db.rows(
            _OLDEST if forward else _NEWEST,
            person=person_id,
            before=before,
            after=after,
            most=most,
        )
        return [_conversation(row) for row in rows]

    def mark(self, person_id: ActorKey, root_id: PostKey, *, unread: bool) -> None:
        """Say whether a thread was read."""
        self._db.run(_MARK, person=person_id, root=root_id, new_unread=unread)

    def hide(self, person_id: ActorKey, root_id: PostKey) -> None:
        """Take a thread out of a person's list until another message comes."""
        self._db.run(_HIDE, person=person_id, root=root_id)

    def participants(self, post_ids: Sequence[PostKey]) -> dict[PostKey, list[ActorKey]]:
        """Who wrote each message, and then whom it addresses; two statements."""
        found: dict[PostKey, list[ActorKey]] = defaultdict(list)
        ids = json_list(post_ids)
        for statement in (_AUTHORS, _RECIPIENTS):
            for row in self._db.rows(statement, ids=ids):
                found[PostKey(row[0])].append(ActorKey(row[1]))
        return found
