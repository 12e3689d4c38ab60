"""Attachments on the wire: what is told of ours, and what is kept of a peer's."""

from communities.posts import Attachment, PostContent
from federation.activitypub.from_domain import post_document
from federation.activitypub.to_domain import post_content
from protocols.activitypub import vocabulary
from protocols.activitypub.rendering_objects import render_post
from protocols.strict_json import JsonObject
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME, World

FILM = Attachment(
    kind="Video",
    url="https://noaber.example/media/7/0.AAAAAAAAAAAAAAAAAAAAAA/original.mp4",
    media_type="video/mp4",
    alt="Bees at the hive",
    width=1280,
    height=720,
    blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    focus=(0.5, -0.25),
    duration_ms=2_100,
    media_id=7,
)


async def test_attachment_is_told_with_all_that_others_show(storage: Storage) -> None:
    world = World()

    def write(uow: UnitOfWork) -> vocabulary.Post | None:
        content = PostContent(html="<p>Moin.</p>", attachments=(FILM,))
        post = world.post(uow, world.person(uow, "ada"), content=content)
        return post_document(uow, post, HOME)

    document = await storage.write(write)

    assert document is not None
    told: JsonObject = render_post(document)
    assert told["attachment"] == [
        {
            "type": "Video",
            "url": FILM.url,
            "mediaType": "video/mp4",
            "name": "Bees at the hive",
            "width": 1280,
            "height": 720,
            "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            "focalPoint": [0.5, -0.25],
            "duration": "PT2.1S",
        }
    ]
    (kept,) = post_content(document).attachments
    assert (kept.focus, kept.duration_ms, kept.media_id) == ((0.5, -0.25), 2_100, None)
