"""Forms of what the operator does: accounts, communities, peers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from node.verbs.words import argument, file_text, option

Name = Annotated[str, argument("The name before the @: 1 to 30 of a-z, 0-9 and _.")]
Whom = Annotated[str, argument("A name of this node, @name@host, or a URL.")]
Reason = Annotated[str, option("Why; for the log.")]
Visibility = Literal["public", "unlisted", "private", "secret"]
Joining = Literal["open", "ask", "invite", "closed"]
Posting = Literal["anyone", "members", "moderators"]
Policy = Literal["block", "limit", "allow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount:
    """Make an account on this node."""

    name: Name
    title: Annotated[str | None, option("The name that is shown; left out, the name.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAccounts:
    """Show the accounts of this node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendAccount:
    """Stop an account, here or elsewhere: nothing of it counts or is shown on this node."""

    whom: Whom
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsuspendAccount:
    """End a suspension."""

    whom: Whom
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAccount:
    """Delete an account of this node for good; its name is never given out again."""

    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKeys:
    """Give an account or a community new keys."""

    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCommunity:
    """Make a community on this node."""

    name: Name
    owner: Annotated[str, option("Whose it is: the name of a local account.")]
    title: Annotated[str | None, option("The name that is shown; left out, the name.")] = None
    description: Annotated[str, option("What it is about, in markdown.")] = ""
    visibility: Annotated[Visibility, option("Who may find and read it.")] = "public"
    join: Annotated[Joining, option("How one becomes a member.")] = "open"
    posting: Annotated[Posting, option("Who may post.")] = "anyone"
    no_downvotes: Annotated[bool, option("Let nobody vote down.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCommunities:
    """Show the communities of this node, whatever their visibility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCommunity:
    """Show one community with its policies and moderators."""

    name: Whom


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCommunity:
    """Change a community of this node; what is not given stays."""

    name: Name
    title: Annotated[str | None, option("The name that is shown.")] = None
    description: Annotated[str | None, option("What it is about, in markdown.")] = None
    visibility: Annotated[Visibility | None, option("Who may find and read it.")] = None
    join: Annotated[Joining | None, option("How one becomes a member.")] = None
    posting: Annotated[Posting | None, option("Who may post.")] = None
    downvotes: Annotated[Literal["yes", "no"] | None, option("Whether one may vote down.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommunity:
    """Close a community of this node for good; its name is never given out again."""

    name: Name
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddModerator:
    """Make a member a moderator, or an owner."""

    name: Name
    whom: Whom
    owner: Annotated[bool, option("Make an owner of them.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveModerator:
    """Make a moderator or owner a plain member."""

    name: Name
    whom: Whom


Host = Annotated[str, argument("The host of the peer, or a URL on it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPeers:
    """Show the servers that this node has met or decided about."""

    decided: Annotated[bool, option("Only those that are blocked, limited or allowed.")] = False
    failing: Annotated[bool, option("Only those that did not answer lately.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPeer:
    """Show one peer: what it runs, what was decided, how it answers, what waits for it."""

    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPeer:
    """Neither listen nor talk to a peer and the names below its name."""

    host: Host
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPeer:
    """Keep what comes from a peer out of public lists."""

    host: Host
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowPeer:
    """Talk with a peer also when `federation.mode` is allow-list."""

    host: Host
    reason: Reason = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearPeer:
    """Forget what was decided about a peer."""

    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPeers:
    """Take over a list: Mastodon's CSV of domain blocks, or one host a line.

    Shows what would change; with --yes it is changed. Nothing that was decided by hand is made
    milder by a list.
    """

    source: Annotated[str, file_text("The file; a dash is standard input.")]
    policy: Annotated[Policy, option("What a list without severities means.")] = "block"
    yes: Annotated[bool, option("Change it.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPeers:
    """Print what was decided as a CSV that this node and Mastodon can import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPeer:
    """Deliver now what waits for a peer, instead of at the next try."""

    host: Host


ACCOUNT: Mapping[str, type[Any]] = {
    "create": CreateAccount,
    "list": ListAccounts,
    "suspend": SuspendAccount,
    "unsuspend": UnsuspendAccount,
    "delete": DeleteAccount,
    "rotate-keys": RotateKeys,
}
COMMUNITY: Mapping[str, type[Any]] = {
    "create": CreateCommunity,
    "list": ListCommunities,
    "show": ShowCommunity,
    "edit": EditCommunity,
    "delete": DeleteCommunity,
    "add-moderator": AddModerator,
    "remove-moderator": RemoveModerator,
}
PEER: Mapping[str, type[Any]] = {
    "list": ListPeers,
    "show": ShowPeer,
    "block": BlockPeer,
    "limit": LimitPeer,
    "allow": AllowPeer,
    "clear": ClearPeer,
    "import": ImportPeers,
    "export": ExportPeers,
    "retry": RetryPeer,
}
