"""List: accounts that a person reads apart."""

from protocols.mastodon.accounts import Entity


def account_list(*, id: int, title: str, replies_policy: str, exclusive: bool) -> Entity:  # noqa: A002 - the field's word
    """The List.

    Spec: Mastodon API "List".
    """
    return {
        "id": str(id),
        "title": title,
        "replies_policy": replies_policy,
        "exclusive": exclusive,
    }
