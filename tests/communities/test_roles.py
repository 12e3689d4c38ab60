"""Who may do what: the table, the policies, bans and suspensions."""

from datetime import timedelta

import pytest

from communities.authority import Case, decide, refuse_claim
from communities.community import CommunityVisibility, PostingPolicy
from communities.errors import NotAllowed, Reason
from communities.membership import MembershipState, Role
from communities.people import ActorState
from communities.roles import Action, Standing, may, refusal, require, standing
from tests.communities.village import NOW, Village

OF_MEMBERS = {
    Action.READ,
    Action.POST,
    Action.COMMENT,
    Action.REACT,
    Action.REPORT,
    Action.EDIT_OWN,
}
OF_MODERATORS = OF_MEMBERS | {
    Action.SEE_REMOVED,
    Action.REMOVE,
    Action.LOCK,
    Action.PIN,
    Action.BAN,
    Action.INVITE,
    Action.ADMIT,
    Action.RESOLVE_REPORT,
    Action.ADD_MODERATOR,
    Action.ACT_AS,
}


@pytest.mark.parametrize(
    ("held", "actions"),
    [
        (Standing.BANNED, {Action.READ, Action.REPORT}),
        (Standing.VISITOR, OF_MEMBERS),
        (Standing.PENDING, OF_MEMBERS),
        (Standing.MEMBER, OF_MEMBERS),
        (Standing.MODERATOR, OF_MODERATORS),
        (Standing.OWNER, set(Action)),
    ],
)
def test_what_one_may_in_a_public_group(
    village: Village, held: Standing, actions: set[Action]
) -> None:
    allowed = {action for action in Action if refusal(village.bees, held, action) is None}

    assert allowed == actions


@pytest.mark.parametrize(
    ("held", "actions"),
    [
        (Standing.BANNED, set()),
        (Standing.VISITOR, set()),
        (Standing.PENDING, set()),
        (Standing.MEMBER, OF_MEMBERS),
        (Standing.MODERATOR, OF_MODERATORS),
        (Standing.OWNER, set(Action)),
    ],
)
@pytest.mark.parametrize("visibility", [CommunityVisibility.PRIVATE, CommunityVisibility.SECRET])
def test_what_one_may_in_a_private_group(
    village: Village, visibility: CommunityVisibility, held: Standing, actions: set[Action]
) -> None:
    club = village.change(village.club, visibility=visibility)

    assert {action for action in Action if refusal(club, held, action) is None} == actions


@pytest.mark.parametrize("policy", list(PostingPolicy), ids=str)
@pytest.mark.parametrize("action", list(Action), ids=str)
def test_a_higher_standing_never_may_less(
    village: Village, policy: PostingPolicy, action: Action
) -> None:
    for community in (village.bees, village.club):
        strict = village.change(community, posting=policy)
        allowed = [refusal(strict, held, action) is None for held in Standing]
        if action is Action.READ:
            allowed = allowed[1:]  # the banned still read what everyone reads

        assert allowed == sorted(allowed)


@pytest.mark.parametrize(
    ("held", "action", "reason"),
    [
        (Standing.BANNED, Action.POST, Reason.BANNED),
        (Standing.PENDING, Action.POST, Reason.PENDING),
        (Standing.VISITOR, Action.POST, Reason.NOT_A_MEMBER),
        (Standing.VISITOR, Action.REMOVE, Reason.ROLE),
        (Standing.MEMBER, Action.REMOVE, Reason.ROLE),
        (Standing.MODERATOR, Action.CHANGE_OWNERS, Reason.ROLE),
    ],
)
def test_a_refusal_says_why(
    village: Village, held: Standing, action: Action, reason: Reason
) -> None:
    assert refusal(village.club, held, action) is reason


