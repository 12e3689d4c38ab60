"""Forms of what the operator does: accounts, communities, peers."""

from collections.abc import Mapping
from typing import Annotated, Literal

from node.verbs.words import Form, argument, file_text, option, written

Name = Annotated[str, argument("The name before the @: 1 to 30 of a-z, 0-9 and _.")]
Whom = Annotated[str, argument("A name of this node, @name@host, or a URL.")]
Reason = Annotated[str, option("Why; for the log.")]
Visibility = Literal["public", "unlisted", "private", "secret"]
Joining = Literal["open", "ask", "invite", "closed"]
Posting = Literal["anyone", "members", "moderators"]
Policy = Literal["block", "limit", "allow"]
Role = Literal["user", "moderator", "admin"]


class CreateAccount(Form, frozen=True):
    """Make an account on this node."""

    name: Name
    title: Annotated[str | None, option("The name that is shown; left out, the name.")] = None
    role: Annotated[Role, option("What it may do with the node itself.")] = "user"


class WelcomeAccount(Form, frozen=True):
    """Print a new one-time link, by which the owner of an account says how they appear."""

    name: Name


class ListAccounts(Form, frozen=True):
    """Show the accounts of this node."""


class SuspendAccount(Form, frozen=True):
    """Stop an account, here or elsewhere: nothing of it counts or is shown on this node."""

    whom: Whom
    reason: Reason = ""


class UnsuspendAccount(Form, frozen=True):
    """End a suspension."""

    whom: Whom
    reason: Reason = ""


class DeleteAccount(Form, frozen=True):
    """Delete an account of this node for good; its name is never given out again."""

    name: Name


class SetPassword(Form, frozen=True):
    """Give an account the password that is piped in; without one, a random one is printed."""

    name: Name
    password: Annotated[str, written("The password; better piped in than typed here.")] = ""


class ResetLink(Form, frozen=True):
    """Print a link by which the owner of an account sets a new password, once."""

    name: Name


class ConfirmAccount(Form, frozen=True):
    """Take the e-mail address of an account as confirmed."""

    name: Name


class Invite(Form, frozen=True):
    """Print an invitation, by which newcomers make accounts."""

    uses: Annotated[int, option("For how many people.")] = 1
    days: Annotated[int, option("For how many days.")] = 7


class ListPending(Form, frozen=True):
    """Show who waits to be let in, and who has not confirmed their address yet."""


class ApproveAccount(Form, frozen=True):
    """Let somebody in who waits for approval."""

    name: Name


class RejectAccount(Form, frozen=True):
    """Turn somebody down who waits; the account is deleted."""

    name: Name


class SetRole(Form, frozen=True):
    """Say what an account may do with the node itself; communities have roles of their own."""

    name: Name
    role: Annotated[Role, argument("user, moderator (reports, newcomers) or admin (everything).")]


class DisableAccount(Form, frozen=True):
    """Let nobody sign in to an account; what it wrote stays."""

    name: Name


class EnableAccount(Form, frozen=True):
    """Let an account be signed in to again."""

    name: Name


class RotateKeys(Form, frozen=True):
    """Give an account or a community new keys."""

    name: Name


class CreateCommunity(Form, frozen=True):
    """Make a community on this node."""

    name: Name
    owner: Annotated[str, option("Whose it is: the name of a local account.")]
    title: Annotated[str | None, option("The name that is shown; left out, the name.")] = None
    description: Annotated[str, option("What it is about, in markdown.")] = ""
    visibility: Annotated[Visibility, option("Who may find and read it.")] = "public"
    join: Annotated[Joining, option("How one becomes a member.")] = "open"
    posting: Annotated[Posting, option("Who may post.")] = "anyone"
    no_downvotes: Annotated[bool, option("Let nobody vote down.")] = False


class ListCommunities(Form, frozen=True):
    """Show the communities of this node, whatever their visibility."""


class ShowCommunity(Form, frozen=True):
    """Show one community with its policies and moderators."""

    name: Whom


class EditCommunity(Form, frozen=True):
    """Change a community of this node; what is not given stays."""

    name: Name
    title: Annotated[str | None, option("The name that is shown.")] = None
    description: Annotated[str | None, option("What it is about, in markdown.")] = None
    visibility: Annotated[Visibility | None, option("Who may find and read it.")] = None
    join: Annotated[Joining | None, option("How one becomes a member.")] = None
    posting: Annotated[Posting | None, option("Who may post.")] = None
    downvotes: Annotated[Literal["yes", "no"] | None, option("Whether one may vote down.")] = None


class DeleteCommunity(Form, frozen=True):
    """Close a community of this node for good; its name is never given out again."""

    name: Name
    reason: Reason = ""


class AddModerator(Form, frozen=True):
    """Make a member a moderator, or an owner."""

    name: Name
    whom: Whom
    owner: Annotated[bool, option("Make an owner of them.")] = False


class RemoveModerator(Form, frozen=True):
    """Make a moderator or owner a plain member."""

    name: Name
    whom: Whom


Host = Annotated[str, argument("The host of the peer, or a URL on it.")]


class ListPeers(Form, frozen=True):
    """Show the servers that this node has met or decided about."""

    decided: Annotated[bool, option("Only those that are blocked, limited or allowed.")] = False
    failing: Annotated[bool, option("Only those that did not answer lately.")] = False


class ShowPeer(Form, frozen=True):
    """Show one peer: what it runs, what was decided, how it answers, what waits for it."""

    host: Host


class BlockPeer(Form, frozen=True):
    """Neither listen nor talk to a peer and the names below its name."""

    host: Host
    reason: Reason = ""


class LimitPeer(Form, frozen=True):
    """Keep what comes from a peer out of public lists."""

    host: Host
    reason: Reason = ""


class AllowPeer(Form, frozen=True):
    """Talk with a peer also when `federation.mode` is allow-list."""

    host: Host
    reason: Reason = ""


class ClearPeer(Form, frozen=True):
    """Forget what was decided about a peer."""

    host: Host


class ImportPeers(Form, frozen=True):
    """Take over a list: Mastodon's CSV of domain blocks, or one host a line.

    Shows what would change; with --yes it is changed. Nothing that was decided by hand is made
    milder by a list.
    """

    source: Annotated[str, file_text("The file; a dash is standard input.")]
    policy: Annotated[Policy, option("What a list without severities means.")] = "block"
    yes: Annotated[bool, option("Change it.")] = False


class ExportPeers(Form, frozen=True):
    """Print what was decided as a CSV that this node and Mastodon can import."""


class RetryPeer(Form, frozen=True):
    """Deliver now what waits for a peer, instead of at the next try."""

    host: Host


ACCOUNT: Mapping[str, type[Form]] = {
    "create": CreateAccount,
    "welcome": WelcomeAccount,
    "list": ListAccounts,
    "suspend": SuspendAccount,
    "unsuspend": UnsuspendAccount,
    "delete": DeleteAccount,
    "password": SetPassword,
    "reset-link": ResetLink,
    "confirm": ConfirmAccount,
    "invite": Invite,
    "pending": ListPending,
    "approve": ApproveAccount,
    "reject": RejectAccount,
    "role": SetRole,
    "disable": DisableAccount,
    "enable": EnableAccount,
    "rotate-keys": RotateKeys,
}
COMMUNITY: Mapping[str, type[Form]] = {
    "create": CreateCommunity,
    "list": ListCommunities,
    "show": ShowCommunity,
    "edit": EditCommunity,
    "delete": DeleteCommunity,
    "add-moderator": AddModerator,
    "remove-moderator": RemoveModerator,
}
PEER: Mapping[str, type[Form]] = {
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
