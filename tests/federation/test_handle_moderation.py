"""Moderators, pins, bans, locks and reports from elsewhere (GRP-02 to GRP-05)."""

import pytest

from communities import moderation
from communities.community import Community
from communities.errors import NotAllowed, Reason
from communities.membership import MembershipState, Role
from communities.moderation import ModeratePost
from communities.people import FollowState, Person
from communities.posts import Post, PostState
from federation.inbox import Outcome
from protocols.strict_json import JsonObject
from tests.support.postbox import Postbox, activity, actor_document


class Village:
    """A group of ours with a moderator and a member elsewhere, and a post by the member."""

    group: Community
    mod: Person
    eve: Person
    post: Post


@pytest.fixture
async def village(postbox: Postbox) -> Village:
    made = Village()
    made.group = await postbox.group("bees")
    made.mod = await postbox.stranger("mod", "mods.example")
    made.eve = await postbox.stranger("eve")
    await postbox.member(made.group, made.mod, Role.MODERATOR)
    await postbox.member(made.group, made.eve)
    made.post = await postbox.post(made.eve, made.group)
    return made


async def role_of(postbox: Postbox, group: Community, person: Person) -> Role | None:
    membership = await postbox.membership(group, person)
    return None if membership is None else membership.role


def moderators_of(group: Community) -> str:
    return f"{group.uri}/moderators"


def featured_of(group: Community) -> str:
    return f"{group.uri}/featured"


async def test_grp_02_a_moderator_appoints_and_a_member_does_not(
    postbox: Postbox, village: Village
) -> None:
    group, eve, mod = village.group, village.eve, village.mod
    target = moderators_of(group)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Add", eve.uri, eve.uri, target=target))
    before = await role_of(postbox, group, eve)
    await postbox.deliver(activity("Add", mod.uri, eve.uri, target=target))

    assert before is Role.MEMBER
    assert await role_of(postbox, group, eve) is Role.MODERATOR
    assert len(await postbox.relayed()) == 1


async def test_grp_02_a_moderator_of_another_group_appoints_nobody(
    postbox: Postbox, village: Village
) -> None:
    other = await postbox.group("wasps")
    await postbox.member(other, village.eve, Role.MODERATOR)
    target = moderators_of(village.group)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Add", village.eve.uri, village.eve.uri, target=target))


async def test_grp_02_the_last_owner_stays(postbox: Postbox, village: Village) -> None:
    owner = await postbox.stranger("owner", "mods.example")
    await postbox.member(village.group, owner, Role.OWNER)
    target = moderators_of(village.group)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Remove", owner.uri, owner.uri, target=target))
    await postbox.deliver(activity("Remove", owner.uri, village.mod.uri, target=target))

    assert await role_of(postbox, village.group, owner) is Role.OWNER
    assert await role_of(postbox, village.group, village.mod) is Role.MEMBER


