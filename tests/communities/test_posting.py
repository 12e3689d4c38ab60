"""Publishing: commands, requests and facts, and what each of them refuses."""

from datetime import timedelta

import pytest

from communities.community import CommunityVisibility, PostingPolicy
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PostPublished, PostRemoved
from communities.limits import MAX_TEXT_BYTES, MAX_TITLE
from communities.membership import MembershipState, Role
from communities.people import ActorState
from communities.placing import MAX_DEPTH
from communities.posting import (
    PENDING_LIFETIME,
    PublishPost,
    expire,
    publish,
    record_published,
    refuse,
    request_publish,
    submit,
)
from communities.posts import (
    Poll,
    PollOption,
    Post,
    PostContent,
    PostKind,
    PostState,
    Visibility,
)
from tests.communities.village import NOW, Village


def refused(village: Village, command: PublishPost) -> Reason:
    with pytest.raises(NotAllowed) as caught:
        publish(village.uow, command)
    assert village.uow.events == []
    assert village.uow.posts.get(command.id) is None
    return caught.value.reason


def test_publishing_stores_the_post_and_tells(village: Village) -> None:
    command = village.draft(village.ann, village.bees)

    post = publish(village.uow, command)

    assert village.stored(post) == post
    assert (post.state, post.root_id, post.depth) == (PostState.PUBLISHED, post.id, 0)
    assert village.uow.events == [
        PostPublished(post_id=post.id, author_id=village.ann.id, community_id=village.bees.id)
    ]


def test_publishing_the_same_uri_again_answers_the_first_post_and_tells_nobody(
    village: Village,
) -> None:
    first = publish(village.uow, village.draft(village.zoe, village.bees, uri="https://p/1"))
    village.uow.take_events()

    again = publish(village.uow, village.draft(village.zoe, village.bees, uri="https://p/1"))

    assert again == first
    assert village.uow.events == []
    assert len(village.uow.posts.rows) == 1


def test_another_author_cannot_take_over_an_object_id(village: Village) -> None:
    publish(village.uow, village.draft(village.zoe, village.bees, uri="https://p/1"))

    with pytest.raises(Conflict):
        publish(village.uow, village.draft(village.bob, village.bees, uri="https://p/1"))


def test_a_post_deleted_before_it_came_is_not_stored(village: Village) -> None:
    """Spec: security GRP-12."""
    village.uow.posts.forgotten.add("https://p/1")

    with pytest.raises(NotFound):
        publish(village.uow, village.draft(village.zoe, village.bees, uri="https://p/1"))


def test_someone_elsewhere_who_never_joined_may_post_in_a_public_group(village: Village) -> None:
    post = publish(village.uow, village.draft(village.zoe, village.bees))

    assert post.state is PostState.PUBLISHED


def test_a_banned_person_cannot_post(village: Village) -> None:
    village.ban(village.bees, village.zoe)

    assert refused(village, village.draft(village.zoe, village.bees)) is Reason.BANNED


def test_a_ban_that_ran_out_does_not_count(village: Village) -> None:
    village.ban(village.bees, village.zoe, until=NOW - timedelta(seconds=1))

    assert (
        publish(village.uow, village.draft(village.zoe, village.bees)).state is PostState.PUBLISHED
    )


def test_a_ban_that_still_runs_counts(village: Village) -> None:
    village.ban(village.bees, village.zoe, until=NOW + timedelta(seconds=1))

    assert refused(village, village.draft(village.zoe, village.bees)) is Reason.BANNED


def test_a_stranger_cannot_post_in_a_private_group(village: Village) -> None:
    """Spec: security GRP-08."""
    assert refused(village, village.draft(village.zoe, village.club)) is Reason.NOT_A_MEMBER


def test_a_candidate_cannot_post_in_a_private_group(village: Village) -> None:
    village.member(village.club, village.zoe, state=MembershipState.REQUESTED)

    assert refused(village, village.draft(village.zoe, village.club)) is Reason.PENDING


def test_what_a_member_posts_in_a_private_group_is_for_members(village: Village) -> None:
    village.member(village.club, village.zoe)

    post = publish(village.uow, village.draft(village.zoe, village.club))

    assert post.visibility is Visibility.MEMBERS


