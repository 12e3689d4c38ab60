"""Routes from tables: what most of them have in common is said once."""

from collections.abc import Iterable

from node.app import Access, Handler, Route

Row = tuple[str, str, Handler, str, str]
"""Method, path, handler, name of the route, scope."""


def user_routes(table: Iterable[Row]) -> list[Route]:
    """Routes of which each needs the token of a person with its scope."""
    return [
        Route(
            method=method,
            path=path,
            handler=handler,
            access=Access.APP_USER,
            name=name,
            scope=scope,
        )
        for method, path, handler, name, scope in table
    ]
