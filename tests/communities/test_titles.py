"""Titles in plain text: what is a title, what is the body, and that both come back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.limits import MAX_TITLE
from communities.titles import TITLE_LINE, join_title, split_title

LONG = "w" * TITLE_LINE
SHORT = "w" * (TITLE_LINE - 1)


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Bees in winter", "Bees in winter", ""),
        ("Bees in winter\n\nThey cluster.", "Bees in winter", "They cluster."),
        ("Bees in winter\nThey cluster.", "Bees in winter", "They cluster."),
        ("Bees\n  \n\nThey cluster.\n\nAll of them.", "Bees", "They cluster.\n\nAll of them."),
        ("\n\n  Bees  \n\nThey cluster.\n", "Bees", "They cluster."),
        (SHORT, SHORT, ""),
        (LONG, None, LONG),
        (f"{LONG}\n\nThey cluster.", LONG, "They cluster."),
        (f"{LONG}\nThey cluster.", None, f"{LONG}\nThey cluster."),
        ("x" * (MAX_TITLE + 1) + "\n\nbody", None, "x" * (MAX_TITLE + 1) + "\n\nbody"),
        ("", None, ""),
        (" \n ", None, ""),
    ],
)
def test_a_first_line_is_a_title_where_it_is_short_or_stands_alone(
    text: str, title: str | None, body: str
) -> None:
    assert split_title(text) == (title, body)


@given(st.text(alphabet="ab \n" + "w" * 3, max_size=40) | st.text(max_size=700))
def test_a_text_taken_apart_and_put_together_is_taken_apart_the_same(text: str) -> None:
    once = split_title(text)

    assert split_title(join_title(*once)) == once
