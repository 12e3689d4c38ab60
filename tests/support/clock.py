"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Gives the moment it was set to; call it as `now`."""

    def __init__(self, moment: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> datetime:
        """Let time pass; the new moment."""
        self.moment += by
        return self.moment
