"""Scopes of the client API: what an app may ask for, and which of them hold which others.

A scope opens itself and what lies below it: `read` holds `read:statuses`, `admin:read` holds
`admin:read:accounts`, and `follow` (of old) holds reading and writing of follows, blocks and mutes.
`profile` lies below nothing: it opens who one is, and no more.

Spec: RFC 6749 3.3; reference client-apis 1.5, "scopes".
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

_READ = (
    *("accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows"),
    *("lists", "mutes", "notifications", "search", "statuses"),
)
_WRITE = (
    *("accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters"),
    *("follows", "lists", "media", "mutes", "notifications", "reports", "statuses"),
)
_ADMIN = (
    *("accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks"),
    *("email_domain_blocks", "canonical_email_blocks"),
)
BELOW: Mapping[str, tuple[str, ...]] = {
    "read": tuple(f"read:{noun}" for noun in _READ),
    "write": tuple(f"write:{noun}" for noun in _WRITE),
    "follow": tuple(
        f"{verb}:{noun}" for noun in ("blocks", "follows", "mutes") for verb in ("read", "write")
    ),
    "admin:read": tuple(f"admin:read:{noun}" for noun in _ADMIN),
    "admin:write": tuple(f"admin:write:{noun}" for noun in _ADMIN),
}
"""What the wide scopes hold besides themselves."""

SCOPES: tuple[str, ...] = (
    *("read", "write", "follow", "push", "profile"),
    *BELOW["read"],
    *BELOW["write"],
    *("admin:read", "admin:write"),
    *BELOW["admin:read"],
    *BELOW["admin:write"],
)
"""Every scope there is, in the order in which they are told."""

DEFAULT = frozenset({"read"})
"""What an app gets that names none."""

_PLACES = {scope: place for place, scope in enumerate(SCOPES)}
_OPENERS: Mapping[str, frozenset[str]] = {
    scope: frozenset({scope, *(wide for wide, below in BELOW.items() if scope in below)})
    for scope in SCOPES
}
_MOST_TEXT = 2000


class UnknownScope(ValueError):  # noqa: N818 - says what it is
    """A scope that does not exist; the message names it."""


def parse(text: str) -> frozenset[str]:
    """The scopes of a text, apart by white space (a `+` of a query is one by then).

    An empty text is `read`. Spec: RFC 6749 3.3.

    Raises:
        UnknownScope: one of them does not exist, or there are too many to be true.
    """
    if len(text) > _MOST_TEXT:
        raise UnknownScope("the list of scopes is too long")
    asked = frozenset(text.split())
    if unknown := sorted(asked - _PLACES.keys()):
        raise UnknownScope(unknown[0])
    return asked or DEFAULT


def render(scopes: Iterable[str]) -> str:
    """Scopes as a text, in the order in which they are told."""
    return " ".join(in_order(scopes))


def in_order(scopes: Iterable[str]) -> list[str]:
    """Scopes in the order in which they are told."""
    return sorted(scopes, key=_PLACES.__getitem__)


def holds(granted: frozenset[str], needed: str) -> bool:
    """Whether a token with these scopes may call what needs this scope.

    Of several ones, apart by spaces, any is enough; where none is needed, every token will do.
    """
    return not needed or not _openers(needed).isdisjoint(granted)


@lru_cache(maxsize=256)
def _openers(needed: str) -> frozenset[str]:
    """Every scope that opens one of these: routes name few, and ask at each request."""
    return frozenset().union(*(_OPENERS[scope] for scope in needed.split()))


def covers(granted: frozenset[str], asked: Iterable[str]) -> bool:
    """Whether all that is asked for lies within what is granted."""
    return all(_covers_one(granted, scope) for scope in asked)


def _covers_one(granted: frozenset[str], scope: str) -> bool:
    if holds(granted, scope):
        return True
    below = BELOW.get(scope)
    return below is not None and all(holds(granted, part) for part in below)


def widest(scopes: frozenset[str]) -> list[str]:
    """The scopes without those that another one of them holds anyway: what people are shown."""
    left = {scope for scope in scopes if _OPENERS[scope].isdisjoint(scopes - {scope})}
    return in_order(scope for scope in left if not _covers_one(frozenset(left - {scope}), scope))
