"""Attachments of posts as MediaAttachments: pictures, films and sounds, never links."""

from communities.posts import Attachment, Post
from node.media.urls import MediaUrls
from protocols.mastodon.accounts import Entity
from protocols.mastodon.statuses import MediaFacts, media_attachment

_OF_KIND = {"Image": "image", "Video": "video", "Audio": "audio"}
_OF_MEDIA_TYPE = {"image": "image", "video": "video", "audio": "audio"}
_LINK = "Link"


def attachment_type(attachment: Attachment) -> str:
    """What apps show it as: image, gifv, video, audio or unknown."""
    found = _OF_KIND.get(attachment.kind) or _OF_MEDIA_TYPE.get(
        (attachment.media_type or "").partition("/")[0], "unknown"
    )
    return "gifv" if found == "video" and attachment.loops else found


def attachment_id(post: Post, place: int) -> int:
    """The id of an attachment that has none of its own; it differs from those of other posts."""
    return post.id ^ ((place + 1) << 9)


def attachment_entity(
    post: Post, place: int, attachment: Attachment, urls: MediaUrls, *, private: bool
) -> Entity:
    """An attachment by the addresses at which this node shows it.

    Args:
        post: what it is attached to.
        place: which of its attachments it is.
        attachment: a file, not a link.
        urls: makes the addresses.
        private: the post is not for everybody; its addresses hold for a while only.
    """
    url, preview_url = urls.attachment(attachment, private=private)
    return media_attachment(
        MediaFacts(
            id=attachment.media_id or attachment_id(post, place),
            type=attachment_type(attachment),
            url=url,
            preview_url=preview_url,
            remote_url=None if post.local else attachment.url,
            description=attachment.alt,
            blurhash=attachment.blurhash,
            width=attachment.width,
            height=attachment.height,
            duration_seconds=(
                None if attachment.duration_ms is None else attachment.duration_ms / 1000
            ),
            focus=attachment.focus,
        )
    )


def is_shown(attachment: Attachment) -> bool:
    """Whether it is a file; a link is shown as the card."""
    return attachment.kind != _LINK
