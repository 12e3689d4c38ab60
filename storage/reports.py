"""Reports, open and resolved, and the moderation log."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, insert, select, update

from communities.people import ActorKey
from communities.posts import PostKey
from communities.reports import (
    REMOVALS,
    LogEntry,
    ModerationAction,
    Report,
    ReportCategory,
    ReportKey,
    ReportState,
)
from storage.connection import Connection, Row
from storage.statements import Statement, Tools, json_list
from storage.tables.moderation import moderation_log, reports
from storage.times import from_ms, to_ms

_COLUMNS = (
    reports.c.id,
    reports.c.reporter_id,
    reports.c.subject_id,
    reports.c.post_id,
    reports.c.community_id,
    reports.c.reason,
    reports.c.at_ms,
    reports.c.uri,
    reports.c.state,
    reports.c.category,
    reports.c.rules,
)
_NEW = reports.c.state == ReportState.NEW.value
_ADD = Statement(
    insert(reports).values({column.name: bindparam(column.name) for column in _COLUMNS})
)
_GET = Statement(select(*_COLUMNS).where(reports.c.id == bindparam("id")))


def _among(tools: Tools) -> Select[tuple[object, ...]]:
    return select(*_COLUMNS).where(tools.in_list(reports.c.id, "ids"))


_AMONG = Statement(_among)
_OPEN_ABOUT = (
    select(*_COLUMNS)
    .where(
        reports.c.reporter_id == bindparam("reporter"),
        reports.c.subject_id == bindparam("subject"),
        _NEW,
    )
    .order_by(reports.c.id)
    .limit(1)
)
_OPEN_ABOUT_POST = Statement(_OPEN_ABOUT.where(reports.c.post_id == bindparam("post")))
_OPEN_ABOUT_PERSON = Statement(_OPEN_ABOUT.where(reports.c.post_id.is_(None)))
_OPEN = select(*_COLUMNS).where(_NEW, reports.c.id > bindparam("after"))
_QUEUE = Statement(_OPEN.order_by(reports.c.id).limit(bindparam("most")))
_QUEUE_OF = Statement(
    _OPEN.where(reports.c.community_id == bindparam("community"))
    .order_by(reports.c.id)
    .limit(bindparam("most"))
)
_RESOLVE = Statement(
    update(reports)
    .where(reports.c.id == bindparam("report"), _NEW)
    .values(
        state=ReportState.RESOLVED.value,
        resolved_by=bindparam("moderator"),
        resolved_ms=bindparam("new_resolved_ms"),
    )
)

_LOG_COLUMNS = (
    moderation_log.c.at_ms,
    moderation_log.c.moderator_id,
    moderation_log.c.action,
    moderation_log.c.community_id,
    moderation_log.c.subject_id,
    moderation_log.c.post_id,
    moderation_log.c.reason,
)
_LOG = Statement(
    insert(moderation_log).values({column.name: bindparam(column.name) for column in _LOG_COLUMNS})
)
_ENTRIES = (
    select(moderation_log.c.id, *_LOG_COLUMNS)
    .where(moderation_log.c.id < bindparam("before"))
    .order_by(moderation_log.c.id.desc())
    .limit(bindparam("most"))
)
_ENTRIES_OF_ALL = Statement(_ENTRIES)
_ENTRIES_OF = Statement(_ENTRIES.where(moderation_log.c.community_id == bindparam("community")))
_LAST_REMOVAL = Statement(
    select(moderation_log.c.action)
    .where(
        moderation_log.c.post_id == bindparam("post"),
        moderation_log.c.action.in_([action.value for action in REMOVALS]),
    )
    .order_by(moderation_log.c.id.desc())
    .limit(1)
)

NEWEST = (1 << 63) - 1
"""Position before which every row lies."""


def _report(row: Row) -> Report:
    return Report(
        id=ReportKey(row[0]),
        reporter_id=ActorKey(row[1]),
        subject_id=ActorKey(row[2]),
        post_id=None if row[3] is None else PostKey(row[3]),
        community_id=None if row[4] is None else ActorKey(row[4]),
        reason=row[5],
        at=from_ms(row[6]),
        uri=row[7],
        state=ReportState(row[8]),
        category=ReportCategory(row[9]),
        rules=tuple((row[10] or "").split()),
    )


def _entry(row: Row) -> LogEntry:
    return LogEntry(
        at=from_ms(row[1]),
        moderator_id=ActorKey(row[2]),
        action=ModerationAction(row[3]),
        community_id=None if row[4] is None else ActorKey(row[4]),
        subject_id=None if row[5] is None else ActorKey(row[5]),
        post_id=None if row[6] is None else PostKey(row[6]),
        reason=row[7],
    )


class Reports:
    """Satisfies `communities.ports.Reports`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, report: Report) -> None:
        """Put a report in the queue."""
        self._db.run(
            _ADD,
            id=report.id,
            reporter_id=report.reporter_id,
            subject_id=report.subject_id,
            post_id=report.post_id,
            community_id=report.community_id,
            reason=report.reason,
            at_ms=to_ms(report.at),
            uri=report.uri,
            state=report.state.value,
            category=report.category.value,
            rules=" ".join(report.rules) or None,
        )

    def get(self, report_id: ReportKey) -> Report | None:
        """The report with this key."""
        row = self._db.row(_GET, id=report_id)
        return None if row is None else _report(row)

    def among(self, ids: Iterable[int]) -> Sequence[Report]:
        """Those of these reports that are known, in one statement."""
        return [_report(row) for row in self._db.rows(_AMONG, ids=json_list(ids))]

    def find_open(
        self, reporter_id: ActorKey, subject_id: ActorKey, post_id: PostKey | None
    ) -> Report | None:
        """The first report of this reporter about this that nobody has resolved.

        With `post_id` None that is a report about the person, not one about a post of theirs.
        """
        if post_id is None:
            row = self._db.row(_OPEN_ABOUT_PERSON, reporter=reporter_id, subject=subject_id)
        else:
            row = self._db.row(
                _OPEN_ABOUT_POST, reporter=reporter_id, subject=subject_id, post=post_id
            )
        return None if row is None else _report(row)

    def queue(
        self, community_id: ActorKey | None = None, *, after: int = 0, most: int = 50
    ) -> Sequence[Report]:
        """Open reports, oldest first: of one community, or of the whole node."""
        if community_id is None:
            return [_report(row) for row in self._db.rows(_QUEUE, after=after, most=most)]
        rows = self._db.rows(_QUEUE_OF, community=community_id, after=after, most=most)
        return [_report(row) for row in rows]

    def resolve(self, report_id: ReportKey, *, by: ActorKey, at: datetime) -> bool:
        """Close it; False when it was closed already."""
        changed = self._db.run(_RESOLVE, report=report_id, moderator=by, new_resolved_ms=to_ms(at))
        return changed == 1

    def log(self, entry: LogEntry) -> None:
        """Write one line of the moderation log."""
        self._db.run(
            _LOG,
            at_ms=to_ms(entry.at),
            moderator_id=entry.moderator_id,
            action=entry.action.value,
            community_id=entry.community_id,
            subject_id=entry.subject_id,
            post_id=entry.post_id,
            reason=entry.reason,
        )

    def last_removal(self, post_id: PostKey) -> ModerationAction | None:
        """Which of `REMOVALS` the log has last about a post; None when it has none."""
        row = self._db.row(_LAST_REMOVAL, post=post_id)
        return None if row is None else ModerationAction(row[0])

    def entries(
        self, community_id: ActorKey | None = None, *, before: int = NEWEST, most: int = 50
    ) -> Sequence[tuple[int, LogEntry]]:
        """The moderation log with each line's position, newest first: of one community or all."""
        if community_id is None:
            rows = self._db.rows(_ENTRIES_OF_ALL, before=before, most=most)
        else:
            rows = self._db.rows(_ENTRIES_OF, community=community_id, before=before, most=most)
        return [(int(row[0]), _entry(row)) for row in rows]
