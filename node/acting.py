"""What a person of this node can do, for every surface: join, follow, write, react, report, look.

Each method makes the ids, asks the domain in one unit of work, and answers with domain values.
The domain decides whether it may be done; who acts has been established by the surface.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, TypeVarTuple

from communities import editing, following, joining, polls, posting, reactions, reporting
from communities.following import block, unblock
from communities.membership import Membership
from communities.people import ActorKey, Follow
from communities.posts import Post, PostKey, Reaction, ReactionKind
from communities.reports import Report, ReportKey
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.drafts import Changes, Draft, edit_command, publish_command, rendered
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


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
        command = await asyncio.to_thread(self.prepare, person_id, draft)
        return await self.run(posting.submit, command)

    def prepare(self, person_id: ActorKey, draft: Draft) -> posting.PublishPost:
        """The post that a draft makes now, for a unit that does more than publish it.

        Its text is rendered, which takes a while: call it on a thread.
        """
        key = PostKey(self.snowflakes.mint())
        return publish_command(self.uris, key, person_id, draft, self.now())

    async def edit(self, person_id: ActorKey, post_id: PostKey, changes: Changes) -> bool:
        """Change one's own post; False when that changes nothing. Raises as `editing.edit`."""
        ready = await asyncio.to_thread(rendered, changes)
        return await self.run(_edit, person_id, post_id, ready, self.now())

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


def _edit(
    uow: UnitOfWork, person_id: ActorKey, post_id: PostKey, changes: Changes, at: datetime
) -> bool:
    return editing.edit(uow, edit_command(uow, person_id, post_id, changes, at))