@pytest.mark.parametrize(
    ("policy", "role", "reason"),
    [
        (PostingPolicy.MEMBERS, None, Reason.NOT_A_MEMBER),
        (PostingPolicy.MEMBERS, Role.MEMBER, None),
        (PostingPolicy.MODERATORS, Role.MEMBER, Reason.ROLE),
        (PostingPolicy.MODERATORS, Role.MODERATOR, None),
        (PostingPolicy.MODERATORS, Role.OWNER, None),
    ],
)
def test_the_posting_policy_says_who_may_start_a_thread(
    village: Village, policy: PostingPolicy, role: Role | None, reason: Reason | None
) -> None:
    bees = village.change(village.bees, posting=policy)
    if role is not None:
        village.member(bees, village.ann, role)
    command = village.draft(village.ann, bees)

    if reason is None:
        assert publish(village.uow, command).author_id == village.ann.id
    else:
        assert refused(village, command) is reason


def test_readers_may_comment_where_only_moderators_start_threads(village: Village) -> None:
    page = village.change(village.bees, posting=PostingPolicy.MODERATORS)
    news = village.post(village.bob, page)

    comment = publish(village.uow, village.draft(village.zoe, parent=news))

    assert comment.parent_id == news.id


def test_a_page_posts_as_itself(village: Village) -> None:
    page = village.change(village.bees, posting=PostingPolicy.MODERATORS)

    assert publish(village.uow, village.draft(page, page)).author_id == page.id


@pytest.mark.parametrize(
    "state", [ActorState.SUSPENDED, ActorState.DELETED, ActorState.MOVED], ids=str
)
def test_a_suspended_or_gone_person_cannot_post(village: Village, state: ActorState) -> None:
    village.uow.people.set_state(village.ann.id, state)

    assert refused(village, village.draft(village.ann, village.bees)) is Reason.SUSPENDED
    assert refused(village, village.draft(village.ann)) is Reason.SUSPENDED


def test_nobody_posts_in_a_suspended_community(village: Village) -> None:
    village.suspend(village.bees)

    assert refused(village, village.draft(village.ann, village.bees)) is Reason.SUSPENDED


def test_a_closed_community_is_not_there(village: Village) -> None:
    village.change(village.bees, state=ActorState.DELETED)

    with pytest.raises(NotFound):
        publish(village.uow, village.draft(village.ann, village.bees))


