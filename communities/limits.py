"""How large what people write may be; one table for those of this node and of peers."""

import re

from communities.errors import Invalid
from communities.people import Appearance
from communities.posts import Poll, PostContent

MAX_TITLE = 500
"""Characters of a title; Lemmy takes 200, Mbin 255, articles of blogs are longer."""
MAX_TEXT_BYTES = 100_000
"""Bytes of the text, as markdown and as HTML each."""
MAX_WARNING = 1_000
MAX_URL = 2_048
MAX_LANGUAGE = 35
"""Characters of a language tag: RFC 5646 section 4.4.1."""
MAX_ATTACHMENTS = 32
MAX_HASHTAGS = 50
MAX_RECIPIENTS = 100
MAX_POLL_OPTIONS = 50
MAX_OPTION = 500
MAX_REASON = 2_000
MAX_NAME = 100
"""Characters of the name that a person of this node is shown by; those of peers may be longer."""
MAX_ABOUT = 5_000
"""Characters of what a person of this node says about themselves."""
MAX_FIELDS = 8
"""Fields of a profile of this node, name and value each of up to `MAX_FIELD` characters."""
MAX_FIELD = 255
MAX_DESCRIPTION = 1_500
"""Characters of what a picture shows, in words."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""All but tab and line feed; PostgreSQL keeps no NUL."""


def check_content(content: PostContent) -> None:
    """Refuse what is larger than this node keeps.

    Raises:
        Invalid: a field is too long or there are too many of something.
    """
    _check_length("title", content.title, MAX_TITLE)
    _check_length("warning", content.warning, MAX_WARNING)
    _check_length("language", content.language, MAX_LANGUAGE)
    _check_length("link", content.link, MAX_URL)
    _check_bytes("source", content.source)
    _check_bytes("html", content.html)
    _check_number("attachments", len(content.attachments), MAX_ATTACHMENTS)
    _check_number("hashtags", len(content.hashtags), MAX_HASHTAGS)
    for attachment in content.attachments:
        _check_length("attachments", attachment.url, MAX_URL)
    if content.poll is not None:
        _check_poll(content.poll)


def check_reason(reason: str) -> None:
    """Refuse a reason (of a report, a removal, a ban) that is too long.

    Raises:
        Invalid: it has more than `MAX_REASON` characters.
    """
    _check_length("reason", reason, MAX_REASON)


def check_appearance(appearance: Appearance) -> None:
    """Refuse what a person of this node cannot be shown by.

    Raises:
        Invalid: the name is empty, or anything is too long, too many or has control signs.
    """
    if not appearance.name.strip():
        raise Invalid("name", "A person has a name")
    _check_length("name", appearance.name, MAX_NAME)
    _check_length("about", appearance.about, MAX_ABOUT)
    _check_bytes("about", appearance.about_html)
    _check_number("fields", len(appearance.fields), MAX_FIELDS)
    texts = [("name", appearance.name), ("about", appearance.about)]
    for name, value in appearance.fields:
        _check_length("fields", name, MAX_FIELD)
        _check_length("fields", value, MAX_FIELD)
        if not name:
            raise Invalid("fields", "A field has a name")
        texts.append(("fields", name + value))
    for description in (appearance.icon_description, appearance.image_description):
        _check_length("description", description, MAX_DESCRIPTION)
        texts.append(("description", description))
    for field, text in texts:
        if _CONTROLS.search(text):
            raise Invalid(field, f"There are control characters in the {field}")


def _check_poll(poll: Poll) -> None:
    _check_number("poll", len(poll.options), MAX_POLL_OPTIONS)
    names = [option.name for option in poll.options]
    if not names or len(set(names)) != len(names):
        raise Invalid("poll", "A poll needs choices, each with a name of its own")
    for name in names:
        _check_length("poll", name, MAX_OPTION)


def _check_length(field: str, value: str | None, limit: int) -> None:
    if value is not None and len(value) > limit:
        raise Invalid(field, f"The {field} is longer than {limit} characters")


def _check_bytes(field: str, value: str) -> None:
    # UTF-8 takes at most four bytes a character: most texts need no encoding to be judged.
    if len(value) * 4 > MAX_TEXT_BYTES and len(value.encode()) > MAX_TEXT_BYTES:
        raise Invalid(field, f"The text is longer than {MAX_TEXT_BYTES} bytes")


def _check_number(field: str, number: int, limit: int) -> None:
    if number > limit:
        raise Invalid(field, f"There are more than {limit} {field}")
