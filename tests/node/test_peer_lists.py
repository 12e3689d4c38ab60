"""Lists of decisions about peers, as other software writes them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.peer_lists import Decision, read_list, write_list
from storage.peers import Peer, PeerPolicy

BLOCK, LIMIT, ALLOW = PeerPolicy.BLOCK, PeerPolicy.LIMIT, PeerPolicy.ALLOW
MASTODON = """\
#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate
spam.example,suspend,FALSE,FALSE,"spam, all of it",FALSE
noisy.example,silence,FALSE,FALSE,,FALSE
media.example,noop,TRUE,FALSE,no media,FALSE
b*d.example,suspend,FALSE,FALSE,hidden,TRUE
"""
SEEN = datetime(2026, 11, 1, tzinfo=UTC)


def test_mastodons_csv_is_read() -> None:
    found = read_list(MASTODON, BLOCK)

    assert found.decisions == (
        Decision(host="spam.example", policy=BLOCK, reason="spam, all of it"),
        Decision(host="noisy.example", policy=LIMIT),
    )
    assert (found.masked, found.without_effect, found.unreadable) == (1, 1, ())


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("a.example\nb.example\n", ["a.example", "b.example"]),
        ("# a note\n\na.example\r\nhttps://b.example/about\n", ["a.example", "b.example"]),
        ("\ufeffA.Example\n*.b.example\n", ["a.example", "b.example"]),
        ("a.example\na.example\n", ["a.example"]),
        ("Bücher.example\n", ["xn--bcher-kva.example"]),
        ("severity,domain\nsuspend,a.example\n", ["a.example"]),
    ],
)
def test_plain_lists_and_other_orders_are_read(text: str, hosts: list[str]) -> None:
    found = read_list(text, LIMIT)

    assert [decision.host for decision in found.decisions] == hosts


def test_a_plain_list_means_what_was_said_it_means() -> None:
    found = read_list("a.example\n", ALLOW)

    assert found.decisions == (Decision(host="a.example", policy=ALLOW),)


def test_lines_that_name_no_host_are_counted() -> None:
    found = read_list("a.example\nnot a host\n", BLOCK)

    assert found.unreadable == ("not a host",)


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_read(text: str) -> None:
    read_list(text, BLOCK)


hosts = st.from_regex(r"[a-z][a-z0-9]{0,10}\.example", fullmatch=True)
reasons = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=40)


@given(
    st.lists(
        st.tuples(hosts, st.sampled_from([BLOCK, LIMIT, ALLOW]), reasons.map(str.strip)),
        unique_by=lambda one: one[0],
    )
)
def test_what_is_written_is_read_as_it_was(rows: list[tuple[str, PeerPolicy, str]]) -> None:
    peers = [
        Peer(origin=f"https://{host}", first_seen_at=SEEN, policy=policy, reason=reason)
        for host, policy, reason in rows
    ]

    found = read_list(write_list(peers), BLOCK)

    written = sorted(rows)
    assert [(one.host, one.policy, one.reason) for one in found.decisions] == written
