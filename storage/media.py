"""What people uploaded: rows of media, from the upload to the post they are attached to.

The bytes lie in files (`storage.blobs`), one for each content however many rows name it. A row is
written after its files are there, and a file goes after the last row that names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from communities.errors import Invalid, NotFound
from communities.people import ActorKey
from communities.posts import PostKey
from storage import media_statements as sql
from storage.connection import Connection, Row
from storage.statements import json_list
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none

UNATTACHED_KEPT = timedelta(days=1)
"""How long an upload waits for the post that it is for."""
MOST_ATTACHED = 4
"""Attachments of one post of this node, as apps expect."""
STEP = 500


class MediaState(StrEnum):
    """How far an upload has come."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class MediaKind(StrEnum):
    """What it is shown as; a `GIFV` is a short film without sound that runs again and again."""

    IMAGE = "image"
    GIFV = "gifv"
    VIDEO = "video"
    AUDIO = "audio"


class MediaPurpose(StrEnum):
    """What it is for; an actor has one avatar and one header at most."""

    ATTACHMENT = "attachment"
    AVATAR = "avatar"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A file by the SHA-256 of its content."""

    digest: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A small picture of a medium, always WebP."""

    blob: Blob
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an upload turned out to be, once it was read and written anew.

    Attributes:
        media_type: of the file as it is served.
        blurhash: a few colours for whoever waits for the picture.
    """

    kind: MediaKind
    blob: Blob
    media_type: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    blurhash: str | None = None
    preview: Preview | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One upload.

    Attributes:
        digest: of the file that is served; None unless it is ready.
        size: the bytes it takes of its owner's quota, the preview included.
        focus: the point that matters, from (-1, -1) at the bottom left to (1, 1).
        post_id: the post that it is attached to.
        until: when it goes unless it is attached by then.
    """

    id: int
    owner_id: ActorKey
    purpose: MediaPurpose
    state: MediaState
    kind: MediaKind
    created_at: datetime
    digest: bytes | None = None
    media_type: str | None = None
    size: int = 0
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    blurhash: str | None = None
    alt: str | None = None
    focus: tuple[float, float] | None = None
    preview_digest: bytes | None = None
    preview_width: int | None = None
    preview_height: int | None = None
    post_id: PostKey | None = None
    until: datetime | None = None


class OverQuota(Invalid):
    """What the owner has already leaves no room for the upload."""

    def __init__(self) -> None:
        """Say it to the owner."""
        super().__init__("file", "There is no room left for your uploads; delete some first")


def _medium(row: Row) -> Medium:
    return Medium(
        id=row[0],
        owner_id=ActorKey(row[1]),
        purpose=MediaPurpose(row[2]),
        state=MediaState(row[3]),
        kind=MediaKind(row[4]),
        digest=row[5],
        media_type=row[6],
        size=row[7],
        width=row[8],
        height=row[9],
        duration_ms=row[10],
        blurhash=row[11],
        alt=row[12],
        focus=None if row[13] is None or row[14] is None else (row[13], row[14]),
        preview_digest=row[15],
        preview_width=row[16],
        preview_height=row[17],
        post_id=None if row[18] is None else PostKey(row[18]),
        until=from_ms_or_none(row[19]),
        created_at=from_ms(row[20]),
    )


