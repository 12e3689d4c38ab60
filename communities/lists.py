"""Lists: which accounts a person reads apart; every community they are in is one by itself."""

from dataclasses import dataclass
from enum import StrEnum

from communities.errors import Invalid
from communities.people import ActorKey

MAX_LISTS = 100
"""Lists of one person; those that come with communities are not counted."""
MAX_LIST_TITLE = 255
MAX_LIST_MEMBERS = 5_000


class RepliesPolicy(StrEnum):
    """Which answers a list shows: to anyone followed, to its own accounts, or none."""

    FOLLOWED = "followed"
    LIST = "list"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountList:
    """A list of one person.

    Attributes:
        exclusive: what is in it is left out of the home timeline.
    """

    id: int
    person_id: ActorKey
    title: str
    replies_policy: RepliesPolicy = RepliesPolicy.LIST
    exclusive: bool = False


def check_title(title: str) -> None:
    """Refuse what cannot name a list.

    Raises:
        Invalid: it is blank, or too long.
    """
    if not title.strip():
        raise Invalid("title", "A list has a title")
    if len(title) > MAX_LIST_TITLE:
        raise Invalid("title", f"The title is longer than {MAX_LIST_TITLE} characters")