@pytest.mark.parametrize(
    ("state", "role", "held"),
    [
        (MembershipState.MEMBER, Role.OWNER, Standing.OWNER),
        (MembershipState.MEMBER, Role.MODERATOR, Standing.MODERATOR),
        (MembershipState.MEMBER, Role.MEMBER, Standing.MEMBER),
        (MembershipState.REQUESTED, Role.MEMBER, Standing.PENDING),
        (MembershipState.INVITED, Role.MEMBER, Standing.VISITOR),
        (MembershipState.REFUSED, Role.MEMBER, Standing.VISITOR),
        (MembershipState.LEFT, Role.MODERATOR, Standing.VISITOR),
        (MembershipState.BANNED, Role.MODERATOR, Standing.BANNED),
    ],
)
def test_only_members_hold_a_role(
    village: Village, state: MembershipState, role: Role, held: Standing
) -> None:
    assert standing(village.member(village.bees, village.ann, role, state=state), NOW) is held


def test_a_ban_counts_until_its_end(village: Village) -> None:
    village.ban(village.bees, village.ann, until=NOW)
    membership = village.uow.memberships.get(village.bees.id, village.ann.id)

    assert standing(membership, NOW - timedelta(seconds=1)) is Standing.BANNED
    assert standing(membership, NOW) is Standing.VISITOR


@pytest.mark.parametrize("state", [ActorState.SUSPENDED, ActorState.DELETED, ActorState.MOVED])
@pytest.mark.parametrize("action", list(Action), ids=str)
def test_a_suspended_owner_may_nothing(village: Village, state: ActorState, action: Action) -> None:
    owner = village.member(village.bees, village.ann, Role.OWNER)
    assert may(village.bees, village.ann, owner, action, NOW)
    village.uow.people.set_state(village.ann.id, state)
    suspended = village.uow.people.rows[village.ann.id]

    assert not may(village.bees, suspended, owner, action, NOW)
    with pytest.raises(NotAllowed) as caught:
        require(village.uow, village.bees, suspended, action, NOW)
    assert caught.value.reason is Reason.SUSPENDED


def test_a_community_stands_in_itself_as_an_owner(village: Village) -> None:
    assert may(village.bees, village.bees, None, Action.EDIT_COMMUNITY, NOW)
    assert require(village.uow, village.bees, village.bees, Action.PIN, NOW) is Standing.OWNER


def test_administrators_of_the_authors_server_are_nobody_here(village: Village) -> None:
    admin = village.person("admin", village.zoe.host)

    with pytest.raises(NotAllowed):
        require(village.uow, village.bees, admin, Action.REMOVE, NOW)


class TestDecide:
    """Commands, requests, facts and claims."""

    def test_the_place_and_the_teller_make_the_case(self, village: Village) -> None:
        ann, zoe, bees, far = village.ann, village.zoe, village.bees, village.far

        assert decide(None, ann, None) is Case.COMMAND
        assert decide(None, zoe, None) is Case.COMMAND
        assert decide(bees, ann, None) is Case.COMMAND
        assert decide(bees, zoe, None) is Case.COMMAND
        assert decide(far, ann, None) is Case.REQUEST
        assert decide(far, zoe, None) is Case.CLAIM
        assert decide(far, ann, far.id) is Case.FACT
        assert decide(far, zoe, far.id) is Case.FACT
        assert decide(far, far, None) is Case.FACT

    def test_nobody_but_the_community_announces(self, village: Village) -> None:
        for community, teller in [
            (None, village.far.id),
            (village.bees, village.bees.id),
            (village.bees, village.far.id),
            (village.far, village.bees.id),
            (village.far, village.zoe.id),
        ]:
            with pytest.raises(NotAllowed) as caught:
                decide(community, village.zoe, teller)
            assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_only_claims_are_refused_as_claims(self) -> None:
        for case in (Case.COMMAND, Case.REQUEST, Case.FACT):
            refuse_claim(case)
        with pytest.raises(NotAllowed):
            refuse_claim(Case.CLAIM)
