"""Times as the database keeps them: milliseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime."""
    return (moment - _EPOCH) // _MILLISECOND


def to_ms_or_none(moment: datetime | None) -> int | None:
    """The same, None for None."""
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC datetime of a number of milliseconds."""
    return _EPOCH + milliseconds * _MILLISECOND


def from_ms_or_none(milliseconds: int | None) -> datetime | None:
    """The same, None for None."""
    return None if milliseconds is None else _EPOCH + milliseconds * _MILLISECOND
