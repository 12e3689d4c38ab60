"""Every address of media: who may follow one, and for how long.

What anyone may see has a plain address. Everything else has one with a capability: until when it
holds, under a MAC with a secret of the node. Media of peers are shown through a proxy, so that
peers are not told who reads; its addresses carry a MAC, too, so that it fetches nothing that this
node did not show. Spec: security PRV-07.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from communities.posts import Attachment
from federation.uris import Uris
from protocols.media_types import ending_of
from storage.media import MediaPurpose, Medium

FOLDER: Final = "media"
LASTING: Final = 0
"""The end of a capability that peers are told: it holds as long as the post that it is of."""
_HOUR: Final = 3600
_MAC_BYTES: Final = 16
_MOST_CHARACTERS: Final = 4096


class Size(StrEnum):
    """Which file of a medium; a small one is a picture of at most 640 by 640."""

    ORIGINAL = "original"
    SMALL = "small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What the proxy is asked for: a URL, in a size, until a time (0: for ever)."""

    url: str
    size: Size
    until: int


class MediaUrls:
    """Makes and reads the addresses; `secret` never leaves the node."""

    def __init__(self, uris: Uris, secret: bytes, now: Callable[[], datetime]) -> None:
        """Keep what addresses are made of."""
        self._uris = uris
        self._base = f"{uris.base}/{FOLDER}"
        self._secret = secret
        self._now = now

    def attachment(self, attachment: Attachment, *, private: bool) -> tuple[str | None, str | None]:
        """The addresses of an attachment and of its preview (None without one), for a reader.

        Args:
            attachment: of a post.
            private: whether the post is not for everybody; addresses hold an hour or two then.
        """
        if attachment.kind == "Link":
            return attachment.url, None
        until = self._soon() if private else None
        if attachment.media_id is not None:
            ending = ending_of(attachment.media_type or "")
            has_preview = attachment.blurhash is not None
            return self._pair(attachment.media_id, ending, until, has_preview=has_preview)
        is_picture = attachment.kind == "Image" or (attachment.media_type or "").startswith(
            "image/"
        )
        return (
            self.remote(attachment.url, Size.ORIGINAL, until=until or LASTING),
            self.remote(attachment.url, Size.SMALL, until=until or LASTING) if is_picture else None,
        )

    def medium(self, medium: Medium) -> tuple[str | None, str | None]:
        """The addresses of an upload and of its preview for its owner; None while there is none."""
        has_preview = medium.preview_digest is not None
        ending = ending_of(medium.media_type or "")
        url, preview = self._pair(medium.id, ending, self._soon(), has_preview=has_preview)
        return (url if medium.digest is not None else None), preview

    def of_actor(self, medium: Medium) -> str:
        """The plain address of an avatar or a header."""
        if medium.purpose is MediaPurpose.ATTACHMENT:
            raise ValueError("an attachment has no address for everybody before it is posted")
        return self._address(medium.id, Size.ORIGINAL, ending_of(medium.media_type or ""), None)

    def lasting(self, medium: Medium, *, private: bool) -> str:
        """The address that peers are told: of what is not for everybody with a lasting capability.

        They fetch when they like, and pass the address on to those whom they show the post.
        """
        until = LASTING if private else None
        return self._address(medium.id, Size.ORIGINAL, ending_of(medium.media_type or ""), until)

    def remote(self, url: str, size: Size = Size.ORIGINAL, *, until: int = LASTING) -> str:
        """The address by which something of a peer is shown here; ours stay as they are."""
        if self._uris.is_ours(url):
            return url
        packed = base64.urlsafe_b64encode(f"{size} {until} {url}".encode()).rstrip(b"=").decode()
        return f"{self._base}/proxy/{self._mac('proxy', packed)}/{packed}"

    def picture(self, url: str) -> str:
        """The address by which an avatar or a header is shown: of a peer's a small form."""
        return self.remote(url, Size.SMALL)

    def is_capable(self, media_id: int, size: str, until: int, mac: str) -> bool:
        """Whether a capability is one of ours and holds now."""
        if until != LASTING and until <= self._now().timestamp():
            return False
        return hmac.compare_digest(mac.encode(), self._capability(media_id, size, until).encode())

    def read_remote(self, mac: str, packed: str) -> Remote | None:
        """What an address of the proxy stands for; None for one that is not ours or is over."""
        if len(packed) > _MOST_CHARACTERS or not hmac.compare_digest(
            mac.encode(), self._mac("proxy", packed).encode()
        ):
            return None
        try:
            text = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        size, until, url = text.split(" ", 2)
        if int(until) != LASTING and int(until) <= self._now().timestamp():
            return None
        return Remote(url=url, size=Size(size), until=int(until))

    def _pair(
        self, media_id: int, ending: str, until: int | None, *, has_preview: bool
    ) -> tuple[str, str | None]:
        small = self._address(media_id, Size.SMALL, "webp", until) if has_preview else None
        return self._address(media_id, Size.ORIGINAL, ending, until), small

    def _address(self, media_id: int, size: Size, ending: str, until: int | None) -> str:
        if until is None:
            return f"{self._base}/{media_id}/{size}.{ending}"
        capability = f"{until}.{self._capability(media_id, size, until)}"
        return f"{self._base}/{media_id}/{capability}/{size}.{ending}"

    def _capability(self, media_id: int, size: str, until: int) -> str:
        return self._mac("media", f"{media_id} {size} {until}")

    def _mac(self, what: str, text: str) -> str:
        mac = hmac.digest(self._secret, f"{what} {text}".encode(), sha256)[:_MAC_BYTES]
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def _soon(self) -> int:
        """Between one and two hours from now; the same for an hour, so that addresses are."""
        return (int(self._now().timestamp()) // _HOUR + 2) * _HOUR
