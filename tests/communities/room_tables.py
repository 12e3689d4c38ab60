"""The tables of communities/room*.py, as docs/rooms.md.

`python -m tests.communities.room_tables > docs/rooms.md` writes the page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from communities.community import CommunityKind, CommunityVisibility, JoinPolicy
from communities.room_levels import LEVELS, NODE_ONLY, RoomRole, power_levels, sending_level
from communities.room_membership import ACTS, InRoom
from communities.room_tree import NESTING
from communities.rooms import TABLE, HistoryVisibility, Inviter, RoomSettings, RoomUse, Terms

HEAD = """# Rooms of a community
Every community has a Space (`#name:domain`) and a chat room in it (`#name.chat:domain`), both made
by the node's own user `@_noaber:domain`, with room version 12. This page is written by
`python -m tests.communities.room_tables > docs/rooms.md` from the tables of `communities/room*.py`
(a test compares). The community's rules decide and the rooms follow; a membership event that the
rules refuse is answered in the room.

"""
JOINING = """## Who gets in, and who sees it
`restricted` rules let members of the Space in. "Listed" is the directory of public rooms: of every
server where the community is federated, of this node where it is local-only. Local-only rooms have
`m.federate: false`, which cannot change later. Guests get in nowhere, and no room is world
readable: a Space shows who its members are. History marked * is `shared` where the owners say so.

"""
LEVELS_OF = f"""## What one may do
Every role has a level; {NODE_ONLY} is the node's alone (name, alias, join rule, history, guests,
server list, upgrade, children), since it follows from the community's settings. Appointing changes
`m.room.power_levels`; the community's rules check it. In closed communities `invite` is the node's.

"""
STANDING = """## What a room does to follow the community
By where somebody stands in the community (down) and in the room (across). Who becomes a member
besides enters all rooms, where this node has their account, or is invited to the Space.

"""
NESTED = """## Communities within communities
A home needs the consent of both ends, and a listing that of the lister; the child can refuse. By
the visibility of both, what is written where.

"""


def render() -> str:
    """The page."""
    return HEAD + "\n".join(
        [
            JOINING + _table(_joining()),
            LEVELS_OF + _table(_roles()) + "\n" + _table(_levels()),
            STANDING + _table(_standing()),
            NESTED + _table(_nesting()),
        ]
    )


def joining_row(visibility: CommunityVisibility, join: JoinPolicy) -> tuple[str, ...]:
    """One row of the first table, as words."""
    terms = TABLE[visibility, join]
    return (
        visibility,
        join,
        terms.space,
        terms.chat,
        _listed(terms),
        "nobody" if terms.inviter is Inviter.NODE else "moderators",
        terms.history if terms.history is HistoryVisibility.SHARED else f"{terms.history} *",
        "yes" if terms.has_alias else "no",
        "owners choose" if terms.encryption_allowed else "no",
    )


def _joining() -> Iterator[Sequence[str]]:
    yield (
        "visibility",
        "joining",
        "Space",
        "chat room",
        "listed",
        "who invites",
        "history",
        "aliases",
        "encryption",
    )
    yield from (joining_row(*pair) for pair in TABLE)


def _listed(terms: Terms) -> str:
    return " and ".join(use for use in RoomUse if use in terms.listed) or "no"


def _roles() -> Iterator[Sequence[str]]:
    yield "role", "level"
    yield from ((role, str(LEVELS[role])) for role in RoomRole)


def _levels() -> Iterator[Sequence[str]]:
    yield ("level for", "Space", *(f"chat of a {kind}" for kind in CommunityKind))
    settings = [RoomSettings(localpart="x", name="x", kind=kind) for kind in CommunityKind]
    space = power_levels(settings[0], RoomUse.SPACE, {})
    chats = [power_levels(each, RoomUse.CHAT, {}) for each in settings]
    yield (
        "messages",
        str(space["events_default"]),
        *(str(each["events_default"]) for each in chats),
    )
    for word in ("m.reaction", "m.room.pinned_events", "x.noaber.live"):
        default = space["events_default" if word == "m.reaction" else "state_default"]
        yield (f"`{word}`", str(default), *(str(sending_level(each, word)) for each in settings))
    for word in ("redact", "invite", "kick", "ban", "state_default"):
        yield (f"`{word}`", str(space[word]), *(str(each[word]) for each in chats))
    rooms = (space, *chats)
    yield ("`notifications.room`", *(_in(each, "notifications", "room") for each in rooms))
    yield (
        "`m.room.power_levels`",
        *(_in(each, "events", "m.room.power_levels") for each in rooms),
    )


def _in(levels: Mapping[str, int | dict[str, int]], table: str, key: str) -> str:
    found = levels[table]
    assert isinstance(found, dict)
    return str(found[key])


def _standing() -> Iterator[Sequence[str]]:
    yield ("", *InRoom)
    for state, row in ACTS.items():
        yield (state, *(row[in_room] or "" for in_room in InRoom))


def _nesting() -> Iterator[Sequence[str]]:
    yield "parent", "child", "`m.space.child` in the parent", "`m.space.parent` in the child"
    for (parent, child), shown in NESTING.items():
        if shown is None:
            yield parent, child, "refused", "refused"
        else:
            yield parent, child, _yes(shown.child), _yes(shown.parent)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _table(rows: Iterable[Sequence[str]]) -> str:
    head, *rest = [f"| {' | '.join(row)} |\n" for row in rows]
    return head + "|" + "---|" * (head.count("|") - 1) + "\n" + "".join(rest)


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - this is a command
