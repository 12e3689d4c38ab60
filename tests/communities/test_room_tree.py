"""Communities within communities: who shows whom, and no loops."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.community import CommunityVisibility
from communities.errors import Conflict, Invalid
from communities.room_tree import (
    MAX_CHILDREN,
    MAX_DEPTH,
    NESTING,
    LinkKind,
    SpaceEnd,
    SpaceLink,
    check_home,
    child_in_parent,
    parent_in_child,
)

PUBLIC = CommunityVisibility.PUBLIC
QUARTER = SpaceEnd(space_id="!quarter", via=("a.example",), visibility=PUBLIC, consents=True)
GARDEN = SpaceEnd(
    space_id="!garden", via=("b.example", "a.example"), visibility=PUBLIC, consents=True
)
HOME = SpaceLink(kind=LinkKind.HOME, parent=QUARTER, child=GARDEN, order="b", suggested=True)
HIDDEN = list(CommunityVisibility)


def between(parent: CommunityVisibility, child: CommunityVisibility) -> SpaceLink:
    return replace(
        HOME,
        parent=replace(QUARTER, visibility=parent),
        child=replace(GARDEN, visibility=child),
    )


def test_a_home_that_both_want_stands_at_both_ends() -> None:
    child, parent = child_in_parent(HOME), parent_in_child(HOME)

    assert child is not None
    assert parent is not None
    assert (child.type, child.state_key, child.content) == (
        "m.space.child",
        "!garden",
        {"via": ["b.example", "a.example"], "order": "b", "suggested": True},
    )
    assert (parent.type, parent.state_key, parent.content) == (
        "m.space.parent",
        "!quarter",
        {"via": ["a.example"], "canonical": True},
    )


@pytest.mark.parametrize("end", ["parent", "child"])
@pytest.mark.parametrize("kind", list(LinkKind))
def test_without_the_consent_of_both_nothing_is_said(end: str, kind: LinkKind) -> None:
    refusing = replace(QUARTER if end == "parent" else GARDEN, consents=False)
    link = replace(HOME, kind=kind)
    link = replace(link, parent=refusing) if end == "parent" else replace(link, child=refusing)

    assert child_in_parent(link) is None
    assert parent_in_child(link) is None


def test_a_listing_is_said_by_the_parent_alone() -> None:
    listed = replace(HOME, kind=LinkKind.LISTED, order=None, suggested=False)

    child = child_in_parent(listed)

    assert child is not None
    assert child.content == {"via": ["b.example", "a.example"], "suggested": False}
    assert parent_in_child(listed) is None


@pytest.mark.parametrize("pair", list(NESTING), ids="-in-".join)
def test_no_end_is_shown_where_it_is_harder_to_find_than_the_other(
    pair: tuple[CommunityVisibility, CommunityVisibility],
) -> None:
    shown = NESTING[pair]
    if shown is None:
        return
    parent, child = (HIDDEN.index(end) for end in pair)

    assert not (shown.parent and parent > child)
    assert not (shown.child and pair[1] is CommunityVisibility.SECRET and parent < child)
    assert not (shown.child and pair == (PUBLIC, CommunityVisibility.UNLISTED))


@pytest.mark.parametrize("child", HIDDEN[:-1])
def test_a_secret_community_holds_secret_ones_alone(child: CommunityVisibility) -> None:
    link = between(CommunityVisibility.SECRET, child)

    for say in (child_in_parent, parent_in_child):
        with pytest.raises(Invalid) as caught:
            say(link)
        assert caught.value.field == "parent"
    assert child_in_parent(between(CommunityVisibility.SECRET, CommunityVisibility.SECRET))


@pytest.mark.parametrize("order", ["", "é", "tab\t", "x" * 51])
def test_an_order_that_clients_would_ignore_is_refused(order: str) -> None:
    with pytest.raises(Invalid) as caught:
        child_in_parent(replace(HOME, order=order))

    assert caught.value.field == "order"


def chain(length: int) -> dict[str, str]:
    """!1 in !0, !2 in !1 and so on: `length` communities."""
    return {f"!{n}": f"!{n - 1}" for n in range(1, length)}


def test_no_community_is_at_home_in_itself_or_in_one_below_it() -> None:
    for parent in ("!0", "!1", "!2"):
        with pytest.raises(Conflict):
            check_home("!0", parent, chain(3))


def test_a_loop_that_two_servers_made_is_met_and_refused() -> None:
    with pytest.raises(Conflict):
        check_home("!new", "!a", {"!a": "!b", "!b": "!c", "!c": "!b"})


def test_a_loop_is_broken_by_giving_one_of_it_another_home() -> None:
    check_home("!a", "!root", {"!a": "!b", "!b": "!a"})


def test_a_tree_is_as_deep_as_it_may_be_and_no_deeper() -> None:
    check_home("!new", f"!{MAX_DEPTH - 2}", chain(MAX_DEPTH - 1))

    with pytest.raises(Invalid) as caught:
        check_home("!new", f"!{MAX_DEPTH - 1}", chain(MAX_DEPTH))
    assert caught.value.field == "parent"


def test_a_child_brings_its_own_children_along() -> None:
    homes = {**chain(3), "!x2": "!x1", "!x3": "!x2"}

    check_home("!x2", "!2", homes)
    with pytest.raises(Invalid):
        check_home("!x1", "!2", homes)
    check_home("!x1", "!2", homes, max_depth=6)


def test_a_parent_holds_so_many_and_keeps_those_it_has() -> None:
    homes = {f"!{n}": "!root" for n in range(MAX_CHILDREN)}

    check_home("!0", "!root", homes)
    with pytest.raises(Invalid):
        check_home("!new", "!root", homes)


names = st.sampled_from([f"!{n}" for n in range(8)])


@given(st.dictionaries(names, names), names, names)
def test_whatever_stands_already_a_new_home_never_closes_a_loop(
    homes: dict[str, str], child: str, parent: str
) -> None:
    try:
        check_home(child, parent, homes)
    except (Conflict, Invalid):
        return
    after = {**homes, child: parent}

    met, current = {child}, after.get(child)
    while current is not None:
        assert current not in met
        met.add(current)
        current = after.get(current)
    assert len(met) <= MAX_DEPTH
