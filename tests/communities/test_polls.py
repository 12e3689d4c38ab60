"""Voting in polls."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PollVoted
from communities.polls import is_closed, vote
from communities.posts import Poll, PollOption, Post, PostContent, PostState, Visibility
from tests.communities.village import NOW, Village

CHOICES = tuple(PollOption(name=name) for name in ("honey", "jam", "tea"))
ONE = PostContent(poll=Poll(options=CHOICES))
MANY = PostContent(poll=Poll(options=CHOICES, multiple=True))


def counted(village: Village, post: Post) -> tuple[int, ...]:
    poll = village.stored(post).content.poll
    assert poll is not None
    return (poll.voters, *(option.votes for option in poll.options))


def test_a_vote_counts_and_is_told_once(village: Village) -> None:
    post = village.post(village.ann, village.bees, content=ONE)

    assert vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)
    assert not vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

    assert counted(village, post) == (1, 0, 1, 0)
    assert village.uow.events == [PollVoted(post_id=post.id, voter_id=village.zoe.id, options=(1,))]


def test_a_second_choice_is_refused_where_one_is_allowed(village: Village) -> None:
    post = village.post(village.ann, village.bees, content=ONE)
    vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

    with pytest.raises(Conflict):
        vote(village.uow, post.id, village.zoe.id, ("tea",), NOW)
    with pytest.raises(Invalid):
        vote(village.uow, post.id, village.bob.id, ("tea", "jam"), NOW)

    assert counted(village, post) == (1, 0, 1, 0)


def test_several_choices_count_as_one_voter(village: Village) -> None:
    post = village.post(village.ann, village.bees, content=MANY)

    vote(village.uow, post.id, village.zoe.id, ("jam", "tea"), NOW)
    vote(village.uow, post.id, village.zoe.id, ("honey", "jam"), NOW)

    assert counted(village, post) == (1, 1, 1, 1)


@pytest.mark.parametrize("names", [(), ("coffee",), ("jam", "coffee")])
def test_only_choices_of_the_poll_can_be_chosen(village: Village, names: tuple[str, ...]) -> None:
    post = village.post(village.ann, village.bees, content=MANY)

    with pytest.raises(Invalid):
        vote(village.uow, post.id, village.zoe.id, names, NOW)


@pytest.mark.parametrize(
    "closed",
    [Poll(options=CHOICES, ends_at=NOW), Poll(options=CHOICES, closed_at=NOW - timedelta(1))],
)
def test_a_closed_poll_takes_no_votes(village: Village, closed: Poll) -> None:
    post = village.post(village.ann, village.bees, content=PostContent(poll=closed))

    with pytest.raises(NotAllowed) as caught:
        vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

    assert caught.value.reason is Reason.CLOSED


def test_a_poll_is_open_until_its_end() -> None:
    poll = Poll(options=CHOICES, ends_at=NOW)

    assert not is_closed(poll, NOW - timedelta(seconds=1))
    assert is_closed(poll, NOW)
    assert not is_closed(replace(poll, ends_at=None), NOW)


def test_the_banned_do_not_vote(village: Village) -> None:
    village.ban(village.bees, village.zoe)
    post = village.post(village.ann, village.bees, content=ONE)

    with pytest.raises(NotAllowed) as caught:
        vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)

    assert caught.value.reason is Reason.BANNED


def test_a_poll_that_one_cannot_see_is_not_there(village: Village) -> None:
    hidden = [
        village.post(village.ann, visibility=Visibility.FOLLOWERS, content=ONE),
        village.post(village.ann, village.bees, state=PostState.REMOVED, content=ONE),
        village.post(village.ann, village.bees),
    ]

    for post in hidden:
        with pytest.raises(NotFound):
            vote(village.uow, post.id, village.zoe.id, ("jam",), NOW)


def test_a_vote_in_a_poll_elsewhere_is_sent_to_its_author(village: Village) -> None:
    post = village.post(village.zoe, content=ONE)

    assert vote(village.uow, post.id, village.ann.id, ("jam",), NOW)

    (event,) = village.uow.events
    assert isinstance(event, PollVoted)
    assert event.requested


def test_votes_between_others_are_not_ours_to_count(village: Village) -> None:
    post = village.post(village.zoe, content=ONE)

    with pytest.raises(NotAllowed) as caught:
        vote(village.uow, post.id, village.person("yan", "third.example").id, ("jam",), NOW)

    assert caught.value.reason is Reason.NOT_AUTHORITY
