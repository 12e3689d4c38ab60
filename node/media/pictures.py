"""Pictures read and written anew; runs in the process of `workshop` alone.

What is written holds pixels and nothing else: no EXIF, no comments, no profiles, nothing that was
hung behind the picture. Orientation and colour space are worked into the pixels first.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, ImageSequence

from node.media.orders import Made, Order, Shape
from protocols.mastodon.blurhash import encode_blurhash

_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
MOST_PIXELS: Final = 3840 * 2160
"""Of a picture as it is kept; larger ones are scaled down, as Mastodon does since 4.2."""
MOST_FRAMES: Final = 1_000
MOST_FRAME_PIXELS: Final = 150_000_000
"""Of all frames of an animated picture together: they are held in memory while it is written."""
PREVIEW: Final = (640, 640)
_CROPPED: Final = {Shape.AVATAR: (400, 400), Shape.HEADER: (1500, 500)}
_BLURRED: Final = (32, 32)
_QUALITY: Final = 85
_PREVIEW_QUALITY: Final = 75
_WRITING: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": _QUALITY, "optimize": True, "progressive": True},
    "PNG": {"compress_level": 6},
    "WEBP": {"quality": _QUALITY, "method": 2},
    "GIF": {},
}


class Unusable(Exception):  # noqa: N818 - says the state
    """A file of which nothing can be made; the message is a sentence for the uploader."""


def make_picture(order: Order) -> Made:
    """Write a picture anew in the shape that is asked for.

    Raises:
        Unusable: it is too large, has too many frames, or cannot be read.
    """
    # Pillow's own guard would only warn up to twice this number.
    Image.MAX_IMAGE_PIXELS = order.max_pixels
    with Image.open(order.source, formats=(_FORMATS[order.media_type],)) as image:
        if image.width * image.height > order.max_pixels:
            raise Unusable(f"The picture has more than {order.max_pixels // 1_000_000} megapixels")
        frames = int(getattr(image, "n_frames", 1))
        moves = frames > 1 and image.format in {"GIF", "WEBP"}
        if moves and order.shape in {Shape.UPLOAD, Shape.PICTURE}:
            return _make_animation(image, frames, order)
        return _make_still(_readable(image), order)


def frames_to_loop(order: Order) -> int:
    """How many frames an uploaded GIF has that moves; 0 for everything else."""
    if order.media_type != "image/gif" or order.shape is not Shape.UPLOAD:
        return 0
    with Image.open(order.source, formats=("GIF",)) as image:
        frames = int(getattr(image, "n_frames", 1))
    return frames if frames > 1 else 0


def _make_still(image: Image.Image, order: Order) -> Made:
    if order.shape is Shape.SMALL:
        return write_preview(image, order.target)
    size = _CROPPED.get(order.shape)
    image = _cropped(image, size) if size is not None else _bounded(image)
    written = _format_for(image, order.media_type)
    image.save(order.target, written, **_WRITING[written])
    made = Made(
        media_type=f"image/{written.lower()}",
        width=image.width,
        height=image.height,
        blurhash=blurhash_of(image),
    )
    return with_preview(made, image, order)


def with_preview(made: Made, image: Image.Image, order: Order) -> Made:
    """Add the preview that an upload has; other shapes stay as they are."""
    if order.shape is not Shape.UPLOAD:
        return made
    preview = write_preview(image, order.preview)
    return Made(
        media_type=made.media_type,
        kind=made.kind,
        width=made.width,
        height=made.height,
        duration_ms=made.duration_ms,
        blurhash=preview.blurhash,
        preview_width=preview.width,
        preview_height=preview.height,
    )


def write_preview(image: Image.Image, target: str) -> Made:
    """Write the small WebP of a picture that is ready to be shown."""
    small = image.copy()
    small.thumbnail(PREVIEW, Image.Resampling.BICUBIC, reducing_gap=2.0)
    small.save(target, "WEBP", quality=_PREVIEW_QUALITY, method=2)
    return Made(
        media_type="image/webp",
        width=small.width,
        height=small.height,
        blurhash=blurhash_of(small),
    )


def blurhash_of(image: Image.Image) -> str:
    """The BlurHash of a picture, with more components along its longer side."""
    blurred = image.copy()
    blurred.thumbnail(_BLURRED, Image.Resampling.BOX)
    pixels = blurred.convert("RGB")
    raw = pixels.tobytes()
    triples = list(zip(raw[0::3], raw[1::3], raw[2::3], strict=True))
    across, down = (4, 3) if image.width >= image.height else (3, 4)
    return encode_blurhash(triples, pixels.width, pixels.height, across=across, down=down)


def _readable(image: Image.Image) -> Image.Image:
    """The pixels as they are meant to be seen: upright, in sRGB, eight bits, no extras."""
    if image.format == "JPEG":
        # Decodes at a half or a quarter where that is still enough.
        scale = (MOST_PIXELS / max(1, image.width * image.height)) ** 0.5
        if scale < 1:
            image.draft("RGB", (int(image.width * scale), int(image.height * scale)))
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    plain = _in_srgb(_in_eight_bits(upright), profile)
    # Writers of Pillow put comments and profiles back that they find here.
    plain.info = {}
    return plain


def _in_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Sixteen bits: `convert` would cut off, not scale.
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"RGB", "RGBA", "L", "CMYK"} and "transparency" not in image.info:
        return image.copy()
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        target = "RGB" if image.mode == "CMYK" else image.mode
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=target,
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _bounded(image: Image.Image) -> Image.Image:
    pixels = image.width * image.height
    if pixels <= MOST_PIXELS:
        return image
    scale = (MOST_PIXELS / pixels) ** 0.5
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _cropped(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture in the proportions of a size, never larger than it was."""
    share = min(1.0, image.width / size[0], image.height / size[1])
    wanted = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    return ImageOps.fit(image, wanted, Image.Resampling.LANCZOS)


def _format_for(image: Image.Image, media_type: str) -> str:
    found = _FORMATS[media_type]
    if found in {"AVIF", "GIF"}:
        # AVIF takes long to write and is not shown everywhere; a still GIF has few colours.
        return "PNG" if image.mode == "RGBA" or found == "GIF" else "JPEG"
    return found


def _make_animation(image: Image.Image, frames: int, order: Order) -> Made:
    if frames > MOST_FRAMES or frames * image.width * image.height > MOST_FRAME_PIXELS:
        raise Unusable("The animated picture has too many frames")
    first = image.convert("RGBA")
    first.info = {}
    duration = [int(frame.info.get("duration", 100)) for frame in ImageSequence.Iterator(image)]
    image.seek(0)
    written = str(image.format)
    first.save(
        order.target,
        written,
        save_all=True,
        append_images=_frames(image),
        duration=duration,
        loop=0,
        **({"disposal": 2} if written == "GIF" else {"quality": _QUALITY, "method": 0}),
    )
    made = Made(
        media_type=f"image/{written.lower()}",
        width=image.width,
        height=image.height,
        blurhash=blurhash_of(first),
    )
    return with_preview(made, first, order)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """All frames but the first, without what stands beside the pixels."""
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        if number:
            plain = frame.convert("RGBA")
            plain.info = {}
            yield plain


def take_away(*paths: str) -> None:
    """Remove what was half written."""
    for path in paths:
        Path(path).unlink(missing_ok=True)
