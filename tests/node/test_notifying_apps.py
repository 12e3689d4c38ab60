"""What people have settled decides what they are told: mutes, bells, policies, polls."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from communities import following, joining, polls
from communities.editing import EditPost, edit
from communities.notice_policy import NoticePolicy, Treatment
from communities.people import Person
from communities.posting import PublishPost, submit
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
from communities.reactions import react
from communities.ties import FollowOptions, Mute
from node import notifying
from node.jobs import JobRunner
from node.metrics import Metrics
from node.tasks import Tasks
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import World


class Lane:
    """Ada, Ben and Cyd live here; Dot lives elsewhere."""

    def __init__(self, uow: UnitOfWork, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.ada = world.person(uow, "ada")
        self.ben = world.person(uow, "ben")
        self.cyd = world.person(uow, "cyd")
        self.dot = world.remote_person(uow, "dot")
        self.bees = world.community(uow, "bees")

    def write(
        self,
        uow: UnitOfWork,
        author: Person,
        *,
        to: tuple[Person, ...] = (),
        parent: Post | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        in_bees: bool = False,
        poll: Poll | None = None,
    ) -> Post:
        """Publish through the domain, now."""
        key = PostKey(self.world.key())
        return submit(
            uow,
            PublishPost(
                id=key,
                uri=f"https://{author.host or 'noaber.example'}/post/{key}",
                author_id=author.id,
                kind=PostKind.NOTE if poll is None else PostKind.QUESTION,
                content=PostContent(html="<p>Moin.</p>", source="Moin.", poll=poll),
                published_at=self.clock(),
                at=self.clock(),
                community_id=self.bees.id if in_bees else None,
                parent_id=None if parent is None else parent.id,
                visibility=visibility,
                recipients=tuple(person.id for person in to),
                local=author.is_local,
            ),
        )

    def react(self, uow: UnitOfWork, actor: Person, post: Post, kind: ReactionKind) -> None:
        uri = f"{actor.uri}/reactions/{self.world.key()}"
        given = Reaction(actor_id=actor.id, post_id=post.id, kind=kind, uri=uri, at=self.clock())
        react(uow, given)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def lane(storage: Storage, clock: Clock) -> Lane:
    world = World()
    return await storage.write(Lane, world, clock)


async def told(storage: Storage, lane: Lane, person: Person) -> list[tuple[str, str]]:
    """Consume the log; kind and cause of what the person has been told, oldest first."""
    await storage.write(notifying.step, to_ms(lane.clock()), 200)

    def read(uow: UnitOfWork) -> list[tuple[str, str]]:
        everybody = (lane.ada, lane.ben, lane.cyd, lane.dot)
        names = {who.id: who.localpart for who in everybody}
        page = uow.notifications.page(person.id)
        return [
            (one.kind + (" (held)" if one.filtered else ""), names[one.actor_id])
            for one in reversed(page)
        ]

    return await storage.read(read)


Settle = Callable[[UnitOfWork, Lane], object]
SETTLED: dict[str, Settle] = {
    "muted": lambda uow, lane: uow.mutes.put(lane.ada.id, Mute(target_id=lane.dot.id), key=1),
    "server blocked": lambda uow, lane: uow.domain_blocks.put(lane.ada.id, "peer.example", key=1),
}


@pytest.mark.parametrize("way", SETTLED)
async def test_nobody_is_told_of_whom_they_do_not_want_to_hear(
    storage: Storage, lane: Lane, way: str
) -> None:
    def act(uow: UnitOfWork) -> None:
        post = lane.write(uow, lane.ada)
        lane.write(uow, lane.dot, to=(lane.ada, lane.ben))
        lane.react(uow, lane.dot, post, ReactionKind.LIKE)
        following.follow(uow, lane.dot.id, lane.ada.id, f"{lane.dot.uri}/f/1", lane.clock())

    await storage.write(SETTLED[way], lane)
    await storage.write(act)

    assert await told(storage, lane, lane.ada) == []
    assert await told(storage, lane, lane.ben) == [("mention", "dot")]


async def test_a_mute_that_leaves_notifications_alone_silences_nothing(
    storage: Storage, lane: Lane
) -> None:
    mute = Mute(target_id=lane.dot.id, hide_notifications=False)
    await storage.write(lambda uow: uow.mutes.put(lane.ada.id, mute, key=1))
    await storage.write(partial(lane.write, to=(lane.ada,)), lane.dot)

    assert await told(storage, lane, lane.ada) == [("mention", "dot")]


async def test_who_muted_a_thread_hears_nothing_of_it(storage: Storage, lane: Lane) -> None:
    def act(uow: UnitOfWork) -> None:
        thread = lane.write(uow, lane.ada)
        uow.thread_mutes.add(lane.ada.id, thread.id)
        answer = lane.write(uow, lane.ben, parent=thread)
        lane.write(uow, lane.cyd, parent=answer, to=(lane.ada,))
        lane.react(uow, lane.cyd, thread, ReactionKind.LIKE)

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == []
    assert await told(storage, lane, lane.ben) == [("reply", "cyd")]


async def test_a_bell_tells_of_new_posts_but_not_of_answers(storage: Storage, lane: Lane) -> None:
    def act(uow: UnitOfWork) -> None:
        for followee in (lane.ben.id, lane.bees.id):
            uow.follow_options.put(lane.ada.id, followee, FollowOptions(notify=True))
        post = lane.write(uow, lane.ben)
        lane.write(uow, lane.ben, parent=post)
        lane.write(uow, lane.ben, visibility=Visibility.DIRECT, to=(lane.cyd,))
        lane.write(uow, lane.cyd, in_bees=True)

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == [("new-post", "ben"), ("new-post", "cyd")]


async def test_a_bell_rings_for_nobody_who_may_not_see_the_post(
    storage: Storage, lane: Lane
) -> None:
    def act(uow: UnitOfWork) -> None:
        uow.follow_options.put(lane.ada.id, lane.ben.id, FollowOptions(notify=True))
        lane.write(uow, lane.ben, visibility=Visibility.FOLLOWERS)

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == []


async def test_an_edit_is_told_once_to_who_liked_or_boosted(storage: Storage, lane: Lane) -> None:
    def act(uow: UnitOfWork) -> None:
        post = lane.write(uow, lane.ben)
        lane.react(uow, lane.ada, post, ReactionKind.BOOST)
        lane.react(uow, lane.cyd, post, ReactionKind.DISLIKE)
        for word in ("Dag.", "Moi."):
            at = lane.clock.advance(timedelta(minutes=1))
            content = PostContent(html=f"<p>{word}</p>", source=word)
            edit(
                uow,
                EditPost(
                    post_id=post.id, editor_id=lane.ben.id, content=content, edited_at=at, at=at
                ),
            )

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == [("edited", "ben")]
    assert await told(storage, lane, lane.cyd) == []


async def test_private_messages_of_strangers_wait_as_requests(storage: Storage, lane: Lane) -> None:
    def act(uow: UnitOfWork) -> None:
        lane.write(uow, lane.dot, to=(lane.ada,), visibility=Visibility.DIRECT)
        asked = lane.write(uow, lane.ada, to=(lane.ben,), visibility=Visibility.DIRECT)
        lane.write(uow, lane.ben, parent=asked, to=(lane.ada,), visibility=Visibility.DIRECT)

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == [
        ("direct-message (held)", "dot"),
        ("direct-message", "ben"),
    ]
    assert await storage.read(lambda uow: uow.notice_policies.pending(lane.ada.id)) == (1, 1)


async def test_what_a_policy_drops_is_never_made(storage: Storage, lane: Lane) -> None:
    policy = NoticePolicy(not_following=Treatment.DROP)

    def act(uow: UnitOfWork) -> None:
        uow.notice_policies.put(lane.ada.id, policy)
        lane.world.follow(uow, lane.ada, lane.ben)
        for author in (lane.ben, lane.cyd):
            lane.write(uow, author, to=(lane.ada,))

    await storage.write(act)

    assert await told(storage, lane, lane.ada) == [("mention", "ben")]


async def test_an_answered_request_is_told_no_more(storage: Storage, lane: Lane) -> None:
    def ask(uow: UnitOfWork) -> None:
        uow.connection.run_text(f"UPDATE actors SET locked = true WHERE id = {lane.ada.id}")
        following.follow(uow, lane.ben.id, lane.ada.id, f"{lane.ben.uri}/f/1", lane.clock())

    await storage.write(ask)
    assert await told(storage, lane, lane.ada) == [("follow-request", "ben")]

    await storage.write(following.accept, lane.ben.id, lane.ada.id, lane.clock())

    assert await told(storage, lane, lane.ada) == [("follow", "ben")]


async def test_a_join_request_is_told_until_a_moderator_answers(
    storage: Storage, lane: Lane
) -> None:
    from communities.community import JoinPolicy
    from communities.membership import Role

    def ask(uow: UnitOfWork) -> int:
        club = lane.world.community(uow, "club", join=JoinPolicy.ASK)
        for moderator in (lane.ada, lane.cyd):
            lane.world.member(uow, club, moderator, Role.MODERATOR)
        uri = "https://noaber.example/f/1"
        joining.ask_to_join(uow, club.id, lane.ben.id, uri, lane.clock())
        return club.id

    club_id = await storage.write(ask)
    for moderator in (lane.ada, lane.cyd):
        assert await told(storage, lane, moderator) == [("join-request", "ben")]

    def admit(uow: UnitOfWork) -> None:
        community = uow.communities.get(club_id)  # type: ignore[arg-type]  # an ActorKey
        assert community is not None
        joining.admit(uow, community.id, lane.ben.id, lane.ada.id, lane.clock())

    await storage.write(admit)

    for moderator in (lane.ada, lane.cyd):
        assert await told(storage, lane, moderator) == []


class TestPolls:
    """The end of a poll."""

    def open_poll(self, uow: UnitOfWork, lane: Lane, author: Person) -> Post:
        options = (PollOption(name="tea"), PollOption(name="coffee"))
        ends_at = lane.clock() + timedelta(hours=1)
        return lane.write(uow, author, poll=Poll(options=options, ends_at=ends_at))

    def runner(self, storage: Storage, clock: Clock) -> JobRunner:
        handler = notifying.poll_job(storage, now=clock)
        return JobRunner(storage, {notifying.POLL_JOB: handler}, Tasks(), Metrics(), now=clock)

    async def test_author_and_voters_are_told_once_it_has_ended(
        self, storage: Storage, lane: Lane, clock: Clock
    ) -> None:
        post = await storage.write(self.open_poll, lane, lane.ada)
        for voter in (lane.ben, lane.dot):
            await storage.write(polls.vote, post.id, voter.id, ("tea",), clock())
        jobs = self.runner(storage, clock)
        assert await told(storage, lane, lane.ada) == []
        assert await jobs.step() == 0, "it is not over yet"

        clock.advance(timedelta(hours=1))
        assert await jobs.step() == 1

        assert await told(storage, lane, lane.ada) == [("poll-ended", "ada")]
        assert await told(storage, lane, lane.ben) == [("poll-ended", "ada")]
        assert await told(storage, lane, lane.cyd) == []
        assert await jobs.step() == 0

    async def test_voters_here_are_told_of_a_poll_elsewhere(
        self, storage: Storage, lane: Lane, clock: Clock
    ) -> None:
        post = await storage.write(self.open_poll, lane, lane.dot)
        await storage.write(polls.vote, post.id, lane.ben.id, ("tea",), clock())
        await told(storage, lane, lane.ben)

        clock.advance(timedelta(hours=1))
        await self.runner(storage, clock).step()

        assert await told(storage, lane, lane.ben) == [("poll-ended", "dot")]

    async def test_a_poll_that_was_put_off_is_told_at_its_new_end(
        self, storage: Storage, lane: Lane, clock: Clock
    ) -> None:
        post = await storage.write(self.open_poll, lane, lane.ada)
        await told(storage, lane, lane.ada)

        def put_off(uow: UnitOfWork) -> None:
            poll = post.content.poll
            assert poll is not None
            later = Poll(options=poll.options, ends_at=clock() + timedelta(hours=3))
            uow.posts.set_poll(post.id, later)

        await storage.write(put_off)
        jobs = self.runner(storage, clock)
        clock.advance(timedelta(hours=1))
        await jobs.step()
        assert await told(storage, lane, lane.ada) == []
        clock.advance(timedelta(hours=2))
        await jobs.step()

        assert await told(storage, lane, lane.ada) == [("poll-ended", "ada")]

    async def test_nothing_is_told_of_a_poll_that_was_removed(
        self, storage: Storage, lane: Lane, clock: Clock
    ) -> None:
        from communities.editing import withdraw

        post = await storage.write(self.open_poll, lane, lane.ada)
        await told(storage, lane, lane.ada)
        await storage.write(withdraw, post.id, lane.ada.id, clock())

        clock.advance(timedelta(hours=1))
        await self.runner(storage, clock).step()

        assert await told(storage, lane, lane.ada) == []
