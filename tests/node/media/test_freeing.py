"""Files go when nothing names them any more, whenever the node was killed."""

import os
from datetime import timedelta

import pytest

from communities.people import Person
from communities.posts import PostKey
from node.media.desk import MediaDesk
from node.media.freeing import MediaHousekeeping, free
from node.media.receiving import ReceivedFile
from node.media.uploading import Description, store_avatar, upload
from protocols.media_types import media_type_of
from storage.media import MediaPurpose, MediaState, Medium
from storage.unit_of_work import UnitOfWork
from tests.node.media.conftest import Uploader
from tests.support import media_files
from tests.support.clock import Clock
from tests.support.media_room import files_in


@pytest.fixture
def media(app: Uploader) -> MediaDesk:
    return app.media


def received(media: MediaDesk, file: bytes, name: str = "a") -> ReceivedFile:
    """A file as it came in."""
    path = media.files.tmp_path(name)
    path.write_bytes(file)
    found = media_type_of(file[:512])
    assert found is not None
    return ReceivedFile(path=path, size=len(file), media_type=found)


async def uploaded(media: MediaDesk, ada: Person, kind: str = "PNG") -> Medium:
    file = received(media, media_files.picture(kind))
    medium = await upload(media, ada.id, file, Description())
    file.path.unlink()
    return medium


async def attach(media: MediaDesk, medium: Medium, post_id: int) -> None:
    await media.storage.write(
        lambda uow: uow.media.claim([medium.id], medium.owner_id, PostKey(post_id), at=media.now())
    )


async def test_upload_that_nobody_attached_is_freed_after_a_day(
    media: MediaDesk, ada: Person, clock: Clock
) -> None:
    await uploaded(media, ada)
    house = MediaHousekeeping(media=media)

    early = await house.sweep()
    clock.advance(timedelta(hours=25))
    late = await house.sweep()

    assert (early, late) == (0, 3), "a row and two files"
    assert files_in(media) == []


async def test_file_that_another_upload_names_stays(media: MediaDesk, ada: Person) -> None:
    first, second = await uploaded(media, ada), await uploaded(media, ada)
    await media.storage.write(lambda uow: uow.media.delete(first.id))

    freed = await MediaHousekeeping(media=media).sweep()

    assert freed == 0
    assert second.digest is not None
    assert media.files.path_of(second.digest).exists()


async def test_media_of_a_vanished_post_are_freed(media: MediaDesk, ada: Person) -> None:
    medium = await uploaded(media, ada)
    await attach(media, medium, 1)

    await MediaHousekeeping(media=media).sweep()

    assert files_in(media) == []


async def test_deleted_account_leaves_no_file(media: MediaDesk, ada: Person) -> None:
    await uploaded(media, ada)

    def leave(uow: UnitOfWork) -> None:
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")

    await media.storage.write(leave)
    await MediaHousekeeping(media=media).sweep()

    assert files_in(media) == []


async def test_file_that_is_named_again_meanwhile_is_not_removed(
    media: MediaDesk, ada: Person
) -> None:
    medium = await uploaded(media, ada)
    assert medium.digest is not None

    freed = await free(media, [medium.digest])

    assert freed == 0
    assert media.files.path_of(medium.digest).exists()


async def test_stray_of_a_crash_is_swept_but_not_at_once(media: MediaDesk, clock: Clock) -> None:
    stray = media.files.path_of(b"\x00" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    os.utime(stray, times=(clock().timestamp(),) * 2)

    early = await MediaHousekeeping(media=media).sweep()
    clock.advance(timedelta(hours=2))
    late = await MediaHousekeeping(media=media).sweep()

    assert (early, late) == (0, 1)
    assert not stray.exists()


async def test_start_clears_what_a_killed_node_left(media: MediaDesk, ada: Person) -> None:
    received(media, media_files.picture())
    waiting = Medium(
        id=5,
        owner_id=ada.id,
        purpose=MediaPurpose.ATTACHMENT,
        state=MediaState.PROCESSING,
        kind=(await uploaded(media, ada)).kind,
        created_at=media.now(),
    )
    await media.storage.write(lambda uow: uow.media.add(waiting, quota=10**9))

    await MediaHousekeeping(media=media).start()

    found = await media.storage.read(lambda uow: uow.media.get(5))
    assert found is not None
    assert found.state is MediaState.FAILED
    assert all(path.parent.name != "tmp" for path in files_in(media))


async def test_avatar_replaces_the_one_before_and_is_shown_to_anyone(
    app: Uploader, media: MediaDesk, ada: Person
) -> None:
    urls: list[str] = []
    for kind in ("PNG", "JPEG"):
        file = received(media, media_files.picture(kind, size=(900, 600)))
        await store_avatar(
            media, ada.id, file, MediaPurpose.AVATAR, lambda _uow, url: urls.append(url)
        )
        file.path.unlink()
    await MediaHousekeeping(media=media).sweep()

    gone, shown = [await app.look(url) for url in urls]

    assert (gone.status, shown.status) == (404, 200)
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert len(files_in(media)) == 1
    used = await media.storage.read(lambda uow: uow.media.used(ada.id))
    assert used == len(shown.body)


@pytest.mark.parametrize(
    ("purpose", "size"), [(MediaPurpose.AVATAR, (400, 400)), (MediaPurpose.HEADER, (1500, 500))]
)
async def test_avatar_and_header_have_their_sizes(
    app: Uploader, media: MediaDesk, ada: Person, purpose: MediaPurpose, size: tuple[int, int]
) -> None:
    file = received(media, media_files.picture("JPEG", size=(2_000, 1_200)))

    found = await store_avatar(media, ada.id, file, purpose, _named)

    assert (found.width, found.height) == size


def _named(uow: UnitOfWork, url: str) -> Medium:
    found = uow.media.get(int(url.split("/")[-2]))
    assert found is not None
    return found


async def test_avatar_is_not_kept_when_it_cannot_be_set(media: MediaDesk, ada: Person) -> None:
    file = received(media, media_files.picture())

    def fail(_uow: UnitOfWork, _url: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store_avatar(media, ada.id, file, MediaPurpose.AVATAR, fail)

    assert await media.storage.read(lambda uow: uow.media.used(ada.id)) == 0
