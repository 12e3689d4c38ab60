"""Which function answers which form: the one table behind the commands and the control channel."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from node.compose import Node
from node.verbs import (
    accounts,
    act_forms,
    acts,
    announcement_forms,
    announcements,
    credentials,
    groups,
    looking,
    moderation,
    moderation_forms,
    operator_forms,
    peers,
)
from node.verbs.answers import Answer
from node.verbs.desk import Desk, desk_of
from node.verbs.words import Form

Verb = Callable[[Desk, Any], Awaitable[Answer]]

VERBS: Mapping[type[Form], Verb] = {
    operator_forms.CreateAccount: accounts.create,
    operator_forms.WelcomeAccount: accounts.welcome,
    operator_forms.ListAccounts: accounts.show_all,
    operator_forms.SuspendAccount: accounts.suspend,
    operator_forms.UnsuspendAccount: accounts.unsuspend,
    operator_forms.DeleteAccount: accounts.delete,
    operator_forms.SetPassword: credentials.set_password,
    operator_forms.ResetLink: credentials.reset_link,
    operator_forms.ConfirmAccount: credentials.confirm,
    operator_forms.Invite: credentials.invite,
    operator_forms.ListPending: credentials.pending,
    operator_forms.ApproveAccount: credentials.approve,
    operator_forms.RejectAccount: credentials.reject,
    operator_forms.SetRole: credentials.set_role,
    operator_forms.DisableAccount: credentials.disable,
    operator_forms.EnableAccount: credentials.enable,
    operator_forms.RotateKeys: accounts.rotate_keys,
    operator_forms.CreateCommunity: groups.create,
    operator_forms.ListCommunities: groups.show_all,
    operator_forms.ShowCommunity: groups.show,
    operator_forms.EditCommunity: groups.edit,
    operator_forms.DeleteCommunity: groups.delete,
    operator_forms.AddModerator: groups.add_moderator,
    operator_forms.RemoveModerator: groups.remove_moderator,
    operator_forms.ListPeers: peers.show_all,
    operator_forms.ShowPeer: peers.show,
    operator_forms.BlockPeer: peers.block,
    operator_forms.LimitPeer: peers.limit,
    operator_forms.AllowPeer: peers.allow,
    operator_forms.ClearPeer: peers.clear,
    operator_forms.ImportPeers: peers.import_list,
    operator_forms.ExportPeers: peers.export,
    operator_forms.RetryPeer: peers.retry,
    announcement_forms.Announce: announcements.add,
    announcement_forms.ListAnnouncements: announcements.show_all,
    announcement_forms.RemoveAnnouncement: announcements.remove,
    act_forms.Follow: acts.follow,
    act_forms.Unfollow: acts.unfollow,
    act_forms.Post: acts.post,
    act_forms.Reply: acts.reply,
    act_forms.Edit: acts.edit,
    act_forms.Delete: acts.delete,
    act_forms.Vote: acts.vote,
    act_forms.Boost: acts.boost,
    act_forms.React: acts.react,
    act_forms.PollVote: acts.poll_vote,
    act_forms.Message: acts.message,
    act_forms.Report: acts.report,
    act_forms.Block: acts.block,
    act_forms.Unblock: acts.unblock,
    act_forms.Timeline: looking.timeline,
    act_forms.Show: looking.show,
    act_forms.Notifications: looking.notifications,
    moderation_forms.Remove: moderation.remove,
    moderation_forms.Restore: moderation.restore,
    moderation_forms.Lock: moderation.lock,
    moderation_forms.Unlock: moderation.unlock,
    moderation_forms.Pin: moderation.pin,
    moderation_forms.Unpin: moderation.unpin,
    moderation_forms.Ban: moderation.ban,
    moderation_forms.Unban: moderation.unban,
    moderation_forms.Admit: moderation.admit,
    moderation_forms.TurnDown: moderation.turn_down,
    moderation_forms.Reports: moderation.reports,
    moderation_forms.ResolveReport: moderation.resolve_report,
}
"""Every form with the verb that answers it."""


async def run(node: Node, form: Form) -> Answer:
    """What a form asks, done on this node.

    Raises:
        DomainError, FederationError, ProtocolError, StorageError: it cannot or may not be done.
    """
    return await VERBS[type(form)](desk_of(node), form)
