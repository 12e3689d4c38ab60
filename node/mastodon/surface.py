"""The whole API: every route that apps call, from the modules that answer them."""

from collections.abc import Callable

from node.app import Route
from node.mastodon.desk import Desk

PARTS: tuple[Callable[[Desk], list[Route]], ...] = ()
"""One function for each module of handlers; a line for each, in alphabetical order."""


def api_routes(desk: Desk) -> list[Route]:
    """Every route below /api that apps call with a token, or without one."""
    return [route for part in PARTS for route in part(desk)]
