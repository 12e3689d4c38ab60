"""Forms of what moderators do, and those who run the node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from node.verbs.act_forms import MANY, WHICH, WHOM, Acting
from node.verbs.words import argument, option

_STAFF = "Act as who runs this node, not as a moderator of the community."
Post = Annotated[str, argument(WHICH)]
Whom = Annotated[str, argument(WHOM)]
Community = Annotated[str, option("The community.")]
Reason = Annotated[str, option("Why; it stands in the log of the community.")]
Staff = Annotated[bool, option(_STAFF)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPost:
    """What all acts of a moderator on one post need."""

    person: Acting
    post: Post
    reason: Reason = ""
    staff: Staff = False


class Remove(OnPost):
    """Remove a post or comment as a moderator."""


class Restore(OnPost):
    """Bring a removed post back."""


class Lock(OnPost):
    """Close a thread for comments."""


class Unlock(OnPost):
    """Open a locked thread."""


class Pin(OnPost):
    """Show a post first in its community."""


class Unpin(OnPost):
    """Show a pinned post in its usual place again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Ban a person from a community."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""
    days: Annotated[int | None, option("For how many days; left out, for good.")] = None
    remove_content: Annotated[bool, option("Remove what the person posted there.")] = False
    staff: Staff = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unban:
    """End a ban; the person may join again."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""
    staff: Staff = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Let a person in who asked to join."""

    person: Acting
    whom: Whom
    community: Community


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDown:
    """Turn a person down who asked to join."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Show the reports that are open, of one community or of the whole node."""

    person: Acting
    community: Annotated[str | None, option("The community; left out, the node.")] = None
    most: Annotated[int, option("How many.")] = MANY


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveReport:
    """Close a report."""

    person: Acting
    report: Annotated[int, argument("The number of the report.")]
    reason: Reason = ""
    staff: Staff = False


ACT: Mapping[str, type[Any]] = {
    "remove": Remove,
    "restore": Restore,
    "lock": Lock,
    "unlock": Unlock,
    "pin": Pin,
    "unpin": Unpin,
    "ban": Ban,
    "unban": Unban,
    "admit": Admit,
    "turn-down": TurnDown,
    "reports": Reports,
    "resolve-report": ResolveReport,
}
