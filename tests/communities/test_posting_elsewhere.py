"""Posts in communities of other servers: requests, facts and claims."""

from datetime import timedelta

import pytest

from communities.community import CommunityVisibility
from communities.errors import NotAllowed, NotFound, Reason
from communities.events import PostPublished, PostRemoved
from communities.posting import (
    PENDING_LIFETIME,
    expire,
    record_published,
    refuse,
    request_publish,
    submit,
)
from communities.posts import (
    Post,
    PostKey,
    PostState,
    Visibility,
)
from tests.communities.village import NOW, Village, refused


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

    def test_the_same_request_again_is_the_same_post(self, village: Village) -> None:
        command = village.draft(village.ann, village.far)
        post = request_publish(village.uow, command)
        village.uow.take_events()

        assert request_publish(village.uow, command) == post
        assert village.uow.events == []

    def test_there_is_nobody_to_ask_about_our_own_places(self, village: Village) -> None:
        for community in (None, village.bees):
            with pytest.raises(NotAllowed) as caught:
                request_publish(village.uow, village.draft(village.ann, community))
            assert caught.value.reason is Reason.NOT_AUTHORITY

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
        with pytest.raises(NotFound):
            refuse(village.uow, PostKey(999), NOW, village.far.id)

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
