"""The statements of uploads and of the files behind them."""

from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, not_, or_, select, text, update

from storage.statements import Statement, Tools
from storage.tables.media import media, media_blobs, media_cache
from storage.tables.social import posts

STEP = 500

_COLUMNS = (
    media.c.id,
    media.c.owner_id,
    media.c.purpose,
    media.c.state,
    media.c.kind,
    media.c.digest,
    media.c.media_type,
    media.c.bytes,
    media.c.width,
    media.c.height,
    media.c.duration_ms,
    media.c.blurhash,
    media.c.alt,
    media.c.focus_x,
    media.c.focus_y,
    media.c.preview_digest,
    media.c.preview_width,
    media.c.preview_height,
    media.c.post_id,
    media.c.until_ms,
    media.c.created_ms,
)
_NEW = (
    *("id", "owner_id", "purpose", "state", "kind", "bytes", "alt", "focus_x", "focus_y"),
    *("until_ms", "created_ms"),
)
_FOUND = (
    *("kind", "digest", "media_type", "bytes", "width", "height", "duration_ms", "blurhash"),
    *("preview_digest", "preview_width", "preview_height"),
)

GET = Statement(select(*_COLUMNS).where(media.c.id == bindparam("id")))
BY_IDS = Statement(lambda tools: select(*_COLUMNS).where(tools.in_list(media.c.id, "ids")))
ATTACHED_TO = Statement(
    select(*_COLUMNS).where(media.c.post_id == bindparam("post")).order_by(media.c.id)
)
USED = Statement(
    select(func.coalesce(func.sum(media.c.bytes), 0)).where(media.c.owner_id == bindparam("owner"))
)
INSERT = Statement(insert(media).values({name: bindparam(name) for name in _NEW}))
FINISH = Statement(
    update(media)
    .where(media.c.id == bindparam("medium"))
    .values(state="ready", **{name: bindparam(f"new_{name}") for name in _FOUND})
)
FAIL = Statement(
    update(media).where(media.c.id == bindparam("medium")).values(state="failed", bytes=0)
)
FAIL_ALL = Statement(
    update(media).where(text("state = 'processing'")).values(state="failed", bytes=0)
)
DESCRIBE = Statement(
    update(media)
    .where(media.c.id == bindparam("medium"))
    .values(
        alt=bindparam("new_alt"), focus_x=bindparam("new_focus_x"), focus_y=bindparam("new_focus_y")
    )
)
SET_PREVIEW = Statement(
    update(media)
    .where(media.c.id == bindparam("medium"))
    .values(
        preview_digest=bindparam("new_digest"),
        preview_width=bindparam("new_width"),
        preview_height=bindparam("new_height"),
        blurhash=bindparam("new_blurhash"),
    )
)
DELETE = Statement(delete(media).where(media.c.id == bindparam("medium")))
DELETE_OTHERS = Statement(
    delete(media).where(
        media.c.owner_id == bindparam("owner"),
        media.c.purpose == bindparam("for_purpose"),
        media.c.id != bindparam("medium"),
    )
)
CLAIM = Statement(
    lambda tools: (
        update(media)
        .where(tools.in_list(media.c.id, "ids"))
        .values(post_id=bindparam("new_post_id"), until_ms=None)
    )
)
RELEASE = Statement(
    lambda tools: (
        update(media)
        .where(
            media.c.post_id == bindparam("post"),
            # in_list is text, which Core cannot negate by itself.
            text(f"NOT {tools.in_list(media.c.id, 'kept').text}"),
        )
        .values(post_id=None, until_ms=bindparam("new_until_ms"))
    )
)
KEEP = Statement(
    lambda tools: (
        update(media)
        .where(tools.in_list(media.c.id, "ids"))
        .values(until_ms=bindparam("new_until_ms"))
    )
)
DROP_OF_POST = Statement(delete(media).where(media.c.post_id == bindparam("post")))
_waiting = (
    select(media.c.id)
    .where(media.c.until_ms < bindparam("before_ms"))
    .order_by(media.c.until_ms)
    .limit(STEP)
)
DROP_WAITING = Statement(delete(media).where(media.c.id.in_(_waiting)))
ATTACHED_AFTER = Statement(
    select(media.c.id, posts.c.id)
    .select_from(media.outerjoin(posts, posts.c.id == media.c.post_id))
    .where(media.c.id > bindparam("after"), media.c.post_id.is_not(None))
    .order_by(media.c.id)
    .limit(STEP)
)

_UNUSED = not_(
    or_(
        exists().where(media.c.digest == media_blobs.c.digest),
        exists().where(media.c.preview_digest == media_blobs.c.digest),
        exists().where(media_cache.c.digest == media_blobs.c.digest),
    )
)
BLOBS_AFTER = Statement(
    select(media_blobs.c.digest, _UNUSED)
    .where(media_blobs.c.digest > bindparam("after"))
    .order_by(media_blobs.c.digest)
    .limit(STEP)
)
FORGET_BLOB = Statement(
    delete(media_blobs).where(media_blobs.c.digest == bindparam("blob"), _UNUSED)
)
HAS_BLOB = Statement(select(media_blobs.c.bytes).where(media_blobs.c.digest == bindparam("blob")))
BLOBS_BETWEEN = Statement(
    select(media_blobs.c.digest, media_blobs.c.bytes)
    .where(media_blobs.c.digest >= bindparam("first"), media_blobs.c.digest < bindparam("end"))
    .order_by(media_blobs.c.digest)
)

CACHED = Statement(
    select(
        media_cache.c.digest, media_cache.c.media_type, media_cache.c.bytes, media_cache.c.used_ms
    ).where(media_cache.c.key == bindparam("key"))
)
TOUCH = Statement(
    update(media_cache)
    .where(media_cache.c.key == bindparam("cached"))
    .values(used_ms=bindparam("new_used_ms")),
    is_unremembered=True,
)
CACHED_BYTES = Statement(select(func.coalesce(func.sum(media_cache.c.bytes), 0)))
LEAST_USED = Statement(
    select(media_cache.c.key, media_cache.c.bytes, media_cache.c.digest)
    .order_by(media_cache.c.used_ms)
    .limit(bindparam("most"))
)
EVICT = Statement(delete(media_cache).where(media_cache.c.key == bindparam("cached")))


def _note_blob(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(media_blobs)
        .values({name: bindparam(name) for name in ("digest", "bytes")})
        .on_conflict_do_nothing()
    )


def _put_cached(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("digest", "media_type", "bytes", "used_ms")
    return (
        tools.insert(media_cache)
        .values({name: bindparam(name) for name in ("key", *names)})
        .on_conflict_do_update(
            index_elements=["key"], set_={name: bindparam(name) for name in names}
        )
    )


NOTE_BLOB = Statement(_note_blob)
PUT_CACHED = Statement(_put_cached)
