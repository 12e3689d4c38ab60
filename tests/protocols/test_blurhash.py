"""BlurHash, held against the package of its authors' algorithm."""

import blurhash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mastodon.blurhash import encode_blurhash


@given(
    width=st.integers(1, 12),
    height=st.integers(1, 12),
    across=st.integers(1, 9),
    down=st.integers(1, 9),
    data=st.data(),
)
def test_hash_is_that_of_the_package(
    width: int, height: int, across: int, down: int, data: st.DataObject
) -> None:
    raw = data.draw(st.binary(min_size=3 * width * height, max_size=3 * width * height))
    pixels = list(zip(raw[0::3], raw[1::3], raw[2::3], strict=True))
    rows = [[list(pixels[y * width + x]) for x in range(width)] for y in range(height)]

    ours = encode_blurhash(pixels, width, height, across=across, down=down)

    assert ours == blurhash.encode(rows, across, down)


@pytest.mark.parametrize("level", [0, 255])
def test_a_plain_picture_has_a_hash(level: int) -> None:
    hashed = encode_blurhash([(level, level, level)] * 64, 8, 8, across=4, down=3)

    assert len(hashed) == 28
