"""What a filter matches: words as they stand, in their places, for as long as they count."""

from datetime import UTC, datetime, timedelta

import pytest

from communities.errors import Invalid
from communities.filtering import (
    MAX_KEYWORD,
    Filter,
    FilterAction,
    FilterContext,
    FilteredPost,
    Keyword,
    Matcher,
    check_filter,
    check_keyword,
    filtered_text,
    hides,
    matches,
)
from communities.people import ActorKey
from communities.posts import Attachment, Poll, PollOption, PostContent, PostKey

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POST = PostKey(7)


def a_filter(*words: str, whole_word: bool = False, **changes: object) -> Filter:
    values: dict[str, object] = {
        "contexts": frozenset(FilterContext),
        "keywords": tuple(
            Keyword(id=place, word=word, whole_word=whole_word)
            for place, word in enumerate(words, 1)
        ),
        **changes,
    }
    return Filter(id=1, person_id=ActorKey(1), title="Football", **values)  # type: ignore[arg-type]  # as named


def found_in(
    text: str, stored: Filter, context: FilterContext = FilterContext.HOME
) -> tuple[str, ...]:
    found = matches([stored], text, POST, context, NOW)
    return found[0].keywords if found else ()


@pytest.mark.parametrize(
    ("text", "word", "whole_word", "matched"),
    [
        ("Football tonight", "football", False, True),
        ("FOOTBALL tonight", "football", True, True),
        ("Straßenfest", "STRASSENFEST", True, True),
        ("Cafe\u0301 at nine", "caf\u00e9", True, True),
        ("the footballers", "football", False, True),
        ("the footballers", "football", True, False),
        ("my football", "football", True, True),
        ("football, again", "football", True, True),
        ("#football", "#football", True, True),
        ("so #football2026", "#football", True, False),
        ("it is a c++ book", "c++", True, True),
        ("objective-c++x", "c++", True, True),
        ("we rate it five stars", "five stars", True, True),
        ("forty-five starships", "five stars", True, False),
        ("xfive stars and five stars", "five stars", True, True),
        ("a.b", "a.b", True, True),
        ("axb", "a.b", False, False),
        ("10 % off", "% off", True, True),
        ("nothing here", "football", False, False),
        ("", "football", False, False),
        ("日本語の投稿", "投稿", False, True),
        (".*", "(?:a+)+$", False, False),
    ],
)
def test_a_keyword_matches_as_it_stands(
    text: str, word: str, *, whole_word: bool, matched: bool
) -> None:
    assert bool(found_in(text, a_filter(word, whole_word=whole_word))) is matched


def test_a_match_names_the_keywords_as_they_were_written() -> None:
    stored = a_filter("GOAL", "Ball", "tennis")

    assert found_in("a goal with the ball", stored) == ("GOAL", "Ball")


@pytest.mark.parametrize("context", list(FilterContext))
def test_a_filter_counts_only_in_its_places(context: FilterContext) -> None:
    stored = a_filter("ball", contexts=frozenset({context}))

    assert [place for place in FilterContext if found_in("ball", stored, place)] == [context]


def test_a_filter_ends_at_its_time() -> None:
    assert found_in("ball", a_filter("ball", until=NOW + timedelta(seconds=1)))
    assert not found_in("ball", a_filter("ball", until=NOW))


def test_a_filter_that_names_a_post_matches_it_without_a_word() -> None:
    stored = a_filter(posts=(FilteredPost(id=1, post_id=POST),))

    (match,) = matches([stored], "anything", POST, FilterContext.HOME, NOW)

    assert match.is_named
    assert match.keywords == ()
    assert matches([stored], "anything", PostKey(8), FilterContext.HOME, NOW) == []


def test_only_a_filter_that_hides_takes_a_post_away() -> None:
    for action in FilterAction:
        found = matches([a_filter("ball", action=action)], "ball", POST, FilterContext.HOME, NOW)
        assert hides(found) is (action is FilterAction.HIDE)


def test_filters_look_at_all_the_words_of_a_post() -> None:
    text = filtered_text(
        PostContent(
            title="Title",
            html="<p>Some <b>bo</b>ld<br>text &amp; more</p>",
            warning="Warning",
            attachments=(Attachment(kind="image", url="https://a.example/1", alt="A cat"),),
            poll=Poll(options=(PollOption(name="Yes"), PollOption(name="No"))),
        )
    )

    for words in ("Title", "bold", "text & more", "Warning", "A cat", "Yes", "No"):
        assert words in text


def test_nothing_is_ready_to_match_where_no_filter_counts() -> None:
    ended = a_filter("ball", until=NOW - timedelta(days=1))

    assert not Matcher([ended], FilterContext.HOME, NOW)
    assert Matcher([a_filter("ball")], FilterContext.HOME, NOW)


@pytest.mark.parametrize("word", ["", "  ", "x" * (MAX_KEYWORD + 1)])
def test_a_keyword_that_cannot_be_looked_for_is_refused(word: str) -> None:
    with pytest.raises(Invalid):
        check_keyword(word)


@pytest.mark.parametrize(
    ("title", "contexts"),
    [("", [FilterContext.HOME]), ("x" * 256, [FilterContext.HOME]), ("Ball", [])],
)
def test_a_filter_needs_a_title_and_a_place(title: str, contexts: list[FilterContext]) -> None:
    with pytest.raises(Invalid):
        check_filter(title, frozenset(contexts))


def test_ten_thousand_keywords_over_a_long_text_take_no_time_to_speak_of() -> None:
    """No keyword is a pattern: what is looked for is found by comparing."""
    words = [f"word{number}x" for number in range(200)]
    matcher = Matcher(
        [a_filter(*words, whole_word=bool(turn % 2)) for turn in range(50)],
        FilterContext.HOME,
        NOW,
    )
    text = "wordy words of a long post, and " * 300

    assert matcher.matches(text + "word7x", POST)
    assert matcher.matches(text, POST) == []
