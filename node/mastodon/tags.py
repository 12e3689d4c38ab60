"""Hashtags: one of them, those that a person follows, and those on profiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from communities.errors import Invalid, NotFound
from communities.hashtags import MAX_FEATURED_TAGS, MAX_FOLLOWED_TAGS, hashtag_in
from communities.people import ActorKey
from communities.visibility import Viewer
from node.app import Access, Handler, Route
from node.auth import actor_of, caller_of, viewer_of
from node.mastodon.account_lookup import known_account
from node.mastodon.desk import Desk
from node.mastodon.paging import asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import parameters_of, query_of
from node.mastodon.presenting_tags import tag_entities
from node.mastodon.replies import reply
from protocols.mastodon import tags as shapes
from protocols.mastodon.accounts import Entity
from storage.feed_marks import fold
from storage.tags import FeaturedTag
from storage.unit_of_work import UnitOfWork

_FOLLOWED, _MOST_FOLLOWED = 100, 200
_SUGGESTED = 10
_SUGGESTED_SINCE = timedelta(days=90)


def tag_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/tags, /followed_tags and /featured_tags."""
    tags = _Tags(desk)
    one, featured = "/api/v1/tags/{name}", "/api/v1/featured_tags"
    anyone, user = Access.APP_OPTIONAL, Access.APP_USER
    table: tuple[tuple[str, str, Handler, str, Access, str], ...] = (
        ("GET", one, tags.one, "api-tag", anyone, "read"),
        ("POST", f"{one}/follow", tags.follow, "api-tag-follow", user, "write:follows"),
        ("POST", f"{one}/unfollow", tags.unfollow, "api-tag-unfollow", user, "write:follows"),
        ("POST", f"{one}/feature", tags.feature, "api-tag-feature", user, "write:accounts"),
        ("POST", f"{one}/unfeature", tags.unfeature, "api-tag-unfeature", user, "write:accounts"),
        (
            "GET",
            "/api/v1/followed_tags",
            tags.followed,
            "api-followed-tags",
            user,
            "read:follows",
        ),
        ("GET", featured, tags.featured, "api-featured-tags", user, "read:accounts"),
        ("POST", featured, tags.add, "api-featured-tag-add", user, "write:accounts"),
        (
            "GET",
            f"{featured}/suggestions",
            tags.suggested,
            "api-featured-tag-suggestions",
            user,
            "read:accounts",
        ),
        (
            "DELETE",
            f"{featured}/{{id}}",
            tags.drop,
            "api-featured-tag-drop",
            user,
            "write:accounts",
        ),
        (
            "GET",
            "/api/v1/accounts/{id}/featured_tags",
            tags.of_account,
            "api-account-featured-tags",
            anyone,
            "read:accounts",
        ),
    )
    return [
        Route(method=method, path=path, handler=handler, access=access, name=name, scope=scope)
        for method, path, handler, name, access, scope in table
    ]


