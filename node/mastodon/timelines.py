"""Timelines: home, public, by tag, of a list, of a community.

Spec: Mastodon API "timelines"; reference client-apis 2.2 (the timeline of a group is ours).
"""

from dataclasses import dataclass

from aiohttp import web

from communities.community import Community
from communities.errors import NotFound
from communities.people import ActorKey
from communities.visibility import can_see_community
from node.app import Access, Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.lists import find_list
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import Parameters, query_of
from node.mastodon.replies import reply
from node.mastodon.status_pages import Turn, answer_timeline
from storage.feed_statements import Origin
from storage.feeds import FeedEntry, OfAccount, TagQuery

_MOST_TAGS = 4
"""Further tags of a timeline by tag, of each sort."""


def timeline_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/timelines."""
    timelines = _Timelines(desk)
    user, anyone = Access.APP_USER, Access.APP_OPTIONAL
    table = (
        ("home", timelines.home, "api-timeline-home", user, "read:statuses"),
        ("public", timelines.public, "api-timeline-public", anyone, "read:statuses"),
        ("tag/{tag}", timelines.tag, "api-timeline-tag", anyone, "read:statuses"),
        ("list/{id}", timelines.of_list, "api-timeline-list", user, "read:lists"),
        ("group/{id}", timelines.of_group, "api-timeline-group", anyone, "read:statuses"),
        ("link", timelines.link, "api-timeline-link", anyone, "read:statuses"),
    )
    return [
        Route(
            method="GET",
            path=f"/api/v1/timelines/{path}",
            handler=handler,
            access=access,
            name=name,
            scope=scope,
        )
        for path, handler, name, access, scope in table
    ]


@dataclass(frozen=True, slots=True)
class _Timelines:
    desk: Desk

    async def home(self, request: web.Request) -> web.Response:
        person = actor_of(request)

        def find(turn: Turn) -> list[FeedEntry]:
            return turn.uow.feeds.home(person, turn.window, turn.hidden)

        return await answer_timeline(self.desk, request, find, "home")

    async def public(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        origin, only_media = _origin(parameters), parameters.is_set("only_media")

        def find(turn: Turn) -> list[FeedEntry]:
            return turn.uow.feeds.public(
                turn.window, turn.hidden, origin=origin, only_media=only_media
            )

        return await answer_timeline(self.desk, request, find, "public")

    async def tag(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        wanted = TagQuery(
            any_of=[request.match_info["tag"], *parameters.texts("any")[:_MOST_TAGS]],
            all_of=parameters.texts("all")[:_MOST_TAGS],
            none_of=parameters.texts("none")[:_MOST_TAGS],
            origin=_origin(parameters),
            only_media=parameters.is_set("only_media"),
        )

        def find(turn: Turn) -> list[FeedEntry]:
            return turn.uow.feeds.tagged(wanted, turn.window, turn.hidden)

        return await answer_timeline(self.desk, request, find, "public")

    async def of_list(self, request: web.Request) -> web.Response:
        person, list_id = actor_of(request), id_in_path(request)

        def find(turn: Turn) -> list[FeedEntry]:
            wanted = find_list(turn.uow, person, list_id)
            if turn.uow.lists.get(person, list_id) is not None:
                return turn.uow.feeds.of_list(wanted, turn.window, turn.hidden)
            return turn.uow.feeds.of_group(ActorKey(list_id), person, turn.window, turn.hidden)

        return await answer_timeline(self.desk, request, find, "home")

    async def of_group(self, request: web.Request) -> web.Response:
        community_id = ActorKey(id_in_path(request))
        only_media = query_of(request).is_set("only_media")

        def find(turn: Turn) -> list[FeedEntry]:
            community = self._known(turn, community_id)
            wanted = OfAccount(only_media=only_media)
            person = turn.viewer.person_id
            return turn.uow.feeds.of_group(
                community.id, person, turn.window, turn.hidden, wanted=wanted
            )

        return await answer_timeline(self.desk, request, find, "public")

    def _known(self, turn: Turn, community_id: ActorKey) -> Community:
        """The community, when the viewer may know of it."""
        community = turn.uow.communities.get(community_id)
        person = turn.viewer.person_id
        held = None if person is None else turn.uow.memberships.get(community_id, person)
        is_self = person == community_id
        if community is None or not (
            is_self or can_see_community(community, held, self.desk.now())
        ):
            raise NotFound("There is no such community")
        return community

    async def link(self, _request: web.Request) -> web.Response:
        """Posts about a page that is in the news: this node keeps no such list of pages."""
        return reply([])


def _origin(parameters: Parameters) -> Origin:
    if parameters.is_set("local"):
        return Origin.LOCAL
    return Origin.REMOTE if parameters.is_set("remote") else Origin.ANYWHERE
