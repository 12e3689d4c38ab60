"""Links that lead away from this node: only those that are what they look like."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

_MOST_CHARACTERS = 2048
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outward:
    """An address elsewhere, and the host that a reader is told of."""

    href: str
    host: str


def outward(address: str | None) -> Outward | None:
    """A link to a page elsewhere; None for what is no plain web address.

    Refused are other schemes, names before the host (`https://bank.example@evil.example`), and
    characters that a browser reads otherwise than a person does.

    Spec: security HTM-09, WEB-16.
    """
    if address is None or len(address) > _MOST_CHARACTERS or _UNSAFE.search(address):
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
    except (ValueError, idna.IDNAError):
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return Outward(address, host.removeprefix("www."))


def contact_link(contact: str | None) -> str | None:
    """The link to a contact that is a mail address or a page; None for anything else."""
    if contact is None:
        return None
    if _MAIL.fullmatch(contact):
        return f"mailto:{quote(contact, safe='@+')}"
    page = outward(contact)
    return None if page is None else page.href
