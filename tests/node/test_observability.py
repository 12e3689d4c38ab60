"""Log lines tell what happened and in which request, and never a credential."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from node.observability import configure, redact, request_id
from node.settings import LoggingSettings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes; what pytest had configured comes back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_line_has_time_level_logger_message_and_fields(stream: io.StringIO) -> None:
    configure(LoggingSettings(), stream)

    logging.getLogger("node.test").warning("%d late", 3, extra={"peer": "a.example", "tries": 2})

    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "node.test",
        "message": "3 late",
        "peer": "a.example",
        "tries": 2,
    }


def test_line_carries_the_id_of_the_request_it_belongs_to(stream: io.StringIO) -> None:
    configure(LoggingSettings(), stream)
    token = request_id.set("r-17")

    logging.getLogger("node.test").error("broken")
    request_id.reset(token)

    assert json.loads(stream.getvalue())["request"] == "r-17"


def test_traceback_is_in_the_line_without_what_it_must_not_show(stream: io.StringIO) -> None:
    configure(LoggingSettings(), stream)

    try:
        int("Authorization: Bearer abcdefghijkl")
    except ValueError:
        logging.getLogger("node.test").exception("failed")

    error = json.loads(stream.getvalue())["error"]
    assert error.startswith("Traceback")
    assert "abcdefghijkl" not in error


def test_text_line_is_for_people(stream: io.StringIO) -> None:
    configure(LoggingSettings(format="text"), stream)

    logging.getLogger("node.test").warning("slow", extra={"seconds": 0.5, "token": "abc"})

    assert stream.getvalue().endswith(" WARNING node.test: slow seconds=0.5 token=[redacted]\n")


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configure(LoggingSettings(level="error"), stream)

    logging.getLogger("node.test").warning("nobody reads this")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ('{"authorization": "Basic eA==", "a": 1}', '{"authorization": [redacted], "a": 1}'),
        ('keyId="x",signature="c2ln",b="1"', 'keyId="x",signature=[redacted],b="1"'),
        ("access_token=abc&limit=3", "access_token=[redacted]&limit=3"),
        ("password = hunter2, tries 3", "password = [redacted], tries 3"),
        ("client_secret='a b'", "client_secret=[redacted]"),
        ("sent Bearer abcdefghij and left", "sent Bearer [redacted] and left"),
        ("postgresql://noaber:pw@db/noaber", "postgresql://noaber:[redacted]@db/noaber"),
        (
            "key -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- end",
            "key [redacted] end",
        ),
        ("signature refused: clock", "signature refused: clock"),
        ("the token is missing", "the token is missing"),
        ("https://a.example:8101/users/b", "https://a.example:8101/users/b"),
    ],
)
def test_credentials_are_struck_out_and_the_rest_stays(text: str, shown: str) -> None:
    assert redact(text) == shown
