"""Settings of uploads and of what is fetched for readers."""

from dataclasses import dataclass
from typing import Annotated

from node.settings_values import MIB, told

GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """What people may upload, and how much room media may take."""

    image_bytes: Annotated[
        int, told("The largest picture.", unit="bytes", at_least=1024, at_most=256 * MIB)
    ] = 16 * MIB
    video_bytes: Annotated[
        int,
        told("The largest video or sound.", unit="bytes", at_least=1024, at_most=2 * GIB),
    ] = 99 * MIB
    image_pixels: Annotated[
        int,
        told(
            "How many pixels a picture may have; all are kept to eight megapixels.",
            unit="pixels",
            at_least=1_000_000,
            at_most=100_000_000,
        ),
    ] = 40_000_000
    upload_seconds: Annotated[
        float, told("How long an upload may take to arrive.", unit="seconds", at_least=1)
    ] = 600
    quota_bytes: Annotated[
        int, told("How much the uploads of one person may take.", unit="bytes", at_least=0)
    ] = 2 * GIB
    cache_bytes: Annotated[
        int,
        told(
            "How much the pictures and films of peers may take, avatars included; what was not"
            " looked at for longest goes first.",
            unit="bytes",
            at_least=0,
        ),
    ] = 5 * GIB
