"""Files that people upload, and files that attackers do, made here."""

import io
import zlib
from fractions import Fraction
from math import sin
from struct import pack
from typing import Any

import av
from av.container import OutputContainer
from PIL import Image

GPS = {1: "N", 2: (52.0, 22.0, 12.0), 3: "E", 4: (4.0, 53.0, 24.0)}


def gradient(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """A picture with more than one colour."""
    grey = Image.linear_gradient("L").resize((width, height))
    other = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (grey, other, grey.transpose(Image.Transpose.ROTATE_180))).convert(
        mode
    )


def picture(kind: str = "PNG", *, size: tuple[int, int] = (60, 40), **saving: Any) -> bytes:
    """A picture as a file of a kind that Pillow knows."""
    file = io.BytesIO()
    gradient(*size).save(file, kind, **saving)
    return file.getvalue()


def photo_with_place(orientation: int = 6) -> bytes:
    """A JPEG of a telephone: lying on its side, with where it was taken and a comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret Phone"
    exif.get_ifd(0x8825).update(GPS)
    return picture("JPEG", exif=exif, comment=b"<script>alert(1)</script>")


def animation(kind: str = "GIF", frames: int = 3, size: tuple[int, int] = (32, 24)) -> bytes:
    """A picture that moves."""
    file = io.BytesIO()
    pictures = [gradient(*size).rotate(9 * turn) for turn in range(frames)]
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=80, loop=0)
    return file.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has this size: an image bomb."""
    head = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(9)
    row = b"\x00" * (1 + (width + 7) // 8)
    body = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def gif_of_frames(count: int, size: tuple[int, int] = (16, 16)) -> bytes:
    """A GIF with very many frames."""
    file = io.BytesIO()
    frame = Image.new("P", size, 1)
    frame.putpalette([0, 0, 0, 255, 255, 255])
    frame.save(file, "GIF")
    whole = file.getvalue()
    # The last byte ends the file; what stands between the palette and it is one frame.
    start = whole.index(b"\x2c")
    return whole[:start] + whole[start:-1] * count + whole[-1:]


def film(
    kind: str = "mp4",
    *,
    codec: str = "libx264",
    sound: str | None = "aac",
    seconds: int = 1,
    size: tuple[int, int] = (64, 48),
    **metadata: Any,
) -> bytes:
    """A video with a tone, as a file of a kind that FFmpeg writes."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        container.metadata.update(metadata)
        pictures = container.add_stream(codec, rate=10) if codec else None
        tones = container.add_stream(sound, rate=48_000) if sound else None
        if isinstance(pictures, av.VideoStream):
            _add_pictures(container, pictures, 10 * seconds, size)
        if isinstance(tones, av.AudioStream):
            _add_tone(container, tones, seconds)
    return file.getvalue()


def tone(kind: str, codec: str, seconds: int = 1, **metadata: Any) -> bytes:
    """A sound as a file of a kind that FFmpeg writes."""
    return film(kind, codec="", sound=codec, seconds=seconds, **metadata)


def _add_pictures(
    container: OutputContainer, stream: av.VideoStream, frames: int, size: tuple[int, int]
) -> None:
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    for number in range(frames):
        drawn = gradient(*size).rotate(9 * number)
        frame: av.VideoFrame = av.VideoFrame.from_image(drawn)  # type: ignore[no-untyped-call]  # untyped upstream
        frame.pts, frame.time_base = number, Fraction(1, 10)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _add_tone(container: OutputContainer, stream: av.AudioStream, seconds: int) -> None:
    samples, each = 48_000 * seconds, 960
    for start in range(0, samples, each):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=each)
        wave = (int(9_000 * sin(place / 20)) for place in range(start, start + each))
        frame.planes[0].update(b"".join(pack("<hh", level, level) for level in wave))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
