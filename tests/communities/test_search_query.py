"""What is typed to search, taken apart; and the words of a text."""

from datetime import UTC, datetime

import pytest

from communities.posts import Attachment, PostContent, PostKind
from communities.search_query import MAX_TERMS, Query, Term, parse_query
from communities.search_words import MAX_WORD, fold, marks_of_post, words_of, words_of_post


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("bees", Query(wanted=(Term(("bees",)),))),
        ("Bees, wax!", Query(wanted=(Term(("bees",)), Term(("wax",))))),
        ('"the hive"', Query(wanted=(Term(("the", "hive")),))),
        ('"the hive', Query(wanted=(Term(("the", "hive")),))),
        ("-bees", Query(unwanted=(Term(("bees",)),))),
        ('-"the hive" wax', Query(wanted=(Term(("wax",)),), unwanted=(Term(("the", "hive")),))),
        ("be*", Query(wanted=(Term(("be",), is_beginning=True),))),
        ("b*", Query(wanted=(Term(("b",)),))),
        ('"be*"', Query(wanted=(Term(("be",)),))),
        ("bee-keeper", Query(wanted=(Term(("bee", "keeper")),))),
        ("has:poll -is:reply", Query(marks=("poll",), unwanted_marks=("reply",))),
        ("has:teeth", Query(wanted=(Term(("has", "teeth")),))),
        ("language:nl-BE", Query(marks=("languagenl",))),
        ("from:@Ada@peer.example", Query(authors=("ada@peer.example",))),
        ("from:me", Query(authors=("me",))),
        ("in:library", Query(only_library=True)),
        ("in:public", Query(only_public=True)),
        ("in:!bees@peer.example", Query(communities=("bees@peer.example",))),
        ("in:hive", Query(wanted=(Term(("in", "hive")),))),
        ("before:2026-11-22", Query(until=day(22))),
        ("after:2026-11-22", Query(since=day(23))),
        ("during:2026-11-22", Query(since=day(22), until=day(23))),
        ("during:soon", Query(wanted=(Term(("during", "soon")),))),
        ("https://a.example/b", Query(wanted=(Term(("https", "a", "example", "b")),))),
        ("12:30", Query(wanted=(Term(("12", "30")),))),
    ],
)
def test_a_query_is_taken_apart(text: str, query: Query) -> None:
    assert parse_query(text) == query


def test_only_so_much_is_read_of_a_query() -> None:
    assert len(parse_query("a " * 400).wanted) == MAX_TERMS
    assert parse_query("x" * 5000).wanted == (Term(("x" * MAX_WORD,)),)


@pytest.mark.parametrize("text", ["-bees", '-"the hive"', "-has:poll", "", "- -", "in:public"])
def test_what_only_leaves_out_looks_for_nothing(text: str) -> None:
    assert not parse_query(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bees & wax", ["bees", "wax"]),
        ("Café CAFÉ cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("ﬁne Ⅳ", ["fine", "iv"]),
        ("snake_case", ["snake", "case"]),
        ("日本go", ["日", "本", "go"]),
        ("ﾊﾟﾝ", ["ハ", "ン"]),
        ("a\0b\ud7ff'\"\\c", ["a", "b", "c"]),
        ("\U0001d539ees", ["bees"]),
        ("🐝", []),
    ],
)
def test_words_lose_case_and_marks(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_folding_is_done_once() -> None:
    for text in ("Straße", "ÅÄÖ", "İstanbul", "ΣΊΣΥΦΟΣ", "plain"):
        assert fold(fold(text)) == fold(text)


def test_a_post_is_found_by_everything_it_says() -> None:
    content = PostContent(
        title="Title",
        html="<p>One<br>two</p>",
        warning="Stings",
        attachments=(Attachment(kind="image", url="https://a.example", alt="A hive"),),
        hashtags=("Bees",),
    )

    assert words_of_post(content) == ["title", "stings", "one", "two", "a", "hive", "bees"]


def test_a_post_is_marked_by_what_it_has_and_is() -> None:
    plain = PostContent(html="<p>Moin</p>")
    rich = PostContent(
        title="A page",
        link="https://a.example",
        language="pt-BR",
        sensitive=True,
        attachments=(Attachment(kind="Image", url="https://a.example/1"),),
    )

    assert marks_of_post(plain, PostKind.NOTE, is_comment=False) == ["post"]
    assert marks_of_post(rich, PostKind.PAGE, is_comment=True) == [
        "post",
        "media",
        "image",
        "link",
        "embed",
        "reply",
        "sensitive",
        "titled",
        "languagept",
    ]
