"""What an account wrote and boosted, and what the caller liked.

Spec: Mastodon API "accounts" (statuses), "favourites".
"""

from dataclasses import dataclass

from aiohttp import web

from communities.people import ActorKey
from communities.posts import PostKey
from node.app import Access, Route
from node.auth import actor_of
from node.mastodon.account_lookup import account_in_path, known_account
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, query_of
from node.mastodon.status_pages import Placed, Turn, answer_page, answer_timeline
from storage.actors import Profile
from storage.feeds import FeedEntry, OfAccount, boost_id_of


def status_list_routes(desk: Desk) -> list[Route]:
    """The statuses of an account, and one's favourites."""
    lists = _StatusLists(desk)
    return [
        Route(
            method="GET",
            path="/api/v1/accounts/{id}/statuses",
            handler=lists.of_account,
            access=Access.APP_OPTIONAL,
            name="api-account-statuses",
            scope="read:statuses",
        ),
        Route(
            method="GET",
            path="/api/v1/favourites",
            handler=lists.favourites,
            access=Access.APP_USER,
            name="api-favourites",
            scope="read:favourites",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _StatusLists:
    desk: Desk

    async def of_account(self, request: web.Request) -> web.Response:
        parameters, account_id = query_of(request), account_in_path(request)
        wanted, pinned = _wanted(parameters), parameters.is_set("pinned")

        def find(turn: Turn) -> list[FeedEntry]:
            profile = known_account(turn.uow, turn.viewer, account_id)
            if pinned:
                return _pinned(turn, profile)
            return _statuses(turn, profile, wanted)

        return await answer_timeline(self.desk, request, find, "account")

    async def favourites(self, request: web.Request) -> web.Response:
        person = actor_of(request)

        def find(turn: Turn) -> list[Placed]:
            liked = turn.uow.feeds.favourites(person, turn.window)
            return [(place, _plain(key)) for place, key in liked]

        return await answer_page(self.desk, request, find)


def _wanted(parameters: Parameters) -> OfAccount:
    return OfAccount(
        exclude_replies=parameters.is_set("exclude_replies"),
        exclude_reblogs=parameters.is_set("exclude_reblogs"),
        only_media=parameters.is_set("only_media"),
        tagged=parameters.text("tagged") or "",
    )


def _statuses(turn: Turn, profile: Profile, wanted: OfAccount) -> list[FeedEntry]:
    viewer = turn.viewer.person_id
    if profile.kind != "community":
        return turn.uow.feeds.of_account(profile.id, viewer, turn.window, wanted)
    if wanted.exclude_reblogs:
        return turn.uow.feeds.of_account(profile.id, viewer, turn.window, wanted)
    return turn.uow.feeds.of_group(profile.id, viewer, turn.window, wanted=wanted)


def _pinned(turn: Turn, profile: Profile) -> list[FeedEntry]:
    """What is shown first: a person's own pins, or what a community's moderators pinned."""
    window = turn.window
    if profile.kind == "community":
        entries = [_passed_on(profile.id, key) for key in _featured(turn, profile)]
    else:
        pins = sorted(post.id for post in turn.uow.profile_pins.of(profile.id))
        entries = [_plain(PostKey(key)) for key in reversed(pins)]
    within = [entry for entry in entries if window.after < entry.id < window.before]
    found = within[::-1] if window.forward else within
    return found[: window.most]


def _featured(turn: Turn, profile: Profile) -> list[PostKey]:
    return turn.uow.feeds.featured(profile.id, turn.viewer.person_id)


def _plain(key: PostKey) -> FeedEntry:
    return FeedEntry(id=key, post_id=key)


def _passed_on(community_id: ActorKey, key: PostKey) -> FeedEntry:
    return FeedEntry(id=boost_id_of(key), post_id=key, booster_id=community_id)
