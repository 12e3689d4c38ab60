"""Publishing in communities of this node: who may, and what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.community import PostingPolicy
from communities.errors import Conflict, Invalid, NotFound, Reason
from communities.events import PostPublished
from communities.limits import MAX_TEXT_BYTES, MAX_TITLE
from communities.membership import MembershipState, Role
from communities.people import ActorState
from communities.posting import (
    publish,
)
from communities.posts import (
    Attachment,
    Poll,
    PollOption,
    PostContent,
    PostKind,
    PostState,
    Visibility,
)
from tests.communities.village import NOW, Village, refused


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


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (PostContent(title="t" * (MAX_TITLE + 1)), "title"),
        (PostContent(html="é" * (MAX_TEXT_BYTES // 2 + 1)), "html"),
        (PostContent(source="s" * (MAX_TEXT_BYTES + 1)), "source"),
        (PostContent(attachments=(Attachment(kind="image", url="h" * 2049),)), "attachments"),
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


def test_content_as_large_as_the_limits_is_published(village: Village) -> None:
    largest = PostContent(
        title="t" * MAX_TITLE,
        html="é" * (MAX_TEXT_BYTES // 2),
        source="s" * MAX_TEXT_BYTES,
        hashtags=tuple(map(str, range(50))),
    )

    post = publish(village.uow, village.draft(village.ann, village.bees, content=largest))

    assert post.content == largest


def test_only_a_community_has_posts_for_members(village: Village) -> None:
    with pytest.raises(Invalid):
        publish(village.uow, village.draft(village.ann, visibility=Visibility.MEMBERS))


def test_an_id_that_is_taken_is_a_conflict(village: Village) -> None:
    taken = village.post(village.ann)
    command = replace(village.draft(village.ann), id=taken.id)

    with pytest.raises(Conflict):
        publish(village.uow, command)


def test_a_question_without_choices_is_refused(village: Village) -> None:
    with pytest.raises(Invalid):
        publish(village.uow, village.draft(village.ann, kind=PostKind.QUESTION))
