"""Reacting to statuses: favourites, dislikes, boosts, bookmarks, pins, and muted conversations.

All of it is done to the post, by whichever Status shows it. Spec: reference client-apis 2.2 (a
favourite is an upvote; `dislike` is an extension, under the path that Friendica uses, too).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from communities import moderation
from communities.moderation import ModeratePost
from communities.people import ActorKey
from communities.posts import Post, PostKey, ReactionKind, Visibility
from communities.visibility import Viewer, audience_in
from node.app import Access, Handler, Route
from node.auth import actor_of
from node.errors import Refusal
from node.mastodon.allowances import MAX_PROFILE_PINS
from node.mastodon.desk import Desk
from node.mastodon.paging import Around, Asked, asked_of, cut, id_in_path, link_header
from node.mastodon.parameters import parameters_of, query_of
from node.mastodon.refusals import in_words
from node.mastodon.replies import reply
from node.mastodon.subjects import subject
from node.mastodon.submissions import visibility_in
from protocols.mastodon.accounts import Entity
from storage.feed_marks import FeedMarks
from storage.feeds import FeedEntry
from storage.unit_of_work import UnitOfWork

Act = Callable[[ActorKey, Post], Awaitable[object]]
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_NOT_YOURS = "Someone else's post cannot be pinned to your profile"
_TOO_MANY = "You have already pinned the maximum number of posts"
_NOT_PUBLIC = "A boost on this server is public; it cannot be for followers only"
_NOT_FOR_ALL = "This post was not meant for everyone, so it cannot be boosted"


def reacting_routes(desk: Desk) -> list[Route]:
    """Every verb below a status, and the list of bookmarks."""
    made = _Reacting(desk)
    given, back = made.give, made.take_back
    verbs: tuple[tuple[str, Act, str], ...] = (
        ("favourite", given(ReactionKind.LIKE), "write:favourites"),
        ("unfavourite", back(ReactionKind.LIKE), "write:favourites"),
        ("dislike", given(ReactionKind.DISLIKE), "write:favourites"),
        ("undislike", back(ReactionKind.DISLIKE), "write:favourites"),
        ("unreblog", back(ReactionKind.BOOST), "write:statuses"),
        ("bookmark", made.bookmark, "write:bookmarks"),
        ("unbookmark", made.unbookmark, "write:bookmarks"),
        ("pin", made.pin, "write:accounts"),
        ("unpin", made.unpin, "write:accounts"),
        ("mute", made.mute, "write:mutes"),
        ("unmute", made.unmute, "write:mutes"),
    )
    one = "/api/v1/statuses/{id}"
    routes = [_route(f"{one}/{verb}", made.doing(act), verb, scope) for verb, act, scope in verbs]
    for verb, act, scope in verbs:
        if verb.endswith("dislike"):
            path = f"/api/friendica/statuses/{{id}}/{verb}"
            routes.append(_route(path, made.doing(act), f"friendica-{verb}", scope))
    routes.append(_route(f"{one}/reblog", made.reblog, "reblog", "write:statuses"))
    bookmarks = Route(
        method="GET",
        path="/api/v1/bookmarks",
        handler=made.bookmarks,
        access=Access.APP_USER,
        name="api-bookmarks",
        scope="read:bookmarks",
    )
    return [*routes, bookmarks]


def _route(path: str, handler: Handler, verb: str, scope: str) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=in_words(handler),
        access=Access.APP_USER,
        name=f"api-status-{verb}",
        scope=scope,
    )


@dataclass(frozen=True, slots=True)
class _Reacting:
    desk: Desk

    def doing(self, act: Act) -> Handler:
        """A handler that does something to a post, and answers with its Status."""

        async def handler(request: web.Request) -> web.Response:
            actor, storage = actor_of(request), self.desk.storage
            post = await storage.read(subject, id_in_path(request), actor, self.desk.now())
            await act(actor, post)
            entry = FeedEntry(id=post.id, post_id=post.id)
            return reply(await storage.read(self._shown, entry, actor))

        return handler

    def _shown(self, uow: UnitOfWork, entry: FeedEntry | None, actor: ActorKey) -> Entity:
        return self.desk.presenter.status(uow, Viewer(person_id=actor), entry, self.desk.now())

    def give(self, kind: ReactionKind) -> Act:
        """Give a reaction; it may stand already."""

        async def act(actor: ActorKey, post: Post) -> None:
            await self.desk.acting.react(actor, post.id, kind)

        return act

    def take_back(self, kind: ReactionKind) -> Act:
        """Take a reaction back; there may be none."""

        async def act(actor: ActorKey, post: Post) -> None:
            await self.desk.acting.take_back(actor, post.id, kind)

        return act

    async def reblog(self, request: web.Request) -> web.Response:
        actor, storage = actor_of(request), self.desk.storage
        word = visibility_in(await parameters_of(request))
        post = await storage.read(_to_boost, id_in_path(request), actor, self.desk.now())
        if word in ("private", "direct") and post.visibility in _OPEN:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _NOT_PUBLIC)
        await self.desk.acting.react(actor, post.id, ReactionKind.BOOST)
        return reply(await storage.read(self._boost, post.id, actor))

    def _boost(self, uow: UnitOfWork, post_id: PostKey, actor: ActorKey) -> Entity:
        boost_id = FeedMarks(uow.connection).boost_of(actor, post_id)
        entry = None
        if boost_id is not None:
            entry = FeedEntry(id=boost_id, post_id=post_id, booster_id=actor)
        return self._shown(uow, entry, actor)

    async def bookmark(self, actor: ActorKey, post: Post) -> None:
        await self.desk.storage.write(_bookmark, self.desk.snowflakes.mint(), actor, post.id)

    async def unbookmark(self, actor: ActorKey, post: Post) -> None:
        await self.desk.storage.write(_unbookmark, actor, post.id)

    async def mute(self, actor: ActorKey, post: Post) -> None:
        await self.desk.storage.write(_mute, actor, post.root_id)

    async def unmute(self, actor: ActorKey, post: Post) -> None:
        await self.desk.storage.write(_unmute, actor, post.root_id)

    async def pin(self, actor: ActorKey, post: Post) -> None:
        await self.desk.acting.run(_pin, actor, post, self.desk.now())

    async def unpin(self, actor: ActorKey, post: Post) -> None:
        await self.desk.acting.run(_unpin, actor, post, self.desk.now())

    async def bookmarks(self, request: web.Request) -> web.Response:
        """The page that the bookmarks make; what cannot be seen any more is left out of it."""
        actor, asked = actor_of(request), asked_of(query_of(request))
        shown, around = await self.desk.storage.read(self._bookmarks, actor, asked)
        return reply(shown, headers=link_header(request, self.desk.uris.base, around))

    def _bookmarks(
        self, uow: UnitOfWork, actor: ActorKey, asked: Asked
    ) -> tuple[list[Entity], Around]:
        found = uow.bookmarks.page(
            actor,
            after=asked.after,
            before=asked.before,
            most=asked.one_more,
            forward=asked.forward,
        )
        page, around = cut(asked, found, lambda kept: kept[0])
        entries = [FeedEntry(id=post_id, post_id=post_id) for _id, post_id in page]
        viewer = Viewer(person_id=actor)
        return self.desk.presenter.statuses(uow, viewer, entries, self.desk.now()), around


def _to_boost(uow: UnitOfWork, status_id: int, actor: ActorKey, at: datetime) -> Post:
    """The post to boost.

    Raises:
        NotFound: it is not there for the actor.
        Refusal: it is for the members of its community.
    """
    post = subject(uow, status_id, actor, at)
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    if audience_in(post, community) in (Visibility.MEMBERS, Visibility.DIRECT):
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _NOT_FOR_ALL)
    return post


def _bookmark(uow: UnitOfWork, id_: int, actor: ActorKey, post_id: PostKey) -> bool:
    return uow.bookmarks.add(id_, actor, post_id)


def _unbookmark(uow: UnitOfWork, actor: ActorKey, post_id: PostKey) -> bool:
    return uow.bookmarks.remove(actor, post_id)


def _mute(uow: UnitOfWork, actor: ActorKey, root_id: PostKey) -> bool:
    return uow.thread_mutes.add(actor, root_id)


def _unmute(uow: UnitOfWork, actor: ActorKey, root_id: PostKey) -> bool:
    return uow.thread_mutes.remove(actor, root_id)


def _pin(uow: UnitOfWork, actor: ActorKey, post: Post, at: datetime) -> bool:
    """Pin a post of one's own to the profile; one in a community in that, if one moderates it.

    Raises:
        Refusal: it is another's, private, or there are five already.
        NotAllowed: it is in a community, which the actor does not moderate.
    """
    if post.community_id is not None:
        command = ModeratePost(post_id=post.id, moderator_id=actor, at=at)
        return moderation.pin(uow, command)
    if post.author_id != actor:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Validation failed: {_NOT_YOURS}")
    if post.visibility is Visibility.DIRECT:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "A direct message cannot be pinned")
    pinned = uow.profile_pins.among(actor, [post.id])
    if not pinned and uow.profile_pins.count(actor) >= MAX_PROFILE_PINS:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Validation failed: {_TOO_MANY}")
    return uow.profile_pins.add(actor, post.id, at=at)


def _unpin(uow: UnitOfWork, actor: ActorKey, post: Post, at: datetime) -> bool:
    if post.community_id is not None:
        return moderation.unpin(uow, ModeratePost(post_id=post.id, moderator_id=actor, at=at))
    return uow.profile_pins.remove(actor, post.id)
