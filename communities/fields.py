"""Fields of a profile: what their values look like, and which of them name a page."""

import html
import re

_ADDRESS = re.compile(r"https?://[^\s/<>\"'`\\@:]+(?::[0-9]{1,5})?(?:[/?#][^\s<>\"'`\\]*)?")


def address_in(value: str) -> str | None:
    """The address that a field's value is; None for any other text."""
    return value if _ADDRESS.fullmatch(value) else None


def render_field(value: str) -> str:
    """Safe HTML of a field's value: an address is a link by which one says "this is me, too".

    Spec: microformats rel-me.
    """
    text = html.escape(value)
    if address_in(value) is None:
        return text
    return f'<a href="{text}" rel="me nofollow noopener noreferrer" target="_blank">{text}</a>'
