"""Markup that would cost a parser much is given up before one sees it; other markup is not."""

import time

import pytest

from communities.markup_cost import MAX_DEPTH
from communities.text import plain_text, sanitise

COSTLY = {
    "quotes": "<blockquote>" * 7_999,
    "divisions": "<div>" * 7_999,
    "lists": "<ul><li>" * 3_999,
    "closed in an attribute": '<div x="</div>">' * 2_600,
    "closed in a comment": "<div><!--</div>-->" * 2_600,
    "closed in a style": "<div><style></div></style>" * 1_900,
    "closed wrongly": "<blockquote></b>" * 3_900,
    "closed by the name around it": "<b><div></b>" * 2_600,
    "opened again in each paragraph": "".join(f"<p><b x={i}></p>" for i in range(40))
    + "<p>x</p>" * 2_500,
    "attributes": f"<a {' '.join(f'a{i}=1' for i in range(100_000))}>",
    "attributes after a tag in a value": f'<a x="<" {" ".join(f"a{i}=1" for i in range(100_000))}>',
    "references": "&amp;" * 200_000,
    "signs": "< " * 500_000,
    "hard spaces": "\xa0" * 500_000,
}


@pytest.mark.parametrize("html", COSTLY.values(), ids=COSTLY.keys())
def test_costly_markup_takes_no_time_and_its_words_stay_as_they_are(html: str) -> None:
    started = time.process_time()
    clean = sanitise(html + "word")
    short = plain_text(html + "word", 1_000_000)
    took = time.process_time() - started

    assert took < 0.1
    assert "word" in clean or "<!--" in html or "<style>" in html
    assert len(short) <= 1_000_000
    assert sanitise(clean) == clean


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote>" * (MAX_DEPTH - 1) + "<p>x</p>" + "</blockquote>" * (MAX_DEPTH - 1),
        '<p>a <b>b</b> <a href="https://a.example/?a=1&amp;b=2">c</a></p>' * 1_000,
        "<ul>" + "<li>a" * 2_000 + "</ul>",
        "<p>a" * 2_000,
        "<table>" + "<tr><td>a<td>b" * 500 + "</table>",
        "<p>a<br/><img src='x' alt='a > b'><hr></p>" * 500,
        "<!-- a block --><p>a</p>" * 500,
        "words & more\n" * 3_000,
    ],
    ids=lambda html: html[:20],
)
def test_long_markup_that_does_not_nest_deep_is_kept(html: str) -> None:
    clean = sanitise(html)

    for tag in ("<blockquote>", "<b>", "<li>", "<td>", "<hr>"):
        assert clean.count(tag) == html.count(tag)
    assert clean.count("<p>") >= html.count("<p>")