class TestComments:
    """What answers another post."""

    def test_a_comment_goes_below_its_parent_in_the_same_community(self, village: Village) -> None:
        root = village.post(village.ann, village.bees)
        first = publish(village.uow, village.draft(village.bob, parent=root))

        second = publish(village.uow, village.draft(village.zoe, parent=first))

        assert (second.community_id, second.root_id) == (village.bees.id, root.id)
        assert (second.parent_id, second.parent_uri, second.depth) == (first.id, first.uri, 2)

    def test_a_parent_can_be_named_by_its_object_id(self, village: Village) -> None:
        root = village.post(village.ann, village.bees)

        comment = publish(village.uow, village.draft(village.zoe, parent_uri=root.uri))

        assert comment.parent_id == root.id

    def test_a_comment_cannot_move_to_another_community(self, village: Village) -> None:
        """Spec: security GRP-10."""
        root = village.post(village.ann, village.bees)
        other = village.community("wasps")

        with pytest.raises(Invalid):
            publish(village.uow, village.draft(village.zoe, other, parent=root))

    def test_an_answer_to_an_unknown_post_cannot_enter_a_community(self, village: Village) -> None:
        with pytest.raises(NotFound):
            publish(village.uow, village.draft(village.zoe, village.bees, parent_uri="https://x/1"))

    def test_an_answer_to_an_unknown_post_may_stand_on_its_own(self, village: Village) -> None:
        post = publish(village.uow, village.draft(village.zoe, parent_uri="https://x/1"))

        assert (post.parent_id, post.parent_uri, post.root_id) == (None, "https://x/1", post.id)

    def test_a_locked_thread_takes_no_comments(self, village: Village) -> None:
        root = village.post(village.ann, village.bees, locked=True)
        below = village.post(village.bob, village.bees, parent=root)

        assert refused(village, village.draft(village.zoe, parent=root)) is Reason.LOCKED
        assert refused(village, village.draft(village.zoe, parent=below)) is Reason.LOCKED

    def test_a_moderator_may_comment_in_a_locked_thread(self, village: Village) -> None:
        village.member(village.bees, village.bob, Role.MODERATOR)
        root = village.post(village.ann, village.bees, locked=True)

        assert (
            publish(village.uow, village.draft(village.bob, parent=root)).state
            is PostState.PUBLISHED
        )

    @pytest.mark.parametrize("state", [PostState.REMOVED, PostState.WITHDRAWN], ids=str)
    def test_a_deleted_post_takes_no_comments(self, village: Village, state: PostState) -> None:
        root = village.post(village.ann, village.bees, state=state)

        assert refused(village, village.draft(village.bob, parent=root)) is Reason.REMOVED

    def test_comments_nest_no_deeper_than_the_limit(self, village: Village) -> None:
        post = village.post(village.ann, village.bees)
        for _ in range(MAX_DEPTH):
            post = village.post(village.ann, village.bees, parent=post)
        assert post.depth == MAX_DEPTH

        deeper = publish(village.uow, village.draft(village.bob, parent=post))

        assert deeper.depth == MAX_DEPTH
        assert (deeper.parent_id, deeper.parent_uri) == (post.parent_id, post.uri)

    def test_a_post_for_followers_is_not_there_for_a_stranger_who_answers(
        self, village: Village
    ) -> None:
        post = village.post(village.ann, visibility=Visibility.FOLLOWERS)

        with pytest.raises(NotFound):
            publish(village.uow, village.draft(village.zoe, parent=post))

    def test_a_follower_may_answer_a_post_for_followers(self, village: Village) -> None:
        village.follow(village.zoe, village.ann)
        post = village.post(village.ann, visibility=Visibility.FOLLOWERS)

        assert (
            publish(village.uow, village.draft(village.zoe, parent=post)).state
            is PostState.PUBLISHED
        )

    def test_whom_the_author_blocked_cannot_answer_outside_communities(
        self, village: Village
    ) -> None:
        post = village.post(village.ann)
        village.block(village.ann, village.zoe)

        with pytest.raises(NotFound):
            publish(village.uow, village.draft(village.zoe, parent=post))


