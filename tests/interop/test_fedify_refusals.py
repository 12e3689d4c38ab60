"""What Fedify signed is believed as it was signed, once, and in no other form.

A request of the Fedify server is kept as it came and sent again, altered in one place. Slow: a
process of another language, and 4096-bit keys.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from communities.posts import Post
from tests.interop.fedify_server import Fedify, Scheme
from tests.interop.gardening import join, write
from tests.interop.home import Garden, Request

pytestmark = pytest.mark.slow

_NEVER_SENT_AGAIN = frozenset({"content-length", "transfer-encoding", "connection"})


async def send(fedify: Fedify, garden: Garden, request: Request) -> int:
    """Send a request byte for byte; the status of the answer."""
    headers = [pair for pair in request.headers if pair[0].lower() not in _NEVER_SENT_AGAIN]
    async with fedify.session.post(
        garden.home.base + request.path, headers=headers, data=request.body
    ) as answer:
        return answer.status


def with_header(request: Request, name: str, change: Callable[[str], str]) -> Request:
    """The request with one header changed."""
    assert name in {key.lower() for key, _ in request.headers}
    changed = [
        (key, change(value) if key.lower() == name else value) for key, value in request.headers
    ]
    return replace(request, headers=tuple(changed))


def other_body(request: Request, scheme: Scheme) -> Request:
    """Another post in the body, the digest left as it was."""
    text = request.body.decode()
    known = text.partition("/creates/")[2][:36]
    return replace(request, body=text.replace(known, str(uuid.uuid4())).encode())


def other_body_and_digest(request: Request, scheme: Scheme) -> Request:
    """Another post in the body, and the digest of that."""
    other = other_body(request, scheme)
    digest = base64.b64encode(hashlib.sha256(other.body).digest()).decode()
    if scheme is Scheme.CAVAGE:
        return with_header(other, "digest", lambda _: f"SHA-256={digest}")
    return with_header(other, "content-digest", lambda _: f"sha-256=:{digest}:")


def other_inbox(request: Request, scheme: Scheme) -> Request:
    """To the shared inbox."""
    return replace(request, path="/inbox")


def other_time(request: Request, scheme: Scheme) -> Request:
    """Signed a moment later."""
    if scheme is Scheme.CAVAGE:
        return with_header(request, "date", _next_second)
    return with_header(request, "signature-input", _created_later)


def other_key(request: Request, scheme: Scheme) -> Request:
    """Signed by somebody else of the same server."""
    name = "signature" if scheme is Scheme.CAVAGE else "signature-input"
    return with_header(request, name, lambda value: value.replace("/alice", "/bob"))


def no_signature(request: Request, scheme: Scheme) -> Request:
    """Not signed."""
    left = [pair for pair in request.headers if not pair[0].lower().startswith("signature")]
    return replace(request, headers=tuple(left))


def _next_second(date: str) -> str:
    """A Date with another second of the same minute."""
    second = (int(date[23:25]) + 1) % 60
    return f"{date[:23]}{second:02d}{date[25:]}"


def _created_later(parameters: str) -> str:
    before, _, after = parameters.partition("created=")
    moment = after[:10]
    assert moment.isdigit()
    return f"{before}created={int(moment) + 1}{after[10:]}"


ALTERATIONS = (
    other_body,
    other_body_and_digest,
    other_inbox,
    other_time,
    other_key,
    no_signature,
)


async def signed_post(garden: Garden, fedify: Fedify) -> tuple[Post, Request]:
    """A post from the Fedify server, and the request that brought it."""
    await join(garden, fedify)
    post = await write(garden, fedify)
    [request] = [one for one in garden.home.requests if b'"Create"' in one.body]
    return post, request


@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__)
async def test_altered_request_is_refused_and_changes_nothing(
    garden: Garden, fedify: Fedify, alter: Callable[[Request, Scheme], Request]
) -> None:
    _, request = await signed_post(garden, fedify)
    assert request.status == 202

    status = await send(fedify, garden, alter(request, fedify.process.scheme))

    assert status == 401
    assert await number_of_posts(garden) == 1


async def test_request_that_comes_again_is_taken_once(garden: Garden, fedify: Fedify) -> None:
    _, request = await signed_post(garden, fedify)

    status = await send(fedify, garden, request)

    assert status == 202
    assert await number_of_posts(garden) == 1


async def number_of_posts(garden: Garden) -> int:
    """How many posts the garden has."""
    listing = await garden.home.node.storage.read(
        lambda uow: uow.directory.listing(garden.community.id)
    )
    assert listing is not None
    return listing.posts
