"""Communities within communities, as links between their Spaces.

Each community has one home at most, to which both it and its parent agree, and can be listed by
others. A link is written only where both ends may be known to whoever sees it, for state cannot
tell one reader from another.

Spec: product 1.6 ("only links where both ends are visible").
Spec: matrix/v1.19 client-server API "Spaces".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from communities.community import CommunityVisibility
from communities.errors import Conflict, Invalid
from communities.room_state import CHILD, PARENT, Value, WantedState

MAX_DEPTH: Final = 5
"""Levels of a tree, the root counted; what a node allows unless it is told otherwise."""

MAX_CHILDREN: Final = 200
"""How many communities a parent holds directly."""

_ORDER: Final = re.compile(r"[\x20-\x7e]{1,50}")


class LinkKind(StrEnum):
    """Whether the child is at home in the parent, or only listed there."""

    HOME = "home"
    LISTED = "listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which ends of a link are written: the child in the parent, the parent in the child."""

    child: bool
    parent: bool


_V = CommunityVisibility
_SHOWN: Final = Shown(child=True, parent=True)
_CHILD: Final = Shown(child=True, parent=False)
_PARENT: Final = Shown(child=False, parent=True)

NESTING: Mapping[tuple[CommunityVisibility, CommunityVisibility], Shown | None] = {
    (_V.PUBLIC, _V.PUBLIC): _SHOWN,
    (_V.PUBLIC, _V.UNLISTED): _PARENT,
    (_V.PUBLIC, _V.PRIVATE): _SHOWN,
    (_V.PUBLIC, _V.SECRET): _PARENT,
    (_V.UNLISTED, _V.PUBLIC): _CHILD,
    (_V.UNLISTED, _V.UNLISTED): _SHOWN,
    (_V.UNLISTED, _V.PRIVATE): _SHOWN,
    (_V.UNLISTED, _V.SECRET): _PARENT,
    (_V.PRIVATE, _V.PUBLIC): _CHILD,
    (_V.PRIVATE, _V.UNLISTED): _CHILD,
    (_V.PRIVATE, _V.PRIVATE): _SHOWN,
    (_V.PRIVATE, _V.SECRET): _PARENT,
    (_V.SECRET, _V.PUBLIC): None,
    (_V.SECRET, _V.UNLISTED): None,
    (_V.SECRET, _V.PRIVATE): None,
    (_V.SECRET, _V.SECRET): _SHOWN,
}
"""By the visibility of parent and child, what their link shows; None where there can be none.

A parent's list of children is a list, which an unlisted child does not stand in unless its parent
is as hard to find. A child of a private parent that is open itself does not show where it belongs.
"""

if set(NESTING) != {(parent, child) for parent in _V for child in _V}:
    raise AssertionError("every pair of visibilities needs its link")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceEnd:
    """One end of a link: a Space, the servers through which it is reached, and its consent."""

    space_id: str
    via: Sequence[str]
    visibility: CommunityVisibility
    consents: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceLink:
    """What two communities are to each other, as far as each has said so.

    `order` sorts the children of a parent, as text; `suggested` recommends the child.
    """

    kind: LinkKind
    parent: SpaceEnd
    child: SpaceEnd
    order: str | None = None
    suggested: bool = False


def room_in_space(chat_id: str, domain: str) -> WantedState:
    """Give what the Space says of its chat room, which comes before all communities in it.

    Spec: matrix/v1.19 client-server API "m.space.child".
    """
    content: dict[str, Value] = {"via": [domain], "order": " ", "suggested": True}
    return WantedState(type=CHILD, state_key=chat_id, content=content)


def space_of_room(space_id: str, domain: str) -> WantedState:
    """Give what the chat room says of its Space.

    Spec: matrix/v1.19 client-server API "m.space.parent".
    """
    return WantedState(
        type=PARENT, state_key=space_id, content={"via": [domain], "canonical": True}
    )


def child_in_parent(link: SpaceLink) -> WantedState | None:
    """Give what the parent's Space says of the child, None where it says nothing.

    Spec: product 1.6 (a home needs the consent of both; a child can refuse to be listed).

    Raises:
        Invalid: the order is none, or a secret parent cannot have this child.
    """
    if not _holds(link) or not _shown(link).child:
        return None
    content: dict[str, Value] = {"via": list(link.child.via), "suggested": link.suggested}
    if link.order is not None:
        if _ORDER.fullmatch(link.order) is None:
            raise Invalid("order", "An order is 1 to 50 printable characters of ASCII")
        content["order"] = link.order
    return WantedState(type=CHILD, state_key=link.child.space_id, content=content)


def parent_in_child(link: SpaceLink) -> WantedState | None:
    """Give what the child's Space says of its home, None where it says nothing.

    A listing is the parent's alone. Raises as `child_in_parent`.
    """
    if link.kind is LinkKind.LISTED or not _holds(link) or not _shown(link).parent:
        return None
    content: dict[str, Value] = {"via": list(link.parent.via), "canonical": True}
    return WantedState(type=PARENT, state_key=link.parent.space_id, content=content)


def check_home(
    child_id: str,
    parent_id: str,
    homes: Mapping[str, str],
    *,
    max_depth: int = MAX_DEPTH,
) -> None:
    """Refuse a home that would make a loop, too deep a tree or too full a parent.

    `homes` are the parents of all Spaces known, by Space. Loops in it, which two servers can make
    at the same time, are met with a refusal, too.

    Spec: product 1.6 (cycle protection, depth).

    Raises:
        Conflict: the parent is the child itself or one of those below it.
        Invalid: the tree would become deeper than `max_depth`, or the parent holds
            `MAX_CHILDREN` already.
    """
    above = _ancestors(parent_id, homes)
    if child_id == parent_id or child_id in above:
        raise Conflict("A community cannot be at home in one of its own")
    children = _children(homes)
    if len(above) + 1 + _height(child_id, children, max_depth) > max_depth:
        raise Invalid("parent", f"Communities go {max_depth} levels deep")
    if len(children.get(parent_id, set()) - {child_id}) >= MAX_CHILDREN:
        raise Invalid("parent", f"A community holds at most {MAX_CHILDREN} others")


def _holds(link: SpaceLink) -> bool:
    return link.parent.consents and link.child.consents


def _shown(link: SpaceLink) -> Shown:
    shown = NESTING[link.parent.visibility, link.child.visibility]
    if shown is None:
        raise Invalid("parent", "What belongs to a secret community is secret, too")
    return shown


def _ancestors(space_id: str, homes: Mapping[str, str]) -> set[str]:
    """Give those above, however far; a loop that stands already is a Conflict."""
    met = {space_id}
    current = homes.get(space_id)
    while current is not None:
        if current in met:
            raise Conflict("The parent is within itself")
        met.add(current)
        current = homes.get(current)
    return met - {space_id}


def _children(homes: Mapping[str, str]) -> dict[str, set[str]]:
    children: dict[str, set[str]] = {}
    for child, parent in homes.items():
        children.setdefault(parent, set()).add(child)
    return children


def _height(space_id: str, children: Mapping[str, set[str]], max_depth: int) -> int:
    """Give the levels from here down, itself counted; it looks one level too far at most."""
    height, level, met = 0, {space_id}, {space_id}
    while level and height <= max_depth:
        height += 1
        level = {child for parent in level for child in children.get(parent, set())} - met
        met |= level
    return height