class TestDirectMessages:
    """Posts for those they name."""

    def test_a_direct_message_reaches_those_it_names(self, village: Village) -> None:
        post = publish(
            village.uow,
            village.draft(village.zoe, visibility=Visibility.DIRECT, to=(village.ann, village.bob)),
        )

        assert village.uow.posts.recipients(post.id) == (village.ann.id, village.bob.id)

    def test_who_blocked_the_author_gets_no_direct_message(self, village: Village) -> None:
        """Spec: security PRV-13."""
        village.block(village.ann, village.zoe)
        both = village.draft(
            village.zoe, visibility=Visibility.DIRECT, to=(village.ann, village.bob)
        )

        post = publish(village.uow, both)

        assert village.uow.posts.recipients(post.id) == (village.bob.id,)

    def test_a_direct_message_to_someone_who_blocked_the_author_is_refused(
        self, village: Village
    ) -> None:
        village.block(village.ann, village.zoe)
        command = village.draft(village.zoe, visibility=Visibility.DIRECT, to=(village.ann,))

        assert refused(village, command) is Reason.BLOCKED

    def test_a_direct_message_names_someone(self, village: Village) -> None:
        with pytest.raises(Invalid):
            publish(village.uow, village.draft(village.zoe, visibility=Visibility.DIRECT))

    def test_a_private_answer_to_a_public_post_stays_out_of_the_thread(
        self, village: Village
    ) -> None:
        root = village.post(village.ann, village.bees)
        command = village.draft(
            village.zoe, parent=root, visibility=Visibility.DIRECT, to=(village.ann,)
        )

        post = publish(village.uow, command)

        assert (post.community_id, post.parent_id, post.root_id) == (None, None, post.id)
        assert post.parent_uri == root.uri

    def test_an_answer_to_a_direct_message_cannot_be_public(self, village: Village) -> None:
        message = village.post(village.ann, visibility=Visibility.DIRECT, to=(village.zoe,))

        with pytest.raises(Invalid):
            publish(village.uow, village.draft(village.zoe, parent=message))

    def test_a_third_person_cannot_answer_a_direct_message(self, village: Village) -> None:
        message = village.post(village.ann, visibility=Visibility.DIRECT, to=(village.zoe,))
        command = village.draft(
            village.bob, parent=message, visibility=Visibility.DIRECT, to=(village.ann,)
        )

        with pytest.raises(NotFound):
            publish(village.uow, command)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (PostContent(title="t" * (MAX_TITLE + 1)), "title"),
        (PostContent(html="é" * (MAX_TEXT_BYTES // 2 + 1)), "html"),
        (PostContent(source="s" * (MAX_TEXT_BYTES + 1)), "source"),
        (PostContent(hashtags=tuple(map(str, range(51)))), "hashtags"),
        (PostContent(poll=Poll(options=())), "poll"),
        (PostContent(poll=Poll(options=(PollOption(name="a"), PollOption(name="a")))), "poll"),
    ],
)
def test_content_over_the_limits_is_refused_by_its_field(
    village: Village, content: PostContent, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        publish(village.uow, village.draft(village.ann, village.bees, content=content))

    assert caught.value.field == field


def test_a_question_without_choices_is_refused(village: Village) -> None:
    with pytest.raises(Invalid):
        publish(village.uow, village.draft(village.ann, kind=PostKind.QUESTION))


class TestElsewhere:
    """Communities that another server decides about."""

    def test_a_command_cannot_decide_for_a_community_elsewhere(self, village: Village) -> None:
        assert refused(village, village.draft(village.ann, village.far)) is Reason.NOT_AUTHORITY

    def test_a_request_is_pending_and_asks_to_be_told(self, village: Village) -> None:
        post = request_publish(village.uow, village.draft(village.ann, village.far))

        assert post.state is PostState.PENDING
        assert village.uow.events == [
            PostPublished(
                post_id=post.id,
                author_id=village.ann.id,
                community_id=village.far.id,
                requested=True,
            )
        ]

    def test_a_request_that_will_be_refused_is_refused_at_once(self, village: Village) -> None:
        village.ban(village.far, village.ann)

        with pytest.raises(NotAllowed) as caught:
            request_publish(village.uow, village.draft(village.ann, village.far))

        assert caught.value.reason is Reason.BANNED

    def test_nobody_elsewhere_requests_through_us(self, village: Village) -> None:
        with pytest.raises(NotAllowed):
            request_publish(village.uow, village.draft(village.zoe, village.far))

    def test_the_announcement_publishes_a_pending_post_once(self, village: Village) -> None:
        command = village.draft(village.ann, village.far)
        post = request_publish(village.uow, command)
        village.uow.take_events()

        record_published(village.uow, command, announced=True)
        again = record_published(village.uow, command, announced=True)

        assert again.state is PostState.PUBLISHED
        assert village.stored(post).state is PostState.PUBLISHED
        assert village.uow.events == [
            PostPublished(post_id=post.id, author_id=village.ann.id, community_id=village.far.id)
        ]

    def test_an_announced_post_of_someone_elsewhere_is_published(self, village: Village) -> None:
        post = record_published(
            village.uow, village.draft(village.zoe, village.far), announced=True
        )

        assert village.stored(post).state is PostState.PUBLISHED
        assert len(village.uow.events) == 1

    def test_a_claim_waits_in_silence_for_its_announcement(self, village: Village) -> None:
        fact = village.draft(village.zoe, village.far)

        post = record_published(village.uow, fact, announced=False)

        assert (village.stored(post).state, village.uow.events) == (PostState.PENDING, [])
        record_published(village.uow, fact, announced=True)
        assert village.stored(post).state is PostState.PUBLISHED
        assert len(village.uow.events) == 1

    def test_a_fact_asks_no_rules_of_ours_but_our_suspensions(self, village: Village) -> None:
        village.ban(village.far, village.zoe)
        root = village.post(village.ann, village.far, locked=True)
        fact = village.draft(village.zoe, parent=root)

        assert record_published(village.uow, fact, announced=True).parent_id == root.id

        village.suspend(village.zoe)
        with pytest.raises(NotAllowed) as caught:
            record_published(village.uow, village.draft(village.zoe, village.far), announced=True)
        assert caught.value.reason is Reason.SUSPENDED

    def test_nobody_tells_us_facts_about_our_own_community(self, village: Village) -> None:
        with pytest.raises(NotAllowed) as caught:
            record_published(village.uow, village.draft(village.zoe, village.bees), announced=True)

        assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_another_communitys_announcement_does_not_publish_a_pending_post(
        self, village: Village
    ) -> None:
        command = village.draft(village.ann, village.far)
        post = request_publish(village.uow, command)
        evil = village.community("evil", host="evil.example")
        fact = village.draft(village.ann, evil, uri=command.uri)

        record_published(village.uow, fact, announced=True)

        assert village.stored(post).state is PostState.PENDING

    def test_posts_of_a_private_community_elsewhere_are_for_members(self, village: Village) -> None:
        far = village.change(village.far, visibility=CommunityVisibility.PRIVATE)

        post = record_published(village.uow, village.draft(village.zoe, far), announced=True)

        assert post.visibility is Visibility.MEMBERS

    def test_only_the_community_itself_refuses_a_pending_post(self, village: Village) -> None:
        post = request_publish(village.uow, village.draft(village.ann, village.far))
        village.uow.take_events()

        with pytest.raises(NotAllowed):
            refuse(village.uow, post.id, NOW, village.zoe.id)
        assert refuse(village.uow, post.id, NOW, village.far.id, "off topic")

        assert village.stored(post).state is PostState.REFUSED
        assert village.uow.take_events() == [
            PostRemoved(
                post_id=post.id,
                moderator_id=village.far.id,
                community_id=village.far.id,
                removed=True,
                reason="off topic",
            )
        ]
        assert not refuse(village.uow, post.id, NOW, village.far.id)

    def test_a_pending_post_expires_when_nobody_answers(self, village: Village) -> None:
        post = request_publish(village.uow, village.draft(village.ann, village.far))

        early = expire(village.uow, post.id, NOW + PENDING_LIFETIME - timedelta(seconds=1))
        late = expire(village.uow, post.id, NOW + PENDING_LIFETIME)

        assert (early, late) == (False, True)
        assert village.stored(post).state is PostState.REFUSED

    def test_a_published_post_does_not_expire(self, village: Village) -> None:
        post = village.post(village.zoe, village.far)

        assert not expire(village.uow, post.id, NOW + 2 * PENDING_LIFETIME)


class TestSubmit:
    """The function that finds the case by itself."""

    def state(self, village: Village, post: Post) -> PostState:
        return village.stored(post).state

    def test_each_case_ends_in_its_own_state(self, village: Village) -> None:
        uow = village.uow

        ours = submit(uow, village.draft(village.zoe, village.bees))
        asked = submit(uow, village.draft(village.ann, village.far))
        told = submit(uow, village.draft(village.zoe, village.far), village.far.id)
        claimed = submit(uow, village.draft(village.zoe, village.far))

        assert [self.state(village, post) for post in (ours, asked, told, claimed)] == [
            PostState.PUBLISHED,
            PostState.PENDING,
            PostState.PUBLISHED,
            PostState.PENDING,
        ]

    def test_the_announcement_confirms_what_was_submitted(self, village: Village) -> None:
        command = village.draft(village.ann, village.far)
        post = submit(village.uow, command)

        submit(village.uow, command, village.far.id)

        assert self.state(village, post) is PostState.PUBLISHED

    def test_only_the_community_itself_announces(self, village: Village) -> None:
        with pytest.raises(NotAllowed) as caught:
            submit(village.uow, village.draft(village.zoe, village.far), village.bees.id)

        assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_submitting_again_answers_the_first_post(self, village: Village) -> None:
        command = village.draft(village.zoe, village.bees)
        first = submit(village.uow, command)
        village.uow.take_events()

        assert submit(village.uow, command) == first
        assert village.uow.events == []