@dataclass(frozen=True, slots=True)
class _Tags:
    desk: Desk

    async def one(self, request: web.Request) -> web.Response:
        caller = caller_of(request)
        person_id = None if caller is None else caller.actor_id
        return await self._reply(_name_in(request), person_id)

    async def follow(self, request: web.Request) -> web.Response:
        name, person_id = _name_in(request), actor_of(request)
        await self.desk.storage.write(_follow, self.desk.snowflakes.mint(), person_id, name)
        return await self._reply(name, person_id)

    async def unfollow(self, request: web.Request) -> web.Response:
        name, person_id = _name_in(request), actor_of(request)
        await self.desk.storage.write(_unfollow, person_id, name)
        return await self._reply(name, person_id)

    async def feature(self, request: web.Request) -> web.Response:
        name, person_id = _name_in(request), actor_of(request)
        await self.desk.storage.write(_feature, self.desk.snowflakes.mint(), person_id, name)
        return await self._reply(name, person_id)

    async def unfeature(self, request: web.Request) -> web.Response:
        name, person_id = _name_in(request), actor_of(request)
        await self.desk.storage.write(_unfeature_named, person_id, name)
        return await self._reply(name, person_id)

    async def followed(self, request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=_FOLLOWED, most=_MOST_FOLLOWED)
        person_id = actor_of(request)
        found = await self.desk.storage.read(
            lambda uow: uow.tags.followed(
                person_id,
                before=asked.before,
                after=asked.after,
                most=asked.one_more,
                forward=asked.forward,
            )
        )
        page, around = cut(asked, found, lambda row: row[0])
        entities = await self._entities([name for _place, name in page], person_id)
        return reply(entities, headers=link_header(request, self.desk.uris.base, around))

    async def featured(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(_featured, actor_of(request))
        return reply([self._featured_entity(each) for each in found])

    async def add(self, request: web.Request) -> web.Response:
        name = hashtag_in((await parameters_of(request)).required("name"))
        added = await self.desk.storage.write(
            _feature, self.desk.snowflakes.mint(), actor_of(request), name
        )
        return reply(self._featured_entity(added))

    async def drop(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_unfeature, actor_of(request), id_in_path(request))
        return reply({})

    async def suggested(self, request: web.Request) -> web.Response:
        person_id = actor_of(request)
        names = await self.desk.storage.read(_suggested, person_id, self.desk.now())
        return reply(await self._entities(names, person_id))

    async def of_account(self, request: web.Request) -> web.Response:
        account_id = ActorKey(id_in_path(request))
        found = await self.desk.storage.read(_of_account, viewer_of(request), account_id)
        return reply([self._featured_entity(each) for each in found])

    async def _reply(self, name: str, person_id: ActorKey | None) -> web.Response:
        return reply((await self._entities([name], person_id))[0])

    async def _entities(self, names: Sequence[str], person_id: ActorKey | None) -> list[Entity]:
        return await self.desk.storage.read(
            tag_entities, self.desk, names, person_id, self.desk.now()
        )

    def _featured_entity(self, each: FeaturedTag) -> Entity:
        return shapes.featured_tag(
            id=each.id,
            name=each.name,
            base=self.desk.uris.base,
            statuses=each.posts,
            last_on=each.last_on,
        )


def _name_in(request: web.Request) -> str:
    """The hashtag in a path.

    Raises:
        NotFound: what stands there is none.
    """
    try:
        return hashtag_in(request.match_info["name"])
    except Invalid:
        raise NotFound("There is no such hashtag") from None


def _follow(uow: UnitOfWork, row_id: int, person_id: ActorKey, name: str) -> None:
    if uow.tags.followed_count(person_id) >= MAX_FOLLOWED_TAGS:
        raise Invalid("name", f"More than {MAX_FOLLOWED_TAGS} hashtags are too many to follow")
    uow.tags.follow(row_id, person_id, name)


def _unfollow(uow: UnitOfWork, person_id: ActorKey, name: str) -> None:
    uow.tags.unfollow(person_id, name)


def _featured(uow: UnitOfWork, person_id: ActorKey) -> Sequence[FeaturedTag]:
    return uow.tags.featured(person_id)


def _feature(uow: UnitOfWork, row_id: int, person_id: ActorKey, name: str) -> FeaturedTag:
    """Show a hashtag on a profile; the one that is there, when it was shown already."""
    before = uow.tags.featured_names(person_id)
    if fold(name) not in map(fold, before):
        if len(before) >= MAX_FEATURED_TAGS:
            raise Invalid("name", f"A profile shows {MAX_FEATURED_TAGS} hashtags at most")
        uow.tags.feature(row_id, person_id, name)
    return next(each for each in uow.tags.featured(person_id) if fold(each.name) == fold(name))


def _unfeature_named(uow: UnitOfWork, person_id: ActorKey, name: str) -> None:
    for each in uow.tags.featured(person_id):
        if fold(each.name) == fold(name):
            uow.tags.unfeature(each.id)


def _unfeature(uow: UnitOfWork, person_id: ActorKey, row_id: int) -> None:
    if row_id not in {each.id for each in uow.tags.featured(person_id)}:
        raise NotFound("The profile shows no such hashtag")
    uow.tags.unfeature(row_id)


def _suggested(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> list[str]:
    """What the person used most of late, without what the profile shows."""
    shown = {fold(name) for name in uow.tags.featured_names(person_id)}
    since = at - _SUGGESTED_SINCE
    often = uow.tags.often_used_by(person_id, since=since, most=_SUGGESTED + len(shown))
    return [name for name in often if name not in shown][:_SUGGESTED]


def _of_account(uow: UnitOfWork, viewer: Viewer, account_id: ActorKey) -> Sequence[FeaturedTag]:
    known_account(uow, viewer, account_id)
    return uow.tags.featured(account_id)
