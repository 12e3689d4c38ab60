"""Log lines, as JSON or text, with the id of the request they belong to and without secrets.

Everything logs through the standard library; `configure` is called once, by the command line.
Fields given with `extra={...}` become fields of the line. Whatever looks like a credential is
struck out here, so that no caller can forget it; bodies of requests are never logged at all.
"""

import logging
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

import msgspec

from node.settings import LoggingSettings

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that runs now; empty outside of one."""

REDACTED = "[redacted]"

_CREDENTIALS = (
    r"authorization|proxy-authorization|cookie|set-cookie|signature|password|passwd|secret"
    r"|(?:[a-z]+_)*(?:token|secret|password)|api[-_]?key|private[-_]?key"
)
_CREDENTIAL = re.compile(
    rf"""
      (?P<named>["']?\b(?:{_CREDENTIALS})\b["']?\s*[:=]\s*)
      (?:(?:bearer|basic|signature)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&}}]+)
    | (?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{{8,}}
    | (?P<user>://[^\s/:@]+:)[^\s/@]+(?=@)
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    code: f"\\u{code:04x}" for code in (0x2028, 0x2029)
}
"""Characters with which a stranger could write lines of their own, or steer a terminal."""
_CREDENTIAL_FIELD = re.compile(_CREDENTIALS, re.IGNORECASE)
_OWN_FIELDS = frozenset(
    logging.LogRecord("", 0, "", 0, "", None, None).__dict__
    | {"message": "", "asctime": "", "taskName": ""}
)


def configure(settings: LoggingSettings, stream: TextIO = sys.stderr) -> None:
    """Send all log lines of the process to `stream`, replacing what was configured before."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else TextFormatter())
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())


def redact(text: str) -> str:
    """The text with the values of credentials struck out."""
    return _CREDENTIAL.sub(_strike, text)


def _strike(found: re.Match[str]) -> str:
    return (found["named"] or found["scheme"] or found["user"] or "") + REDACTED


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request, own fields, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if current := request_id.get():
            line["request"] = current
        line.update(_fields(record))
        if error := _error(self, record):
            line["error"] = error
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """One line for people: time, level, logger, message, fields; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = redact(record.getMessage())
        fields = dict(_fields(record))
        if current := request_id.get():
            fields["request"] = current
        told = "".join(f" {name}={value}" for name, value in fields.items())
        error = _error(self, record)
        said = f"{message}{told}".translate(_ESCAPED)
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {said}"
        return f"{line}\n{error}" if error else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    """What the caller gave with `extra`, credentials struck out."""
    for name, value in record.__dict__.items():
        if name in _OWN_FIELDS:
            continue
        if _CREDENTIAL_FIELD.fullmatch(name):
            yield name, REDACTED
        else:
            yield name, value if isinstance(value, int | float) else redact(str(value))


def _error(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return redact(formatter.formatException(record.exc_info)) if record.exc_info else ""
