"""OAuth 2 as this node speaks it: proofs of the code, where answers may go, errors, metadata.

Spec: RFC 6749, RFC 7636, RFC 8252, RFC 8414, RFC 9700; reference client-apis 1.5.
"""

import ipaddress
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from protocols.oauth_scopes import SCOPES

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""Instead of an address: the code is shown, and the person carries it to the app."""

CHALLENGE_METHOD = "S256"
RESPONSE_MODES = ("query", "fragment", "form_post")
"""How an answer travels. Spec: OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode 2."""

MAX_REDIRECT_LENGTH = 2000
MAX_REDIRECTS = 20

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ALLOWED = re.compile(r"[!$&-;=?-Z\[\]_a-z~%]+")
"""What may stand in a URI (RFC 3986), without the fragment's #."""
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL_ESCAPE = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff]|5[Cc])")
_REFUSED_SCHEMES = frozenset(
    {
        *("javascript", "data", "vbscript", "file", "filesystem", "blob", "about", "view-source"),
        *("mailto", "tel", "sms", "ws", "wss", "ftp", "chrome", "jar", "resource", "urn"),
    }
)
"""A browser would run them, open files with them, or speak another protocol."""


class OAuthError(StrEnum):
    """What a client is told when something is refused. Spec: RFC 6749 4.1.2.1, 5.2."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    ACCESS_DENIED = "access_denied"


DESCRIPTIONS: Mapping[OAuthError, str] = {
    OAuthError.INVALID_REQUEST: (
        "The request is missing a required parameter, includes an unsupported parameter value,"
        " or is otherwise malformed."
    ),
    OAuthError.INVALID_CLIENT: (
        "Client authentication failed due to unknown client, no client authentication included,"
        " or unsupported authentication method."
    ),
    OAuthError.INVALID_GRANT: (
        "The provided authorization grant is invalid, expired, revoked, does not match the"
        " redirection URI used in the authorization request, or was issued to another client."
    ),
    OAuthError.UNAUTHORIZED_CLIENT: "You are not authorized to revoke this token",
    OAuthError.UNSUPPORTED_GRANT_TYPE: (
        "The authorization grant type is not supported by the authorization server."
    ),
    OAuthError.UNSUPPORTED_RESPONSE_TYPE: (
        "The authorization server does not support this response type."
    ),
    OAuthError.INVALID_SCOPE: "The requested scope is invalid, unknown, or malformed.",
    OAuthError.ACCESS_DENIED: "The resource owner or authorization server denied the request.",
}


class RedirectRefused(ValueError):  # noqa: N818 - says what happened
    """An address to which no answer may go; the message says why."""


def is_verifier(text: str) -> bool:
    """Whether it has the form of a code verifier. Spec: RFC 7636 4.1."""
    return _VERIFIER.fullmatch(text) is not None


def is_challenge(text: str) -> bool:
    """Whether it has the form of an S256 challenge: 32 bytes in base64url. Spec: RFC 7636 4.2."""
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier. Spec: RFC 7636 4.2."""
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def proves(verifier: str | None, challenge: str | None) -> bool:
    """Whether who redeems a code is who asked for it.

    A code without a challenge takes no verifier either: else an attacker who strips the challenge
    of a victim's request would go unnoticed.

    Spec: RFC 7636 4.6; RFC 9700 4.8.2 (PKCE downgrade).
    """
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    return is_verifier(verifier) and compare_digest(challenge_of(verifier), challenge)


