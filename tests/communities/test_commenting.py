"""Comments: where they go, what cannot be answered; and direct messages."""

import pytest

from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.membership import Role
from communities.placing import MAX_DEPTH
from communities.posting import (
    publish,
    request_publish,
)
from communities.posts import (
    PostState,
    Visibility,
)
from tests.communities.village import Village, refused


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

    def test_a_parent_that_is_not_there_cannot_be_answered(self, village: Village) -> None:
        gone = village.post(village.ann, village.bees)
        village.uow.posts.rows.clear()

        with pytest.raises(NotFound):
            publish(village.uow, village.draft(village.zoe, parent=gone))

    def test_an_answer_is_never_for_more_people_than_what_it_answers(
        self, village: Village
    ) -> None:
        village.member(village.bees, village.zoe)
        root = village.post(village.ann, village.bees, visibility=Visibility.MEMBERS)

        comment = publish(village.uow, village.draft(village.zoe, parent=root))

        assert comment.visibility is Visibility.MEMBERS

    def test_what_waits_for_its_community_cannot_be_answered_yet(self, village: Village) -> None:
        waiting = village.post(village.ann, village.far, state=PostState.PENDING)

        with pytest.raises(NotAllowed) as caught:
            request_publish(village.uow, village.draft(village.ann, parent=waiting))

        assert caught.value.reason is Reason.PENDING

    def test_the_author_may_go_on_in_a_thread_of_their_own_that_they_locked(
        self, village: Village
    ) -> None:
        root = village.post(village.ann, locked=True)

        assert publish(village.uow, village.draft(village.ann, parent=root)).parent_id == root.id
        village.uow.take_events()
        assert refused(village, village.draft(village.zoe, parent=root)) is Reason.LOCKED


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

    def test_a_post_names_only_so_many_people(self, village: Village) -> None:
        crowd = tuple(village.person(f"p{number}") for number in range(101))

        with pytest.raises(Invalid):
            publish(village.uow, village.draft(village.zoe, to=crowd))

    def test_everyone_is_named_once(self, village: Village) -> None:
        post = publish(village.uow, village.draft(village.zoe, to=(village.ann, village.ann)))

        assert village.uow.posts.recipients(post.id) == (village.ann.id,)

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
