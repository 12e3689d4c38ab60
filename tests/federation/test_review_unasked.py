"""What a community elsewhere can make of people here who never asked for anything."""

import pytest

from communities.errors import NotAllowed
from communities.membership import MembershipState, Role
from tests.support.postbox import Postbox, activity


async def test_a_community_elsewhere_makes_nobody_here_a_moderator_unasked(
    postbox: Postbox,
) -> None:
    group, ada = await postbox.distant_group("wasps"), await postbox.resident("ada")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Add", group.uri, ada.uri, target=f"{group.uri}/moderators"))

    assert await postbox.membership(group, ada) is None


async def test_who_asked_to_join_is_let_in_by_being_made_a_moderator(postbox: Postbox) -> None:
    group, ada = await postbox.distant_group("wasps"), await postbox.resident("ada")
    await postbox.member(group, ada, state=MembershipState.REQUESTED)

    await postbox.deliver(activity("Add", group.uri, ada.uri, target=f"{group.uri}/moderators"))

    membership = await postbox.membership(group, ada)
    assert membership is not None
    assert (membership.state, membership.role) == (MembershipState.MEMBER, Role.MODERATOR)


async def test_a_member_here_becomes_moderator_elsewhere(postbox: Postbox) -> None:
    group, ada = await postbox.distant_group("wasps"), await postbox.resident("ada")
    await postbox.member(group, ada)

    await postbox.deliver(activity("Add", group.uri, ada.uri, target=f"{group.uri}/moderators"))

    membership = await postbox.membership(group, ada)
    assert membership is not None
    assert membership.role is Role.MODERATOR
