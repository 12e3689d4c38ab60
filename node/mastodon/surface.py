"""The whole API: every route that apps call, from the modules that answer them."""

from collections.abc import Callable

from node.app import Route
from node.mastodon.desk import Desk
from node.mastodon.filters import filter_routes
from node.mastodon.keyword_filters import keyword_filter_routes
from node.mastodon.lists import list_routes
from node.mastodon.markers import marker_routes
from node.mastodon.media import media_routes

PARTS: tuple[Callable[[Desk], list[Route]], ...] = (
    filter_routes,
    keyword_filter_routes,
    list_routes,
    marker_routes,
    media_routes,
)
"""One function for each module of handlers; a line for each, in alphabetical order."""


def api_routes(desk: Desk) -> list[Route]:
    """Every route below /api that apps call with a token, or without one."""
    return [route for part in PARTS for route in part(desk)]
