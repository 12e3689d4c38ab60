"""Conversation: a thread of direct messages."""

from collections.abc import Sequence

from protocols.mastodon.accounts import Entity


def conversation(
    *,
    id: int,  # noqa: A002 - the field's word
    unread: bool,
    accounts: Sequence[Entity],
    last_status: Entity | None,
) -> Entity:
    """The Conversation.

    Spec: Mastodon API "Conversation".
    """
    return {
        "id": str(id),
        "unread": unread,
        "accounts": list(accounts),
        "last_status": last_status,
    }
