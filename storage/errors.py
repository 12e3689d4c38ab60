"""What storage answers when it cannot do the work now."""


class StorageError(Exception):
    """The database refused or failed; nothing was changed."""


class Busy(StorageError):  # noqa: N818 - the field's word (SQLITE_BUSY, 503)
    """Too much waits already, or the disk is full or the file locked: try again later."""


class Closed(StorageError):  # noqa: N818 - says the state
    """The storage was stopped; the unit was not run."""


class LeaseLost(StorageError):  # noqa: N818 - says what happened
    """Another worker holds the job or cursor now; the unit was rolled back."""
