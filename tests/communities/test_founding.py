"""Founding, changing and closing communities."""

from dataclasses import replace

import pytest

from communities.community import Community, CommunityKind, CommunityVisibility, JoinPolicy
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import CommunityChanged
from communities.founding import close_community, edit_community, found_community
from communities.membership import Role
from communities.people import ActorKey, ActorState
from communities.posting import publish
from tests.communities.village import NOW, Village


def plan(**fields: object) -> Community:
    community = Community(
        id=ActorKey(900),
        uri="https://home.example/g/900",
        localpart="honey",
        host=None,
        name="Honey",
    )
    return replace(community, **fields)  # type: ignore[arg-type]  # fields of a test


def test_the_founder_is_the_first_owner(village: Village) -> None:
    community = found_community(village.uow, plan(), village.ann.id, NOW)

    owner = village.uow.memberships.get(community.id, village.ann.id)
    assert owner is not None
    assert owner.role is Role.OWNER
    assert village.uow.events == [
        CommunityChanged(community_id=community.id, actor_id=village.ann.id)
    ]


def test_a_community_is_founded_once(village: Village) -> None:
    found_community(village.uow, plan(), village.ann.id, NOW)

    with pytest.raises(Conflict):
        found_community(village.uow, plan(), village.ann.id, NOW)


@pytest.mark.parametrize(
    "name", ["", "_node", "Bees", "a-b", "x" * 31, "é", "a b", "honey\n", "a/b"]
)
def test_a_name_has_its_own_grammar(village: Village, name: str) -> None:
    with pytest.raises(Invalid):
        found_community(village.uow, plan(localpart=name), village.ann.id, NOW)


@pytest.mark.parametrize("join", list(JoinPolicy), ids=str)
@pytest.mark.parametrize("visibility", list(CommunityVisibility), ids=str)
def test_a_community_that_hides_is_not_open_to_all(
    village: Village, visibility: CommunityVisibility, join: JoinPolicy
) -> None:
    """Spec: product 1.0."""
    refused = {
        (CommunityVisibility.PRIVATE, JoinPolicy.OPEN),
        (CommunityVisibility.SECRET, JoinPolicy.OPEN),
        (CommunityVisibility.SECRET, JoinPolicy.ASK),
    }
    wanted = plan(visibility=visibility, join=join)

    if (visibility, join) in refused:
        with pytest.raises(Invalid):
            found_community(village.uow, wanted, village.ann.id, NOW)
    else:
        assert found_community(village.uow, wanted, village.ann.id, NOW) == wanted


@pytest.mark.parametrize(
    "fields", [{"name": " "}, {"name": "x" * 501}, {"description_html": "x" * 100_001}]
)
def test_title_and_description_have_limits(village: Village, fields: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        found_community(village.uow, plan(**fields), village.ann.id, NOW)


def test_communities_are_made_by_people_of_this_node(village: Village) -> None:
    with pytest.raises(NotAllowed):
        found_community(village.uow, plan(), village.zoe.id, NOW)
    with pytest.raises(NotAllowed):
        found_community(village.uow, plan(host="far.example"), village.ann.id, NOW)


class TestEdit:
    """Changing what a community is."""

    @pytest.fixture
    def honey(self, village: Village) -> Community:
        """A public group that ann owns, with bob as moderator."""
        community = found_community(village.uow, plan(), village.ann.id, NOW)
        village.member(community, village.bob, Role.MODERATOR)
        village.uow.take_events()
        return community

    def test_an_owner_changes_policies_but_no_identity_once(
        self, village: Village, honey: Community
    ) -> None:
        wanted = replace(
            honey, name="Honey and jam", downvotes=False, uri="https://evil", localpart="jam"
        )

        done = [edit_community(village.uow, wanted, village.ann.id, NOW) for _ in range(2)]

        assert done == [True, False]
        assert village.uow.communities.rows[honey.id] == replace(
            honey, name="Honey and jam", downvotes=False
        )
        assert len(village.uow.events) == len(village.uow.reports.entries) == 1

    def test_moderators_do_not_change_policies(self, village: Village, honey: Community) -> None:
        with pytest.raises(NotAllowed) as caught:
            edit_community(village.uow, replace(honey, name="Jam"), village.bob.id, NOW)

        assert caught.value.reason is Reason.ROLE

    def test_nobody_makes_private_things_public(self, village: Village, honey: Community) -> None:
        private = replace(honey, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
        assert edit_community(village.uow, private, village.ann.id, NOW)

        with pytest.raises(Invalid):
            edit_community(village.uow, honey, village.ann.id, NOW)

    def test_a_page_never_becomes_a_group(self, village: Village, honey: Community) -> None:
        assert edit_community(
            village.uow, replace(honey, kind=CommunityKind.FORUM), village.ann.id, NOW
        )
        with pytest.raises(Invalid):
            edit_community(
                village.uow, replace(honey, kind=CommunityKind.PAGE), village.ann.id, NOW
            )

    def test_what_a_community_elsewhere_says_of_itself_is_recorded(self, village: Village) -> None:
        private = replace(village.far, visibility=CommunityVisibility.PRIVATE)

        assert edit_community(village.uow, private, village.far.id, NOW)
        assert edit_community(village.uow, village.far, village.zoe.id, NOW, village.far.id)

    def test_an_owner_of_ours_asks_a_community_elsewhere(self, village: Village) -> None:
        village.member(village.far, village.ann, Role.OWNER)

        assert edit_community(village.uow, replace(village.far, name="F"), village.ann.id, NOW)

        assert village.uow.communities.rows[village.far.id] == village.far
        (event,) = village.uow.events
        assert isinstance(event, CommunityChanged)
        assert event.requested

    def test_a_stranger_changes_nothing_elsewhere(self, village: Village) -> None:
        with pytest.raises(NotAllowed) as caught:
            edit_community(village.uow, replace(village.far, name="F"), village.zoe.id, NOW)

        assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_a_closed_community_is_gone_and_tells_whom_it_names(
        self, village: Village, honey: Community
    ) -> None:
        close_community(village.uow, honey.id, village.ann.id, NOW, also_tell=("a.example",))

        assert village.uow.communities.rows[honey.id].state is ActorState.DELETED
        (event,) = village.uow.events
        assert isinstance(event, CommunityChanged)
        assert (event.state, event.also_tell) == ("deleted", ("a.example",))
        with pytest.raises(NotFound):
            close_community(village.uow, honey.id, village.ann.id, NOW)
        with pytest.raises(NotFound):
            publish(village.uow, village.draft(village.ann, honey))

    def test_only_owners_close_and_only_here(self, village: Village, honey: Community) -> None:
        village.member(village.far, village.ann, Role.OWNER)

        with pytest.raises(NotAllowed) as caught:
            close_community(village.uow, honey.id, village.bob.id, NOW)
        assert caught.value.reason is Reason.ROLE
        with pytest.raises(NotAllowed) as caught:
            close_community(village.uow, village.far.id, village.ann.id, NOW)
        assert caught.value.reason is Reason.NOT_AUTHORITY
