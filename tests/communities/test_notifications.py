"""Who is told what."""

import pytest

from communities.events import (
    Event,
    FollowChanged,
    MembershipChanged,
    PersonBlocked,
    PostPublished,
    PostRemoved,
    Reacted,
    ReportFiled,
    RoleChanged,
)
from communities.joining import ask_to_join
from communities.membership import Role
from communities.notice_lookups import StoredLookups
from communities.notifications import Notice, NoticeKind, notices
from communities.people import ActorKey, Person
from communities.posts import Post, PostState, ReactionKind, Visibility
from tests.communities.village import NOW, Village


def tell(village: Village, event: Event, staff: tuple[Person, ...] = ()) -> dict[str, NoticeKind]:
    """Who is told what, by name."""
    lookups = StoredLookups(
        uow=village.uow, at=NOW, runners=lambda: [person.id for person in staff]
    )
    found = notices(event, lookups)
    assert len({notice.person_id for notice in found}) == len(found)
    return {village.uow.people.rows[notice.person_id].localpart: notice.kind for notice in found}


def published(post: Post, *, requested: bool = False) -> PostPublished:
    return PostPublished(
        post_id=post.id,
        author_id=post.author_id,
        community_id=post.community_id,
        requested=requested,
    )


def reacted(actor: Person, post: Post, kind: ReactionKind, *, given: bool = True) -> Reacted:
    return Reacted(
        actor_id=actor.id, post_id=post.id, community_id=post.community_id, kind=kind, given=given
    )


def membership(
    village: Village,
    person: Person,
    state: str,
    *,
    was: str = "none",
    by: ActorKey | None = None,
    requested: bool = False,
) -> MembershipChanged:
    return MembershipChanged(
        community_id=village.club.id,
        person_id=person.id,
        state=state,
        was=was,
        actor_id=by or person.id,
        requested=requested,
    )


class TestPosts:
    """New posts."""

    def test_an_answer_is_told_to_whom_it_answers_and_whom_it_mentions(
        self, village: Village
    ) -> None:
        root = village.post(village.ann, village.bees)
        comment = village.post(
            village.zoe, village.bees, parent=root, to=(village.ann, village.bob)
        )

        assert tell(village, published(comment)) == {
            "ann": NoticeKind.REPLY,
            "bob": NoticeKind.MENTION,
        }

    def test_a_notice_says_by_whom_and_where(self, village: Village) -> None:
        root = village.post(village.ann, village.bees)
        comment = village.post(village.zoe, village.bees, parent=root)

        (notice,) = notices(published(comment), StoredLookups(uow=village.uow, at=NOW))

        assert notice == Notice(
            person_id=village.ann.id,
            kind=NoticeKind.REPLY,
            actor_id=village.zoe.id,
            post_id=comment.id,
            community_id=village.bees.id,
        )

    def test_a_direct_message_is_told_to_its_recipients(self, village: Village) -> None:
        message = village.post(
            village.zoe, visibility=Visibility.DIRECT, to=(village.ann, village.bob)
        )

        assert tell(village, published(message)) == {
            "ann": NoticeKind.DIRECT_MESSAGE,
            "bob": NoticeKind.DIRECT_MESSAGE,
        }

    def test_nobody_is_told_of_what_they_wrote_themselves(self, village: Village) -> None:
        root = village.post(village.ann, village.bees)
        comment = village.post(village.ann, village.bees, parent=root, to=(village.ann,))

        assert tell(village, published(comment)) == {}

    def test_nobody_is_told_of_whom_they_blocked(self, village: Village) -> None:
        village.block(village.ann, village.zoe)
        root = village.post(village.ann, village.bees)
        comment = village.post(
            village.zoe, village.bees, parent=root, to=(village.ann, village.bob)
        )

        assert tell(village, published(comment)) == {"bob": NoticeKind.MENTION}

    def test_who_cannot_see_a_post_is_not_told_of_it(self, village: Village) -> None:
        village.member(village.club, village.ann)
        post = village.post(
            village.zoe,
            village.club,
            visibility=Visibility.MEMBERS,
            to=(village.ann, village.bob),
        )

        assert tell(village, published(post)) == {"ann": NoticeKind.MENTION}

    def test_people_elsewhere_and_gone_are_not_told(self, village: Village) -> None:
        village.suspend(village.bob)
        post = village.post(village.ann, to=(village.zoe, village.bob))

        assert tell(village, published(post)) == {}

    def test_what_was_only_asked_for_is_no_news(self, village: Village) -> None:
        post = village.post(village.ann, village.far, state=PostState.PENDING, to=(village.bob,))

        assert tell(village, published(post, requested=True)) == {}

    def test_what_was_removed_meanwhile_is_no_news(self, village: Village) -> None:
        post = village.post(village.zoe, village.bees, state=PostState.REMOVED, to=(village.bob,))

        assert tell(village, published(post)) == {}
        gone = PostPublished(
            post_id=village.post(village.zoe).id, author_id=village.zoe.id, community_id=None
        )
        village.uow.posts.rows.clear()
        assert tell(village, gone) == {}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (ReactionKind.LIKE, {"ann": NoticeKind.REACTION}),
        (ReactionKind.EMOJI, {"ann": NoticeKind.REACTION}),
        (ReactionKind.BOOST, {"ann": NoticeKind.BOOST}),
        (ReactionKind.DISLIKE, {}),
    ],
)
def test_authors_are_told_of_reactions_but_of_no_dislikes(
    village: Village, kind: ReactionKind, told: dict[str, NoticeKind]
) -> None:
    post = village.post(village.ann, village.bees)

    assert tell(village, reacted(village.zoe, post, kind)) == told
    assert tell(village, reacted(village.zoe, post, kind, given=False)) == {}
    assert tell(village, reacted(village.ann, post, kind)) == {}


