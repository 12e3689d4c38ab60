"""Reports on their way out: in the name of the node, to whoever decides."""

from dataclasses import replace

from communities import moderation, reporting
from communities.membership import Role
from communities.moderation import ModeratePost
from communities.people import Person
from communities.posts import Post
from communities.reports import Report, ReportKey
from protocols.activitypub.vocabulary import ActivityType
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    PIEFED,
    UNKNOWN,
    Village,
)


async def thread(village: Village, author: Person) -> Post:
    """A post in bees that everyone knows already."""
    cause = None if author.host is None else b"{}"
    post = await village.publish(author, village.bees, cause=cause)
    await village.skip()
    return post


async def report(
    village: Village,
    reporter: Person,
    post: Post | None,
    subject: Person,
    *,
    forward: bool = True,
) -> None:
    """File a report about a post, or about a person."""

    def unit(uow: UnitOfWork) -> None:
        reporting.file_report(uow, filed, forward=forward)

    filed = Report(
        id=ReportKey(village.world.key()),
        reporter_id=reporter.id,
        subject_id=subject.id,
        post_id=None if post is None else post.id,
        community_id=None,
        reason="It bites",
        at=village.world.now,
    )
    await village.do(unit)


def by_ada(village: Village, post: Post) -> ModeratePost:
    return ModeratePost(
        post_id=post.id, moderator_id=village.ada.id, at=village.world.tick(), reason="spam"
    )


async def test_a_report_goes_to_the_community_in_the_name_of_the_node(village: Village) -> None:
    lem = village.members[LEMMY]
    post = await village.storage.write(village.world.post, lem, village.trees)

    await report(village, village.bob, post, lem)
    (sent,) = await village.step()

    assert sent.inbox == f"{village.trees.uri}/inbox"
    assert sent.document["type"] == "Flag"
    assert sent.document["actor"] == HOME.node_actor()
    assert sent.document["object"] == post.uri
    assert sent.document["to"] == [village.trees.uri]
    assert sent.document["summary"] == sent.document["content"] == "It bites"
    assert village.bob.uri not in sent.body.decode()


async def test_a_report_to_a_microblog_names_the_person_and_the_post(village: Village) -> None:
    mas = village.members[MASTODON]
    post = await village.storage.write(village.world.post, mas)

    await report(village, village.bob, post, mas)
    (sent,) = await village.step()

    assert sent.inbox == f"{mas.uri}/inbox"
    assert sent.document["object"] == [mas.uri, post.uri]
    assert sent.activity.type is ActivityType.FLAG


async def test_a_report_about_a_person_names_the_person(village: Village) -> None:
    mas = village.members[MASTODON]

    await report(village, village.bob, None, mas)
    (sent,) = await village.step()

    assert sent.document["object"] == mas.uri


async def test_a_report_in_our_community_goes_on_to_its_moderators_servers(
    village: Village,
) -> None:
    post = await thread(village, village.bob)

    def appoint(uow: UnitOfWork) -> None:
        for host in (LEMMY, PIEFED):
            member = uow.memberships.get(village.bees.id, village.members[host].id)
            assert member is not None
            uow.memberships.put(replace(member, role=Role.MODERATOR))

    await village.storage.write(appoint)
    await report(village, village.members[PIEFED], post, village.bob)
    (sent,) = await village.step()

    assert sent.host == LEMMY
    assert sent.document["actor"] == HOME.node_actor()


async def test_a_peers_report_about_a_community_elsewhere_is_not_passed_on(
    village: Village,
) -> None:
    lem = village.members[LEMMY]
    post = await village.storage.write(village.world.post, lem, village.trees)

    await report(village, village.members[UNKNOWN], post, lem)

    assert await village.step() == []


async def test_a_report_is_told_though_the_post_was_removed_before_the_step(
    village: Village,
) -> None:
    lem = village.members[LEMMY]
    post = await village.storage.write(village.world.post, lem, village.trees)
    await report(village, village.bob, post, lem)
    await village.do(moderation.remove, replace(by_ada(village, post), staff=True))

    sent = await village.step()

    assert [one.document["type"] for one in sent] == ["Flag"]


async def test_a_report_that_is_not_to_be_passed_on_stays_here(village: Village) -> None:
    mas = village.members[MASTODON]
    post = await village.storage.write(village.world.post, mas)

    await report(village, village.bob, post, mas, forward=False)

    assert await village.step() == []


async def test_the_authority_of_a_community_always_gets_a_report(village: Village) -> None:
    lem = village.members[LEMMY]
    post = await village.storage.write(village.world.post, lem, village.trees)

    await report(village, village.bob, post, lem, forward=False)

    assert [sent.inbox for sent in await village.step()] == [f"{village.trees.uri}/inbox"]
