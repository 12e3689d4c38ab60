"""Videos, sounds and animated pictures; runs in the process of `workshop` alone.

What browsers play is put into a new container, packet by packet, without the metadata of the old
one (where and with what it was taken). Nothing is encoded but animated pictures: an hour of video
would take an hour. What browsers do not play is refused, with the reason.

The demuxer is the one of the type that the first bytes say, and it reads from an open file: a
playlist that names other files finds none. Spec: security HTM-07.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from node.media.orders import Made, Order
from node.media.pictures import MOST_FRAME_PIXELS, MOST_FRAMES, Unusable, with_preview

MOST_FRAME_RATE: Final = 120
MOST_FILM_PIXELS: Final = 3840 * 2160
_MILLISECONDS: Final = 1_000
_WIDE: Final = {90, 270}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """How a type is read and written, and which codecs in it browsers play."""

    demuxer: str
    muxer: str
    media_type: str
    film: frozenset[str] = frozenset()
    sound: frozenset[str] = frozenset()
    sound_type: str = ""


_MP4: Final = _Container(
    demuxer="mov",
    muxer="mp4",
    media_type="video/mp4",
    film=frozenset({"h264"}),
    sound=frozenset({"aac", "mp3", "mp3float"}),
    sound_type="audio/mp4",
)
_PCM: Final = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"})
_CONTAINERS: Final = {
    "video/mp4": _MP4,
    "video/quicktime": _MP4,
    "audio/mp4": _MP4,
    "video/webm": _Container(
        demuxer="matroska",
        muxer="webm",
        media_type="video/webm",
        film=frozenset({"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}),
        sound=frozenset({"opus", "vorbis", "libopus"}),
    ),
    "audio/mpeg": _Container(
        demuxer="mp3", muxer="mp3", media_type="audio/mpeg", sound=frozenset({"mp3", "mp3float"})
    ),
    "audio/ogg": _Container(
        demuxer="ogg",
        muxer="ogg",
        media_type="audio/ogg",
        sound=frozenset({"opus", "libopus", "vorbis", "flac"}),
    ),
    "audio/flac": _Container(
        demuxer="flac", muxer="flac", media_type="audio/flac", sound=frozenset({"flac"})
    ),
    "audio/wav": _Container(demuxer="wav", muxer="wav", media_type="audio/wav", sound=_PCM),
}


@contextmanager
def _opened(order: Order, demuxer: str) -> Iterator[InputContainer]:
    with Path(order.source).open("rb") as file:
        try:
            with av.open(file, "r", format=demuxer) as container:
                yield container
        except FFmpegError as error:
            raise Unusable("The file is damaged, or not of a kind that is taken") from error


def make_film(order: Order) -> Made:
    """Put a video or a sound into a new container.

    Raises:
        Unusable: it is damaged, too large, or in a form that browsers do not play.
    """
    kind = _CONTAINERS[order.media_type]
    with _opened(order, kind.demuxer) as container:
        film = next(iter(container.streams.video), None) if kind.film else None
        sound = next(iter(container.streams.audio), None)
        _check(film, sound, kind)
        # Fails for what has a head and nothing behind it.
        frame = _first_frame(container, film) if film is not None else None
        _check_sound(container, sound)
    with _opened(order, kind.demuxer) as container:
        duration_ms = _copy(container, order, kind, has_film=film is not None)
    if frame is None:
        media_type = kind.sound_type or kind.media_type
        return Made(kind="audio", media_type=media_type, duration_ms=duration_ms)
    still = _upright(frame)
    made = Made(
        kind="video",
        media_type=kind.media_type,
        width=still.width,
        height=still.height,
        duration_ms=duration_ms,
    )
    return with_preview(made, still, order)


def _check(film: VideoStream | None, sound: AudioStream | None, kind: _Container) -> None:
    if film is None and (sound is None or (kind.film and not kind.sound_type)):
        raise Unusable("There is neither a picture nor a sound in the file")
    if film is not None:
        if film.codec_context.name not in kind.film:
            wanted = "H.264" if kind is _MP4 else "VP8, VP9 or AV1"
            raise Unusable(f"The video must be {wanted}; this one is {film.codec_context.name}")
        if film.width * film.height > MOST_FILM_PIXELS:
            raise Unusable("The video is larger than 3840 by 2160")
        if film.average_rate is not None and film.average_rate > MOST_FRAME_RATE:
            raise Unusable(f"The video has more than {MOST_FRAME_RATE} frames in a second")
    if sound is not None and sound.codec_context.name not in kind.sound:
        raise Unusable(f"Sound of the kind {sound.codec_context.name} is not played by browsers")


def _first_frame(container: InputContainer, film: VideoStream) -> VideoFrame:
    film.codec_context.thread_count = 1
    for frame in container.decode(film):
        return frame
    raise Unusable("There is no picture in the video")


def _check_sound(container: InputContainer, sound: AudioStream | None) -> None:
    if sound is None:
        return
    container.seek(0)
    for _ in container.decode(sound):
        return
    raise Unusable("There is nothing to be heard in the file")


def _upright(frame: VideoFrame) -> Image.Image:
    """A frame as players show it: cameras write how they were held beside the pictures."""
    image = _image_of(frame)
    turned = frame.rotation % 360
    return image.rotate(turned, expand=True) if turned else image


def _image_of(frame: VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # untyped upstream
    return image


def _copy(container: InputContainer, order: Order, kind: _Container, *, has_film: bool) -> int:
    """Copy the first film and the first sound; how long they last, in milliseconds."""
    chosen = [*container.streams.video[:1], *container.streams.audio[:1]]
    if not has_film:
        chosen = [*container.streams.audio[:1]]
    # The same bytes in must be the same bytes out, hence no name and version of the muxer.
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    if kind.muxer != "mp4":
        del options["movflags"]
    last = Fraction(0)
    with av.open(order.target, "w", format=kind.muxer, options=options) as written:
        places = {}
        for stream in chosen:
            places[stream.index] = written.add_stream_from_template(stream)
            places[stream.index].metadata.clear()
        for packet in container.demux(chosen):
            if packet.dts is None:
                continue
            if packet.pts is not None and packet.time_base is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                last = max(last, Fraction(end))
            packet.stream = places[packet.stream.index]
            written.mux(packet)
    return int(last * _MILLISECONDS)


def make_loop(order: Order, frames: int) -> Made:
    """Make a short film without sound of an animated GIF, which takes a tenth of the room.

    Raises:
        Unusable: it has too many frames, or is damaged.
    """
    with _opened(order, "gif") as container:
        source = container.streams.video[0]
        if frames > MOST_FRAMES or frames * source.width * source.height > MOST_FRAME_PIXELS:
            raise Unusable("The animated picture has too many frames")
        with av.open(
            order.target,
            "w",
            format="mp4",
            options={"fflags": "+bitexact", "movflags": "+faststart"},
        ) as written:
            first, duration = _encode(container, written, source)
    made = Made(
        kind="gifv",
        media_type="video/mp4",
        width=first.width,
        height=first.height,
        duration_ms=duration,
    )
    return with_preview(made, first, order)


def _encode(
    container: InputContainer, written: OutputContainer, source: VideoStream
) -> tuple[Image.Image, int]:
    """Encode all frames; the first one, and how long they last in milliseconds."""
    # H.264 with colours at half the size, which is what players take, has no odd sizes.
    width, height = max(2, source.width & ~1), max(2, source.height & ~1)
    target = written.add_stream("libx264", rate=source.average_rate or 10)
    target.width, target.height, target.pix_fmt = width, height, "yuv420p"
    target.options = {"preset": "veryfast", "crf": "23", "threads": "1"}
    first: Image.Image | None = None
    end = 0.0
    for frame in container.decode(source):
        first = first or _image_of(frame)
        end = (frame.time or 0.0) + float(1 / (source.average_rate or 10))
        plain = frame.reformat(width=width, height=height, format="yuv420p")
        written.mux(target.encode(plain))
    written.mux(target.encode(None))
    if first is None:
        raise Unusable("There is no picture in the file")
    return first, int(end * _MILLISECONDS)
