"""What the domain answers when it refuses.

    DomainError
    ├── NotFound      the thing is not there, or the asker may not know that it is
    ├── NotAllowed    the asker may not do this; `reason` is a word from `Reason`
    ├── Conflict      it was done already, or something else stands in its place
    └── Invalid       a field holds what it may not hold; `field` names it

`str(error)` is one plain sentence that is safe to show to whoever asked.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something is not allowed; stable words for logs, metrics and translations."""

    BANNED = "banned"
    BLOCKED = "blocked"
    NOT_A_MEMBER = "not-a-member"
    PENDING = "pending"
    ROLE = "role"
    LOCKED = "locked"
    CLOSED = "closed"
    NOT_AUTHOR = "not-author"
    NOT_AUTHORITY = "not-authority"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    LAST_OWNER = "last-owner"
    FEATURE_OFF = "feature-off"


class DomainError(Exception):
    """A rule of the domain refused; the message is safe to show."""


class NotFound(DomainError):  # noqa: N818 - the field's word, as in HTTP
    """The thing does not exist for this asker."""


class NotAllowed(DomainError):  # noqa: N818 - as above
    """The rule that forbids it is `reason`."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Keep the reason beside the sentence."""
        super().__init__(message)
        self.reason = reason


class Conflict(DomainError):  # noqa: N818 - as above
    """It stands already, or something else does."""


class Invalid(DomainError):  # noqa: N818 - as above
    """`field` holds a value it may not hold."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field's name beside the sentence."""
        super().__init__(message)
        self.field = field
