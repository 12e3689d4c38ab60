"""Who fetches a document: the peer behind a signed GET, for authorized fetch and private posts.

Spec: reference activitypub 3.1, 4; security PRV-01, PRV-08.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from communities.errors import NotAllowed, Reason
from federation.inbox import origin_of_key
from federation.keys import PeerKey, PeerKeys
from federation.policies import Policies
from federation.request_signatures import read_signature
from protocols.errors import SignatureRefused
from protocols.message_signatures import Scheme
from protocols.signed_request import RequestParts


class PeerReader:
    """Verifies signed GETs."""

    def __init__(
        self,
        keys: PeerKeys,
        policies: Policies,
        *,
        base: str,
        required: bool,
        now: Callable[[], datetime],
        window: timedelta,
    ) -> None:
        """Take what it works with; with `required` unsigned reads are refused."""
        parts = urlsplit(base)
        self._keys = keys
        self._policies = policies
        self._hosts = frozenset({parts.netloc})
        self._scheme: Scheme = "http" if parts.scheme == "http" else "https"
        self._required = required
        self._now = now
        self._window = window

    @property
    def is_required(self) -> bool:
        """Whether documents are given to signed requests only (authorized fetch)."""
        return self._required

    async def identify(self, request: RequestParts) -> PeerKey | None:
        """The verified signer of a GET; None for an unsigned one.

        Raises:
            SignatureRefused, SignatureRejected: a signature is there and does not hold.
            NotAllowed: the peer is blocked.
        """
        if not request.headers.get("signature"):
            return None
        signature = read_signature(request, scheme=self._scheme)
        peer = origin_of_key(signature.key_id)
        if self._policies.is_refused(peer):
            raise NotAllowed(Reason.BLOCKED, "This server does not talk with yours")
        signature.check(request, now=self._now(), past=self._window, hosts=self._hosts)
        key = await self._keys.get(signature.key_id)
        try:
            signature.verify(request, key.key)
        except SignatureRefused:
            renewed = await self._keys.refetch(key)
            if renewed is None:
                raise
            signature.verify(request, renewed.key)
            return renewed
        return key
