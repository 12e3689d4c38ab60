"""Links by which a page says "this is me, too".

Spec: microformats rel-me; HTML 4.6.7.1 (link types are words without regard to case).
"""

import html
import re
from collections.abc import Collection

MAX_PAGE_BYTES = 1_048_576
"""Longer pages are not read."""
_MAX_TAG = 2_000
_TAG = re.compile(rf"<(?:a|link)\s([^<>]{{0,{_MAX_TAG}}})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?<![^\s\"'])(rel|href)\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)


def links_back(page: bytes, addresses: Collection[str]) -> bool:
    """Whether the page has a link with `rel="me"` to one of the addresses, as they are written.

    Any bytes are taken: what is no HTML has no such link. The work grows with the length alone.
    """
    text = page.decode("utf-8", "replace")
    wanted = {address.rstrip("/") for address in addresses}
    for tag in _TAG.finditer(text):
        found = _attributes(tag[1])
        if "me" in found.get("rel", "").lower().split():
            href = html.unescape(found.get("href", "")).strip().rstrip("/")
            if href in wanted:
                return True
    return False


def _attributes(inside: str) -> dict[str, str]:
    """`rel` and `href` of a tag; of two with one name the first counts, as in a browser."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside):
        found.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return found
