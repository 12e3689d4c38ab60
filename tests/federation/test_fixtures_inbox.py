"""Every recorded document of other software goes through the inbox, and what becomes of it."""

from pathlib import Path

import pytest

from storage.store import Storage
from tests.support import fixture_report
from tests.support.fixture_outcomes import FIXTURES
from tests.support.fixture_report import Finding

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance-fixtures.md"

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="the recorded documents (../shared/fixtures) are not here"
)

# Examples of specifications and of test suites, many of them of things that we do not do.
DOCUMENTATION = {"feps", "funfedi", "gotosocial", "mastodon", "mastodon-http"}

# What running servers sent and we do not act on, and why that is right.
NOT_UNDERSTOOD = {
    # Its end lay five years in the past when it came in here.
    "lemmy-assets/lemmy/activities/block/block_user.json": "refused",
    # Reports are closed by hand here.
    "lemmy-assets/lemmy/activities/community/resolve_report_page.json": "ignored",
    # A Feed tells which groups it follows; feeds are read as groups, not kept as lists.
    "piefed/feed_add.json": "ignored",
    "piefed/feed_remove.json": "ignored",
    # Not an object: the options of an LD-signature, and answers of WebFinger.
    "smithereen/00b-options_payload.json": "refused",
    "wordpress/lemmy-ml-well-known-webfinger.json": "refused",
    "wordpress/notiz-blog-well-known-webfinger.json": "refused",
}


@pytest.fixture
async def found(sqlite_storage: Storage) -> list[Finding]:
    """What becomes of each document: three seconds for a thousand."""
    return await fixture_report.findings(sqlite_storage)


async def test_what_becomes_of_each_recorded_document_is_written_down(
    found: list[Finding],
) -> None:
    of_servers = [row for row in found if row.software not in DOCUMENTATION]

    other = {row.path: row.outcome for row in of_servers if row.outcome != "understood"}

    assert len(found) > 1000
    assert other == NOT_UNDERSTOOD
    assert fixture_report.render(found) == PAGE.read_text("utf-8")
