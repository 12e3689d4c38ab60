"""From uploads to the attachments of a post."""

from collections.abc import Sequence
from datetime import datetime

from communities.people import ActorKey
from communities.posts import Attachment, PostKey
from node.media.urls import MediaUrls
from storage.media import MediaKind, Medium
from storage.unit_of_work import UnitOfWork

_AS = {
    MediaKind.IMAGE: "Image",
    MediaKind.GIFV: "Video",
    MediaKind.VIDEO: "Video",
    MediaKind.AUDIO: "Audio",
}


def claim_attachments(
    uow: UnitOfWork,
    urls: MediaUrls,
    ids: Sequence[int],
    owner_id: ActorKey,
    post_id: PostKey,
    *,
    private: bool,
    at: datetime,
) -> tuple[Attachment, ...]:
    """Attach uploads to a post in the unit that stores it; what its content has to hold.

    For an edit: with the ids that stay and those that are new, in the order wanted.

    Args:
        uow: the unit that writes the post.
        urls: makes the addresses that peers are told.
        ids: of the uploads.
        owner_id: whose they must be.
        post_id: the post.
        private: whether it is not for everybody.
        at: now.

    Raises:
        NotFound, Invalid: one of them cannot be attached (see `storage.media.Media.claim`).
    """
    claimed = uow.media.claim(ids, owner_id, post_id, at=at)
    return tuple(attachment_of(medium, urls, private=private) for medium in claimed)


def attachment_of(medium: Medium, urls: MediaUrls, *, private: bool) -> Attachment:
    """An upload as the attachment of a post."""
    return Attachment(
        kind=_AS[medium.kind],
        url=urls.lasting(medium, private=private),
        media_type=medium.media_type,
        alt=medium.alt,
        width=medium.width,
        height=medium.height,
        blurhash=medium.blurhash,
        focus=medium.focus,
        duration_ms=medium.duration_ms,
        loops=medium.kind is MediaKind.GIFV,
        media_id=medium.id,
    )
