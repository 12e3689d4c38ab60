"""Every recorded document is understood, ignored or refused for a reason that is written down."""

import sys
from pathlib import Path

import pytest

from protocols.activitypub.vocabulary import Activity, ActivityType, Post
from tests.support import fixture_outcomes
from tests.support.fixture_outcomes import FIXTURES, Row

REFUSALS = Path(__file__).resolve().parents[2] / "fixtures" / "activitypub_refusals.txt"

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="the recorded documents (../shared/fixtures) are not here"
)

# Where the manifest's chain is written otherwise than ours, and why ours is right.
OTHER_CHAINS = {
    "feps/fep-0391_09.json": "Follow/IRI",  # its object is an actor with an id and no type
    "feps/fep-0837_04.json": "Offer/None",  # its object has no id by which to name it
    "feps/fep-cb76_01.json": "Message/None",  # a type of its own, with an actor, about nothing
    "lemmy-assets/mastodon/activities/flag.json": "Flag/[IRI,IRI,IRI]",
    "mbin/AnnounceTest__testAnnounceUpdatePostComment__1.json": "Announce/Update/Note",
    "mbin/UpdateTest__testUpdatePostComment__1.json": "Update/Note",
    "wordpress/lemmy-ml-u-pfefferle.json": "Person",  # inside a recorded HTTP answer
}
# What real servers send and we do not act on.
IGNORED_OF_SERVERS = {"lemmy-assets/lemmy/activities/community/resolve_report_page.json"}
DOCUMENTATION = {"feps", "funfedi", "mastodon", "mastodon-http", "gotosocial"}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The outcome of each document; reading them all takes half a second."""
    return fixture_outcomes.outcome_table()


def test_each_document_gives_its_recorded_outcome(rows: list[Row]) -> None:
    recorded = dict(
        line.split(" | ", 1)
        for line in REFUSALS.read_text("utf-8").splitlines()
        if not line.startswith("#")
    )

    refused = {row.path: row.reason for row in rows if row.outcome == "refused"}

    assert len(rows) > 1000
    assert refused == recorded


def test_types_are_read_as_the_manifest_has_them(rows: list[Row]) -> None:
    read = [row for row in rows if row.outcome != "refused" and row.expected is not None]

    differing = {row.path: row.found for row in read if row.found != row.expected}

    assert differing == OTHER_CHAINS
    assert len(read) > 250


def test_what_real_servers_send_is_understood(rows: list[Row]) -> None:
    of_servers = [
        row
        for row in rows
        if row.software not in DOCUMENTATION
        and row.path not in IGNORED_OF_SERVERS
        and "webfinger" not in row.path
        and row.path != "smithereen/00b-options_payload.json"  # the options of an LD-signature
    ]

    not_understood = [row for row in of_servers if row.outcome != "understood"]

    assert not_understood == []
    assert {row.software for row in of_servers} >= {
        "lemmy", "piefed", "mbin", "nodebb", "peertube", "wordpress", "friendica",
        "smithereen", "mobilizon", "pleroma", "mitra", "discourse", "lotide", "gnusocial",
    }  # fmt: skip


def test_all_funfedi_activities_are_read_or_refused_for_a_missing_property(
    rows: list[Row],
) -> None:
    activities = [row for row in rows if row.path.startswith("funfedi/activity/")]

    refused = {row.path.rpartition("/")[2] for row in activities if row.outcome == "refused"}

    assert len(activities) == 262
    assert refused == {"necessary_properties_1.json", "necessary_properties_3.json"}


def test_actor_without_inbox_is_refused(rows: list[Row]) -> None:
    row = next(row for row in rows if row.path.endswith("activitypub-actor-noinbox.txt"))

    assert row.reason == "422 The actor has no inbox."


def test_counts_by_software_can_be_shown(rows: list[Row]) -> None:
    table = fixture_outcomes.format_counts(rows)

    sys.stdout.write(f"\n{table}\n")  # seen with pytest -s

    assert "lemmy " in table
    assert len(table.splitlines()) == 1 + len({row.software for row in rows})


def test_no_document_holds_a_url_of_another_scheme(rows: list[Row]) -> None:
    for path, raw in fixture_outcomes.documents():
        if next((row for row in rows if row.path == path and row.outcome == "understood"), None):
            found = fixture_outcomes.read(raw)
            post = found.object if isinstance(found, Activity) else found
            if isinstance(post, Post):
                urls = [post.url, post.link, *(item.url for item in post.attachments)]
                assert all(url is None or url.startswith("http") for url in urls), path


def test_unknown_activities_keep_the_name_of_their_type(rows: list[Row]) -> None:
    raw = (FIXTURES / "feps" / "fep-044f_05.json").read_bytes()

    found = fixture_outcomes.read(raw)

    assert isinstance(found, Activity)
    assert (found.type, found.type_name) == (ActivityType.OTHER, "QuoteRequest")
