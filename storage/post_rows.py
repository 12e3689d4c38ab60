"""Posts as rows: which columns, and how a row becomes a `Post` and back."""

from typing import Any

import msgspec

from communities.people import ActorKey
from communities.posts import (
    Attachment,
    Happening,
    Poll,
    Post,
    PostContent,
    PostKey,
    PostKind,
    PostState,
    Visibility,
)
from storage.connection import Row
from storage.damage import read_or
from storage.tables.social import posts
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none


class Extra(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parts of a content that most posts do not have, as one JSON column."""

    attachments: tuple[Attachment, ...] = ()
    hashtags: tuple[str, ...] = ()
    poll: Poll | None = None
    happening: Happening | None = None


COLUMNS = (
    posts.c.id,
    posts.c.uri,
    posts.c.author_id,
    posts.c.community_id,
    posts.c.parent_id,
    posts.c.parent_uri,
    posts.c.root_id,
    posts.c.depth,
    posts.c.kind,
    posts.c.title,
    posts.c.html,
    posts.c.source,
    posts.c.link,
    posts.c.language,
    posts.c.sensitive,
    posts.c.warning,
    posts.c.extra,
    posts.c.visibility,
    posts.c.state,
    posts.c.locked,
    posts.c.pinned,
    posts.c.local,
    posts.c.url,
    posts.c.published_ms,
    posts.c.edited_ms,
    posts.c.seq,
)

_NOTHING = Extra()
# A look-up takes a fifth of the time of calling the enum, and posts are read all the time.
_KINDS = {kind.value: kind for kind in PostKind}
_VISIBILITIES = {visibility.value: visibility for visibility in Visibility}
_STATES = {state.value: state for state in PostState}
_encode = msgspec.json.Encoder().encode
_decode_extra = msgspec.json.Decoder(Extra).decode
_decode_content = msgspec.json.Decoder(PostContent).decode


def encode_extra(content: PostContent) -> bytes | None:
    """The JSON of what most posts do not have; None when there is nothing."""
    if not (content.attachments or content.hashtags or content.poll or content.happening):
        return None
    return _encode(
        Extra(
            attachments=content.attachments,
            hashtags=content.hashtags,
            poll=content.poll,
            happening=content.happening,
        )
    )


def encode_content(content: PostContent) -> bytes:
    """A whole content as JSON, for revisions."""
    return _encode(content)


def decode_content(raw: bytes) -> PostContent:
    """The content of a revision."""
    return _decode_content(raw)


def content_values(content: PostContent) -> dict[str, Any]:
    """The columns of a content."""
    return {
        "title": content.title,
        "html": content.html,
        "source": content.source,
        "link": content.link,
        "language": content.language,
        "sensitive": content.sensitive,
        "warning": content.warning,
        "extra": encode_extra(content),
    }


def post_values(post: Post, *, seq: int) -> dict[str, Any]:
    """The columns of a new post."""
    values = content_values(post.content)
    values.update(
        id=post.id,
        uri=post.uri,
        author_id=post.author_id,
        community_id=post.community_id,
        parent_id=post.parent_id,
        parent_uri=post.parent_uri,
        root_id=post.root_id,
        depth=post.depth,
        kind=post.kind.value,
        visibility=post.visibility.value,
        state=post.state.value,
        locked=post.locked,
        pinned=post.pinned,
        local=post.local,
        url=post.url,
        published_ms=to_ms(post.published_at),
        edited_ms=to_ms_or_none(post.edited_at),
        seq=seq,
    )
    return values


def to_post(row: Row) -> Post:
    """The post of a row with `COLUMNS`."""
    return Post(
        id=PostKey(row[0]),
        uri=row[1],
        author_id=ActorKey(row[2]),
        community_id=None if row[3] is None else ActorKey(row[3]),
        parent_id=None if row[4] is None else PostKey(row[4]),
        parent_uri=row[5],
        root_id=PostKey(row[6]),
        depth=row[7],
        kind=_KINDS[row[8]],
        content=_content(row),
        visibility=_VISIBILITIES[row[17]],
        state=_STATES[row[18]],
        locked=bool(row[19]),
        pinned=bool(row[20]),
        local=bool(row[21]),
        url=row[22],
        published_at=from_ms(row[23]),
        edited_at=from_ms_or_none(row[24]),
        seq=row[25],
    )


def _content(row: Row) -> PostContent:
    extra = (
        read_or(_decode_extra, row[16], _NOTHING, "extra of post", row[0]) if row[16] else _NOTHING
    )
    return PostContent(
        title=row[9],
        html=row[10],
        source=row[11],
        link=row[12],
        language=row[13],
        sensitive=bool(row[14]),
        warning=row[15],
        attachments=extra.attachments,
        hashtags=extra.hashtags,
        poll=extra.poll,
        happening=extra.happening,
    )
