"""The second factor: codes of six digits that change every thirty seconds, and recovery codes.

Spec: RFC 6238 (TOTP) over RFC 4226 (HOTP), with SHA-1, as every authenticator app has it.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
"""As long as the hash: RFC 4226 4, R6."""
SKEW = 1
"""Steps by which clocks may differ, either way."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_GROUP = 4
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[a-z2-7]{16}")


def new_secret() -> bytes:
    """A fresh secret."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """The number of the time step of a moment."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a time step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, moment: datetime) -> int | None:
    """The time step that a code belongs to, of those about now; None when it is wrong."""
    written = "".join(code.split())
    if not _CODE.fullmatch(written):
        return None
    now = step_at(moment)
    steps: list[int] = sorted(range(now - SKEW, now + SKEW + 1), key=lambda step: abs(step - now))
    for step in steps:
        if hmac.compare_digest(code_at(secret, step), written):
            return step
    return None


def shown_secret(secret: bytes) -> str:
    """The secret as people type it into an app: base32, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def otpauth_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """The link by which an authenticator app takes the secret over.

    Spec: Key Uri Format of Google Authenticator.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = urlencode(
        {"secret": shown_secret(secret).replace(" ", ""), "issuer": issuer}, quote_via=quote
    )
    return f"otpauth://totp/{label}?{query}"


def new_recovery_codes() -> Sequence[str]:
    """Ten codes of 80 random bits, as people write them down."""
    return [_shown_code(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def _shown_code(random: bytes) -> str:
    text = base64.b32encode(random).decode().lower()
    return "-".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def recovery_digest(code: str) -> bytes | None:
    """What storage knows a recovery code by; None for what cannot be one."""
    written = re.sub(r"[\s-]", "", code).lower()
    return hashlib.sha256(written.encode()).digest() if _RECOVERY.fullmatch(written) else None
