"""Hashtags as people deal with them: what is one, which they follow, which they show."""

import re

from communities.errors import Invalid

MAX_FEATURED_TAGS = 10
"""Hashtags that a person shows on their profile."""
MAX_FOLLOWED_TAGS = 500
MAX_TAG = 100
"""Characters of a hashtag, without its sign."""

_TAG = re.compile(r"\w*[^\W\d]\w*")


def hashtag_in(text: str) -> str:
    """The hashtag that a text names, without its sign; as written.

    Raises:
        Invalid: it names none: a hashtag is made of letters, digits and `_`, not of digits alone.
    """
    tag = text.strip().removeprefix("#")
    if len(tag) > MAX_TAG or _TAG.fullmatch(tag) is None:
        raise Invalid("name", "A hashtag is made of letters, digits and _, not of digits alone")
    return tag
