"""The whole surface: every route of pages, feeds and files."""

from node.app import Route
from node.web.community_pages import community_routes
from node.web.feeds import feed_routes
from node.web.home import home_routes
from node.web.person_pages import person_routes
from node.web.site import Site
from node.web.sitemaps import sitemap_routes
from node.web.static_files import static_routes


def web_routes(site: Site) -> list[Route]:
    """Everything that visitors see but /post/<key>, which `thread_page` shows."""
    return [
        *home_routes(site),
        *community_routes(site),
        *person_routes(site),
        *feed_routes(site),
        *sitemap_routes(site),
        *static_routes(),
    ]
