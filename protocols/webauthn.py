"""What a browser is asked when somebody makes a passkey, or signs in with one.

Every passkey stands for password and second factor together: the device must be able to find it by
itself (a discoverable credential), and to make sure who holds it (user verification).

Spec: WebAuthn Level 2 5.4, 5.5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from protocols.key_formats import render_unpadded_base64

Options = Mapping[str, object]

TRANSPORTS: Final = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
"""How a browser may reach a device, by the words of Level 3 5.8.4."""
ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA and RS256, by their numbers in COSE: what devices have, the usual one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who asks: the host of the pages, under which devices keep the keys, and its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose passkey it becomes, as their device shows it; the handle tells nobody who it is."""

    handle: bytes
    name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A passkey that there is already: its device must not make another one."""

    credential_id: bytes
    transports: Sequence[str] = ()


def creation_options(
    party: RelyingParty,
    holder: Holder,
    challenge: bytes,
    known: Sequence[Known],
    *,
    timeout: timedelta,
) -> Options:
    """What a browser is given to make a passkey, as JSON has it.

    Nobody is asked what their device is (attestation): that is their own affair.
    """
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {
            "id": _text(holder.handle),
            "name": holder.name,
            "displayName": holder.display_name,
        },
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
        "timeout": _milliseconds(timeout),
        "excludeCredentials": [
            {
                "type": "public-key",
                "id": _text(one.credential_id),
                "transports": list(one.transports),
            }
            for one in known
        ],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(party: RelyingParty, challenge: bytes, *, timeout: timedelta) -> Options:
    """What a browser is given to sign in: any passkey of this host will do."""
    return {
        "rpId": party.id,
        "challenge": _text(challenge),
        "timeout": _milliseconds(timeout),
        "allowCredentials": [],
        "userVerification": "required",
    }


def _text(raw: bytes) -> str:
    return render_unpadded_base64(raw, urlsafe=True)


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
