"""Which URLs we take as ids, and which two of them belong to the same server.

An id is an http or https URL with a host, an optional port, no userinfo and no character that
could be read differently by the next program: no white space, control, quote or backslash. What
passes `is_web_url` may be stored, fetched (by the client that checks addresses), and compared.

Two ids are of one origin when scheme, host and port are the same; only then may one speak for the
other. Nothing here opens a connection.

Spec: FEP-fe34 "Origin-based security model"; RFC 6454 section 4; RFC 3986 section 3.2.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final

from protocols.activitypub.vocabulary import Activity, Post
from protocols.errors import RemoteProtocolError

MAX_ID_CHARACTERS: Final = 2048
"""Mastodon keeps ids in columns that are matched up to this length; GHSA-gg8q-rcg7-p79g."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65_535

_AFTER_HOST: Final = (
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?#][^\s\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\"<>\\]*)?"
)
_PLAIN_URL: Final = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?P<host>(?:[A-Za-z0-9_][A-Za-z0-9_-]*\.)*[A-Za-z0-9_][A-Za-z0-9_-]*)" + _AFTER_HOST
)
_OTHER_URL: Final = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\%<>\"\x00-\x2c\x7f]+)" + _AFTER_HOST
)
_PLAIN_HOST: Final = re.compile(r"(?:[a-z0-9_][a-z0-9_-]*\.)*[a-z0-9_][a-z0-9_-]*")


def is_web_url(value: object) -> bool:
    """Whether the value is a string that we take as an id or as a link.

    Refused beside other schemes: userinfo, ports outside 1-65535, empty labels, a trailing dot,
    white space, controls (also as %00, %0a, %0d), over 2048 characters.
    """
    return type(value) is str and len(value) <= MAX_ID_CHARACTERS and _is_url(value)


@lru_cache(maxsize=8192)
def _is_url(value: str) -> bool:
    # Of the nine URLs in an activity most are those of the one before: actor, audience, thread.
    found = _PLAIN_URL.fullmatch(value)
    if found is None:
        return _split_other(value) is not None
    port = found["port"]
    return (port is None or 0 < int(port) <= _HIGHEST_PORT) and not (
        "%0" in value and _hides_control(value)
    )


def _hides_control(value: str) -> bool:
    lowered = value.lower()
    return "%00" in lowered or "%0a" in lowered or "%0d" in lowered


@lru_cache(maxsize=8192)
def _split(url: str) -> tuple[str, str, int] | None:
    """Scheme, host in ASCII and port of a URL that `is_web_url`, otherwise None."""
    if not is_web_url(url):
        return None
    found = _PLAIN_URL.fullmatch(url)
    if found is None:
        return _split_other(url)
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    return scheme, found["host"].lower(), port


def _split_other(url: str) -> tuple[str, str, int] | None:
    """The same for IPv6 literals and internationalised hosts, which are rare."""
    found = _OTHER_URL.fullmatch(url)
    if found is None or ("%0" in url and _hides_control(url)):
        return None
    scheme = found["scheme"].lower()
    host = _ascii_host(found["host"])
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    return (scheme, host, port) if host is not None and 0 < port <= _HIGHEST_PORT else None


def _ascii_host(host: str) -> str | None:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    try:
        encoded = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    # IDNA maps look-alikes: a full-width slash or at sign must not become part of the host.
    return encoded if _PLAIN_HOST.fullmatch(encoded) else None


def origin(url: str) -> str:
    """Give "https://host" or "https://host:port" of a URL; the default port is left out.

    The host is lower-case ASCII: internationalised names become punycode.

    Raises:
        RemoteProtocolError: 400 if it is not a URL that `is_web_url`.
    """
    parts = _split(url)
    if parts is None:
        raise RemoteProtocolError("An id is not an http or https URL.")
    scheme, host, port = parts
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def host_of(url: str) -> str:
    """Give the host of a URL in lower-case ASCII, with the port if it is not the scheme's own.

    This is what a handle ends in: two servers on ports of one host are two.

    Raises:
        RemoteProtocolError: 400 if it is not a URL that `is_web_url`.
    """
    return origin(url).partition("://")[2]


def same_origin(a: str, b: str) -> bool:
    """Whether both are URLs that we take as ids, with the same scheme, host and port.

    Spec: FEP-fe34 "Same-origin policy".
    """
    first = _split(a)
    return first is not None and first == _split(b)


def check_activity_origin(activity: Activity) -> None:
    """Refuse an activity whose id is of another server than its actor.

    An activity without an id is transient and passes: only its signature vouches for it. The
    activities inside are not looked at: call this for each that is to be applied.

    Spec: FEP-fe34 "Same-origin policy".

    Raises:
        RemoteProtocolError: 403.
    """
    if activity.id is not None and not same_origin(activity.id, activity.actor):
        raise RemoteProtocolError(
            "The id of the activity is not of its actor's origin.",
            status_hint=403,
            errcode="M_FORBIDDEN",
        )


def check_post_origin(post: Post) -> None:
    """Refuse a post whose id is of another server than its author.

    Spec: FEP-fe34 "Same-origin policy"; CVE-2024-23832 is what happens without.

    Raises:
        RemoteProtocolError: 403.
    """
    if not same_origin(post.id, post.attributed_to):
        raise RemoteProtocolError(
            "The id of the object is not of the origin of attributedTo.",
            status_hint=403,
            errcode="M_FORBIDDEN",
        )
