"""Orders of posts, and comment trees."""

from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.people import ActorKey
from communities.posts import Post, PostContent, PostCounts, PostKey, PostKind
from communities.threads import Branch, Order, arrange, build_tree, hot_rank
from tests.communities.village import NOW

HOUR = timedelta(hours=1)


def post(key: int, age: timedelta = HOUR, parent: int | None = None) -> Post:
    return Post(
        id=PostKey(key),
        uri=f"p/{key}",
        author_id=ActorKey(1),
        root_id=PostKey(0),
        kind=PostKind.NOTE,
        content=PostContent(),
        published_at=NOW - age,
        parent_id=None if parent is None else PostKey(parent),
    )


def keys(entries: list[tuple[Post, PostCounts]]) -> list[int]:
    return [entry[0].id for entry in entries]


def test_hot_rank_is_the_documented_formula() -> None:
    assert hot_rank(7, timedelta(0)) == pytest.approx(1 / 2**1.8)
    assert hot_rank(97, 8 * HOUR) == pytest.approx(2 / 10**1.8)


@given(st.integers(-1000, 10**6), st.integers(0, 10**5), st.integers(0, 10**5))
def test_votes_raise_and_time_lowers_the_rank(score: int, hours: int, later: int) -> None:
    rank = hot_rank(score, hours * HOUR)

    assert 0 <= rank < inf
    assert hot_rank(score + 1, hours * HOUR) >= rank
    assert hot_rank(score, (hours + later) * HOUR) <= rank


def test_a_post_from_the_future_ranks_as_new() -> None:
    assert hot_rank(5, -HOUR) == hot_rank(5, timedelta(0))


def test_each_order_puts_its_own_first() -> None:
    fresh = (post(3, HOUR), PostCounts(likes=1))
    loved = (post(2, 50 * HOUR), PostCounts(likes=90, dislikes=1))
    revived = (
        post(1, 60 * HOUR),
        PostCounts(likes=20, last_activity_at=NOW - timedelta(minutes=1)),
    )
    entries = [loved, revived, fresh]

    assert keys(arrange(entries, Order.NEW, NOW)) == [3, 2, 1]
    assert keys(arrange(entries, Order.OLD, NOW)) == [1, 2, 3]
    assert keys(arrange(entries, Order.TOP, NOW)) == [2, 1, 3]
    assert keys(arrange(entries, Order.HOT, NOW)) == [3, 2, 1]
    assert keys(arrange(entries, Order.ACTIVE, NOW)) == [1, 3, 2]


@pytest.mark.parametrize("order", list(Order), ids=str)
def test_pinned_posts_stand_first_in_every_order(order: Order) -> None:
    pinned = (replace(post(2, 99 * HOUR), pinned=True), PostCounts(dislikes=9))
    entries = [(post(1, 199 * HOUR), PostCounts(likes=9)), pinned, (post(3), PostCounts(likes=9))]

    assert keys(arrange(entries, order, NOW))[0] == 2


def test_equals_stand_in_a_fixed_order() -> None:
    entries = [(post(key), PostCounts()) for key in (2, 1, 3)]

    assert keys(arrange(entries, Order.TOP, NOW)) == [3, 2, 1]
    assert keys(arrange(entries, Order.OLD, NOW)) == [1, 2, 3]


def shape(branches: tuple[Branch, ...]) -> list[object]:
    return [
        (branch.post.id, shape(branch.answers), branch.hidden)
        if branch.hidden
        else (branch.post.id, shape(branch.answers))
        for branch in branches
    ]


def test_a_flat_list_becomes_a_tree() -> None:
    flat = [post(1), post(2, parent=1), post(3, parent=2), post(4, parent=1), post(5)]

    assert shape(build_tree(flat)) == [(1, [(2, [(3, [])]), (4, [])]), (5, [])]


def test_what_lies_too_deep_is_counted_where_the_tree_ends() -> None:
    flat = [post(1), post(2, parent=1), post(3, parent=2), post(4, parent=3), post(5, parent=2)]

    assert shape(build_tree(flat, max_depth=1)) == [(1, [(2, [], 3)])]
    assert shape(build_tree(flat, max_depth=2)) == [(1, [(2, [(3, [], 1), (5, [])])])]


def test_a_comment_without_its_parent_starts_a_tree() -> None:
    assert shape(build_tree([post(2, parent=1), post(3, parent=2)])) == [(2, [(3, [])])]


def test_answers_can_be_ordered_at_every_level() -> None:
    flat = [post(1), post(2, parent=1), post(3, parent=1), post(4)]

    assert shape(build_tree(flat, key=lambda entry: entry.id)) == [(4, []), (1, [(3, []), (2, [])])]


def test_a_long_chain_is_no_danger() -> None:
    chain = [post(1), *(post(key, parent=key - 1) for key in range(2, 5000))]

    (root,) = build_tree(chain, max_depth=10**6)

    assert root.post.id == 1
