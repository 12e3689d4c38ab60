"""What devices answer, verified by the library `webauthn`; the extra `passkeys` brings it.

`node.accounts.passkeys` alone imports this, when the first answer comes: it takes 0.2 seconds.
"""

from collections.abc import Callable
from typing import TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat

from protocols.errors import RemoteProtocolError
from protocols.webauthn import ALGORITHMS, TRANSPORTS
from storage.passkeys import NewPasskey, Passkey

LONGEST_ID = 1023
"""Bytes that the id of a credential may have."""
_FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)
"""No attestation is asked for; some devices vouch for themselves all the same."""
_FOREIGN = (
    *(WebAuthnException, InvalidSignature, UnsupportedAlgorithm),
    *(ValueError, TypeError, LookupError, AttributeError, RecursionError),
)
"""What the library raises at an answer that no device gives."""
T = TypeVar("T")


class Verifier:
    """Verifies what is answered to the challenges of one host."""

    def __init__(self, *, rp_id: str, origin: str) -> None:
        """Take answers that were given to pages of this origin."""
        self._rp_id = rp_id
        self._origin = origin

    def registration(self, answer: str, challenge: bytes, user_handle: bytes) -> NewPasskey:
        """The passkey that a device has made.

        Spec: WebAuthn Level 2 7.1.

        Raises:
            RemoteProtocolError: the answer is to another challenge, page or host, nobody was
                verified, or it is none.
        """
        return _judged(lambda: self._registration(answer, challenge, user_handle))

    def _registration(self, answer: str, challenge: bytes, user_handle: bytes) -> NewPasskey:
        credential = parse_registration_credential_json(answer)
        _refuse_framed(credential.response.client_data_json)
        vouched = parse_attestation_object(credential.response.attestation_object)
        if vouched.fmt not in _FORMATS or vouched.att_stmt.x5c:
            raise RemoteProtocolError("somebody vouches for the device, which was not asked for")
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=self._rp_id,
            expected_origin=self._origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in ALGORITHMS],
        )
        if made.credential_id != credential.raw_id or len(made.credential_id) > LONGEST_ID:
            raise RemoteProtocolError("the credential has another id")
        # The library looks whether it is a key only when somebody signs in with it.
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
        told = credential.response.transports or ()
        return NewPasskey(
            credential_id=made.credential_id,
            user_handle=user_handle,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=tuple(sorted({one.value for one in told} & TRANSPORTS)),
        )

    def assertion(self, answer: str, challenge: bytes, passkey: Passkey) -> int:
        """How often the device says that it has signed, once it has proven to hold the key.

        Spec: WebAuthn Level 2 7.2.

        Raises:
            RemoteProtocolError: as in `registration`; or it is another passkey, or somebody else's.
        """
        return _judged(lambda: self._assertion(answer, challenge, passkey))

    def _assertion(self, answer: str, challenge: bytes, passkey: Passkey) -> int:
        credential = parse_authentication_credential_json(answer)
        _refuse_framed(credential.response.client_data_json)
        if credential.raw_id != passkey.credential_id:
            raise RemoteProtocolError("another passkey has answered")
        # The passkey was found by itself, so the device must say whose it is (7.2 step 6).
        if credential.response.user_handle != passkey.user_handle:
            raise RemoteProtocolError("the device says that it is somebody else's")
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=self._rp_id,
            expected_origin=self._origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        return verified.new_sign_count

    def credential_id(self, answer: str) -> bytes:
        """Which passkey an answer says that it is by.

        Raises:
            RemoteProtocolError: it is no answer.
        """
        return _judged(lambda: parse_authentication_credential_json(answer).raw_id)


def _refuse_framed(client_data: bytes) -> None:
    """No page of ours is shown inside a page of another site (7.1 step 9 of Level 3)."""
    if parse_client_data_json(client_data).cross_origin:
        raise RemoteProtocolError("the page was inside another one")


def _judged(verify: Callable[[], T]) -> T:
    try:
        return verify()
    except _FOREIGN as error:
        raise RemoteProtocolError(str(error)) from error
