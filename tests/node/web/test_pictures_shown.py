"""Pictures on a thread's page: shown by this node, and linked to where their author put them."""

from dataclasses import replace

from communities.posts import Attachment, PostContent
from node.media.urls import MediaUrls
from node.web.site import Site
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME, World
from tests.support.media_room import SECRET
from tests.support.visitor import visiting

PICTURE = Attachment(kind="Image", url="https://media.example/a.jpg", alt='A "roof"')
FILM = Attachment(kind="Video", url="https://media.example/a.mp4")


async def test_picture_of_a_peer_is_shown_through_this_node(
    site: Site, sqlite_storage: Storage, world: World
) -> None:
    def write(uow: UnitOfWork) -> int:
        ada = world.person(uow, "ada")
        content = PostContent(title="Open day", attachments=(PICTURE, FILM))
        return world.post(uow, ada, content=content).id

    post_id = await sqlite_storage.write(write)
    media = MediaUrls(HOME, SECRET, site.now)
    _url, small = media.attachment(PICTURE, private=False)

    async with visiting(replace(site, media=media)) as visitor:
        page = await visitor.get(f"/post/{post_id}")

    assert page.text.count("<img ") == 1
    assert f'src="{small}"' in page.text
    assert 'alt="A &#34;roof&#34;"' in page.text
    assert 'href="https://media.example/a.jpg"' in page.text
    assert 'src="https://media.example' not in page.text
