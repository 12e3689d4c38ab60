"""Ids to documents: fetched from their origin, checked, never from here and never twice at once.

Spec: FEP-fe34; security ORI-04, ORI-06, FET-05, FLD-04.
"""

import asyncio
from collections.abc import Callable

from federation.client import Client
from federation.errors import FetchForbidden, PeerRefused, PeerUnreachable
from federation.fetch_budget import FetchBudget
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.signing import Signer
from federation.uris import Uris
from protocols.activitypub.parsing import parse_document
from protocols.activitypub.parsing_origins import (
    check_activity_origin,
    check_post_origin,
    is_web_url,
    origin,
)
from protocols.activitypub.vocabulary import Activity, Document, Post, Tombstone
from protocols.errors import RemoteProtocolError
from storage.errors import Busy

_GONE = frozenset({404, 410})


class Resolver:
    """Fetches the documents that activities speak of, signed as the node's own actor."""

    def __init__(
        self,
        client: Client,
        policies: Policies,
        budget: FetchBudget,
        reader: DocumentReader,
        uris: Uris,
        *,
        signer: Callable[[], Signer | None],
    ) -> None:
        """Ask through `client`, peers that `policies` lets us talk to, within `budget`."""
        self._client = client
        self._policies = policies
        self._budget = budget
        self._reader = reader
        self._uris = uris
        self._signer = signer
        self._under_way: dict[str, asyncio.Future[Document | None]] = {}

    async def fetch(self, uri: str) -> Document | None:
        """The document with this id; a Tombstone when its origin says that it is gone.

        None when it is ours, of a blocked peer, refused, or not what its origin may serve.

        Raises:
            PeerUnreachable: try again later.
            Busy: so much was fetched from this peer that it has to wait.
        """
        if not is_web_url(uri) or self._uris.is_ours(uri):
            return None
        peer = origin(uri)
        if self._policies.is_refused(peer):
            return None
        waiting = self._under_way.get(uri)
        if waiting is not None:
            return await asyncio.shield(waiting)
        future: asyncio.Future[Document | None] = asyncio.get_running_loop().create_future()
        self._under_way[uri] = future
        try:
            found = await self._fetch_once(uri, peer)
        except (PeerUnreachable, Busy) as error:
            _fail(future, error)
            raise
        except BaseException:
            _fail(future, Busy("the fetch was given up"))
            raise
        else:
            future.set_result(found)
            return found
        finally:
            del self._under_way[uri]

    async def _fetch_once(self, uri: str, peer: str) -> Document | None:
        self._budget.spend(peer)
        try:
            fetched = await self._client.get_json(uri, signer=self._signer())
            document = parse_document(await self._reader.plain(fetched.document))
            _check_origin(document)
        except PeerRefused as error:
            return Tombstone(id=uri) if error.status in _GONE else None
        except (FetchForbidden, RemoteProtocolError):
            return None
        return document


def _check_origin(document: Document) -> None:
    """Refuse a document that speaks for another server than the one it was found at.

    That its id is the URL where it was found, the client has seen to.
    """
    if isinstance(document, Post):
        check_post_origin(document)
    elif isinstance(document, Activity):
        check_activity_origin(document)


def _fail(future: "asyncio.Future[Document | None]", error: Exception) -> None:
    future.set_exception(error)
    future.exception()  # nobody may be waiting; then asyncio must not complain
