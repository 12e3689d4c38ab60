"""What was fetched from peers for readers, and which files on the disk nothing names any more."""

from dataclasses import dataclass

from storage import media_statements as sql
from storage.connection import Connection
from storage.media import STEP, Blob


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A file fetched from a peer, as it is served; `used_ms` is when it last was, roughly."""

    digest: bytes
    media_type: str
    size: int
    used_ms: int


class MediaCache:
    """Fetched media by the SHA-256 of their form and URL, the least recently used first to go."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, key: bytes) -> Cached | None:
        """What was fetched under this key."""
        row = self._db.row(sql.CACHED, key=key)
        if row is None:
            return None
        return Cached(digest=row[0], media_type=row[1], size=row[2], used_ms=row[3])

    def put(self, key: bytes, blob: Blob, media_type: str, *, used_ms: int) -> None:
        """Note a fetched file, which lies on the disk."""
        self._db.run(sql.NOTE_BLOB, digest=blob.digest, bytes=blob.size)
        self._db.run(
            sql.PUT_CACHED,
            key=key,
            digest=blob.digest,
            media_type=media_type,
            bytes=blob.size,
            used_ms=used_ms,
        )

    def touch(self, key: bytes, used_ms: int) -> None:
        """Note that it was served."""
        self._db.run(sql.TOUCH, cached=key, new_used_ms=used_ms)

    def total_bytes(self) -> int:
        """How much all of it takes."""
        row = self._db.row(sql.CACHED_BYTES)
        return 0 if row is None else int(row[0])

    def evict(self, wanted: int) -> tuple[int, list[bytes]]:
        """Drop the least recently used until `wanted` bytes are freed, at most `STEP` entries.

        How many bytes that were, and their files; less than wanted means: call again, or nothing
        is left.
        """
        freed, digests = 0, []
        for key, size, digest in self._db.rows(sql.LEAST_USED, most=STEP):
            if freed >= wanted:
                break
            self._db.run(sql.EVICT, cached=key)
            freed += size
            digests.append(bytes(digest))
        return freed, digests


class MediaBlobs:
    """Which files there should be on the disk."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def has(self, digest: bytes) -> bool:
        """Whether a file with this content is known."""
        return self._db.row(sql.HAS_BLOB, blob=digest) is not None

    def unused_after(self, digest: bytes) -> tuple[list[bytes], bytes | None]:
        """Of the next `STEP` files: those that nothing names, and where to go on."""
        rows = self._db.rows(sql.BLOBS_AFTER, after=digest)
        unused = [bytes(row[0]) for row in rows if row[1]]
        return unused, bytes(rows[-1][0]) if len(rows) == STEP else None

    def forget(self, digest: bytes) -> bool:
        """Forget a file unless something names it now; True when it may be removed."""
        return self._db.run(sql.FORGET_BLOB, blob=digest) == 1

    def between(self, first: bytes, end: bytes) -> list[Blob]:
        """The files whose digests are at least `first` and less than `end`, in order."""
        rows = self._db.rows(sql.BLOBS_BETWEEN, first=first, end=end)
        return [Blob(digest=bytes(row[0]), size=row[1]) for row in rows]
