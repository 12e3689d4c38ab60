"""Who may see what: examples, a reference model, and what is looked up."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communities.community import Community, CommunityVisibility
from communities.membership import MembershipState, Role
from communities.people import ActorKey, ActorState
from communities.posts import Post, PostContent, PostKey, PostKind, PostState, Visibility
from communities.roles import Standing
from communities.visibility import (
    ANONYMOUS,
    STRANGER,
    Relation,
    Viewer,
    can_see,
    can_see_community,
    may_relay,
    sees,
)
from tests.communities.village import FAR, NOW, PEER, Village

GROUP = Community(id=ActorKey(7), uri="g", localpart="g", host=None, name="G")
POST = Post(
    id=PostKey(1),
    uri="p",
    author_id=ActorKey(1),
    root_id=PostKey(1),
    kind=PostKind.NOTE,
    content=PostContent(),
    published_at=NOW,
)
GONE = {ActorState.SUSPENDED, ActorState.DELETED}

communities = st.none() | st.builds(
    lambda visibility, state: replace(GROUP, visibility=visibility, state=state),
    st.sampled_from(CommunityVisibility),
    st.sampled_from(ActorState),
)
relations = st.builds(
    Relation,
    author_state=st.sampled_from(ActorState),
    community=communities,
    standing=st.sampled_from(Standing),
    is_author=st.booleans(),
    follows_author=st.booleans(),
    is_recipient=st.booleans(),
    is_blocked=st.booleans(),
)
viewers = st.sampled_from(
    [
        ANONYMOUS,
        Viewer(person_id=ActorKey(2)),
        Viewer(person_id=ActorKey(2), staff=True),
        Viewer(host="peer.example"),
    ]
)


def expected(viewer: Viewer, post: Post, tie: Relation) -> bool:
    """The rules once more, as a list of everything that hides a post."""
    group = tie.community
    moderates = group is not None and tie.standing >= Standing.MODERATOR
    inside = tie.standing >= Standing.MEMBER
    hidden = [
        tie.author_state in GONE and not viewer.staff,
        group is not None and group.state in GONE and not viewer.staff,
        post.state is PostState.WITHDRAWN,
        post.state in (PostState.PENDING, PostState.REFUSED) and not tie.is_author,
        post.state is PostState.REMOVED and not (tie.is_author or moderates or viewer.staff),
    ]
    if not tie.is_author:
        audience = post.visibility
        hidden += [
            post.community_id is None and tie.is_blocked,
            audience is Visibility.DIRECT and not tie.is_recipient,
            audience is Visibility.FOLLOWERS and not (tie.follows_author or tie.is_recipient),
            audience is Visibility.MEMBERS and not inside,
            audience in (Visibility.PUBLIC, Visibility.UNLISTED)
            and group is not None
            and group.visibility in (CommunityVisibility.PRIVATE, CommunityVisibility.SECRET)
            and not inside,
        ]
    return not any(hidden)


@settings(max_examples=600)
@given(
    viewers,
    relations,
    st.sampled_from(Visibility),
    st.sampled_from(PostState),
)
def test_the_answer_is_that_of_the_reference_model(
    viewer: Viewer, tie: Relation, visibility: Visibility, state: PostState
) -> None:
    post = replace(
        POST,
        visibility=visibility,
        state=state,
        community_id=None if tie.community is None else tie.community.id,
    )

    assert can_see(viewer, post, tie) is expected(viewer, post, tie)


@given(relations, st.sampled_from(Visibility), st.sampled_from(PostState))
def test_staff_see_more_states_but_no_other_audience(
    tie: Relation, visibility: Visibility, state: PostState
) -> None:
    community_id = None if tie.community is None else tie.community.id
    post = replace(POST, visibility=visibility, state=state, community_id=community_id)
    person, staff = Viewer(person_id=ActorKey(2)), Viewer(person_id=ActorKey(2), staff=True)

    if can_see(person, post, tie):
        assert can_see(staff, post, tie)
    elif can_see(staff, post, tie):
        alive = replace(tie, author_state=ActorState.ACTIVE, community=tie.community)
        if tie.community is not None:
            alive = replace(alive, community=replace(tie.community, state=ActorState.ACTIVE))
        assert can_see(person, replace(post, state=PostState.PUBLISHED), alive)


def test_a_stranger_sees_what_is_public(village: Village) -> None:
    assert can_see(ANONYMOUS, POST, STRANGER)
    assert not can_see(ANONYMOUS, replace(POST, visibility=Visibility.FOLLOWERS), STRANGER)


class TestStored:
    """The same answer by what is stored."""

    def seers(self, village: Village, post: Post) -> set[str]:
        viewers = {
            "nobody": ANONYMOUS,
            "ann": Viewer(person_id=village.ann.id),
            "bob": Viewer(person_id=village.bob.id),
            "zoe": Viewer(person_id=village.zoe.id),
            "peer": Viewer(host=PEER),
            "far": Viewer(host=FAR),
            "staff": Viewer(person_id=village.person("root").id, staff=True),
        }
        return {name for name, viewer in viewers.items() if sees(village.uow, viewer, post, NOW)}

    def test_everyone_sees_a_public_post_in_a_public_group(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)

        assert self.seers(village, post) == {"nobody", "ann", "bob", "zoe", "peer", "far", "staff"}

    def test_members_and_their_servers_see_a_private_post(self, village: Village) -> None:
        """Spec: security PRV-01."""
        village.member(village.club, village.ann)
        village.member(village.club, village.zoe)
        post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

        assert self.seers(village, post) == {"ann", "zoe", "peer"}

    @pytest.mark.parametrize(
        "state",
        [
            MembershipState.REQUESTED,
            MembershipState.INVITED,
            MembershipState.LEFT,
            MembershipState.REFUSED,
            MembershipState.BANNED,
        ],
        ids=str,
    )
    def test_who_is_no_member_now_does_not_see_a_private_post(
        self, village: Village, state: MembershipState
    ) -> None:
        village.member(village.club, village.zoe, state=state)
        post = village.post(village.ann, village.club, visibility=Visibility.MEMBERS)

        assert self.seers(village, post) == {"ann"}

    def test_accepted_followers_and_their_servers_see_a_post_for_followers(
        self, village: Village
    ) -> None:
        village.follow(village.zoe, village.ann)
        post = village.post(village.ann, visibility=Visibility.FOLLOWERS, to=(village.bob,))

        assert self.seers(village, post) == {"ann", "bob", "zoe", "peer"}

    def test_recipients_and_their_servers_see_a_direct_message(self, village: Village) -> None:
        post = village.post(village.ann, visibility=Visibility.DIRECT, to=(village.zoe,))

        assert self.seers(village, post) == {"ann", "zoe", "peer"}

    def test_moderators_see_what_was_removed(self, village: Village) -> None:
        village.member(village.bees, village.bob, Role.MODERATOR)
        post = village.post(village.ann, village.bees, state=PostState.REMOVED)

        assert self.seers(village, post) == {"ann", "bob", "staff"}

    def test_a_community_elsewhere_sees_what_was_posted_in_it(self, village: Village) -> None:
        far = village.change(village.far, visibility=CommunityVisibility.PRIVATE)
        post = village.post(village.ann, far, visibility=Visibility.MEMBERS)

        assert self.seers(village, post) == {"ann", "far"}

    def test_only_its_author_sees_a_pending_post(self, village: Village) -> None:
        post = village.post(village.ann, village.far, state=PostState.PENDING)

        assert self.seers(village, post) == {"ann"}

    def test_a_page_sees_what_was_removed_in_it(self, village: Village) -> None:
        post = village.post(village.zoe, village.bees, state=PostState.REMOVED)

        assert sees(village.uow, Viewer(person_id=village.bees.id), post, NOW)

    def test_whom_the_author_blocked_sees_only_what_is_in_communities(
        self, village: Village
    ) -> None:
        village.block(village.ann, village.bob)

        assert "bob" not in self.seers(village, village.post(village.ann))
        assert "bob" in self.seers(village, village.post(village.ann, village.bees))

    def test_posts_of_a_suspended_person_are_gone_but_for_staff(self, village: Village) -> None:
        post = village.post(village.ann)
        village.suspend(village.ann)

        assert self.seers(village, post) == {"staff"}


@pytest.mark.parametrize(
    ("visibility", "relayed_in_public", "relayed_in_private"),
    [
        (Visibility.PUBLIC, True, True),
        (Visibility.UNLISTED, True, True),
        (Visibility.FOLLOWERS, False, False),
        (Visibility.MEMBERS, False, True),
        (Visibility.DIRECT, False, False),
    ],
)
def test_a_community_relays_what_is_meant_for_all_of_it(
    village: Village, visibility: Visibility, relayed_in_public: bool, relayed_in_private: bool
) -> None:
    """Spec: security PRV-04. A private community may have been open when the post came."""
    for community, relayed in (
        (village.bees, relayed_in_public),
        (village.club, relayed_in_private),
    ):
        post = village.post(village.ann, community, visibility=visibility)
        assert may_relay(post, community) is relayed


def test_only_published_posts_of_its_own_are_relayed_by_an_open_authority(
    village: Village,
) -> None:
    post = village.post(village.ann, village.bees)

    assert not may_relay(post, village.community("wasps"))
    assert not may_relay(post, replace(village.bees, state=ActorState.SUSPENDED))
    assert not may_relay(village.post(village.ann, village.far), village.far)
    for state in set(PostState) - {PostState.PUBLISHED}:
        assert not may_relay(replace(post, state=state), village.bees)


@pytest.mark.parametrize(
    ("state", "known"),
    [
        (MembershipState.MEMBER, True),
        (MembershipState.INVITED, True),
        (MembershipState.REQUESTED, False),
        (MembershipState.LEFT, False),
        (MembershipState.BANNED, False),
    ],
)
def test_a_secret_community_is_known_to_members_and_invited(
    village: Village, state: MembershipState, known: bool
) -> None:
    secret = village.change(village.club, visibility=CommunityVisibility.SECRET)

    assert can_see_community(secret, village.member(secret, village.zoe, state=state), NOW) is known


def test_everyone_knows_of_a_private_community_but_not_of_a_suspended_one(
    village: Village,
) -> None:
    suspended = replace(village.bees, state=ActorState.SUSPENDED)

    assert can_see_community(village.club, None, NOW)
    assert not can_see_community(
        replace(village.club, visibility=CommunityVisibility.SECRET), None, NOW
    )
    assert not can_see_community(suspended, None, NOW)
    assert can_see_community(suspended, None, NOW, staff=True)
