"""BlurHash: a picture in some thirty letters, for whoever waits for it.

Spec: BlurHash "Algorithm" (github.com/woltapp/blurhash, Algorithm.md).
"""

from collections.abc import Sequence
from functools import cache
from math import cos, pi
from typing import Final

_DIGITS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)
_LINEAR_LIMIT: Final = 0.04045
_SRGB_LIMIT: Final = 0.0031308

Colour = tuple[float, float, float]


def encode_blurhash(
    pixels: Sequence[tuple[int, int, int]], width: int, height: int, *, across: int, down: int
) -> str:
    """Give the BlurHash of a picture; take a small one (32 by 32), since it is a blur anyway.

    Args:
        pixels: red, green, blue of each pixel, 0 to 255, row after row.
        width: pixels in a row.
        height: rows.
        across: components from left to right, 1 to 9.
        down: components from top to bottom, 1 to 9.
    """
    linear = [(_to_linear(red), _to_linear(green), _to_linear(blue)) for red, green, blue in pixels]
    waves_across = [_wave(number, width) for number in range(across)]
    waves_down = [_wave(number, height) for number in range(down)]
    rows = [[_weighted(linear[y * width :], wave) for wave in waves_across] for y in range(height)]
    factors = [
        _factor([row[i] for row in rows], waves_down[j], width * height, is_flat=i == j == 0)
        for j in range(down)
        for i in range(across)
    ]
    return _written(factors, across, down)


@cache
def _to_linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= _LINEAR_LIMIT else ((share + 0.055) / 1.055) ** 2.4


def _to_srgb(value: float) -> int:
    share = min(1.0, max(0.0, value))
    if share <= _SRGB_LIMIT:
        return int(share * 12.92 * 255 + 0.5)
    return int((1.055 * share ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _wave(number: int, length: int) -> list[float]:
    return [cos(pi * number * place / length) for place in range(length)]


def _weighted(pixels: Sequence[Colour], wave: Sequence[float]) -> Colour:
    """The sum of a row, or of a column of such sums, under a wave."""
    red = green = blue = 0.0
    for weight, colour in zip(wave, pixels, strict=False):
        red += weight * colour[0]
        green += weight * colour[1]
        blue += weight * colour[2]
    return red, green, blue


def _factor(column: list[Colour], wave: list[float], count: int, *, is_flat: bool) -> Colour:
    red, green, blue = _weighted(column, wave)
    scale = (1 if is_flat else 2) / count
    return red * scale, green * scale, blue * scale


def _written(factors: list[Colour], across: int, down: int) -> str:
    flat, waves = factors[0], factors[1:]
    largest, step = 1.0, 0
    if waves:
        actual = max(abs(value) for colour in waves for value in colour)
        step = max(0, min(82, int(actual * 166 - 0.5)))
        largest = (step + 1) / 166
    mean = (_to_srgb(flat[0]) << 16) + (_to_srgb(flat[1]) << 8) + _to_srgb(flat[2])
    parts = [_base83(across - 1 + (down - 1) * 9, 1), _base83(step, 1), _base83(mean, 4)]
    parts += [_base83(_packed(colour, largest), 2) for colour in waves]
    return "".join(parts)


def _packed(colour: Colour, largest: float) -> int:
    red, green, blue = (_step(value / largest) for value in colour)
    return red * 19 * 19 + green * 19 + blue


def _step(value: float) -> int:
    root = abs(value) ** 0.5
    return max(0, min(18, int((root if value >= 0 else -root) * 9 + 9.5)))


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83 ** (length - 1 - place) % 83] for place in range(length))
