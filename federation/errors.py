"""What can go wrong between us and a peer, told apart by what to do about it.

    FederationError               str() is one sentence that is safe to show to a client
    +-- PeerUnreachable           try again later (failure, status, retry_after)
    +-- PeerRefused               the peer answered and said no; do not try again (status)
    +-- SignatureRejected         a request that came in cannot be ascribed to its sender (reason)
    +-- FetchForbidden            we do not go there, or do not take what is there (reason)

Nothing that a peer wrote and no address is part of the sentence: `peer` is for the log.
"""

from datetime import timedelta
from enum import StrEnum


class Failure(StrEnum):
    """Why there was no usable answer; a metric label and a log field."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    """The connection broke, or what came over it was not HTTP."""
    STATUS = "status"
    """An answer that asks for patience: 408, 425, 429 or 5xx."""
    LOCAL = "local"
    """Our own trouble (no file descriptors, no network): says nothing about the peer."""


class Forbidden(StrEnum):
    """Why something was not fetched or not taken; a metric label and a log field."""

    URL = "url"
    ADDRESS = "address"
    MEDIA_TYPE = "media-type"
    TOO_LARGE = "too-large"
    REDIRECT = "redirect"
    ID = "id"
    DOCUMENT = "document"
    """Not strict JSON, or not an object."""


class FederationError(Exception):
    """The conversation with a peer did not come about.

    Attributes:
        peer: the host it was about, for the log; empty when there was none to name.
    """

    def __init__(self, message: str, *, peer: str = "") -> None:
        """Keep the sentence and the host."""
        super().__init__(message)
        self.peer = peer


_SENTENCES = {
    Failure.DNS: "the name of the peer could not be resolved",
    Failure.CONNECT: "the peer could not be connected to",
    Failure.TLS: "no secure connection to the peer could be made",
    Failure.TIMEOUT: "the peer did not answer in time",
    Failure.BROKEN: "the connection to the peer broke",
    Failure.STATUS: "the peer asked to try again later",
    Failure.LOCAL: "this node could not open a connection",
    Forbidden.URL: "not a URL of a peer",
    Forbidden.ADDRESS: "the host is not on the public internet",
    Forbidden.MEDIA_TYPE: "the peer answered with another media type",
    Forbidden.TOO_LARGE: "the answer of the peer is too large",
    Forbidden.REDIRECT: "the peer redirects too often or to another server",
    Forbidden.ID: "the document is not the one that was asked for",
    Forbidden.DOCUMENT: "the answer of the peer is not a JSON object",
}


class PeerUnreachable(FederationError):  # noqa: N818 - the field's word
    """There was no usable answer now; there may be one later.

    Attributes:
        failure: why.
        status: the HTTP status, when there was one.
        retry_after: how long the peer asked us to wait, at most 24 h.
    """

    def __init__(
        self,
        failure: Failure,
        *,
        peer: str = "",
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        """Keep what decides when to try again."""
        super().__init__(_SENTENCES[failure], peer=peer)
        self.failure = failure
        self.status = status
        self.retry_after = retry_after


class PeerRefused(FederationError):  # noqa: N818 - as above
    """The peer answered, and asking again will not help.

    Attributes:
        status: the HTTP status; 404 and 410 say that there is nothing (any more).
    """

    def __init__(self, status: int, *, peer: str = "") -> None:
        """Keep the status."""
        super().__init__(f"the peer answered with status {status}", peer=peer)
        self.status = status


class SignatureRejected(FederationError):  # noqa: N818 - as above
    """A request that came in is not proven to be its sender's.

    Attributes:
        reason: one word for the log and the metrics (see protocols.errors.SignatureReason).
    """

    def __init__(self, reason: str, *, peer: str = "") -> None:
        """Keep the reason; it is our own word."""
        super().__init__(f"signature rejected: {reason}", peer=peer)
        self.reason = reason


class FetchForbidden(FederationError):  # noqa: N818 - as above
    """We do not open this connection, or do not take this answer.

    Attributes:
        reason: why.
    """

    def __init__(self, reason: Forbidden, *, peer: str = "") -> None:
        """Keep the reason."""
        super().__init__(_SENTENCES[reason], peer=peer)
        self.reason = reason
