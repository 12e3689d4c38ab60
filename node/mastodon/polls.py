"""Polls: looking at one, and voting in it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeGuard

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.polls import is_closed
from communities.posts import PostKey
from communities.visibility import Viewer
from node.app import Access, Route
from node.auth import actor_of, viewer_of
from node.errors import Refusal
from node.mastodon.desk import Desk
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import invalid, parameters_of
from node.mastodon.refusals import in_words
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from storage.feeds import FeedEntry
from storage.unit_of_work import UnitOfWork


def poll_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/polls; a poll has the id of its post."""
    polls = _Polls(desk)
    return [
        Route(
            method="GET",
            path="/api/v1/polls/{id}",
            handler=polls.one,
            access=Access.APP_OPTIONAL,
            name="api-poll",
            scope="read:statuses",
        ),
        Route(
            method="POST",
            path="/api/v1/polls/{id}/votes",
            handler=in_words(polls.vote),
            access=Access.APP_USER,
            name="api-poll-vote",
            scope="write:statuses",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Polls:
    desk: Desk

    async def one(self, request: web.Request) -> web.Response:
        post_id = PostKey(id_in_path(request))
        return reply(await self.desk.storage.read(self._shown, post_id, viewer_of(request)))

    async def vote(self, request: web.Request) -> web.Response:
        voter, post_id = actor_of(request), PostKey(id_in_path(request))
        choices = (await parameters_of(request)).texts("choices")
        names = await self.desk.storage.read(self._names, post_id, voter, choices)
        await self.desk.acting.vote(voter, post_id, names)
        viewer = Viewer(person_id=voter)
        return reply(await self.desk.storage.read(self._shown, post_id, viewer))

    def _shown(self, uow: UnitOfWork, post_id: PostKey, viewer: Viewer) -> object:
        entry = FeedEntry(id=post_id, post_id=post_id)
        poll = self.desk.presenter.status(uow, viewer, entry, self.desk.now())["poll"]
        if poll is None:
            raise NotFound("No such poll")
        return poll

    def _names(
        self, uow: UnitOfWork, post_id: PostKey, voter: ActorKey, choices: list[str]
    ) -> tuple[str, ...]:
        """The options with these numbers.

        Raises:
            NotFound: there is no such poll for this voter.
            Refusal: it has no such option, or has ended.
        """
        self._shown(uow, post_id, Viewer(person_id=voter))
        post = uow.posts.get(post_id)
        if post is None or post.content.poll is None:
            raise NotFound("No such poll")
        if is_closed(post.content.poll, self.desk.now()):
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "The poll has already ended")
        options = post.content.poll.options
        numbers = [key_of(choice) for choice in choices]
        found = [options[number].name for number in numbers if _is_one(number, len(options))]
        if not found or len(found) < len(numbers):
            raise invalid("The chosen vote option does not exist")
        return tuple(found)


def _is_one(number: int | None, options: int) -> TypeGuard[int]:
    return number is not None and number < options