async def test_a_group_elsewhere_names_a_moderator_that_we_have_to_fetch(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    mod = await postbox.stranger("mod", "groups.example")
    newcomer = "https://far.example/users/new"
    postbox.wire.documents[newcomer] = actor_document(newcomer)
    added = activity("Add", mod.uri, newcomer, target=moderators_of(group))

    await postbox.deliver(activity("Announce", group.uri, added))

    moderators = await postbox.storage.read(
        lambda uow: [
            profile.uri
            for profile in uow.actors.many(
                [one.person_id for one in uow.memberships.moderators(group.id)]
            ).values()
        ]
    )
    assert moderators == [newcomer]


async def test_someone_of_a_third_server_says_nothing_about_a_group_elsewhere(
    postbox: Postbox,
) -> None:
    group = await postbox.distant_group("wasps")
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.member(group, ada)
    post = await postbox.post(ada, group)
    claims = [
        activity("Add", eve.uri, eve.uri, target=moderators_of(group), audience=group.uri),
        activity("Block", eve.uri, ada.uri, target=group.uri),
        activity("Lock", eve.uri, post.uri),
        activity("Delete", eve.uri, post.uri),
    ]

    for claim in claims:
        with pytest.raises(NotAllowed):
            await postbox.deliver(claim)

    membership = await postbox.membership(group, ada)
    assert membership is not None
    assert membership.state is MembershipState.MEMBER


async def test_the_own_server_of_a_group_speaks_for_it(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada, mod = await postbox.resident("ada"), await postbox.stranger("mod", "groups.example")
    await postbox.member(group, ada)

    await postbox.deliver(activity("Block", mod.uri, ada.uri, target=group.uri))

    membership = await postbox.membership(group, ada)
    assert membership is not None
    assert membership.state is MembershipState.BANNED


async def test_grp_05_a_moderator_pins_and_locks_and_a_member_does_not(
    postbox: Postbox, village: Village
) -> None:
    post, mod = village.post, village.mod
    ida = await postbox.stranger("ida", "far.example")
    await postbox.member(village.group, ida)
    pin = {"target": featured_of(village.group)}

    for kind, more in (("Add", pin), ("Lock", {})):
        with pytest.raises(NotAllowed):
            await postbox.deliver(activity(kind, ida.uri, post.uri, **more))
    lock = activity("Lock", mod.uri, post.uri)
    await postbox.deliver(activity("Add", mod.uri, post.uri, **pin))
    await postbox.deliver(lock)
    both = await postbox.find(post.uri)
    await postbox.deliver(activity("Remove", mod.uri, post.uri, **pin))
    await postbox.deliver(activity("Undo", mod.uri, lock))
    neither = await postbox.find(post.uri)

    assert both is not None
    assert neither is not None
    assert (both.pinned, both.locked) == (True, True)
    assert (neither.pinned, neither.locked) == (False, False)
    assert len(await postbox.relayed()) == 4


async def test_one_moderator_undoes_the_lock_of_another(postbox: Postbox, village: Village) -> None:
    second = await postbox.stranger("second", "far.example")
    await postbox.member(village.group, second, Role.MODERATOR)
    lock = activity("Lock", village.mod.uri, village.post.uri)
    await postbox.deliver(lock)

    await postbox.deliver(activity("Undo", second.uri, lock))

    stored = await postbox.find(village.post.uri)
    assert stored is not None
    assert not stored.locked


async def test_a_moderator_elsewhere_bans_and_unbans(postbox: Postbox, village: Village) -> None:
    block = activity(
        "Block",
        village.mod.uri,
        village.eve.uri,
        target=village.group.uri,
        removeData=True,
        summary="Spam",
        endTime="2026-12-01T00:00:00Z",
    )

    await postbox.deliver(block)
    banned = await postbox.membership(village.group, village.eve)
    removed = await postbox.find(village.post.uri)
    await postbox.deliver(activity("Undo", village.mod.uri, block))
    free = await postbox.membership(village.group, village.eve)

    assert banned is not None
    assert (banned.state, banned.until is not None) == (MembershipState.BANNED, True)
    assert removed is not None
    assert removed.state is PostState.REMOVED
    assert free is not None
    assert free.state is MembershipState.LEFT


async def test_someone_unknown_can_be_banned_from_a_group_of_ours(
    postbox: Postbox, village: Village
) -> None:
    spammer = "https://far.example/users/spam"
    postbox.wire.documents[spammer] = actor_document(spammer)

    await postbox.deliver(activity("Block", village.mod.uri, spammer, target=village.group.uri))

    banned = await postbox.storage.read(
        lambda uow: uow.memberships.get(village.group.id, uow.actors.key_of(spammer) or 0)  # type: ignore[arg-type]
    )
    assert banned is not None
    assert banned.state is MembershipState.BANNED


async def test_a_member_bans_nobody(postbox: Postbox, village: Village) -> None:
    ida = await postbox.stranger("ida", "far.example")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Block", ida.uri, village.eve.uri, target=village.group.uri))


async def test_a_personal_block_ends_the_follow_and_its_undo_the_block(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.follow(ada, eve, FollowState.ACCEPTED)
    block = activity("Block", eve.uri, ada.uri)

    await postbox.deliver(block)
    follow = await postbox.following(ada, eve)
    blocked = await postbox.storage.read(lambda uow: uow.people.has_blocked(eve.id, ada.id))
    await postbox.deliver(activity("Undo", eve.uri, block))

    assert follow is None
    assert blocked
    assert not await postbox.storage.read(lambda uow: uow.people.has_blocked(eve.id, ada.id))


async def test_a_server_that_bans_its_own_person_has_no_say_here(postbox: Postbox) -> None:
    admin, eve = await postbox.stranger("admin"), await postbox.stranger("eve")
    group = await postbox.group("bees")
    post = await postbox.post(eve, group)
    block = activity("Block", admin.uri, eve.uri, target="https://peer.example/", removeData=True)

    outcome = await postbox.deliver(block)

    stored = await postbox.find(post.uri)
    assert outcome is Outcome.IGNORED
    assert stored is not None
    assert stored.state is PostState.PUBLISHED


async def reports(postbox: Postbox) -> list[tuple[int, int | None, str]]:
    found = await postbox.storage.read(lambda uow: uow.reports.queue())
    return [(report.subject_id, report.post_id, report.reason) for report in found]


@pytest.mark.parametrize("field", ["content", "summary"])
async def test_a_report_reaches_the_queue_with_its_reason(
    postbox: Postbox, village: Village, field: str
) -> None:
    reporter = await postbox.stranger("actor", "far.example")
    flag: JsonObject = activity(
        "Flag", reporter.uri, [village.eve.uri, village.post.uri], **{field: "Spam"}
    )

    await postbox.deliver(flag)
    await postbox.deliver({**flag, "id": f"{reporter.uri}/flags/again"})

    assert await reports(postbox) == [(village.eve.id, village.post.id, "Spam")]


async def test_a_report_of_a_person_of_ours_is_taken(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")

    await postbox.deliver(activity("Flag", eve.uri, [ada.uri], content="Rude"))

    assert await reports(postbox) == [(ada.id, None, "Rude")]


async def test_a_report_about_nothing_of_ours_is_ignored(postbox: Postbox) -> None:
    eve, ida = await postbox.stranger("eve"), await postbox.stranger("ida", "far.example")
    post = await postbox.post(ida)

    outcome = await postbox.deliver(activity("Flag", eve.uri, [ida.uri, post.uri]))

    assert outcome is Outcome.IGNORED
    assert await reports(postbox) == []


async def test_nobody_elsewhere_brings_back_what_staff_took_down(
    postbox: Postbox, village: Village
) -> None:
    ada = await postbox.resident("ada")
    wasps = await postbox.distant_group("wasps")
    await postbox.member(wasps, ada)
    there = await postbox.post(await postbox.stranger("zoe", "groups.example"), wasps)
    for post in (village.post, there):
        command = ModeratePost(post_id=post.id, moderator_id=ada.id, at=postbox.now(), staff=True)
        await postbox.storage.write(moderation.remove, command)
    deleted = activity("Delete", village.mod.uri, village.post.uri)
    deleted_there = activity("Delete", wasps.uri, there.uri)
    undone_there = activity("Undo", wasps.uri, deleted_there)

    for undo in (
        activity("Undo", village.mod.uri, deleted),
        activity("Announce", wasps.uri, undone_there),
    ):
        with pytest.raises(NotAllowed) as caught:
            await postbox.deliver(undo)
        assert caught.value.reason is Reason.REMOVED

    found = [await postbox.find(post.uri) for post in (village.post, there)]
    assert [post.state for post in found if post is not None] == [PostState.REMOVED] * 2
    assert await postbox.relayed() == []


async def test_a_closed_group_takes_a_post_off_its_wall(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    post = await postbox.post(ada, group)

    await postbox.deliver(activity("Remove", group.uri, post.uri, target=f"{group.uri}/wall"))

    stored = await postbox.find(post.uri)
    assert stored is not None
    assert stored.state is PostState.REMOVED


async def test_acts_that_we_do_not_know_are_ignored(postbox: Postbox) -> None:
    eve, ada = await postbox.stranger("eve"), await postbox.resident("ada")
    post = await postbox.post(ada)

    outcomes = [
        await postbox.deliver(activity(kind, eve.uri, post.uri))
        for kind in ("Warn", "View", "Listen", "QuoteRequest")
    ]

    assert outcomes == [Outcome.IGNORED] * 4
