"""The whole API: every route that apps call, from the modules that answer them."""

from collections.abc import Callable

from node.app import Route
from node.mastodon.account_search import account_search_routes
from node.mastodon.accounts import account_routes
from node.mastodon.announcements import announcement_routes
from node.mastodon.apps import app_routes
from node.mastodon.conversations import conversation_routes
from node.mastodon.desk import Desk
from node.mastodon.directory import directory_routes
from node.mastodon.filters import filter_routes
from node.mastodon.follow_requests import follow_request_routes
from node.mastodon.instance import instance_routes
from node.mastodon.keyword_filters import keyword_filter_routes
from node.mastodon.lists import list_routes
from node.mastodon.markers import marker_routes
from node.mastodon.media import media_routes
from node.mastodon.notification_groups import notification_group_routes
from node.mastodon.notification_policies import notification_policy_routes
from node.mastodon.notifications import notification_routes
from node.mastodon.polls import poll_routes
from node.mastodon.preferences import preferences_routes
from node.mastodon.profile import profile_routes
from node.mastodon.push import push_routes
from node.mastodon.quotes import quote_routes
from node.mastodon.reacting import reacting_routes
from node.mastodon.relationships import relationship_routes
from node.mastodon.reports import report_routes
from node.mastodon.scheduled import scheduled_routes
from node.mastodon.search import search_routes
from node.mastodon.silencing import silencing_routes
from node.mastodon.status_lists import status_list_routes
from node.mastodon.statuses_read import status_read_routes
from node.mastodon.statuses_write import status_write_routes
from node.mastodon.streaming import streaming_routes
from node.mastodon.suggestions import suggestion_routes
from node.mastodon.tags import tag_routes
from node.mastodon.timelines import timeline_routes
from node.mastodon.trends import trend_routes

PARTS: tuple[Callable[[Desk], list[Route]], ...] = (
    account_routes,
    account_search_routes,
    announcement_routes,
    app_routes,
    conversation_routes,
    directory_routes,
    filter_routes,
    follow_request_routes,
    instance_routes,
    keyword_filter_routes,
    list_routes,
    marker_routes,
    media_routes,
    notification_group_routes,
    notification_policy_routes,
    notification_routes,
    poll_routes,
    preferences_routes,
    profile_routes,
    push_routes,
    quote_routes,
    reacting_routes,
    relationship_routes,
    report_routes,
    scheduled_routes,
    search_routes,
    silencing_routes,
    status_list_routes,
    status_read_routes,
    status_write_routes,
    streaming_routes,
    suggestion_routes,
    tag_routes,
    timeline_routes,
    trend_routes,
)
"""One function for each module of handlers; a line for each, in alphabetical order."""


def api_routes(desk: Desk) -> list[Route]:
    """Every route below /api that apps call with a token, or without one."""
    return [route for part in PARTS for route in part(desk)]
