"""What a file is, told by its first bytes; names and headers of strangers are not asked.

Spec: WHATWG MIME Sniffing section 6 (signatures); ISO/IEC 14496-12 4.3 (ftyp); RFC 9559 (EBML);
ISO/IEC 11172-3 2.4.1.3 (MPEG audio header).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HEAD_BYTES: Final = 512
"""So many bytes of the beginning are enough."""


class MediaSort(StrEnum):
    """Who can read it."""

    PICTURE = "picture"
    FILM = "film"
    SOUND = "sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A kind of file that people upload: its media type and the ending of its name."""

    name: str
    ending: str
    sort: MediaSort


def _types(sort: MediaSort, **endings: str) -> dict[str, MediaType]:
    return {
        name: MediaType(name=name, ending=ending, sort=sort)
        for ending, name in ((ending, endings[ending]) for ending in endings)
    }


_TYPES: Final = {
    **_types(
        MediaSort.PICTURE,
        jpg="image/jpeg",
        png="image/png",
        gif="image/gif",
        webp="image/webp",
        avif="image/avif",
    ),
    **_types(MediaSort.FILM, mp4="video/mp4", webm="video/webm", mov="video/quicktime"),
    **_types(
        MediaSort.SOUND,
        mp3="audio/mpeg",
        ogg="audio/ogg",
        flac="audio/flac",
        wav="audio/wav",
        m4a="audio/mp4",
    ),
}
PICTURE_TYPES: Final = tuple(t.name for t in _TYPES.values() if t.sort is MediaSort.PICTURE)
FILM_TYPES: Final = tuple(t.name for t in _TYPES.values() if t.sort is MediaSort.FILM)
SOUND_TYPES: Final = tuple(t.name for t in _TYPES.values() if t.sort is MediaSort.SOUND)

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_AUDIO_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P "})
_QUICKTIME_BRAND: Final = b"qt  "
_EBML: Final = b"\x1a\x45\xdf\xa3"
_WEBM_DOCTYPE: Final = b"\x42\x82\x84webm"


def ending_of(name: str) -> str:
    """The ending for files of a media type; "bin" for one that is not known."""
    known = _TYPES.get(name)
    return known.ending if known is not None else "bin"


def media_type_of(head: bytes) -> MediaType | None:
    """What a file with these first bytes is; None for everything that is not taken."""
    name = _name(head)
    return None if name is None else _TYPES.get(name)


def _name(head: bytes) -> str | None:
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head.startswith(_EBML):
        return "video/webm" if _WEBM_DOCTYPE in head[:64] else None
    return "audio/mpeg" if _is_mpeg_audio(head) else None


def _of_brands(head: bytes) -> str | None:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[place : place + 4] for place in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    if brands & _HEIC_BRANDS and major in _HEIC_BRANDS:
        return None
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    return "video/quicktime" if major == _QUICKTIME_BRAND else "video/mp4"


def _is_mpeg_audio(head: bytes) -> bool:
    """A frame of layer III with a bit rate and a sampling rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - see above
        return False
    return head[2] >> 4 not in {0, 15} and (head[2] >> 2) & 3 != 3  # noqa: PLR2004 - as above
