"""The X-Matrix header: which server makes a request, and that it made this one.

    parse_authorization(header) -> RequestAuth      the caller fetches the keys of `origin`
    verify_request(auth, request, keys, ...)        or SignatureRefused

The signature covers method, target, both servers and the body. That the body is not there, and
that it is `{}`, are two different things.

Spec: matrix/v1.19 server-server API "Request Authentication".
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from protocols.errors import RemoteProtocolError, SignatureRefused
from protocols.key_formats import is_signed_by
from protocols.matrix.event_json import MAX_BODY_DEPTH, canonical
from protocols.matrix.identifiers import ServerName, parse_server_name
from protocols.matrix.keys import KeyId, ServerVerifyKeys, SigningKey, is_key_id
from protocols.matrix.signing import parse_signature, render_signature
from protocols.strict_json import JsonObject

MAX_HEADER_CHARACTERS: Final = 4_096

_SCHEME: Final = re.compile(r"[Xx]-[Mm][Aa][Tt][Rr][Ii][Xx] +")
# Unquoted values: more than tokens, since older servers do not quote names with ports, base64
# or IPv6 literals.
_PARAMETER: Final = re.compile(
    r"""[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*"""
    r"""(?:"((?:[^"\\]|\\.)*)"|([^\s",\\]+))[ \t]*)?(?:,|\Z)"""
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAuth:
    """What an X-Matrix header says.

    Attributes:
        origin: the server that says it makes the request.
        destination: the server that it was made for; old servers do not name it.
        key_id: the key of the origin.
        signature: in base64.
    """

    origin: ServerName
    destination: ServerName | None
    key_id: KeyId
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationRequest:
    """The part of a request between servers that is signed.

    Attributes:
        method: "PUT", as sent.
        uri: path and query as they stand in the request line, from `/_matrix` on.
        content: the body; None if there is none.
    """

    method: str
    uri: str
    content: JsonObject | None


def parse_authorization(header: str) -> RequestAuth:
    """Read an Authorization header of the scheme X-Matrix.

    Spec: matrix/v1.19 server-server API "Request Authentication"; RFC 9110 section 11.4.

    Raises:
        SignatureRefused: unsigned (another scheme), malformed, or unsupported (the algorithm).
    """
    scheme = _SCHEME.match(header)
    if scheme is None:
        raise SignatureRefused("unsigned", "not X-Matrix")
    if len(header) > MAX_HEADER_CHARACTERS:
        raise SignatureRefused("malformed", "X-Matrix header too long")
    found = _parameters(header, scheme.end())
    try:
        origin = parse_server_name(found.get("origin"))
        destination = parse_server_name(found["destination"]) if "destination" in found else None
    except RemoteProtocolError:
        raise SignatureRefused("malformed", "X-Matrix header without server names") from None
    if "key" not in found or "sig" not in found:
        raise SignatureRefused("malformed", "X-Matrix header without key or sig")
    if not is_key_id(found["key"]):
        raise SignatureRefused("unsupported", "not an Ed25519 key")
    return RequestAuth(
        origin=origin,
        destination=destination,
        key_id=KeyId(found["key"]),
        signature=found["sig"],
    )


def build_authorization(
    request: FederationRequest, destination: ServerName, key: SigningKey
) -> str:
    """Give the Authorization header for a request of ours.

    Spec: matrix/v1.19 server-server API "Request Authentication".

    Raises:
        RemoteProtocolError: M_BAD_JSON: the body has no canonical form.
    """
    signed = _signed_form(request, key.server, destination)
    # Lower case, one space, quotes and no space at the commas: older servers want it so.
    return (
        f'X-Matrix origin="{key.server}",destination="{destination}",'
        f'key="{key.key_id}",sig="{render_signature(signed, key)}"'
    )


def verify_request(
    auth: RequestAuth,
    request: FederationRequest,
    keys: ServerVerifyKeys,
    *,
    our_names: Collection[ServerName],
    now_ms: int,
) -> None:
    """Refuse a request that the origin has not signed, for us, by a key in use.

    Spec: matrix/v1.19 server-server API "Request Authentication".

    Args:
        auth: the header of the request.
        request: the request as it came in.
        keys: the `verify_keys` of the origin; old ones do not sign requests.
        our_names: the server names that are ours; the first stands in for a missing destination.
        now_ms: milliseconds since 1970.

    Raises:
        SignatureRefused: host, unsupported (unknown key), expired, malformed or bad-signature.
        RemoteProtocolError: M_BAD_JSON: the body has no canonical form.
    """
    destination = auth.destination
    if destination is None:
        destination = next(iter(our_names))
    elif destination not in our_names:
        raise SignatureRefused("host")
    key = keys.get(auth.key_id)
    if key is None:
        raise SignatureRefused("unsupported", "no known key of the server")
    if key.valid_until_ts < now_ms:
        raise SignatureRefused("expired", "the key is past its end")
    signed = _signed_form(request, auth.origin, destination)
    if not is_signed_by(key.key, parse_signature(auth.signature), signed):
        raise SignatureRefused("bad-signature")


def _signed_form(request: FederationRequest, origin: ServerName, destination: ServerName) -> bytes:
    document: JsonObject = {
        "method": request.method,
        "uri": request.uri,
        "origin": origin,
        "destination": destination,
    }
    if request.content is not None:
        document["content"] = request.content
    return canonical(document, strict=False, max_depth=MAX_BODY_DEPTH)


def _parameters(header: str, position: int) -> dict[str, str]:
    found: dict[str, str] = {}
    while position < len(header):
        parameter = _PARAMETER.match(header, position)
        if parameter is None:
            raise SignatureRefused("malformed", "X-Matrix header that cannot be read")
        position = parameter.end()
        name, quoted, bare = parameter.groups()
        if name is None:
            continue  # RFC 9110 section 5.6.1.2: empty elements of a list are passed over
        if name.lower() in found:
            raise SignatureRefused("malformed", "X-Matrix header with a parameter twice")
        found[name.lower()] = bare if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
    return found
