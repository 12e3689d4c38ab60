"""Events become notifications of this node's people: each kind, by the act that leads to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from communities import appointing, banning, editing, following, joining, moderation, posting
from communities import reactions as reacting
from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.membership import Role
from communities.people import ActorState, Person
from communities.posting import PublishPost
from communities.posts import (
    Post,
    PostContent,
    PostKey,
    PostKind,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.reporting import file_report
from communities.reports import Report, ReportKey
from node import notifying
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

Told = tuple[str, str]
"""The kind of a notification, and the name of who caused it."""


class Village:
    """Ada and Ben live here, Cyd elsewhere; Ada owns the community `bees`."""

    def __init__(self, uow: UnitOfWork, world: World) -> None:
        self.world = world
        self.ada = world.person(uow, "ada")
        self.ben = world.person(uow, "ben")
        self.cyd = world.remote_person(uow, "cyd")
        self.bees = world.community(uow, "bees")
        world.member(uow, self.bees, self.ada, Role.OWNER)

    def write(
        self,
        uow: UnitOfWork,
        author: Person,
        *,
        parent: Post | None = None,
        community: Community | None = None,
        names: tuple[Person, ...] = (),
        visibility: Visibility = Visibility.PUBLIC,
        published_at: datetime | None = None,
    ) -> Post:
        """Publish a post or comment through the domain."""
        key = PostKey(self.world.key())
        return posting.submit(
            uow,
            PublishPost(
                id=key,
                uri=f"https://{author.host or 'noaber.example'}/post/{key}",
                author_id=author.id,
                kind=PostKind.NOTE,
                content=PostContent(html="<p>Moin.</p>", source="Moin."),
                published_at=published_at or self.world.now,
                at=self.world.now,
                community_id=None if community is None else community.id,
                parent_id=None if parent is None else parent.id,
                visibility=visibility,
                recipients=tuple(person.id for person in names),
                local=author.is_local,
            ),
        )

    def react(self, uow: UnitOfWork, actor: Person, post: Post, kind: ReactionKind) -> None:
        """React through the domain."""
        emoji = "🐝" if kind is ReactionKind.EMOJI else None
        uri = f"{actor.uri}/reactions/{self.world.key()}"
        reacting.react(
            uow,
            Reaction(
                actor_id=actor.id,
                post_id=post.id,
                kind=kind,
                uri=uri,
                at=self.world.now,
                emoji=emoji,
            ),
        )

    def remove(self, post: Post, reason: str = "off topic") -> moderation.ModeratePost:
        """What Ada does to a post."""
        return moderation.ModeratePost(
            post_id=post.id, moderator_id=self.ada.id, at=self.world.tick(), reason=reason
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def village(storage: Storage, world: World) -> Village:
    return await storage.write(Village, world)


def _consume(uow: UnitOfWork, now_ms: int) -> int:
    return notifying.step(uow, now_ms)


async def told(storage: Storage, village: Village, person: Person) -> list[Told]:
    """Consume the log; what the person has been told, oldest first."""
    await storage.write(_consume, to_ms(village.world.now))

    def read(uow: UnitOfWork) -> list[Told]:
        names = {who.id: who.localpart for who in (village.ada, village.ben, village.cyd)}
        page = uow.notifications.page(person.id)
        return [(one.kind, names.get(one.actor_id, "bees")) for one in reversed(page)]

    return await storage.read(read)


Act = Callable[[UnitOfWork, Village], object]


def _reply(uow: UnitOfWork, v: Village) -> None:
    thread = v.write(uow, v.ben, community=v.bees)
    v.write(uow, v.cyd, parent=thread)


def _react(uow: UnitOfWork, v: Village, *, kind: ReactionKind) -> None:
    v.react(uow, v.cyd, v.write(uow, v.ben, community=v.bees), kind)


def _remove(uow: UnitOfWork, v: Village) -> None:
    moderation.remove(uow, v.remove(v.write(uow, v.ben, community=v.bees)))


def _restore(uow: UnitOfWork, v: Village) -> None:
    thread = v.write(uow, v.ben, community=v.bees)
    moderation.remove(uow, v.remove(thread))
    moderation.restore(uow, v.remove(thread))


def _join(uow: UnitOfWork, v: Village) -> None:
    joining.ask_to_join(uow, v.bees.id, v.ben.id, "https://noaber.example/f/1", v.world.tick())


def _make_asking(uow: UnitOfWork, v: Village) -> Community:
    return v.world.community(uow, "wasps", join=JoinPolicy.ASK)


def _refuse(uow: UnitOfWork, v: Village) -> None:
    wasps = _make_asking(uow, v)
    v.world.member(uow, wasps, v.ada, Role.OWNER)
    joining.ask_to_join(uow, wasps.id, v.ben.id, "https://noaber.example/f/2", v.world.tick())
    joining.refuse(uow, wasps.id, v.ben.id, v.ada.id, v.world.tick())


def _admit(uow: UnitOfWork, v: Village) -> None:
    wasps = _make_asking(uow, v)
    v.world.member(uow, wasps, v.ada, Role.OWNER)
    joining.ask_to_join(uow, wasps.id, v.ben.id, "https://noaber.example/f/3", v.world.tick())
    joining.admit(uow, wasps.id, v.ben.id, v.ada.id, v.world.tick())


def _ban(uow: UnitOfWork, v: Village) -> None:
    v.world.member(uow, v.bees, v.ben)
    banning.ban(
        uow,
        banning.BanMember(
            community_id=v.bees.id, person_id=v.ben.id, moderator_id=v.ada.id, at=v.world.tick()
        ),
    )


def _appoint(uow: UnitOfWork, v: Village) -> None:
    v.world.member(uow, v.bees, v.ben)
    appointing.grant_role(
        uow,
        appointing.ChangeRole(
            community_id=v.bees.id,
            person_id=v.ben.id,
            moderator_id=v.ada.id,
            role=Role.MODERATOR,
            at=v.world.tick(),
        ),
    )


def _follow(uow: UnitOfWork, v: Village) -> None:
    following.follow(uow, v.cyd.id, v.ben.id, f"{v.cyd.uri}/f/1", v.world.tick())


ACTS: dict[str, tuple[Act, Told]] = {
    "reply": (_reply, ("reply", "cyd")),
    "mention": (
        lambda uow, v: v.write(uow, v.cyd, community=v.bees, names=(v.ben,)),
        ("mention", "cyd"),
    ),
    "direct message": (
        lambda uow, v: v.write(uow, v.cyd, names=(v.ben,), visibility=Visibility.DIRECT),
        ("direct-message", "cyd"),
    ),
    "like": (partial(_react, kind=ReactionKind.LIKE), ("reaction", "cyd")),
    "emoji": (partial(_react, kind=ReactionKind.EMOJI), ("reaction", "cyd")),
    "boost": (partial(_react, kind=ReactionKind.BOOST), ("boost", "cyd")),
    "removal": (_remove, ("post-removed", "ada")),
    "follow": (_follow, ("follow", "cyd")),
    "invitation": (
        lambda uow, v: joining.invite(uow, v.bees.id, v.ben.id, v.ada.id, v.world.tick()),
        ("invited", "ada"),
    ),
    "refusal": (_refuse, ("turned-down", "ada")),
    "admission": (_admit, ("admitted", "ada")),
    "ban": (_ban, ("banned", "ada")),
    "appointment": (_appoint, ("role-changed", "ada")),
}


@pytest.mark.parametrize("name", ACTS)
async def test_person_is_told_what_concerns_them(
    storage: Storage, village: Village, name: str
) -> None:
    act, expected = ACTS[name]
    await storage.write(act, village)

    assert await told(storage, village, village.ben) == [expected]


async def test_restored_post_is_told_beside_its_removal(storage: Storage, village: Village) -> None:
    await storage.write(_restore, village)

    assert await told(storage, village, village.ben) == [
        ("post-removed", "ada"),
        ("post-restored", "ada"),
    ]


async def test_moderators_are_told_of_requests_and_reports(
    storage: Storage, village: Village
) -> None:
    def complain(uow: UnitOfWork) -> None:
        post = village.write(uow, village.ben, community=village.bees)
        report = Report(
            id=ReportKey(village.world.key()),
            reporter_id=village.cyd.id,
            subject_id=village.ben.id,
            reason="spam",
            at=village.world.tick(),
            post_id=post.id,
            community_id=village.bees.id,
        )
        file_report(uow, report)
        wasps = _make_asking(uow, village)
        village.world.member(uow, wasps, village.ada, Role.MODERATOR)
        uri = "https://noaber.example/f/9"
        joining.ask_to_join(uow, wasps.id, village.ben.id, uri, village.world.tick())

    await storage.write(complain)

    assert await told(storage, village, village.ada) == [
        ("report", "cyd"),
        ("join-request", "ben"),
    ]


async def test_locked_account_is_told_that_someone_asks_to_follow(
    storage: Storage, village: Village
) -> None:
    def lock_and_follow(uow: UnitOfWork) -> None:
        profile = uow.actors.get(village.ben.id)
        assert profile is not None
        uow.actors.put(replace(profile, locked=True))
        _follow(uow, village)

    await storage.write(lock_and_follow)

    assert await told(storage, village, village.ben) == [("follow-request", "cyd")]


async def test_dislike_is_told_to_nobody(storage: Storage, village: Village) -> None:
    await storage.write(partial(_react, kind=ReactionKind.DISLIKE), village)

    assert await told(storage, village, village.ben) == []


async def test_nobody_elsewhere_gets_a_notification(storage: Storage, village: Village) -> None:
    def answer(uow: UnitOfWork) -> None:
        thread = village.write(uow, village.cyd, community=village.bees)
        village.write(uow, village.ben, parent=thread)

    await storage.write(answer)

    assert await told(storage, village, village.cyd) == []


async def test_history_that_was_fetched_is_no_news(storage: Storage, village: Village) -> None:
    def fetch(uow: UnitOfWork) -> None:
        thread = village.write(uow, village.ben, community=village.bees)
        old = village.world.now - timedelta(hours=25)
        village.write(uow, village.cyd, parent=thread, published_at=old)

    await storage.write(fetch)

    assert await told(storage, village, village.ben) == []


async def test_answer_of_yesterday_is_news(storage: Storage, village: Village) -> None:
    def fetch(uow: UnitOfWork) -> None:
        thread = village.write(uow, village.ben, community=village.bees)
        recent = village.world.now - timedelta(hours=23)
        village.write(uow, village.cyd, parent=thread, published_at=recent)

    await storage.write(fetch)

    assert await told(storage, village, village.ben) == [("reply", "cyd")]


async def test_what_was_told_of_a_withdrawn_post_is_forgotten(
    storage: Storage, village: Village
) -> None:
    def answer(uow: UnitOfWork) -> Post:
        thread = village.write(uow, village.ben, community=village.bees)
        return village.write(uow, village.cyd, parent=thread)

    reply = await storage.write(answer)
    assert await told(storage, village, village.ben) == [("reply", "cyd")]

    await storage.write(editing.withdraw, reply.id, village.cyd.id, village.world.tick())

    assert await told(storage, village, village.ben) == []


async def test_notification_bears_the_time_of_its_event(storage: Storage, village: Village) -> None:
    event_at = village.world.now

    def answer(uow: UnitOfWork) -> None:
        uow.at_ms = to_ms(event_at)
        _follow(uow, village)

    await storage.write(answer)
    village.world.tick(timedelta(days=2))
    await told(storage, village, village.ben)

    page = await storage.read(lambda uow: uow.notifications.page(village.ben.id))
    assert [one.at for one in page] == [event_at]


async def test_events_are_taken_once_and_two_hundred_at_a_time(
    storage: Storage, village: Village
) -> None:
    def like_a_lot(uow: UnitOfWork) -> None:
        for _ in range(201):
            village.write(uow, village.ben)

    await storage.write(like_a_lot)
    now_ms = to_ms(village.world.now)

    taken = [await storage.write(_consume, now_ms) for _ in range(3)]

    assert taken == [200, 1, 0]


async def test_member_of_a_private_community_alone_is_told_of_a_mention_in_it(
    storage: Storage, village: Village
) -> None:
    def mention(uow: UnitOfWork) -> None:
        hive = village.world.community(
            uow, "hive", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        village.world.member(uow, hive, village.cyd)
        village.world.member(uow, hive, village.ada)
        both = (village.ada, village.ben)
        village.write(uow, village.cyd, community=hive, names=both, visibility=Visibility.MEMBERS)

    await storage.write(mention)

    assert await told(storage, village, village.ada) == [("mention", "cyd")]
    assert await told(storage, village, village.ben) == []


async def test_suspended_person_is_told_nothing(storage: Storage, village: Village) -> None:
    def suspend(uow: UnitOfWork) -> None:
        _reply(uow, village)
        uow.people.set_state(village.ben.id, ActorState.SUSPENDED)

    await storage.write(suspend)

    assert await told(storage, village, village.ben) == []
