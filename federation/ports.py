"""What federation is given by the node that runs it."""

from collections.abc import Coroutine
from typing import Protocol

from federation.exchanges import Answer
from federation.signing import Signer
from protocols.activitypub.vocabulary import Document


class Spawn(Protocol):
    """Runs a coroutine as a supervised task; only the node creates tasks."""

    def __call__(self, work: Coroutine[object, object, None], name: str) -> None:
        """Start it now; an error that leaves it is logged."""


class DeliveryFigures(Protocol):
    """Counts what became of deliveries."""

    def delivery(self, outcome: str) -> None:
        """Count one: done, retried, dropped, gone."""


class Post(Protocol):
    """The part of the client that deliveries need."""

    async def post_signed(self, inbox: str, body: bytes, signer: Signer) -> Answer:
        """Sign and deliver one body.

        Raises:
            PeerUnreachable: no answer.
            FetchForbidden: the inbox URL or its address.
        """


class Fetches(Protocol):
    """What fetches documents; `activitypub.resolve.Resolver` in a node."""

    async def fetch(self, uri: str) -> Document | None:
        """The document with this id, a Tombstone when it is gone, None when it cannot be had.

        Raises:
            PeerUnreachable: try again later.
            Busy: so much was fetched from this peer that it has to wait.
        """
