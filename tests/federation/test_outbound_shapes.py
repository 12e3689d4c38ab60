"""The shape of what goes out: it reads back, belongs to its sender, and has what others send."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities import appointing, banning, following, founding, joining, moderation, polls
from communities.appointing import ChangeRole
from communities.banning import BanMember
from communities.events import PersonChanged
from communities.membership import Role
from communities.moderation import ModeratePost
from communities.posts import Attachment, Poll, PollOption, PostContent, PostKind, Visibility
from protocols.activitypub.audience import may_announce
from protocols.activitypub.parsing import check_activity_origin, check_post_origin, parse_post
from protocols.activitypub.vocabulary import Activity, ActivityType, Post
from protocols.strict_json import JsonObject
from tests.support.factories import HOME
from tests.support.fixture_files import recorded
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    Sent,
    Village,
    at_host,
    inner,
)


async def busy_day(village: Village) -> list[Sent]:
    """Something of everything."""
    at = village.world.now
    lem, old = village.members[LEMMY], village.members[OLD_LEMMY]
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    post = await village.publish(village.bob, village.bees)
    await village.publish(village.ada, parent_id=post.id, kind=PostKind.NOTE)
    await village.publish(village.bob, village.trees)
    question = await village.publish(
        village.ada,
        village.bees,
        kind=PostKind.QUESTION,
        content=PostContent(poll=Poll(options=(PollOption(name="a"), PollOption(name="b")))),
    )
    await village.do(polls.vote, question.id, village.bob.id, ("a",), at)
    for reader in (old, village.members[MASTODON]):
        await village.publish(
            village.bob,
            kind=PostKind.NOTE,
            visibility=Visibility.DIRECT,
            recipients=(reader.id,),
        )
    await village.edit(post)
    act = ModeratePost(post_id=post.id, moderator_id=village.ada.id, at=at, reason="why not")
    for verb in (
        moderation.lock,
        moderation.unlock,
        moderation.pin,
        moderation.unpin,
        moderation.remove,
        moderation.restore,
    ):
        await village.do(verb, act)
    change = ChangeRole(
        community_id=village.bees.id,
        person_id=lem.id,
        role=Role.MODERATOR,
        moderator_id=village.ada.id,
        at=at,
    )
    await village.do(appointing.grant_role, change)
    await village.do(appointing.revoke_role, change)
    ban = BanMember(
        community_id=village.bees.id, person_id=lem.id, moderator_id=village.ada.id, at=at
    )
    await village.do(banning.ban, replace(ban, until=at + timedelta(days=3)))
    await village.do(banning.unban, ban)
    asked = "https://old.example/follow/1"
    await village.do(joining.ask_to_join, village.bees.id, old.id, asked, at)
    await village.do(joining.request_to_join, village.trees.id, village.ada.id, HOME.request(1), at)
    await village.do(following.follow, village.bob.id, old.id, HOME.request(2), at)
    await village.do(following.block, village.bob.id, old.id, HOME.request(3), at)
    await village.record(PersonChanged(person_id=village.bob.id))
    renamed = replace(village.bees, name="Wasps")
    await village.do(founding.edit_community, renamed, village.ada.id, at)
    await village.withdraw(post)
    return await village.step()


async def test_everything_reads_back_and_belongs_to_its_sender(village: Village) -> None:
    sent = await busy_day(village)

    senders = await village.storage.read(
        lambda uow: uow.actors.many([*{one.sender_id for one in sent}])
    )

    assert len({one.activity.type for one in sent}) >= 8
    for one in sent:
        read = one.activity
        check_activity_origin(read)
        assert read.actor == senders[one.sender_id].uri
        assert read.type is not ActivityType.OTHER
        if isinstance(read.object, Post):
            check_post_origin(read.object)


async def test_what_a_community_announces_says_that_it_belongs_to_it(village: Village) -> None:
    """Spec: FEP-1b12; a reader believes only what does."""
    sent = await busy_day(village)

    announced = [one.activity.object for one in sent if one.document["type"] == "Announce"]

    kinds = {one.type for one in announced if isinstance(one, Activity)}
    assert len(kinds) >= 8
    for one in announced:
        if isinstance(one, Activity):
            assert may_announce(village.bees.uri, one), one


async def test_no_two_activities_have_one_id(village: Village) -> None:
    sent = await busy_day(village)

    bodies = {one.body for one in sent}

    assert len({one.document["id"] for one in sent}) == len(bodies)


async def test_an_edit_and_a_restoration_of_a_withdrawn_post_show_nothing(
    village: Village,
) -> None:
    sent = await busy_day(village)

    assert "Moin moin" not in b"".join(one.body for one in sent).decode()


def documents_of(sent: list[Sent], kind: str) -> list[JsonObject]:
    """Posts of a type in announced Creates."""
    creates = [inner(one.document) for one in sent if one.document["type"] == "Announce"]
    return [inner(create) for create in creates if inner(create)["type"] == kind]


@pytest.mark.parametrize(
    ("fixture", "kind"),
    [
        ("lemmy-assets/lemmy/objects/page_image_and_link.json", "Page"),
        ("piefed/docs/posts_02.json", "Page"),
        ("lemmy-assets/lemmy/objects/comment.json", "Note"),
        ("piefed/docs/posts_05.json", "Question"),
    ],
)
async def test_posts_have_what_those_of_groupware_have(
    village: Village, fixture: str, kind: str
) -> None:
    """`stickied` and `distinguished` are Lemmy's own and have defaults."""
    content = PostContent(
        title="Moin",
        html="<p>Moin.</p>",
        source="Moin.",
        link="https://example.com/",
        language="nds",
        hashtags=("moin",),
        attachments=(Attachment(kind="Image", url="https://noaber.example/i.png", alt="bee"),),
    )
    choices = Poll(options=(PollOption(name="a"), PollOption(name="b")))
    post = await village.publish(village.bob, village.bees, content=content)
    if kind == "Note":
        await village.publish(village.bob, parent_id=post.id, kind=PostKind.NOTE, content=content)
    if kind == "Question":
        ends_at = village.world.now + timedelta(days=1)
        await village.publish(
            village.bob,
            village.bees,
            kind=PostKind.QUESTION,
            content=replace(content, poll=replace(choices, ends_at=ends_at)),
        )
    (document, *_) = documents_of(at_host(await village.step(), PIEFED), kind)

    wanted = recorded(fixture).keys() - {"@context", "stickied", "distinguished", "image"}
    assert wanted - {"updated"} <= document.keys()
    assert parse_post(document).attributed_to == village.bob.uri


async def test_a_note_has_what_mastodon_reads(village: Village) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    content = PostContent(html="<p>Moin.</p>", language="nds", hashtags=("moin",))
    await village.publish(village.bob, kind=PostKind.NOTE, content=content)

    (sent,) = await village.step()

    note = inner(sent.document)
    fixture = recorded("lemmy-assets/mastodon/objects/note_2.json").keys()
    own = {"@context", "atomUri", "inReplyToAtomUri", "conversation", "likes", "shares"}
    assert fixture - own - {"attachment", "inReplyTo", "summary"} <= note.keys()


async def test_a_wrapped_create_has_what_piefed_announces(village: Village) -> None:
    await village.publish(village.bob, village.bees)

    (sent, *_) = at_host(await village.step(), PIEFED)

    fixture = recorded("piefed/docs/communities_02.json")
    assert fixture.keys() <= sent.document.keys()
    assert fixture["object"].keys() <= inner(sent.document).keys()
