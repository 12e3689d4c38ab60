"""The SQL of posts: statements only, used by `storage.posts`."""

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from communities.posts import PostState
from storage.post_rows import COLUMNS
from storage.statements import Statement, Tools
from storage.tables.social import (
    communities,
    poll_votes,
    post_counts,
    post_recipients,
    post_revisions,
    posts,
    tombstones,
)

_CONTENT = ("title", "html", "source", "link", "language", "sensitive", "warning", "extra")
_NAMES = tuple(column.name for column in COLUMNS)

BY_ID = Statement(select(*COLUMNS).where(posts.c.id == bindparam("id")))
BY_URI = Statement(select(*COLUMNS).where(posts.c.uri == bindparam("uri")))
KEY_OF = Statement(select(posts.c.id).where(posts.c.uri == bindparam("uri")))
ORPHANS = Statement(
    select(posts.c.id)
    .where(
        posts.c.parent_uri == bindparam("uri"),
        posts.c.parent_id.is_(None),
        posts.c.id > bindparam("after"),
    )
    .order_by(posts.c.id)
    .limit(bindparam("most"))
)
ADOPT = Statement(
    update(posts)
    .where(posts.c.root_id == bindparam("orphan"))
    .values(root_id=bindparam("new_root"), depth=posts.c.depth + bindparam("deeper"))
)
SET_PARENT = Statement(
    update(posts).where(posts.c.id == bindparam("orphan")).values(parent_id=bindparam("new_parent"))
)
EDIT = Statement(
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(
        edited_ms=bindparam("new_edited_ms"),
        seq=bindparam("new_seq"),
        **{name: bindparam(f"new_{name}") for name in _CONTENT},
    )
)
BLANK = Statement(
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(
        title=None,
        html="",
        source="",
        link=None,
        warning=None,
        extra=None,
        edited_ms=bindparam("new_edited_ms"),
    )
)
SET_EXTRA = Statement(
    update(posts).where(posts.c.id == bindparam("post")).values(extra=bindparam("new_extra"))
)
SET_STATE = Statement(
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(state=bindparam("new_state"), seq=bindparam("new_seq"))
)
SET_LOCKED = Statement(
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(locked=bindparam("new_locked"), seq=bindparam("new_seq"))
)
SET_PINNED = Statement(
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(pinned=bindparam("new_pinned"), seq=bindparam("new_seq"))
)
PINNED_COUNT = Statement(
    select(func.count()).where(
        posts.c.community_id == bindparam("community"), posts.c.pinned.is_(True)
    )
)
COUNTS = Statement(
    select(
        post_counts.c.comments,
        post_counts.c.likes,
        post_counts.c.dislikes,
        post_counts.c.boosts,
        post_counts.c.activity_ms,
    ).where(post_counts.c.post_id == bindparam("post"))
)
_answers = posts.alias("answers")
COUNT_ANSWERS = Statement(
    update(post_counts)
    .where(post_counts.c.post_id == bindparam("post"))
    .values(
        comments=select(func.count())
        .select_from(_answers)
        .where(
            _answers.c.root_id
            == select(posts.c.root_id).where(posts.c.id == bindparam("post")).scalar_subquery(),
            _answers.c.parent_id == bindparam("post"),
            _answers.c.state == PostState.PUBLISHED.value,
        )
        .scalar_subquery()
    )
)
COUNT_IN_COMMUNITY = Statement(
    update(communities)
    .where(communities.c.id == bindparam("community"))
    .values(
        posts=communities.c.posts + bindparam("posts_change"),
        comments=communities.c.comments + bindparam("comments_change"),
    ),
    is_unremembered=True,
)
ADD_REVISION = Statement(
    lambda tools: (
        tools.insert(post_revisions)
        .values({name: bindparam(name) for name in ("post_id", "at_ms", "content")})
        .on_conflict_do_nothing()
    )
)
REVISIONS = Statement(
    select(post_revisions.c.at_ms, post_revisions.c.content)
    .where(post_revisions.c.post_id == bindparam("post"))
    .order_by(post_revisions.c.at_ms)
)
DROP_REVISIONS = Statement(
    delete(post_revisions).where(post_revisions.c.post_id == bindparam("post"))
)
ADD_RECIPIENT = Statement(
    insert(post_recipients).values({name: bindparam(name) for name in ("post_id", "person_id")})
)
RECIPIENTS = Statement(
    select(post_recipients.c.person_id).where(post_recipients.c.post_id == bindparam("post"))
)
VOTE = Statement(
    lambda tools: (
        tools.insert(poll_votes)
        .values({name: bindparam(name) for name in ("post_id", "voter_id", "option")})
        .on_conflict_do_nothing()
    )
)
VOTES_OF = Statement(
    select(poll_votes.c.option).where(
        poll_votes.c.post_id == bindparam("post"), poll_votes.c.voter_id == bindparam("voter")
    )
)
FORGOTTEN = Statement(select(tombstones.c.until_ms).where(tombstones.c.uri == bindparam("uri")))
_PUBLISHED = select(posts.c.id).where(
    posts.c.author_id == bindparam("author"), posts.c.state == PostState.PUBLISHED.value
)
PUBLISHED_BY = Statement(_PUBLISHED.order_by(posts.c.id).limit(bindparam("most")))
PUBLISHED_BY_IN = Statement(
    _PUBLISHED.where(posts.c.community_id == bindparam("community"))
    .order_by(posts.c.id)
    .limit(bindparam("most"))
)


def _insert(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(posts)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_nothing()
    )


def _bump(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    largest = func.max if tools.is_sqlite else func.greatest
    return (
        tools.insert(post_counts)
        .values(
            post_id=bindparam("post_id"),
            comments=bindparam("change"),
            likes=0,
            dislikes=0,
            boosts=0,
            activity_ms=bindparam("at_ms"),
        )
        .on_conflict_do_update(
            index_elements=["post_id"],
            set_={
                "comments": post_counts.c.comments + bindparam("change"),
                "activity_ms": largest(post_counts.c.activity_ms, bindparam("at_ms")),
            },
        )
    )


PENDING_BEFORE = Statement(
    select(posts.c.id)
    .where(text("state = 'pending'"), posts.c.published_ms < bindparam("before_ms"))
    .order_by(posts.c.published_ms)
    .limit(bindparam("most"))
)


def _forget(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(tombstones)
        .values({name: bindparam(name) for name in ("uri", "until_ms")})
        .on_conflict_do_update(index_elements=["uri"], set_={"until_ms": bindparam("until_ms")})
    )


INSERT = Statement(_insert)
BUMP = Statement(_bump)
FORGET = Statement(_forget)
