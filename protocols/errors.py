"""What can go wrong on the wire, told apart by whose fault it is.

    ProtocolError                 status_hint, errcode; str() is safe to show to a client
    +-- LocalProtocolError        ours: we built or stored something that cannot be sent (500)
    +-- RemoteProtocolError       theirs: what arrived breaks the protocol (400 unless said)
        +-- SignatureRefused      theirs: unsigned, badly signed, stale or altered (401)

The message never holds what the peer sent: that goes into attributes, for the log.
"""

from typing import Literal

SignatureReason = Literal[
    "unsigned",
    "malformed",
    "unsupported",
    "algorithm",
    "coverage",
    "host",
    "clock",
    "expired",
    "digest",
    "bad-signature",
]
"""Why a signature was refused, in one word: a metric label and a log field.

unsigned: there is none. malformed: it cannot be read. unsupported: it covers something that we
cannot rebuild. algorithm: not on the list, or not that of the key. coverage: something that must
be signed is not. host: it was signed for another server. clock: made too long ago or in the
future. expired: past its own end. digest: the body is not the signed one. bad-signature: the key
did not make it.
"""


class ProtocolError(Exception):
    """Something on the wire cannot be used.

    Attributes:
        status_hint: the HTTP status that fits when this ends a request.
        errcode: the Matrix error code that fits.
    """

    status_hint: int = 500
    errcode: str = "M_UNKNOWN"

    def __init__(
        self, message: str, *, status_hint: int | None = None, errcode: str | None = None
    ) -> None:
        """Keep the message; a status or code given here replaces that of the class."""
        super().__init__(message)
        if status_hint is not None:
            self.status_hint = status_hint
        if errcode is not None:
            self.errcode = errcode


class LocalProtocolError(ProtocolError):
    """We made, stored or were asked to send something that the protocol does not allow."""


class RemoteProtocolError(ProtocolError):
    """A peer or client sent something that the protocol does not allow."""

    status_hint = 400


class SignatureRefused(RemoteProtocolError):  # noqa: N818 - "Refused" is the field's word
    """The request cannot be ascribed to the key that it names.

    Attributes:
        reason: one word of SignatureReason.
    """

    status_hint = 401
    errcode = "M_UNAUTHORIZED"

    def __init__(self, reason: SignatureReason, detail: str = "") -> None:
        """Keep the reason; the detail is our own wording, never text of the peer."""
        super().__init__(f"signature refused: {reason}" + (f" ({detail})" if detail else ""))
        self.reason: SignatureReason = reason
