"""Writing statuses: post, edit, delete."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from communities import editing
from communities.people import ActorKey
from communities.posts import Post, PostKey
from communities.visibility import Viewer
from node.app import Access, Route
from node.auth import Caller, actor_of, required_caller
from node.drafts import Changes, edit_command
from node.mastodon.allowances import LOOK_UP_TIME
from node.mastodon.composing import compose, known_to
from node.mastodon.desk import Desk
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import Parameters, parameters_of
from node.mastodon.publishing import (
    Enclosed,
    Once,
    made_before,
    once_of,
    publish,
    schedule,
    to_schedule,
)
from node.mastodon.refusals import in_words
from node.mastodon.replies import reply
from node.mastodon.revising import changes_in, rearranged, rendered_text, source_text
from node.mastodon.scheduled import shown
from node.mastodon.subjects import own
from node.mastodon.submissions import (
    Submission,
    check_size,
    scheduled_at,
    submission_of,
    text_in,
)
from protocols.mastodon.accounts import Entity
from storage.actors import Profile
from storage.feeds import FeedEntry
from storage.unit_of_work import UnitOfWork


def status_write_routes(desk: Desk) -> list[Route]:
    """Post, edit, delete."""
    writing = _Writing(desk)
    one = "/api/v1/statuses/{id}"
    table = (
        ("POST", "/api/v1/statuses", writing.create, "api-status-post"),
        ("PUT", one, writing.edit, "api-status-edit"),
        ("DELETE", one, writing.delete, "api-status-delete"),
    )
    return [
        Route(
            method=method,
            path=path,
            handler=in_words(handler),
            access=Access.APP_USER,
            name=name,
            scope="write:statuses",
        )
        for method, path, handler, name in table
    ]


@dataclass(frozen=True, slots=True)
class _Edit:
    """What an app asks to change, and when."""

    status_id: int
    author: ActorKey
    parameters: Parameters
    named: Mapping[str, Profile]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Writing:
    desk: Desk

    async def create(self, request: web.Request) -> web.Response:
        desk, caller, author = self.desk, required_caller(request), actor_of(request)
        parameters = await parameters_of(request)
        once = once_of(request, caller, desk.now())
        made = None if once is None else await desk.storage.read(made_before, once)
        if made is None:
            made = await self._make(parameters, caller, author, once)
        return reply(await desk.storage.read(self._made, made, author))

    async def _make(
        self, parameters: Parameters, caller: Caller, author: ActorKey, once: Once | None
    ) -> int:
        at = scheduled_at(parameters, self.desk.now())
        key = None if once is None else once.key
        submission = submission_of(parameters, app_id=caller.app_id, idempotency=key)
        # Also for a later time: who sends it learns now what would be refused then.
        draft = await compose(self.desk, author, submission)
        if at is not None:
            return await self._schedule(submission, author, at, once)
        # A text that is made to be costly takes a third of a second.
        command = await asyncio.to_thread(self.desk.acting.prepare, author, draft)
        enclosed = Enclosed(ids=submission.media_ids, urls=self.desk.media.urls)
        return await self.desk.acting.run(publish, command, enclosed, once)

    async def _schedule(
        self, submission: Submission, author: ActorKey, at: datetime, once: Once | None
    ) -> int:
        waiting = to_schedule(self.desk.snowflakes.mint(), author, submission, at)
        return await self.desk.storage.write(schedule, waiting, once)

    def _made(self, uow: UnitOfWork, key: int, author: ActorKey) -> Entity:
        """What a submission became: a Status, or one that waits."""
        scheduled = uow.scheduled.find(key, author)
        if scheduled is not None:
            return shown(uow, scheduled, self.desk.media.urls)
        return self._shown(uow, PostKey(key), author)

    def _shown(self, uow: UnitOfWork, post_id: PostKey, viewer: ActorKey) -> Entity:
        entry = FeedEntry(id=post_id, post_id=post_id)
        return self.desk.presenter.status(uow, Viewer(person_id=viewer), entry, self.desk.now())

    async def edit(self, request: web.Request) -> web.Response:
        desk, author = self.desk, actor_of(request)
        parameters = await parameters_of(request)
        text, status_id = text_in(parameters, "status") or "", id_in_path(request)
        # Ahead of asking other servers about all that a text names.
        check_size(text, None)
        await desk.storage.read(own, status_id, author, desk.now())
        named = await desk.finder.mentioned(text, within=LOOK_UP_TIME)
        edit = _Edit(status_id, author, parameters, named, desk.now())
        ready = await desk.storage.read(self._rendered, edit)
        post_id = await desk.acting.run(self._edit, edit, ready)
        return reply(await desk.storage.read(self._shown, post_id, author))

    def _rendered(self, uow: UnitOfWork, edit: _Edit) -> Changes:
        """The text of an edit, rendered by a reader, so that the writer does not wait for it."""
        post = own(uow, edit.status_id, edit.author, edit.at)
        known = known_to(uow, edit.named, edit.author, edit.at)
        return rendered_text(edit.parameters, post, known, self.desk.uris)

    def _edit(self, uow: UnitOfWork, edit: _Edit, ready: Changes) -> PostKey:
        post = own(uow, edit.status_id, edit.author, edit.at)
        known = known_to(uow, edit.named, edit.author, edit.at)
        attachments = rearranged(uow, self.desk.media.urls, edit.parameters, post, edit.at)
        changes = changes_in(edit.parameters, post, known, attachments, self.desk.uris)
        if changes.source == ready.source and changes.links == ready.links:
            changes = replace(changes, html=ready.html)
        editing.edit(uow, edit_command(uow, edit.author, post.id, changes, edit.at))
        return post.id

    async def delete(self, request: web.Request) -> web.Response:
        desk, author = self.desk, actor_of(request)
        parameters = await parameters_of(request)
        return reply(
            await desk.acting.run(self._delete, id_in_path(request), author, parameters, desk.now())
        )

    def _delete(
        self,
        uow: UnitOfWork,
        status_id: int,
        author: ActorKey,
        parameters: Parameters,
        at: datetime,
    ) -> Entity:
        """Withdraw a post; the Status as it was, with its text to be written anew.

        Its uploads wait a day for that, unless they are to go with it.
        """
        post = own(uow, status_id, author, at)
        entity = self._shown(uow, post.id, author)
        entity["text"] = _to_write_anew(uow, post, self.desk.uris.domain)
        if not parameters.is_set("delete_media"):
            uow.media.claim((), author, post.id, at=at)
        editing.withdraw(uow, post.id, author, at)
        return entity


def _to_write_anew(uow: UnitOfWork, post: Post, domain: str) -> str:
    """The source of a post, with the mention by which it goes to its community again."""
    text = source_text(post.content)
    group = None
    if post.community_id is not None and not post.is_comment:
        group = uow.actors.get(post.community_id)
    if group is None:
        return text
    return f"{text}\n\n@{group.localpart}@{group.host or domain}"
