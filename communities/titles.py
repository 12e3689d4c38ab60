"""Titles in plain text: how one field holds a title and a body, for apps that know no titles.

Spec: reference client-apis 2.2 (row "title").
"""

from communities.limits import MAX_TITLE

TITLE_LINE = 120
"""A first line of fewer characters is a title, whatever follows it."""


def split_title(text: str) -> tuple[str | None, str]:
    """The title and the body in a text: its first line, when a blank line follows or it is short.

    A text of one short line is a title alone. `join_title` makes the same text of what comes out,
    but for blank lines around title and body.
    """
    trimmed = text.strip()
    first, _, rest = trimmed.partition("\n")
    title = first.strip()
    stands_alone = rest.partition("\n")[0].strip() == "" and rest != ""
    if not title or len(title) > MAX_TITLE or (len(title) >= TITLE_LINE and not stands_alone):
        return None, trimmed
    return title, rest.strip("\n").strip()


def join_title(title: str | None, body: str) -> str:
    """The text that holds both, with a blank line between them."""
    return "\n\n".join(part for part in (title, body) if part)
