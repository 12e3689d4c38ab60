"""Forms of what the operator tells everybody here."""

from collections.abc import Mapping
from typing import Annotated

from node.verbs.words import Form, argument, option, written

Moment = Annotated[
    str | None, option("A day (2026-12-24) or a time (2026-12-24T18:00), UTC unless it says.")
]


class Announce(Form, frozen=True):
    """Tell everybody of this node something; their apps show it until it ends."""

    text: Annotated[str, written("What is told, in markdown; a dash is standard input.")]
    starts: Moment = None
    ends: Moment = None
    all_day: Annotated[bool, option("The days count, not the hours.")] = False


class ListAnnouncements(Form, frozen=True):
    """Show what was announced, also what has ended."""


class RemoveAnnouncement(Form, frozen=True):
    """Take an announcement away."""

    number: Annotated[int, argument("Its number, as the list shows it.")]


ANNOUNCEMENT: Mapping[str, type[Form]] = {
    "add": Announce,
    "list": ListAnnouncements,
    "remove": RemoveAnnouncement,
}
"""`noaber announcement`."""
