"""Editing and withdrawing one's own posts, and deletions that come first."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from communities.editing import EditPost, edit, forget, withdraw
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.events import PostEdited, PostWithdrawn
from communities.limits import MAX_TITLE
from communities.people import Person
from communities.polls import record_poll_counts, vote
from communities.posting import publish
from communities.posts import Poll, PollOption, Post, PostContent, PostKind, PostState, Visibility
from tests.communities.village import NOW, Village

NEW = PostContent(html="<p>Better</p>")
POLL = Poll(options=(PollOption(name="honey"), PollOption(name="jam")))


def change(
    editor: Person,
    post: Post,
    content: PostContent = NEW,
    *,
    edited_at: datetime = NOW,
    at: datetime = NOW,
) -> EditPost:
    return EditPost(
        post_id=post.id, editor_id=editor.id, content=content, edited_at=edited_at, at=at
    )


def test_an_edit_replaces_the_content_keeps_the_old_and_tells_once(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    assert edit(village.uow, change(village.zoe, post))
    assert not edit(village.uow, change(village.zoe, post))

    stored = village.stored(post)
    assert (stored.content, stored.edited_at) == (NEW, NOW)
    assert village.uow.posts.revisions[post.id] == [post.content]
    assert village.uow.events == [
        PostEdited(post_id=post.id, editor_id=village.zoe.id, community_id=village.bees.id)
    ]


def test_everything_but_content_and_time_of_edit_stays(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    edit(village.uow, change(village.zoe, post))

    assert replace(village.stored(post), content=post.content, edited_at=None) == post


def test_an_edit_older_than_what_is_stored_is_ignored(village: Village) -> None:
    """Spec: security ORI-08."""
    post = village.post(village.zoe, village.bees)
    edit(village.uow, change(village.zoe, post))
    older = PostContent(html="<p>Older</p>")

    assert not edit(
        village.uow, change(village.zoe, post, older, edited_at=NOW - timedelta(seconds=1))
    )
    assert not edit(
        village.uow, change(village.zoe, post, older, edited_at=post.published_at - timedelta(1))
    )

    assert village.stored(post).content == NEW


def test_a_time_in_the_future_does_not_shut_out_later_edits(village: Village) -> None:
    post = village.post(village.zoe, village.bees)
    edit(village.uow, change(village.zoe, post, edited_at=NOW + timedelta(days=9999)))
    later = NOW + timedelta(minutes=1)

    assert edit(village.uow, change(village.zoe, post, post.content, edited_at=later, at=later))


def test_nobody_changes_anothers_post(village: Village) -> None:
    """Spec: security ORI-08, ORI-09."""
    post = village.post(village.ann, village.bees)

    with pytest.raises(NotAllowed) as editing:
        edit(village.uow, change(village.zoe, post))
    with pytest.raises(NotAllowed) as withdrawing:
        withdraw(village.uow, post.id, village.zoe.id, NOW)

    assert editing.value.reason is withdrawing.value.reason is Reason.NOT_AUTHOR
    assert (village.stored(post), village.uow.events) == (post, [])


def test_a_post_that_one_cannot_see_is_not_there_to_edit(village: Village) -> None:
    post = village.post(village.ann, visibility=Visibility.DIRECT, to=(village.bob,))

    with pytest.raises(NotFound):
        edit(village.uow, change(village.zoe, post))


def test_a_post_that_does_not_exist_is_not_there_to_edit(village: Village) -> None:
    post = village.post(village.zoe)
    village.uow.posts.rows.clear()

    with pytest.raises(NotFound):
        edit(village.uow, change(village.zoe, post))


def test_a_banned_person_cannot_edit_but_withdraw(village: Village) -> None:
    village.ban(village.bees, village.zoe)
    post = village.post(village.zoe, village.bees)

    with pytest.raises(NotAllowed) as caught:
        edit(village.uow, change(village.zoe, post))

    assert caught.value.reason is Reason.BANNED
    assert withdraw(village.uow, post.id, village.zoe.id, NOW)


def test_a_suspended_person_cannot_edit_but_withdraw(village: Village) -> None:
    post = village.post(village.zoe)
    village.suspend(village.zoe)

    with pytest.raises(NotAllowed) as caught:
        edit(village.uow, change(village.zoe, post))

    assert caught.value.reason is Reason.SUSPENDED
    assert withdraw(village.uow, post.id, village.zoe.id, NOW)


@pytest.mark.parametrize("state", [PostState.REMOVED, PostState.WITHDRAWN, PostState.REFUSED])
def test_what_was_removed_cannot_be_edited(village: Village, state: PostState) -> None:
    post = village.post(village.zoe, village.bees, state=state)

    with pytest.raises(NotAllowed) as caught:
        edit(village.uow, change(village.zoe, post))

    assert caught.value.reason is Reason.REMOVED


def test_an_edit_is_bound_by_the_limits(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    with pytest.raises(Invalid):
        edit(village.uow, change(village.zoe, post, PostContent(title="x" * (MAX_TITLE + 1))))


class TestElsewhere:
    """Posts in a community that another server decides about."""

    def test_an_edit_of_ours_holds_at_once_and_is_sent(self, village: Village) -> None:
        post = village.post(village.ann, village.far)

        assert edit(village.uow, change(village.ann, post))

        assert village.stored(post).content == NEW
        (event,) = village.uow.events
        assert isinstance(event, PostEdited)
        assert event.requested

    def test_the_announcement_of_an_edit_that_stands_changes_nothing(
        self, village: Village
    ) -> None:
        post = village.post(village.ann, village.far)
        edit(village.uow, change(village.ann, post))
        village.uow.take_events()

        assert not edit(village.uow, change(village.ann, post), village.far.id)

        assert village.uow.events == []

    @pytest.mark.parametrize("announced", [True, False])
    def test_an_edit_told_by_the_community_or_author_is_recorded(
        self, village: Village, announced: bool
    ) -> None:
        village.ban(village.far, village.zoe)
        post = village.post(village.zoe, village.far)

        assert edit(village.uow, change(village.zoe, post), village.far.id if announced else None)

        (event,) = village.uow.events
        assert isinstance(event, PostEdited)
        assert not event.requested

    def test_an_edit_told_of_a_removed_post_is_ignored(self, village: Village) -> None:
        post = village.post(village.zoe, village.far, state=PostState.REMOVED)

        assert not edit(village.uow, change(village.zoe, post), village.far.id)

    def test_a_withdrawal_of_ours_holds_at_once_and_is_sent(self, village: Village) -> None:
        post = village.post(village.ann, village.far, state=PostState.PENDING)

        assert withdraw(village.uow, post.id, village.ann.id, NOW)

        (event,) = village.uow.events
        assert isinstance(event, PostWithdrawn)
        assert event.requested


def test_a_withdrawn_post_is_a_tombstone_and_is_told_once(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    assert withdraw(village.uow, post.id, village.zoe.id, NOW)
    assert not withdraw(village.uow, post.id, village.zoe.id, NOW)

    assert village.stored(post).state is PostState.WITHDRAWN
    assert village.uow.events == [
        PostWithdrawn(post_id=post.id, author_id=village.zoe.id, community_id=village.bees.id)
    ]


def test_a_deletion_that_comes_first_keeps_the_post_away(village: Village) -> None:
    """Spec: security GRP-12."""
    late = village.draft(village.zoe, village.bees)

    assert forget(village.uow, late.uri, NOW)

    with pytest.raises(NotFound):
        publish(village.uow, late)


def test_what_stands_is_not_forgotten(village: Village) -> None:
    post = village.post(village.zoe, village.bees)

    assert not forget(village.uow, post.uri, NOW)

    assert not village.uow.posts.is_forgotten(post.uri)


class TestPolls:
    """Editing a question, and its counts."""

    def poll(self, village: Village, author: Person, poll: Poll = POLL) -> Post:
        post = village.post(author, content=PostContent(html="<p>?</p>", poll=poll))
        question = replace(post, kind=PostKind.QUESTION)
        village.uow.posts.rows[post.id] = question
        return question

    def test_votes_survive_an_edit_of_the_text(self, village: Village) -> None:
        post = self.poll(village, village.ann)
        vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

        edit(village.uow, change(village.ann, post, replace(NEW, poll=POLL)))

        poll = village.stored(post).content.poll
        assert poll is not None
        assert (poll.voters, [option.votes for option in poll.options]) == (1, [0, 1])

    def test_choices_change_only_before_the_first_vote(self, village: Village) -> None:
        post = self.poll(village, village.ann)
        other = replace(NEW, poll=Poll(options=(PollOption(name="tea"),)))
        vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

        with pytest.raises(Invalid):
            edit(village.uow, change(village.ann, post, other))

        fresh = self.poll(village, village.ann)
        assert edit(village.uow, change(village.ann, fresh, other))

    def test_a_question_stays_a_question(self, village: Village) -> None:
        post = self.poll(village, village.ann)

        with pytest.raises(Invalid):
            edit(village.uow, change(village.ann, post))

    def test_new_counts_of_a_poll_elsewhere_are_no_edit_of_its_text(self, village: Village) -> None:
        post = self.poll(village, village.zoe)
        counted = replace(
            POLL, voters=9, options=(PollOption(name="honey", votes=4), PollOption(name="jam"))
        )

        assert edit(village.uow, change(village.zoe, post, replace(post.content, poll=counted)))

        stored = village.stored(post)
        assert (stored.content.poll, stored.edited_at) == (counted, None)
        assert village.uow.posts.revisions[post.id] == []

    def test_the_counts_of_a_poll_elsewhere_come_from_its_author(self, village: Village) -> None:
        post = self.poll(village, village.zoe)
        counted = replace(POLL, voters=9)

        assert record_poll_counts(village.uow, post.id, counted)
        assert not record_poll_counts(village.uow, post.id, counted)

        assert len(village.uow.events) == 1

    def test_an_edit_of_the_text_of_a_poll_elsewhere_is_one(self, village: Village) -> None:
        post = self.poll(village, village.zoe)

        assert edit(village.uow, change(village.zoe, post, replace(NEW, poll=POLL)))
        assert edit(
            village.uow,
            change(village.zoe, post, replace(NEW, poll=Poll(options=(PollOption(name="tea"),)))),
        )

        assert len(village.uow.posts.revisions[post.id]) == 2

    def test_nobody_tells_us_the_counts_of_our_own_poll(self, village: Village) -> None:
        post = self.poll(village, village.ann)

        with pytest.raises(NotAllowed):
            record_poll_counts(village.uow, post.id, replace(POLL, voters=9))

    def test_counts_of_other_choices_are_refused(self, village: Village) -> None:
        post = self.poll(village, village.zoe)

        with pytest.raises(Invalid):
            record_poll_counts(village.uow, post.id, Poll(options=(PollOption(name="tea"),)))
        with pytest.raises(NotFound):
            record_poll_counts(village.uow, village.post(village.zoe).id, POLL)