class Media:
    """Rows of uploads."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, media_id: int) -> Medium | None:
        """The upload with this id."""
        row = self._db.row(sql.GET, id=media_id)
        return None if row is None else _medium(row)

    def many(self, ids: Sequence[int]) -> list[Medium]:
        """Those of these uploads that are there, in the order of the ids."""
        rows = self._db.rows(sql.BY_IDS, ids=json_list(ids)) if ids else []
        found = {row[0]: _medium(row) for row in rows}
        return [found[media_id] for media_id in ids if media_id in found]

    def of_owner(self, media_id: int, owner_id: ActorKey) -> Medium:
        """Someone's upload that waits for its post.

        Raises:
            NotFound: it is another's, is attached, or was never there.
        """
        medium = self.get(media_id)
        if (
            medium is None
            or medium.owner_id != owner_id
            or medium.post_id is not None
            or medium.purpose is not MediaPurpose.ATTACHMENT
        ):
            raise NotFound("There is no such upload")
        return medium

    def used(self, owner_id: ActorKey) -> int:
        """How many bytes all uploads of an owner take."""
        row = self._db.row(sql.USED, owner=owner_id)
        return 0 if row is None else int(row[0])

    def add(self, medium: Medium, *, quota: int) -> None:
        """Store a new upload, be it still in the making.

        Raises:
            OverQuota: with it the owner would have more than the quota.
        """
        self._check_room(medium.owner_id, medium.size, quota)
        self._db.run(
            sql.INSERT,
            id=medium.id,
            owner_id=medium.owner_id,
            purpose=medium.purpose.value,
            state=medium.state.value,
            kind=medium.kind.value,
            bytes=medium.size,
            alt=medium.alt,
            focus_x=None if medium.focus is None else medium.focus[0],
            focus_y=None if medium.focus is None else medium.focus[1],
            until_ms=to_ms_or_none(medium.until),
            created_ms=to_ms(medium.created_at),
        )

    def finish(self, media_id: int, content: Content, *, quota: int) -> bool:
        """An upload was made into these files, which lie there; False when it is gone meanwhile.

        Raises:
            OverQuota: with it the owner would have more than the quota.
        """
        medium = self.get(media_id)
        if medium is None:
            return False
        preview = content.preview
        size = content.blob.size + (preview.blob.size if preview is not None else 0)
        self._check_room(medium.owner_id, size - medium.size, quota)
        self.note_blob(content.blob)
        if preview is not None:
            self.note_blob(preview.blob)
        self._db.run(
            sql.FINISH,
            medium=media_id,
            new_kind=content.kind.value,
            new_digest=content.blob.digest,
            new_media_type=content.media_type,
            new_bytes=size,
            new_width=content.width,
            new_height=content.height,
            new_duration_ms=content.duration_ms,
            new_blurhash=content.blurhash,
            new_preview_digest=preview.blob.digest if preview is not None else None,
            new_preview_width=preview.width if preview is not None else None,
            new_preview_height=preview.height if preview is not None else None,
        )
        return True

    def _check_room(self, owner_id: ActorKey, more: int, quota: int) -> None:
        if self.used(owner_id) + more > quota:
            raise OverQuota

    def note_blob(self, blob: Blob) -> None:
        """Remember that a file lies on the disk."""
        self._db.run(sql.NOTE_BLOB, digest=blob.digest, bytes=blob.size)

    def fail(self, media_id: int) -> None:
        """Nothing can be made of an upload; it takes no room and goes with the unattached ones."""
        self._db.run(sql.FAIL, medium=media_id)

    def fail_all_processing(self) -> int:
        """Give up what a process that was killed had in the making; how many that were."""
        return self._db.run(sql.FAIL_ALL)

    def describe(
        self, media_id: int, *, alt: str | None, focus: tuple[float, float] | None
    ) -> None:
        """Replace the alt text and the focal point."""
        focus_x, focus_y = focus if focus is not None else (None, None)
        self._db.run(
            sql.DESCRIBE, medium=media_id, new_alt=alt, new_focus_x=focus_x, new_focus_y=focus_y
        )

    def set_preview(self, media_id: int, preview: Preview, blurhash: str | None) -> None:
        """Show another small picture, whose file lies there."""
        self.note_blob(preview.blob)
        self._db.run(
            sql.SET_PREVIEW,
            medium=media_id,
            new_digest=preview.blob.digest,
            new_width=preview.width,
            new_height=preview.height,
            new_blurhash=blurhash,
        )

    def delete(self, media_id: int) -> bool:
        """Drop an upload; False when it was gone."""
        return self._db.run(sql.DELETE, medium=media_id) == 1

    def attached_to(self, post_id: PostKey) -> list[Medium]:
        """What is attached to a post, in the order of upload."""
        return [_medium(row) for row in self._db.rows(sql.ATTACHED_TO, post=post_id)]

    def ready(
        self, ids: Sequence[int], owner_id: ActorKey, post_id: PostKey | None = None
    ) -> tuple[Medium, ...]:
        """The uploads with these ids, in their order, if all can be attached to the post.

        Those that are attached to that very post already can be, too.

        Raises:
            NotFound: one is another's, is attached elsewhere, or was never there.
            Invalid: there are more than four, one twice, one with others that are no pictures, or
                one is not ready (in Mastodon's words).
        """
        if len(set(ids)) != len(ids) or len(ids) > MOST_ATTACHED:
            raise Invalid("media_ids", "Cannot attach more than 4 files")
        found = {medium.id: medium for medium in self.many(ids)}
        chosen = []
        for media_id in ids:
            medium = found.get(media_id)
            if (
                medium is None
                or medium.owner_id != owner_id
                or medium.post_id not in (None, post_id)
                or medium.purpose is not MediaPurpose.ATTACHMENT
            ):
                raise NotFound("There is no such upload")
            if medium.state is not MediaState.READY:
                raise Invalid(
                    "media_ids",
                    "Cannot attach files that have not finished processing. Try again in a moment!",
                )
            chosen.append(medium)
        if len(chosen) > 1 and any(medium.kind is not MediaKind.IMAGE for medium in chosen):
            raise Invalid(
                "media_ids", "Cannot attach a video to a post that already contains images"
            )
        return tuple(chosen)

    def claim(
        self, ids: Sequence[int], owner_id: ActorKey, post_id: PostKey, *, at: datetime
    ) -> tuple[Medium, ...]:
        """Attach uploads to a post, in this order, instead of those attached to it before.

        What is no longer attached waits a day for another post. Doing it again changes nothing.

        Raises:
            NotFound, Invalid: as `ready` says; nothing is changed then.
        """
        chosen = self.ready(ids, owner_id, post_id)
        self._db.run(
            sql.RELEASE,
            post=post_id,
            new_until_ms=to_ms(at + UNATTACHED_KEPT),
            kept=json_list(ids),
        )
        if chosen:
            self._db.run(sql.CLAIM, ids=json_list(ids), new_post_id=post_id)
        return chosen

    def keep(self, ids: Sequence[int], owner_id: ActorKey, *, until: datetime) -> None:
        """Let uploads wait until a time for their post, which is scheduled.

        Raises:
            NotFound, Invalid: as `ready` says.
        """
        if self.ready(ids, owner_id):
            self._db.run(sql.KEEP, ids=json_list(ids), new_until_ms=to_ms(until + UNATTACHED_KEPT))

    def replace_for_actor(self, media_id: int, owner_id: ActorKey, purpose: MediaPurpose) -> None:
        """Make one the only avatar (or header) of its owner: those before go."""
        self._db.run(sql.DELETE_OTHERS, owner=owner_id, for_purpose=purpose.value, medium=media_id)

    def drop_of_actor(self, owner_id: ActorKey, purpose: MediaPurpose) -> None:
        """The owner has no avatar (or header) any more."""
        self._db.run(sql.DELETE_OTHERS, owner=owner_id, for_purpose=purpose.value, medium=0)

    def drop_waiting(self, now: datetime) -> int:
        """Drop up to `STEP` uploads that were not attached in time; how many there were."""
        return self._db.run(sql.DROP_WAITING, before_ms=to_ms(now))

    def orphans_after(self, media_id: int) -> tuple[list[int], int | None]:
        """Of the next `STEP` attached uploads: those whose post is gone, and where to go on."""
        rows = self._db.rows(sql.ATTACHED_AFTER, after=media_id)
        orphans = [int(row[0]) for row in rows if row[1] is None]
        return orphans, int(rows[-1][0]) if len(rows) == STEP else None
