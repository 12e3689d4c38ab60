"""Times as apps read them."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """A time with milliseconds and Z, without which some apps fail.

    Spec: reference client-apis 1.6 ("created_at").
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def moment_or_none(at: datetime | None) -> str | None:
    """The same; None for None."""
    return None if at is None else moment(at)
