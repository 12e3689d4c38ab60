"""Links by which a page says "this is me, too"."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.rel_me import MAX_PAGE_BYTES, links_back

ADA = "https://noaber.example/@ada"


@pytest.mark.parametrize(
    "page",
    [
        f'<a href="{ADA}" rel="me">Ada</a>',
        f'<A REL="nofollow ME noopener" class=x HREF="{ADA}">Ada</A>',
        f"<link rel='me' href='{ADA}/'>",
        f"<link href={ADA} rel=me />",
        '<a rel="me" href="https://noaber.example/&#64;ada">Ada</a>',
        f'<p>1 < 2</p><a\n  rel="me"\n  href="{ADA}">x</a>',
    ],
)
def test_a_link_back_is_found_however_it_is_written(page: str) -> None:
    assert links_back(page.encode(), [ADA, "https://noaber.example/u/1"])


@pytest.mark.parametrize(
    "page",
    [
        "",
        ADA,
        f'<a href="{ADA}">Ada</a>',
        f'<a rel="met" href="{ADA}">Ada</a>',
        f'<a rel="me" href="{ADA}2">Ada</a>',
        f'<a rel="me" href="https://evil.example/?{ADA}">Ada</a>',
        f'<a rel="me" data-href="{ADA}">Ada</a>',
        f'<a rel="me" href="https://evil.example" href="{ADA}">Ada</a>',
        f'<abbr rel="me" href="{ADA}">Ada</abbr>',
        f'<a rel="me">{ADA}</a>',
    ],
)
def test_what_is_no_link_back_does_not_count(page: str) -> None:
    assert not links_back(page.encode(), [ADA])


@given(st.binary(max_size=400))
def test_any_bytes_are_read(page: bytes) -> None:
    assert links_back(page, [ADA]) in (True, False)


@pytest.mark.parametrize("piece", [b"<a ", b"<a rel=", b"<link rel='me' href=", b"<a rel\t\t\t\t="])
def test_a_page_that_is_made_to_take_long_does_not(piece: bytes) -> None:
    page = piece * (MAX_PAGE_BYTES // len(piece))
    begun = time.perf_counter()

    assert not links_back(page, [ADA])

    assert time.perf_counter() - begun < 1.0
