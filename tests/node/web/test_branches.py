"""Comments as rows: the lists that a template writes from them are balanced, whatever the page."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.people import ActorKey
from communities.posts import Post, PostContent, PostCounts, PostKey, PostKind, PostState
from node.web.branches import SHOWN_LEVELS, CommentOrder, CommentPage, below, comment_page
from storage.timelines import Entry

AT = datetime(2026, 11, 1, tzinfo=UTC)
ROOT = PostKey(1)


def entry(
    key: int, parent: int, *, likes: int = 0, state: PostState = PostState.PUBLISHED
) -> Entry:
    post = Post(
        id=PostKey(key),
        uri=f"https://noaber.example/post/{key}",
        author_id=ActorKey(1),
        root_id=ROOT,
        kind=PostKind.NOTE,
        content=PostContent(),
        published_at=AT,
        parent_id=PostKey(parent),
        state=state,
    )
    return Entry(post, PostCounts(likes=likes), key)


def ids(page: CommentPage) -> list[int]:
    return [row.entry.post.id for row in page.rows]


@st.composite
def threads(draw: st.DrawFn) -> list[Entry]:
    """Comments of one thread, each after what it answers; some answer what is not in the list."""
    states = st.sampled_from([PostState.PUBLISHED, PostState.PUBLISHED, PostState.REMOVED])
    found: list[Entry] = []
    for place in range(draw(st.integers(0, 40))):
        parents = [1, 999, *(one.post.id for one in found)]
        parent = draw(st.sampled_from(parents))
        likes = draw(st.integers(0, 5))
        found.append(entry(place + 2, parent, likes=likes, state=draw(states)))
    return found


@given(threads(), st.sampled_from(CommentOrder), st.integers(1, 12))
def test_lists_of_every_page_are_opened_and_closed_in_turn(
    comments: list[Entry], order: CommentOrder, most: int
) -> None:
    after: PostKey | None = None
    for _page in range(len(comments) + 1):
        page = comment_page(comments, order, after=after, most=most)
        depth = 0
        for place, row in enumerate(page.rows):
            depth += 1 if row.opens else -row.closes
            assert depth == row.level + 1
            assert row.opens == (place == 0 or row.level > page.rows[place - 1].level)
            assert row.level < SHOWN_LEVELS
            assert 3 <= row.heading <= 6
        assert depth - 1 == (page.unclosed if page.rows else -1)
        after = page.following
        if after is None:
            return
    pytest.fail("the pages never end")


@given(threads(), st.sampled_from(CommentOrder), st.integers(1, 12))
def test_every_comment_is_on_one_page_or_counted_as_hidden(
    comments: list[Entry], order: CommentOrder, most: int
) -> None:
    found: list[int] = []
    hidden = 0
    after: PostKey | None = None
    while True:
        page = comment_page(comments, order, after=after, most=most)
        found.extend(ids(page))
        hidden += sum(row.hidden for row in page.rows)
        after = page.following
        if after is None:
            break
    published = {one.post.id for one in comments if one.post.state is PostState.PUBLISHED}

    assert len(found) == len(set(found))
    assert len(published - set(found)) <= hidden


def test_answers_follow_what_they_answer_and_the_best_come_first() -> None:
    comments = [entry(2, 1), entry(3, 1, likes=5), entry(4, 2), entry(5, 3), entry(6, 3, likes=1)]

    assert ids(comment_page(comments, CommentOrder.BEST)) == [3, 6, 5, 2, 4]
    assert ids(comment_page(comments, CommentOrder.OLD)) == [2, 4, 3, 5, 6]
    assert ids(comment_page(comments, CommentOrder.NEW)) == [3, 6, 5, 2, 4]


def test_page_that_begins_within_a_branch_says_whom_it_answers() -> None:
    comments = [entry(2, 1), entry(3, 2), entry(4, 3), entry(5, 4)]

    page = comment_page(comments, CommentOrder.OLD, after=PostKey(3))

    assert ids(page) == [4, 5]
    assert [row.level for row in page.rows] == [0, 1]
    before = page.rows[0].continues
    assert before is not None
    assert before.id == 3
    assert page.rows[1].continues is None


def test_cursor_that_is_not_in_the_thread_begins_anew() -> None:
    comments = [entry(2, 1), entry(3, 1)]

    assert ids(comment_page(comments, CommentOrder.OLD, after=PostKey(77))) == [2, 3]


def test_comment_without_published_answers_is_left_out_when_it_was_taken_away() -> None:
    removed = PostState.REMOVED
    comments = [
        entry(2, 1, state=removed),
        entry(3, 2, state=removed),
        entry(4, 1, state=removed),
        entry(5, 4),
    ]

    assert ids(comment_page(comments, CommentOrder.OLD)) == [4, 5]


def test_comments_of_the_first_level_lead_to_the_next_one() -> None:
    comments = [entry(2, 1), entry(3, 2), entry(4, 1), entry(5, 1)]

    page = comment_page(comments, CommentOrder.OLD)

    assert [row.next_id for row in page.rows] == [4, None, 5, None]


def test_deep_answers_are_counted_at_the_last_level_that_is_shown() -> None:
    comments = [entry(key, key - 1) for key in range(2, 12)]

    page = comment_page(comments, CommentOrder.OLD)

    assert ids(page) == [2, 3, 4, 5, 6, 7]
    assert [row.hidden for row in page.rows] == [0, 0, 0, 0, 0, 4]


def test_below_gives_a_comment_and_what_hangs_under_it() -> None:
    comments = [entry(2, 1), entry(3, 1), entry(4, 2), entry(5, 3), entry(6, 4)]

    assert [one.post.id for one in below(comments, PostKey(2))] == [2, 4, 6]
    assert below(comments, PostKey(9)) == []
