"""One face for both kinds of HTTP signature on a request that came in."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from protocols import http_signatures, message_signatures
from protocols.errors import SignatureRefused
from protocols.key_formats import PublicKey
from protocols.signed_request import RequestParts


class RequestSignature(Protocol):
    """A signature that was read and not yet verified."""

    @property
    def key_id(self) -> str:
        """The key that is said to have made it."""

    def check(
        self, request: RequestParts, *, now: datetime, past: timedelta, hosts: Collection[str]
    ) -> None:
        """Refuse what would prove too little even if genuine (SignatureRefused)."""

    def verify(self, request: RequestParts, key: PublicKey) -> None:
        """Refuse what this key did not make (SignatureRefused)."""


class Cavage:
    """draft-cavage-http-signatures-12."""

    __slots__ = ("_header", "key_id")

    def __init__(self, value: str) -> None:
        """Parse the Signature header."""
        self._header = http_signatures.parse(value)
        self.key_id = self._header.key_id

    def check(
        self, request: RequestParts, *, now: datetime, past: timedelta, hosts: Collection[str]
    ) -> None:
        """Refuse what would prove too little even if genuine."""
        http_signatures.check_request(
            self._header,
            request,
            now=now,
            past=past,
            body_required=request.method == "POST",
            hosts=hosts,
        )

    def verify(self, request: RequestParts, key: PublicKey) -> None:
        """Refuse what this key did not make."""
        http_signatures.verify(self._header, request, key)


class MessageSignature:
    """RFC 9421."""

    __slots__ = ("_scheme", "_signature", "key_id")

    def __init__(
        self, signature_input: str, signature: str, *, scheme: message_signatures.Scheme
    ) -> None:
        """Parse the two headers; `scheme` is that of our public URLs."""
        self._signature = message_signatures.parse(signature_input, signature)
        self._scheme = scheme
        self.key_id = self._signature.key_id

    def check(
        self, request: RequestParts, *, now: datetime, past: timedelta, hosts: Collection[str]
    ) -> None:
        """Refuse what would prove too little even if genuine."""
        message_signatures.check_request(
            self._signature,
            request,
            now=now,
            past=past,
            body_required=request.method == "POST",
            hosts=hosts,
        )

    def verify(self, request: RequestParts, key: PublicKey) -> None:
        """Refuse what this key did not make."""
        message_signatures.verify(self._signature, request, key, scheme=self._scheme)


def read_signature(request: RequestParts, *, scheme: message_signatures.Scheme) -> RequestSignature:
    """The signature of a request: RFC 9421 where Signature-Input is sent, else draft-cavage.

    Raises:
        SignatureRefused: unsigned, malformed or unsupported.
    """
    value = request.headers.get("signature")
    if not value:
        raise SignatureRefused("unsigned")
    signature_input = request.headers.get("signature-input")
    if signature_input is None:
        return Cavage(value)
    return MessageSignature(signature_input, value, scheme=scheme)
