"""Numbers and dates of strangers that are too large for a clock or an integer."""

import logging

import pytest
from aiohttp.test_utils import make_mocked_request

from communities.errors import Invalid
from node.observability import TextFormatter
from node.peer_http.documents import page_start
from node.web.thread_pages import _after


@pytest.mark.parametrize("digits", [20, 5000])
def test_a_page_that_begins_at_an_endless_number_is_invalid(digits: int) -> None:
    request = make_mocked_request("GET", "/u/1/outbox?before=" + "9" * digits)

    with pytest.raises(Invalid):
        page_start(request)


@pytest.mark.parametrize("digits", [20, 5000])
def test_comments_after_an_endless_number_are_invalid(digits: int) -> None:
    request = make_mocked_request("GET", "/post/1?after=" + "9" * digits)

    with pytest.raises(Invalid):
        _after(request)


def test_a_path_cannot_write_lines_of_its_own_into_the_log() -> None:
    record = logging.LogRecord("node.app", logging.ERROR, __file__, 1, "failed", None, None)
    record.path = "/x\n2026-11-01 INFO    node: all is well\x1b[2J"

    line = TextFormatter().format(record)

    assert "\n" not in line
    assert "\x1b" not in line
