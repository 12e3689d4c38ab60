"""What people of a Fedify server do in a community of ours, until it has taken effect."""

from communities.posts import Post
from tests.interop.fedify_server import Fedify, of_type
from tests.interop.home import Garden


async def join(garden: Garden, fedify: Fedify, who: str = "alice") -> str:
    """Let someone of the Fedify server follow the garden; the id of the Follow."""
    asked = await fedify.act("follow", who, actor=garden.uri)
    await fedify.hears(lambda one: of_type("Accept")(one) and one.heard_id == asked)
    return asked


async def write(garden: Garden, fedify: Fedify, who: str = "alice", **said: str) -> Post:
    """Let someone of the Fedify server post in the garden; the post as it stands here."""
    told = {"name": "Slugs", "content": "<p>They are back.</p>", **said}
    uri = await fedify.act("post", who, group=garden.uri, **told)
    return await garden.home.post_of(uri)
