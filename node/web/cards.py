"""People and communities in one line: name, handle, link, and a mark in place of a picture.

Pictures of peers are not loaded: that would tell them who reads here.
"""

from dataclasses import dataclass

from federation.uris import Uris
from node.web.site import actor_path, handle_of
from node.web.visits import Visit
from storage.actors import Profile

HUES = 8
_SPREAD = 0x9E3779B97F4A7C15
"""2**64 by the golden ratio: keys of the same minute get marks of different colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Whoever wrote something or is listed; `hue` picks one of the colours of the style."""

    name: str
    handle: str
    href: str
    initial: str
    hue: int
    is_local: bool


def card(profile: Profile, uris: Uris, visit: Visit) -> Card:
    """The card of a person or community."""
    name = profile.name.strip() or profile.localpart
    return Card(
        name=name,
        handle=handle_of(profile, uris.domain),
        href=visit.href(actor_path(profile)),
        initial=initial_of(name) or initial_of(profile.localpart) or "?",
        hue=hue_of(profile.id),
        is_local=profile.is_local,
    )


def hue_of(key: int) -> int:
    """The colour of somebody's mark, the same on every page."""
    return (key * _SPREAD % (1 << 64)) * HUES >> 64


def initial_of(name: str) -> str:
    """The first letter or digit of a name, as a capital; empty when it has none."""
    return next((letter.upper()[:1] for letter in name if letter.isalnum()), "")
