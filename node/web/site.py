"""What every page needs to know of the node, and where its pages are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from communities.posts import PostKey
from federation.uris import Uris
from node.media.urls import MediaUrls
from node.settings_instance import InstanceSettings
from storage.actors import Profile
from storage.store import Storage

_SAFE = "@:!.-_~"
_SAYS_NOTHING = InstanceSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The node as its pages see it.

    Attributes:
        languages: those of the settings, in their order.
        media: where pictures are shown; without it pages link to them alone.
        instance: what the node says about itself, its rules among it.
    """

    storage: Storage
    uris: Uris
    title: str
    languages: tuple[str, ...]
    contact: str | None
    source: str | None
    now: Callable[[], datetime]
    media: MediaUrls | None = None
    instance: InstanceSettings = _SAYS_NOTHING

    def absolute(self, path: str) -> str:
        """The whole address of a path of this node."""
        return self.uris.base + path


def handle_of(profile: Profile, domain: str) -> str:
    """A handle as people write it: `@name@host`, or `!name@host` for a community."""
    sign = "!" if profile.kind == "community" else "@"
    return f"{sign}{profile.localpart}@{profile.host or domain}"


def actor_path(profile: Profile) -> str:
    """Where a person or community is shown here."""
    prefix = "/c/" if profile.kind == "community" else "/@"
    return prefix + quote(_qualified(profile.localpart, profile.host), safe=_SAFE)


def community_path(localpart: str, host: str | None) -> str:
    """Where a community is shown here."""
    return "/c/" + quote(_qualified(localpart, host), safe=_SAFE)


def _qualified(localpart: str, host: str | None) -> str:
    return localpart if host is None else f"{localpart}@{host}"


def post_path(key: PostKey) -> str:
    """Where a post or comment is shown here."""
    return f"/post/{key}"
