"""Who is shown which file, and how it is sent. Spec: security HTM-06, HTM-10, PRV-07."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities.community import CommunityVisibility
from communities.posts import Attachment, Post, PostState, Visibility
from node.media.attaching import claim_attachments
from node.media.serving import FOR_EVER, NOT_KEPT
from storage.unit_of_work import UnitOfWork
from tests.node.media.conftest import Uploader
from tests.support import media_files
from tests.support.clock import Clock
from tests.support.factories import HOME, World


async def posted(
    app: Uploader, world: World, *, private: bool = False, **changes: Any
) -> tuple[Post, Attachment]:
    """A post with a picture."""
    entity = (await app.upload(media_files.picture())).json

    def unit(uow: UnitOfWork) -> tuple[Post, Attachment]:
        post = world.post(uow, app.person, **changes)
        (attached,) = claim_attachments(
            uow,
            app.media.urls,
            [int(entity["id"])],
            app.person.id,
            post.id,
            private=private,
            at=app.media.now(),
        )
        return post, attached

    return await app.desk.storage.write(unit)


async def test_what_anyone_may_see_is_sent_to_anyone_for_ever(app: Uploader, world: World) -> None:
    _post, attached = await posted(app, world)
    url, preview_url = app.media.urls.attachment(attached, private=False)
    assert url == attached.url

    whole = await app.look(attached.url)
    small = await app.look(preview_url or "")

    assert (whole.status, small.status) == (200, 200)
    assert whole.headers["Cache-Control"] == FOR_EVER
    assert whole.headers["Access-Control-Allow-Origin"] == "*"
    assert whole.headers["ETag"]
    assert len(small.body) < len(whole.body) or small.headers["Content-Type"] == "image/webp"


async def test_a_range_is_sent_alone(app: Uploader, world: World) -> None:
    _post, attached = await posted(app, world)
    whole = await app.look(attached.url)

    part = await app.look(attached.url, Range="bytes=4-11")
    same = await app.look(attached.url, Range="bytes=4-11", **{"If-Range": whole.headers["ETag"]})
    other = await app.look(attached.url, Range="bytes=4-11", **{"If-Range": '"another"'})
    end = await app.look(attached.url, Range="bytes=-5")
    several = await app.look(attached.url, Range="bytes=0-1,4-5")
    beyond = await app.look(attached.url, Range="bytes=999999999-")
    known = await app.look(attached.url, **{"If-None-Match": whole.headers["ETag"]})

    assert (part.status, part.body) == (206, whole.body[4:12])
    assert part.headers["Content-Range"] == f"bytes 4-11/{len(whole.body)}"
    assert (same.status, same.body) == (206, whole.body[4:12])
    assert (other.status, other.body) == (200, whole.body)
    assert (end.status, end.body) == (206, whole.body[-5:])
    assert (several.status, several.body) == (200, whole.body)
    assert beyond.status == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole.body)}"
    assert known.status == 304


async def test_upload_that_waits_is_shown_by_capability_alone(app: Uploader, clock: Clock) -> None:
    entity = (await app.upload(media_files.picture())).json

    now = await app.look(entity["url"])
    plain = await app.look(f"/media/{entity['id']}/original.png")
    clock.advance(timedelta(hours=2, seconds=1))
    later = await app.look(entity["url"])

    assert (now.status, plain.status, later.status) == (200, 404, 404)
    assert now.headers["Cache-Control"] == NOT_KEPT


MEMBERS_ONLY: list[Callable[[World, UnitOfWork], dict[str, Any]]] = [
    lambda _world, _uow: {"visibility": Visibility.FOLLOWERS},
    lambda _world, _uow: {"visibility": Visibility.DIRECT},
    lambda world, uow: {
        "community": world.community(uow, "bees", visibility=CommunityVisibility.PRIVATE),
        "visibility": Visibility.MEMBERS,
    },
]


@pytest.mark.parametrize("make", MEMBERS_ONLY, ids=["followers", "direct", "members"])
async def test_attachment_of_a_private_post_is_not_shown_by_its_number(
    app: Uploader, world: World, clock: Clock, make: Callable[[World, UnitOfWork], dict[str, Any]]
) -> None:
    changes = await app.desk.storage.write(lambda uow: make(world, uow))
    _post, attached = await posted(app, world, private=True, **changes)
    url, preview_url = app.media.urls.attachment(attached, private=True)

    shown = [await app.look(address or "") for address in (url, preview_url, attached.url)]
    plain = await app.look(f"/media/{attached.media_id}/original.png")
    small = await app.look(f"/media/{attached.media_id}/small.webp")
    clock.advance(timedelta(hours=2, seconds=1))
    later = [await app.look(address or "") for address in (url, preview_url, attached.url)]

    assert [answer.status for answer in shown] == [200, 200, 200]
    assert all(answer.headers["Cache-Control"] == NOT_KEPT for answer in shown)
    assert (plain.status, small.status) == (404, 404)
    assert [answer.status for answer in later] == [404, 404, 200], "peers fetch when they like"


async def test_capability_opens_one_size_of_one_medium_until_one_time(
    app: Uploader, world: World
) -> None:
    post, attached = await posted(app, world, private=True, visibility=Visibility.DIRECT)
    other = (await app.upload(media_files.picture("JPEG"))).json
    url, _preview = app.media.urls.attachment(attached, private=True)
    _media, number, capability, name = (url or "").removeprefix(HOME.base + "/").split("/")
    until, mac = capability.split(".")
    forged = [
        f"/media/{other['id']}/{capability}/{name}",
        f"/media/{number}/{capability}/small.webp",
        f"/media/{number}/{int(until) + 3600}.{mac}/{name}",
        f"/media/{number}/{until}.{'A' * 22}/{name}",
        f"/media/{number}/0.{mac}/{name}",
        f"/media/{number}/{until}/{name}",
        f"/media/{number}/{capability}/original.html",
        f"/media/{number}/{capability}/original",
        f"/media/{number}/{capability}/..%2foriginal.png",
    ]

    answers = [await app.look(path) for path in forged]

    assert [answer.status for answer in answers] == [404] * len(forged)
    assert post.visibility is Visibility.DIRECT


async def test_media_of_a_removed_post_are_not_shown_even_to_peers(
    app: Uploader, world: World
) -> None:
    public_post, public = await posted(app, world)
    private_post, private = await posted(app, world, private=True, visibility=Visibility.DIRECT)

    def remove(uow: UnitOfWork) -> None:
        for post in (public_post, private_post):
            uow.posts.set_state(post.id, PostState.REMOVED, at=world.tick())

    await app.desk.storage.write(remove)

    assert (await app.look(public.url)).status == 404
    assert (await app.look(private.url)).status == 404


async def test_community_elsewhere_fetches_media_before_it_announces(
    app: Uploader, world: World
) -> None:
    community = await app.desk.storage.write(world.remote_community, "wasps")
    _post, attached = await posted(app, world, community=community, state=PostState.PENDING)

    assert (await app.look(attached.url)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/media/../node.toml",
        "/media/%2e%2e/noaber.db",
        "/media/1/..%2f..%2fnoaber.db",
        "/media/99999999999999999999999999/original.png",
        "/media/1/original.png",
        "/media/1/large.png",
        "/media/tmp/x",
        "/media/-1/original.png",
    ],
)
async def test_paths_that_lead_elsewhere_are_not_found(app: Uploader, path: str) -> None:
    assert (await app.look(path)).status == 404


async def test_withdrawn_post_takes_its_media_away(app: Uploader, world: World) -> None:
    post, attached = await posted(app, world)

    def withdraw(uow: UnitOfWork) -> None:
        uow.posts.set_state(post.id, PostState.WITHDRAWN, at=world.tick())

    await app.desk.storage.write(withdraw)

    assert (await app.look(attached.url)).status == 404


async def test_attached_upload_can_no_longer_be_changed_or_deleted(
    app: Uploader, world: World
) -> None:
    _post, attached = await posted(app, world)
    path = f"/api/v1/media/{attached.media_id}"

    changed = await app.call("PUT", path, json={"description": "late"})
    deleted = await app.call("DELETE", path)

    assert changed.status == 404
    assert deleted.status == 422
    assert deleted.json["error"] == "Media attachment is currently used by a status"
