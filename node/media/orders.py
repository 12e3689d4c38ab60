"""What is asked of the process that decodes, and what it answers: lines of JSON.

The process has seen bytes of strangers, so that its answers are read like theirs: by type, and
nothing in them names a file.
"""

from enum import StrEnum
from typing import Annotated

import msgspec


class Shape(StrEnum):
    """What a file is made into."""

    UPLOAD = "upload"
    """Written anew at its size (up to eight megapixels), with a preview beside it."""
    AVATAR = "avatar"
    HEADER = "header"
    PICTURE = "picture"
    """As UPLOAD, without the preview."""
    SMALL = "small"
    """The preview alone."""


_Size = Annotated[int, msgspec.Meta(ge=1, le=65_536)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One file to make something of.

    Attributes:
        source: the file, of this media type by its first bytes.
        target: where to write it anew.
        preview: where to write the small picture, for an upload.
        seconds: of the processor, before the process is ended.
    """

    source: str
    media_type: str
    target: str
    preview: str
    shape: Shape
    max_pixels: int
    seconds: int


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it; `refused` is a sentence for the uploader, and then nothing else counts."""

    refused: str | None = None
    media_type: str = ""
    kind: str = "image"
    width: _Size | None = None
    height: _Size | None = None
    duration_ms: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)] | None = None
    blurhash: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    preview_width: _Size | None = None
    preview_height: _Size | None = None


encode = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(Order).decode
decode_made = msgspec.json.Decoder(Made).decode