@pytest.mark.parametrize(
    ("removed", "kind"), [(True, NoticeKind.POST_REMOVED), (False, NoticeKind.POST_RESTORED)]
)
def test_authors_are_told_what_moderators_did(
    village: Village, removed: bool, kind: NoticeKind
) -> None:
    post = village.post(village.ann, village.bees)

    for requested, told in ((False, {"ann": kind}), (True, {})):
        event = PostRemoved(
            post_id=post.id,
            moderator_id=village.bob.id,
            community_id=village.bees.id,
            removed=removed,
            requested=requested,
        )
        assert tell(village, event) == told


class TestMembership:
    """Joining, and what moderators answer."""

    def test_moderators_are_told_of_who_asks(self, village: Village) -> None:
        village.member(village.club, village.ann, Role.OWNER)
        village.member(village.club, village.bob, Role.MODERATOR)
        village.member(village.club, village.person("eve"))

        ask_to_join(village.uow, village.club.id, village.zoe.id, "https://f/1", NOW)
        (event,) = village.uow.take_events()

        assert tell(village, event) == {
            "ann": NoticeKind.JOIN_REQUEST,
            "bob": NoticeKind.JOIN_REQUEST,
        }
        again = membership(village, village.zoe, "requested", was="requested")
        assert tell(village, again) == {}

    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ("member", NoticeKind.ADMITTED),
            ("refused", NoticeKind.TURNED_DOWN),
            ("invited", NoticeKind.INVITED),
            ("banned", NoticeKind.BANNED),
        ],
    )
    def test_people_are_told_what_was_decided_about_them(
        self, village: Village, state: str, kind: NoticeKind
    ) -> None:
        decided = membership(village, village.ann, state, by=village.bob.id)
        own = membership(village, village.ann, state)
        asked = membership(village, village.ann, state, by=village.bob.id, requested=True)

        assert tell(village, decided) == {"ann": kind}
        assert tell(village, own) == {}
        assert tell(village, asked) == {}

    def test_leaving_is_no_news(self, village: Village) -> None:
        assert tell(village, membership(village, village.ann, "left", by=village.bob.id)) == {}

    def test_a_new_role_is_told(self, village: Village) -> None:
        event = RoleChanged(
            community_id=village.bees.id,
            person_id=village.ann.id,
            moderator_id=village.zoe.id,
            role="moderator",
            granted=True,
        )

        assert tell(village, event) == {"ann": NoticeKind.ROLE_CHANGED}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("requested", {"ann": NoticeKind.FOLLOW_REQUEST}),
        ("accepted", {"ann": NoticeKind.FOLLOW}),
        ("rejected", {}),
        ("ended", {}),
    ],
)
def test_people_are_told_of_new_followers(
    village: Village, state: str, told: dict[str, NoticeKind]
) -> None:
    event = FollowChanged(
        follower_id=village.zoe.id, followee_id=village.ann.id, state=state, uri="f"
    )

    assert tell(village, event) == told


def test_reports_are_told_to_those_who_can_act_but_not_to_the_subject(village: Village) -> None:
    village.member(village.bees, village.ann, Role.OWNER)
    village.member(village.bees, village.bob, Role.MODERATOR)
    root = village.person("root")
    post = village.post(village.bob, village.bees)

    def filed(community: ActorKey | None) -> ReportFiled:
        return ReportFiled(
            report_id=1,
            reporter_id=village.zoe.id,
            subject_id=village.bob.id,
            post_id=post.id,
            community_id=community,
        )

    assert tell(village, filed(village.bees.id), (root,)) == {"ann": NoticeKind.REPORT}
    assert tell(village, filed(None), (root,)) == {"root": NoticeKind.REPORT}


def test_a_block_is_told_to_nobody(village: Village) -> None:
    event = PersonBlocked(
        blocker_id=village.zoe.id, blocked_id=village.ann.id, blocked=True, uri="b"
    )

    assert tell(village, event) == {}
