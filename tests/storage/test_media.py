"""Uploads in the database: whose they are, what they take, what they are attached to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.errors import Invalid, NotFound
from communities.people import ActorKey, Person
from communities.posts import PostKey, PostState
from storage.media import (
    Blob,
    Content,
    MediaKind,
    MediaPurpose,
    MediaState,
    Medium,
    OverQuota,
    Preview,
)
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
QUOTA = 1_000
PICTURE = Content(
    kind=MediaKind.IMAGE,
    blob=Blob(digest=b"\x01" * 32, size=300),
    media_type="image/png",
    width=640,
    height=480,
    blurhash="LEHV6nWB2yk8",
    preview=Preview(blob=Blob(digest=b"\x02" * 32, size=20), width=64, height=48),
)
FILM = replace(PICTURE, kind=MediaKind.VIDEO, media_type="video/mp4", duration_ms=9_000)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


def upload(
    uow: UnitOfWork, media_id: int, owner_id: ActorKey, content: Content | None = PICTURE
) -> Medium:
    """An upload, ready unless there is no content for it."""
    uow.media.add(
        Medium(
            id=media_id,
            owner_id=owner_id,
            purpose=MediaPurpose.ATTACHMENT,
            state=MediaState.PROCESSING,
            kind=MediaKind.IMAGE,
            created_at=NOW,
            alt="A frame of honey",
            focus=(0.5, -0.25),
            until=NOW + timedelta(days=1),
        ),
        quota=QUOTA,
    )
    if content is not None:
        assert uow.media.finish(media_id, content, quota=QUOTA)
    found = uow.media.get(media_id)
    assert found is not None
    return found


async def test_an_upload_comes_back_as_it_was_stored(storage: Storage, ada: Person) -> None:
    medium = await storage.write(upload, 7, ada.id)

    assert medium == Medium(
        id=7,
        owner_id=ada.id,
        purpose=MediaPurpose.ATTACHMENT,
        state=MediaState.READY,
        kind=MediaKind.IMAGE,
        created_at=NOW,
        digest=b"\x01" * 32,
        media_type="image/png",
        size=320,
        width=640,
        height=480,
        blurhash="LEHV6nWB2yk8",
        alt="A frame of honey",
        focus=(0.5, -0.25),
        preview_digest=b"\x02" * 32,
        preview_width=64,
        preview_height=48,
        until=NOW + timedelta(days=1),
    )


async def test_uploads_are_attached_in_the_order_asked_for(
    storage: Storage, world: World, ada: Person
) -> None:
    def attach(uow: UnitOfWork) -> tuple[list[int], list[Medium]]:
        post = world.post(uow, ada)
        for media_id in (7, 8):
            upload(uow, media_id, ada.id)
        claimed = uow.media.claim([8, 7], ada.id, post.id, at=NOW)
        again = uow.media.claim([8, 7], ada.id, post.id, at=NOW)
        assert again == uow.media.ready([8, 7], ada.id, post.id)
        return [medium.id for medium in claimed], uow.media.attached_to(post.id)

    claimed, attached = await storage.write(attach)

    assert claimed == [8, 7]
    assert [medium.id for medium in attached] == [7, 8]
    assert all(medium.until is None for medium in attached)


@pytest.mark.parametrize(
    ("ids", "error"),
    [([7, 7], Invalid), ([1, 2, 3, 4, 5], Invalid), ([999], NotFound), ([9], NotFound)],
    ids=["twice", "five", "unknown", "of-another"],
)
async def test_what_cannot_be_attached_is_refused(
    storage: Storage, world: World, ada: Person, ids: list[int], error: type[Exception]
) -> None:
    def attach(uow: UnitOfWork) -> None:
        upload(uow, 7, ada.id)
        upload(uow, 9, world.person(uow, "bob").id)
        uow.media.claim(ids, ada.id, PostKey(1), at=NOW)

    with pytest.raises(error):
        await storage.write(attach)


async def test_what_is_attached_elsewhere_is_not_attached_again(
    storage: Storage, ada: Person
) -> None:
    def attach(uow: UnitOfWork) -> None:
        upload(uow, 7, ada.id)
        uow.media.claim([7], ada.id, PostKey(1), at=NOW)
        uow.media.claim([7], ada.id, PostKey(2), at=NOW)

    with pytest.raises(NotFound):
        await storage.write(attach)


async def test_what_is_not_finished_cannot_be_attached(storage: Storage, ada: Person) -> None:
    def attach(uow: UnitOfWork) -> None:
        upload(uow, 7, ada.id, None)
        uow.media.claim([7], ada.id, PostKey(1), at=NOW)

    with pytest.raises(Invalid, match="Cannot attach files that have not finished processing"):
        await storage.write(attach)


async def test_a_film_stands_alone(storage: Storage, ada: Person) -> None:
    def attach(uow: UnitOfWork) -> None:
        upload(uow, 7, ada.id)
        upload(uow, 8, ada.id, FILM)
        uow.media.claim([7, 8], ada.id, PostKey(1), at=NOW)

    with pytest.raises(Invalid, match="Cannot attach a video"):
        await storage.write(attach)


async def test_an_avatar_cannot_be_attached(storage: Storage, ada: Person) -> None:
    def attach(uow: UnitOfWork) -> None:
        waiting = upload(uow, 7, ada.id)
        avatar = replace(waiting, id=8, purpose=MediaPurpose.AVATAR, until=None)
        uow.media.add(avatar, quota=QUOTA)
        uow.media.finish(8, PICTURE, quota=QUOTA)
        uow.media.claim([8], ada.id, PostKey(1), at=NOW)

    with pytest.raises(NotFound):
        await storage.write(attach)


async def test_an_edit_lets_go_of_what_is_no_longer_attached(storage: Storage, ada: Person) -> None:
    def edit(uow: UnitOfWork) -> Medium | None:
        for media_id in (7, 8):
            upload(uow, media_id, ada.id)
        uow.media.claim([7, 8], ada.id, PostKey(1), at=NOW)
        uow.media.claim([8], ada.id, PostKey(1), at=NOW)
        return uow.media.get(7)

    released = await storage.write(edit)

    assert released is not None
    assert released.post_id is None
    assert released.until == NOW + timedelta(days=1)


async def test_nobody_takes_more_than_their_quota(storage: Storage, ada: Person) -> None:
    def fill(uow: UnitOfWork) -> None:
        for media_id in (7, 8, 9):
            upload(uow, media_id, ada.id)
        upload(uow, 10, ada.id)

    with pytest.raises(OverQuota):
        await storage.write(fill)


async def test_what_failed_takes_no_room(storage: Storage, ada: Person) -> None:
    def fail(uow: UnitOfWork) -> tuple[int, MediaState]:
        upload(uow, 7, ada.id)
        uow.media.fail(7)
        medium = uow.media.get(7)
        assert medium is not None
        return uow.media.used(ada.id), medium.state

    assert await storage.write(fail) == (0, MediaState.FAILED)


async def test_what_was_in_the_making_fails_at_the_next_start(
    storage: Storage, ada: Person
) -> None:
    def restart(uow: UnitOfWork) -> tuple[int, MediaState, MediaState]:
        upload(uow, 7, ada.id, None)
        upload(uow, 8, ada.id)
        failed = uow.media.fail_all_processing()
        first, second = uow.media.get(7), uow.media.get(8)
        assert first is not None
        assert second is not None
        return failed, first.state, second.state

    assert await storage.write(restart) == (1, MediaState.FAILED, MediaState.READY)


async def test_uploads_that_are_not_attached_go_after_a_day(storage: Storage, ada: Person) -> None:
    def sweep(uow: UnitOfWork) -> tuple[int, int, bool, bool]:
        for media_id in (7, 8, 9):
            upload(uow, media_id, ada.id)
        uow.media.claim([8], ada.id, PostKey(1), at=NOW)
        uow.media.keep([9], ada.id, until=NOW + timedelta(days=30))
        early = uow.media.drop_waiting(NOW + timedelta(hours=23))
        late = uow.media.drop_waiting(NOW + timedelta(hours=25))
        return early, late, uow.media.get(8) is not None, uow.media.get(9) is not None

    assert await storage.write(sweep) == (0, 1, True, True)


async def test_withdrawing_a_post_drops_what_was_attached(
    storage: Storage, world: World, ada: Person
) -> None:
    def withdraw(uow: UnitOfWork) -> Medium | None:
        post = world.post(uow, ada)
        upload(uow, 7, ada.id)
        uow.media.claim([7], ada.id, post.id, at=NOW)
        uow.posts.set_state(post.id, PostState.WITHDRAWN, at=NOW)
        return uow.media.get(7)

    assert await storage.write(withdraw) is None


async def test_what_belongs_to_a_vanished_post_is_found(
    storage: Storage, world: World, ada: Person
) -> None:
    def vanish(uow: UnitOfWork) -> tuple[list[int], int | None]:
        post = world.post(uow, ada)
        for media_id in (7, 8):
            upload(uow, media_id, ada.id)
        uow.media.claim([7], ada.id, post.id, at=NOW)
        uow.media.claim([8], ada.id, PostKey(1), at=NOW)
        return uow.media.orphans_after(0)

    assert await storage.write(vanish) == ([8], None)


async def test_a_file_is_forgotten_only_when_nothing_names_it(
    storage: Storage, ada: Person
) -> None:
    def free(uow: UnitOfWork) -> list[object]:
        for media_id in (7, 8):
            upload(uow, media_id, ada.id)
        seen: list[object] = [uow.media_blobs.unused_after(b"")]
        uow.media.delete(7)
        seen.append(uow.media_blobs.forget(b"\x01" * 32))
        uow.media.delete(8)
        seen.append(uow.media_blobs.unused_after(b""))
        seen.append(uow.media_blobs.forget(b"\x01" * 32))
        seen.append(uow.media_blobs.has(b"\x01" * 32))
        return seen

    assert await storage.write(free) == [
        ([], None),
        False,
        ([b"\x01" * 32, b"\x02" * 32], None),
        True,
        False,
    ]


async def test_deleting_an_account_leaves_nothing(storage: Storage, ada: Person) -> None:
    def leave(uow: UnitOfWork) -> tuple[Medium | None, list[bytes]]:
        upload(uow, 7, ada.id)
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")
        return uow.media.get(7), uow.media_blobs.unused_after(b"")[0]

    assert await storage.write(leave) == (None, [b"\x01" * 32, b"\x02" * 32])


async def test_the_cache_lets_go_of_what_was_used_least(storage: Storage) -> None:
    def fill(uow: UnitOfWork) -> list[object]:
        cache = uow.media_cache
        for place in range(1, 5):
            blob = Blob(digest=bytes([place]) * 32, size=100)
            cache.put(bytes([place]), blob, "image/webp", used_ms=place)
        cache.touch(b"\x01", 9)
        seen: list[object] = [cache.total_bytes(), cache.evict(150)[0], cache.total_bytes()]
        return [*seen, [place for place in range(1, 5) if cache.get(bytes([place])) is not None]]

    assert await storage.write(fill) == [400, 200, 200, [1, 4]]
    assert await storage.read(lambda uow: uow.media_blobs.unused_after(b"")) == (
        [b"\x02" * 32, b"\x03" * 32],
        None,
    )
