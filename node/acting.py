"""What a person of this node can do, for every surface: join, follow, write, react, report, look.

Each method makes the ids, asks the domain in one unit of work, and answers with domain values.
The domain decides whether it may be done; who acts has been established by the surface.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar, TypeVarTuple

from communities import editing, following, joining, polls, posting, reactions, reporting
from communities.errors import NotFound
from communities.following import block, unblock
from communities.membership import Membership
from communities.people import ActorKey, Follow
from communities.posts import (
    Poll,
    PollOption,
    Post,
    PostContent,
    PostKey,
    PostKind,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.reports import Report, ReportKey
from communities.text import find_hashtags, render_markdown
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person writes.

    Attributes:
        source: markdown.
        links: addresses for the mentions in it, by what `find_mentions` found.
        recipients: those it addresses by name; of a direct message its readers.
        choices: two or more make it a poll, which is open for `open_for`.
    """

    source: str
    title: str | None = None
    link: str | None = None
    community_id: ActorKey | None = None
    parent_id: PostKey | None = None
    visibility: Visibility = Visibility.PUBLIC
    recipients: tuple[ActorKey, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    warning: str | None = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    open_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an edit changes; None leaves a field as it is."""

    source: str | None = None
    title: str | None = None
    link: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """The acts of people of this node."""

    storage: Storage
    uris: Uris
    snowflakes: Snowflakes
    now: Callable[[], datetime]

    async def run(
        self, function: Callable[[UnitOfWork, *Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Run a use case of the domain as one unit, at the time of its act."""
        at_ms = to_ms(self.now())

        def unit(uow: UnitOfWork) -> Result:
            uow.at_ms = at_ms
            return function(uow, *arguments)

        return await self.storage.write(unit)

    async def join(self, person_id: ActorKey, community_id: ActorKey) -> Membership:
        """Become a member, or ask to. Raises as `joining.ask_to_join`."""
        uri = self._new_uri()
        return await self.run(joining.ask_to_join, community_id, person_id, uri, self.now())

    async def leave(self, person_id: ActorKey, community_id: ActorKey) -> bool:
        """End a membership; False when there was none. Raises as `joining.leave`."""
        return await self.run(joining.leave, community_id, person_id, self.now())

    async def follow(self, person_id: ActorKey, whom: ActorKey) -> Follow:
        """Follow a person, or ask to. Raises as `following.follow`."""
        return await self.run(following.follow, person_id, whom, self._new_uri(), self.now())

    async def unfollow(self, person_id: ActorKey, whom: ActorKey) -> bool:
        """Stop following a person; False when there was nothing to stop."""
        return await self.run(following.unfollow, person_id, whom)

    async def set_blocked(self, person_id: ActorKey, whom: ActorKey, *, blocked: bool) -> bool:
        """Block a person or end that; False when it stood so. Raises as `following.block`."""
        if blocked:
            return await self.run(block, person_id, whom, self._new_uri(), self.now())
        return await self.run(unblock, person_id, whom, self._new_uri(), self.now())

    async def write(self, person_id: ActorKey, draft: Draft) -> Post:
        """Publish a post, comment or message, or request it. Raises as `posting.submit`."""
        key = PostKey(self.snowflakes.mint())
        at = self.now()
        command = posting.PublishPost(
            id=key,
            uri=self.uris.post(key),
            url=self.uris.thread_page(key),
            author_id=person_id,
            kind=_kind(draft),
            content=_content(draft, at),
            published_at=at,
            at=at,
            community_id=draft.community_id,
            parent_id=draft.parent_id,
            visibility=draft.visibility,
            recipients=draft.recipients,
            local=True,
        )
        return await self.run(posting.submit, command)

    async def edit(self, person_id: ActorKey, post_id: PostKey, changes: Changes) -> bool:
        """Change one's own post; False when that changes nothing. Raises as `editing.edit`."""
        return await self.run(_edit, person_id, post_id, changes, self.now())

    async def withdraw(self, person_id: ActorKey, post_id: PostKey) -> bool:
        """Take one's own post back; False when it was. Raises as `editing.withdraw`."""
        return await self.run(editing.withdraw, post_id, person_id, self.now())

    async def react(
        self,
        person_id: ActorKey,
        post_id: PostKey,
        kind: ReactionKind,
        emoji: str | None = None,
    ) -> bool:
        """Give a reaction; False when it stood. Raises as `reactions.react`."""
        given = Reaction(
            actor_id=person_id,
            post_id=post_id,
            kind=kind,
            uri=self._new_uri(),
            at=self.now(),
            emoji=emoji,
        )
        return await self.run(reactions.react, given)

    async def take_back(
        self,
        person_id: ActorKey,
        post_id: PostKey,
        kind: ReactionKind,
        emoji: str | None = None,
    ) -> bool:
        """Take a reaction back; False when there was none."""
        return await self.run(reactions.withdraw_reaction, person_id, post_id, kind, emoji)

    async def vote(self, person_id: ActorKey, post_id: PostKey, names: tuple[str, ...]) -> bool:
        """Vote in a poll; False when all of it was chosen before. Raises as `polls.vote`."""
        return await self.run(polls.vote, post_id, person_id, names, self.now())

    async def report(
        self,
        person_id: ActorKey,
        subject_id: ActorKey,
        reason: str,
        *,
        post_id: PostKey | None = None,
    ) -> Report:
        """Report a person, or a post of theirs. Raises as `reporting.file_report`."""
        report = Report(
            id=ReportKey(self.snowflakes.mint()),
            reporter_id=person_id,
            subject_id=subject_id,
            post_id=post_id,
            community_id=None,
            reason=reason,
            at=self.now(),
            uri=self._new_uri(),
        )
        return await self.run(reporting.file_report, report)

    def _new_uri(self) -> str:
        return self.uris.request(self.snowflakes.mint())


def _kind(draft: Draft) -> PostKind:
    if draft.choices:
        return PostKind.QUESTION
    is_thread = draft.title is not None and draft.parent_id is None
    return PostKind.PAGE if is_thread else PostKind.NOTE


def _content(draft: Draft, at: datetime) -> PostContent:
    poll = None
    if draft.choices:
        poll = Poll(
            options=tuple(PollOption(name=choice) for choice in draft.choices),
            multiple=draft.multiple,
            ends_at=None if draft.open_for is None else at + draft.open_for,
        )
    return PostContent(
        title=draft.title,
        html=render_markdown(draft.source, draft.links),
        source=draft.source,
        link=draft.link,
        language=draft.language,
        sensitive=draft.warning is not None,
        warning=draft.warning,
        hashtags=find_hashtags(draft.source),
        poll=poll,
    )


def _edit(
    uow: UnitOfWork, person_id: ActorKey, post_id: PostKey, changes: Changes, at: datetime
) -> bool:
    post = uow.posts.get(post_id)
    if post is None:
        raise NotFound("No such post")
    content = post.content
    if changes.source is not None:
        content = replace(
            content,
            source=changes.source,
            html=render_markdown(changes.source, changes.links),
            hashtags=find_hashtags(changes.source),
        )
    if changes.title is not None:
        content = replace(content, title=changes.title)
    if changes.link is not None:
        content = replace(content, link=changes.link)
    command = editing.EditPost(
        post_id=post_id, editor_id=person_id, content=content, edited_at=at, at=at
    )
    return editing.edit(uow, command)