def parse_redirect(text: str) -> str:
    """An address that an app may register, as it was given.

    That is a URL with https, or with http on the machine of the person; a scheme of the app's
    own, with whatever stands behind it (`com.example.app:/done` is no URL); or out of band.

    Spec: RFC 6749 3.1.2; RFC 8252 7; RFC 9700 4.1.3; security WEB-06.

    Raises:
        RedirectRefused: it is no such address, has a fragment, or a name before its host.
    """
    if text == OUT_OF_BAND:
        return text
    if not text or len(text) > MAX_REDIRECT_LENGTH:
        raise RedirectRefused("a redirect URI is empty or too long")
    found = _SCHEME.match(text)
    if found is None:
        raise RedirectRefused("a redirect URI must be an absolute URI")
    is_clean = _ALLOWED.fullmatch(text) and not _BROKEN_ESCAPE.search(text)
    if not is_clean or _CONTROL_ESCAPE.search(text):
        raise RedirectRefused("a redirect URI has characters that it must not have")
    scheme = found[1].lower()
    if scheme in _REFUSED_SCHEMES:
        raise RedirectRefused("a redirect URI has a scheme that is not allowed")
    if scheme in ("http", "https"):
        _check_web(_split(text), scheme)
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what refuses a port that is none
    except ValueError:
        raise RedirectRefused("a redirect URI is broken") from None
    return parts


def _check_web(parts: SplitResult, scheme: str) -> None:
    if not parts.netloc or not parts.hostname:
        raise RedirectRefused("a redirect URI must have a host")
    if "@" in parts.netloc:
        raise RedirectRefused("a redirect URI must not have a user name")
    if scheme == "http" and not _is_here(parts.hostname):
        raise RedirectRefused("a redirect URI must use https")


def _is_here(host: str) -> bool:
    """Whether a host is the very machine of the person, where no network can listen."""
    return host == "localhost" or host.endswith(".localhost") or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_redirects(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses that an app registers: a list, or one text with white space between them.

    Raises:
        RedirectRefused: there are none, too many, or one of them is refused.
    """
    given = dict.fromkeys(part for text in texts for part in text.split())
    if not given:
        raise RedirectRefused("a redirect URI can't be blank")
    if len(given) > MAX_REDIRECTS:
        raise RedirectRefused("there are too many redirect URIs")
    return tuple(parse_redirect(part) for part in given)


def matches(registered: Sequence[str], asked: str) -> bool:
    """Whether an app has registered this address: letter by letter.

    The one exception is the port of a loopback address, which the system hands out when a native
    app begins to listen. Spec: RFC 9700 2.1; RFC 8252 7.3.
    """
    if asked in registered:
        return True
    try:
        wanted = _without_port(parse_redirect(asked))
    except RedirectRefused:
        return False
    return wanted is not None and any(wanted == _without_port(one) for one in registered)


def _without_port(address: str) -> str | None:
    """A loopback address without its port; None for any other."""
    if not address.startswith("http://"):
        return None
    parts = _split(address)
    if parts.hostname is None or not _is_loopback(parts.hostname):
        return None
    host = parts.netloc
    if parts.port is not None:
        host = host.removesuffix(f":{parts.port}")
    return address.replace(parts.netloc, host, 1)


def with_answer(address: str, answer: Mapping[str, str], *, fragment: bool = False) -> str:
    """An address with the answer to a request behind it, in its query or as its fragment.

    Spec: RFC 6749 4.1.2 (a query that was registered stays).
    """
    told = urlencode(answer, quote_via=quote)
    if fragment:
        return f"{address}#{told}"
    mark = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{mark}{told}"


def form_source(address: str) -> str:
    """What a page must allow its form so that the answer can be redirected to an address.

    Browsers hold the whole chain of redirects against it, and web apps redirect once more within
    https: hence the scheme and no host. Spec: CSP Level 3, 6.4.2 "form-action".
    """
    found = _SCHEME.match(address)
    return "" if found is None or address == OUT_OF_BAND else f"{found[1].lower()}:"


def place_of(address: str) -> str:
    """Where an address leads, for people: a host, or the scheme of an app; empty out of band."""
    if address == OUT_OF_BAND:
        return ""
    parts = _split(address)
    return parts.netloc if parts.scheme in ("http", "https") else parts.scheme


def metadata(base: str, *, grants: Sequence[str], documentation: str) -> dict[str, object]:
    """What clients can learn of this server before they begin.

    Spec: RFC 8414 2; reference client-apis 1.5, "metadata" (the issuer ends in a slash).
    """
    return {
        "issuer": f"{base}/",
        "service_documentation": documentation,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "code_challenge_methods_supported": [CHALLENGE_METHOD],
        "grant_types_supported": list(grants),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
