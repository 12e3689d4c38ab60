"""Collections as we send them, and the digests of followers."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.activitypub.collections import (
    Synchronization,
    followers_digest,
    parse_synchronization,
    render_collection,
    render_page,
    render_synchronization,
    render_whole,
)
from protocols.activitypub.parsing import parse_collection
from protocols.activitypub.vocabulary import Collection
from protocols.errors import LocalProtocolError, RemoteProtocolError
from tests.support.vocabulary_strategies import urls

GROUP = "https://n.example/g/1"
FOLLOWERS = f"{GROUP}/followers"


def test_followers_are_counted_and_not_listed() -> None:
    assert parse_collection(render_collection(FOLLOWERS, 5)) == Collection(
        id=FOLLOWERS, type="OrderedCollection", total_items=5
    )


def test_context_of_a_thread_tells_its_first_page_and_its_owner() -> None:
    found = parse_collection(
        render_collection(
            "https://n.example/p/1/context",
            2,
            "https://n.example/p/1/context?page=1",
            attributed_to=GROUP,
        )
    )

    assert found.first == "https://n.example/p/1/context?page=1"
    assert found.attributed_to == GROUP


@given(st.lists(urls, max_size=5), st.none() | urls, st.none() | urls)
def test_page_reads_back_as_it_was(
    items: list[str], following: str | None, previous: str | None
) -> None:
    page = render_page(
        f"{FOLLOWERS}?page=2",
        part_of=FOLLOWERS,
        items=items,
        next_page=following,
        previous_page=previous,
    )

    assert parse_collection(page) == Collection(
        id=f"{FOLLOWERS}?page=2",
        type="OrderedCollectionPage",
        part_of=FOLLOWERS,
        next=following,
        prev=previous,
        items=tuple(items),
    )


def test_moderators_are_sent_whole() -> None:
    ids = ["https://n.example/u/1", "https://b.example/u/2"]

    document = render_whole(f"{GROUP}/moderators", ids, attributed_to=GROUP)

    assert document["orderedItems"] == ids  # Lemmy reads no pages
    assert parse_collection(document).total_items == 2


def test_digest_is_the_xor_of_the_digests_of_the_ids() -> None:
    first, second = (hashlib.sha256(name.encode()).digest() for name in ("a", "b"))
    expected = bytes(x ^ y for x, y in zip(first, second, strict=True)).hex()

    assert followers_digest(["a", "b"]) == expected
    assert followers_digest(["a"]) == first.hex()
    assert followers_digest([]) == "0" * 64


@given(st.lists(st.text(max_size=5), unique=True, max_size=8))
def test_digest_does_not_depend_on_the_order(ids: list[str]) -> None:
    assert followers_digest(ids) == followers_digest(reversed(ids))
    assert len(followers_digest(ids)) == 64


def test_digest_of_fep_8fcf_is_reproduced() -> None:
    """The example under "Partial follower collection digest"."""
    ids = ["https://testing.example.org/users/1", "https://testing.example.org/users/2"]

    digest = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"
    assert followers_digest(ids) == followers_digest([*ids, ids[0]]) == digest


@given(urls, st.lists(urls, unique=True, max_size=4))
def test_header_reads_back_as_it_was(collection: str, ids: list[str]) -> None:
    value = Synchronization(
        collection_id=collection, url=f"{collection}?of=b", digest=followers_digest(ids)
    )

    assert parse_synchronization(render_synchronization(value)) == value


def header(
    collection: str = FOLLOWERS, url: str = f"{FOLLOWERS}?domain=b", digest: str = "0" * 64
) -> str:
    """A header as Mastodon writes it."""
    return f'collectionId="{collection}", url="{url}", digest="{digest}"'


def test_header_of_mastodon_is_read() -> None:
    found = parse_synchronization(header(digest="AB" * 32))

    assert found == Synchronization(
        collection_id=FOLLOWERS, url=f"{FOLLOWERS}?domain=b", digest="ab" * 32
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        header(collection="nowhere"),
        header(url="https://evil.example/followers"),
        header(digest="0" * 63),
        header(digest="g" * 64),
        header() + ', digest="x"',
        header().replace(", url", "; url"),
        'collectionId="https://n.example/f"',
        header() + "x" * 9000,
        '="' * 4000,
    ],
)
def test_unusable_header_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_synchronization(text)


def test_header_that_could_not_be_read_back_is_our_fault() -> None:
    with pytest.raises(LocalProtocolError):
        render_synchronization(
            Synchronization(collection_id='https://n.example/"', url=FOLLOWERS, digest="0" * 64)
        )
