"""Answering with documents: which form a client wants, who it is, and how long it may keep it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

from aiohttp import web

from communities.errors import Invalid, NotFound
from communities.visibility import Viewer
from federation.signed_reads import PeerReader
from protocols.activitypub.parsing_origins import host_of
from protocols.activitypub.vocabulary import ACTIVITY_JSON
from protocols.errors import SignatureRefused
from protocols.signed_request import RequestParts
from protocols.strict_json import JsonObject, dumps

PUBLIC_SECONDS = 180
VARY = "Accept, Signature, Authorization"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wants_activity(request: web.Request) -> bool:
    """Whether a client asks for ActivityPub rather than for a page.

    Spec: ActivityPub 3.2; who asks for nothing in particular gets the document.
    """
    accept = request.headers.get("Accept", "").lower()
    if "application/activity+json" in accept or "application/ld+json" in accept:
        return True
    return "text/html" not in accept


def negotiated(document: Handler, page: Handler) -> Handler:
    """One URL for peers and people."""

    async def answer(request: web.Request) -> web.StreamResponse:
        chosen = document if wants_activity(request) else page
        return await chosen(request)

    return answer


def redirect_to(location: str) -> web.Response:
    """Send a client on to another URL of this node."""
    return web.Response(status=303, headers={"Location": location, "Vary": VARY})


@dataclass(frozen=True, slots=True)
class Readers:
    """Tells who asks for a document."""

    reader: PeerReader

    async def viewer(self, request: web.Request) -> Viewer:
        """The peer that signed the request, or nobody in particular.

        Raises:
            SignatureRefused: authorized fetch is on and there is no signature.
            SignatureRejected, NotAllowed: the signature does not hold, or the peer is blocked.
        """
        parts = RequestParts(
            method=request.method,
            target=request.raw_path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=b"",
        )
        key = await self.reader.identify(parts)
        if key is None:
            if self.reader.is_required:
                raise SignatureRefused("unsigned")
            return Viewer()
        return Viewer(host=host_of(key.owner_uri))

    def document(
        self,
        request: web.Request,
        document: JsonObject,
        *,
        status: int = 200,
        public: bool = True,
        open_to_all: bool = False,
    ) -> web.Response:
        """A document, with an ETag; 304 when the client has it.

        `public` says that everyone may read it, `open_to_all` that authorized fetch does not
        concern it, either.
        """
        body = dumps(document)
        etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        shared = open_to_all or (public and not self.reader.is_required)
        headers = {
            "Content-Type": ACTIVITY_JSON,
            "ETag": etag,
            "Vary": VARY,
            "Cache-Control": (
                f"public, max-age={PUBLIC_SECONDS}" if shared else "private, no-store"
            ),
        }
        if status == HTTPStatus.OK and etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(status=status, body=body, headers=headers)


MAX_KEY = (1 << 63) - 1
_KEY_DIGITS = 19


def key_of(text: str) -> int | None:
    """The key that a text names; None when it is no number, or larger than any key.

    The length is looked at first: Python refuses to read thousands of digits.
    """
    if len(text) > _KEY_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    found = int(text)
    return found if found <= MAX_KEY else None


def key_in_path(request: web.Request) -> int:
    """The number in a path.

    Raises:
        NotFound: it is larger than any key.
    """
    key = int(request.match_info["key"])
    if key > MAX_KEY:
        raise NotFound("There is nothing here")
    return key


def page_start(request: web.Request) -> int | None:
    """Where a page of a collection begins: None for the collection itself, 0 for its first page.

    Raises:
        Invalid: it is not a number.
    """
    value = request.query.get("before", request.query.get("after"))
    if value is None:
        return 0 if "page" in request.query else None
    found = key_of(value)
    if found is None:
        raise Invalid("page", "A page begins at a number")
    return found
