"""Forms of what moderators do, and those who run the node."""

from collections.abc import Mapping
from typing import Annotated

from node.verbs.act_forms import MANY, WHICH, WHOM, Acting
from node.verbs.words import Form, argument, option

_STAFF = "Act as who runs this node, not as a moderator of the community."
Post = Annotated[str, argument(WHICH)]
Whom = Annotated[str, argument(WHOM)]
Community = Annotated[str, option("The community.")]
Reason = Annotated[str, option("Why; it stands in the log of the community.")]
Staff = Annotated[bool, option(_STAFF)]


class OnPost(Form, frozen=True):
    """What all acts of a moderator on one post need."""

    person: Acting
    post: Post
    reason: Reason = ""
    staff: Staff = False


class Remove(OnPost, frozen=True):
    """Remove a post or comment as a moderator."""


class Restore(OnPost, frozen=True):
    """Bring a removed post back."""


class Lock(OnPost, frozen=True):
    """Close a thread for comments."""


class Unlock(OnPost, frozen=True):
    """Open a locked thread."""


class Pin(OnPost, frozen=True):
    """Show a post first in its community."""


class Unpin(OnPost, frozen=True):
    """Show a pinned post in its usual place again."""


class Ban(Form, frozen=True):
    """Ban a person from a community."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""
    days: Annotated[int | None, option("For how many days; left out, for good.")] = None
    remove_content: Annotated[bool, option("Remove what the person posted there.")] = False
    staff: Staff = False


class Unban(Form, frozen=True):
    """End a ban; the person may join again."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""
    staff: Staff = False


class Admit(Form, frozen=True):
    """Let a person in who asked to join."""

    person: Acting
    whom: Whom
    community: Community


class TurnDown(Form, frozen=True):
    """Turn a person down who asked to join."""

    person: Acting
    whom: Whom
    community: Community
    reason: Reason = ""


class Reports(Form, frozen=True):
    """Show the reports that are open, of one community or of the whole node."""

    person: Acting
    community: Annotated[str | None, option("The community; left out, the node.")] = None
    most: Annotated[int, option("How many.")] = MANY


class ResolveReport(Form, frozen=True):
    """Close a report."""

    person: Acting
    report: Annotated[int, argument("The number of the report.")]
    reason: Reason = ""
    staff: Staff = False


ACT: Mapping[str, type[Form]] = {
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
