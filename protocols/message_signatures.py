"""HTTP message signatures after RFC 9421, with the Content-Digest of RFC 9530.

Receiving: `parse` both headers, `check_request` (what is covered, clock, digest), get the key,
`verify`. Sending, the way Mastodon 4.5 reads it: `sign`, or `prepare`, `sign_bytes`, `finish`.

Requests only. Algorithms by type of key: rsa-v1_5-sha256 and ed25519; a stated algorithm must
agree. Components: fields without parameters, and the derived ones of a request. One that we
cannot rebuild (;sf, ;key, ;bs, ;tr, ;req, @status) makes a signature unsupported, not wrong.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

from protocols.errors import LocalProtocolError, RemoteProtocolError, SignatureRefused
from protocols.key_formats import KeyAlgorithm, PrivateKey, PublicKey, is_signed_by, sign_bytes
from protocols.signed_request import (
    FUTURE,
    PAST,
    RequestParts,
    check_clock,
    check_expiry,
    check_host,
    parse_timestamp,
)
from protocols.structured_fields import (
    Bare,
    InnerList,
    Item,
    Token,
    parse_dictionary,
    render_bytes,
    render_string,
)

__all__ = [
    "MessageSignature",
    "PreparedSignature",
    "RequestParts",
    "SignatureRefused",
    "check_request",
    "content_digest",
    "finish",
    "parse",
    "parse_content_digest",
    "prepare",
    "sign",
    "sign_bytes",
    "signature_base",
    "verify",
]

Scheme = Literal["https", "http"]

MAX_LABELS: Final = 3
MAX_COVERED: Final = 32
_MAX_QUERY_FIELDS: Final = 100
_LABEL: Final = "sig1"
_KEY_OF_ALGORITHM: Final[dict[str, KeyAlgorithm]] = {
    "rsa-v1_5-sha256": "rsa",
    "ed25519": "ed25519",
}
_DERIVED: Final = frozenset(
    {"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"}
)
_DEFAULT_PORTS: Final[dict[Scheme, str]] = {"https": ":443", "http": ":80"}
_DIGESTS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSignature:
    """One signature of a request, parsed.

    Attributes:
        label: the name that ties Signature-Input and Signature together.
        components: what it covers, in order.
        parameters: the value of the line "@signature-params".
        signature: the decoded bytes.
        key_id: as sent; its form is checked by whoever fetches the key.
        algorithm: None if not said.
        created: UNIX seconds.
        expires: UNIX seconds.
    """

    label: str
    components: tuple[Item, ...]
    parameters: str
    signature: bytes
    key_id: str
    algorithm: str | None
    created: int | None
    expires: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSignature:
    """All of a signature but the signature: `data` is signed, `headers` are sent beside it."""

    data: bytes
    headers: tuple[tuple[str, str], ...]


def parse(signature_input: str, signature: str) -> MessageSignature:
    """Give the first signature that we can use, of at most three.

    Spec: RFC 9421 sections 2.3, 4.1, 4.2 and 3.2 steps 1 to 3.

    Raises:
        SignatureRefused: unsigned, malformed, unsupported or algorithm: that of the first one.
    """
    if not signature_input or not signature:
        raise SignatureRefused("unsigned")
    try:
        inputs = parse_dictionary(signature_input)
        signatures = parse_dictionary(signature)
    except RemoteProtocolError:
        raise SignatureRefused("malformed") from None
    first = SignatureRefused("unsigned")
    for number, label in enumerate(list(inputs)[:MAX_LABELS]):
        try:
            return _one(label, inputs[label], signatures.get(label))
        except SignatureRefused as refused:
            first = first if number else refused
    raise first


def check_request(
    signature: MessageSignature,
    request: RequestParts,
    *,
    now: datetime,
    past: timedelta = PAST,
    future: timedelta = FUTURE,
    body_required: bool,
    hosts: Collection[str] = (),
) -> None:
    """Refuse a request whose signature, even if genuine, would not prove enough. Needs no key.

    It must cover @method; @target-uri, or @authority with @request-target or @path (and @query
    if there is one); and with a body the content-digest of just these bytes. It must say when it
    was created. The arguments are those of `http_signatures.check_request`.

    Spec: RFC 9421 section 3.2.1; our own coverage, which is what Mastodon 4.5 asks and sends.

    Raises:
        SignatureRefused: coverage, host, clock, expired, digest or malformed.
    """
    covered = {str(item.value) for item in signature.components if not item.parameters}
    if "@method" not in covered or not _covers_target(covered, request.target):
        raise SignatureRefused("coverage", "@method and @target-uri")
    if signature.created is None:
        raise SignatureRefused("coverage", "created")
    check_host(request, hosts)
    check_clock(parse_timestamp(signature.created), now=now, past=past, future=future)
    check_expiry(signature.expires, now=now)
    if body_required or request.body or "content-digest" in covered:
        _check_digest(covered, request)


def verify(
    signature: MessageSignature, request: RequestParts, key: PublicKey, *, scheme: Scheme = "https"
) -> None:
    """Refuse the request unless the key signed it.

    Args:
        signature: from `parse`.
        request: what came in.
        key: of the signer.
        scheme: of our own URLs, which the request itself does not tell.

    Spec: RFC 9421 section 3.2 steps 6 to 9, sections 3.3.2 and 3.3.6.

    Raises:
        SignatureRefused: algorithm, coverage, malformed or bad-signature.
    """
    stated = signature.algorithm
    if stated is not None and _KEY_OF_ALGORITHM.get(stated) != key.algorithm:
        raise SignatureRefused("algorithm", "not that of the key")
    base = signature_base(signature, request, scheme=scheme)
    if not is_signed_by(key, signature.signature, base):
        raise SignatureRefused("bad-signature")


def signature_base(signature: MessageSignature, request: RequestParts, *, scheme: Scheme) -> bytes:
    """Give the bytes that are signed.

    Spec: RFC 9421 section 2.5.

    Raises:
        SignatureRefused: coverage when something covered is not there; malformed when a value is
            not ASCII or holds a line break.
    """
    derived = _derived(request, scheme)
    lines = [f"{item.text}: {_component(item, request, derived)}" for item in signature.components]
    lines.append(f'"@signature-params": {signature.parameters}')
    return "\n".join(lines).encode("ascii")


def content_digest(body: bytes) -> str:
    """Give the value of the Content-Digest header for a body."""
    return f"sha-256={render_bytes(hashlib.sha256(body).digest())}"


def parse_content_digest(value: str) -> dict[str, bytes]:
    """Give the digests in a Content-Digest header: SHA-256, SHA-512 or both, others left out.

    Spec: RFC 9530 sections 2 and 5.

    Raises:
        SignatureRefused: digest, when it cannot be read or holds neither.
    """
    try:
        members = parse_dictionary(value)
    except RemoteProtocolError:
        raise SignatureRefused("digest", "unreadable") from None
    digests = {
        name: member.value
        for name, member in members.items()
        if name in _DIGESTS and isinstance(member, Item) and isinstance(member.value, bytes)
    }
    if not digests:
        raise SignatureRefused("digest", "SHA-256 or SHA-512 is required")
    return digests


def prepare(
    *, method: str, target_uri: str, body: bytes | None, created: int, key_id: str
) -> PreparedSignature:
    """Give everything of a signed request but the signature itself.

    Covers @method, @target-uri and, with a body, content-digest. Mastodon takes one signature
    with these components and the parameters created and keyid.

    Spec: RFC 9421 section 3.1.

    Raises:
        LocalProtocolError: a part that is not printable ASCII.
    """
    sent = f"{method}{target_uri}{key_id}"
    if not sent.isascii() or not sent.isprintable():
        raise LocalProtocolError("request cannot be signed")
    values = {"@method": method, "@target-uri": target_uri}
    headers: list[tuple[str, str]] = []
    if body is not None:
        values["content-digest"] = content_digest(body)
        headers.append(("Content-Digest", values["content-digest"]))
    covered = " ".join(f'"{name}"' for name in values)
    parameters = f"({covered});created={created};keyid={render_string(key_id)}"
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {parameters}')
    headers.append(("Signature-Input", f"{_LABEL}={parameters}"))
    return PreparedSignature(data="\n".join(lines).encode("ascii"), headers=tuple(headers))


def finish(prepared: PreparedSignature, signature: bytes) -> dict[str, str]:
    """Give the headers to send: Content-Digest (with a body), Signature-Input and Signature."""
    headers = dict(prepared.headers)
    headers["Signature"] = f"{_LABEL}={render_bytes(signature)}"
    return headers


def sign(
    *, method: str, target_uri: str, body: bytes | None, created: int, key_id: str, key: PrivateKey
) -> dict[str, str]:
    """Give the headers to send, signed. Never beside a draft-cavage signature: both use Signature.

    Raises:
        LocalProtocolError: as `prepare`.
    """
    prepared = prepare(
        method=method, target_uri=target_uri, body=body, created=created, key_id=key_id
    )
    return finish(prepared, sign_bytes(key, prepared.data))


def _one(
    label: str, member: Item | InnerList, signature: Item | InnerList | None
) -> MessageSignature:
    if not isinstance(member, InnerList) or not isinstance(signature, Item):
        raise SignatureRefused("malformed", "one list and one signature for each label")
    parameters = member.parameters
    key_id = _string(parameters.get("keyid"))
    algorithm = _string(parameters.get("alg"))
    if not key_id or not isinstance(signature.value, bytes) or not signature.value:
        raise SignatureRefused("malformed", "keyid and signature are required")
    if algorithm is not None and algorithm not in _KEY_OF_ALGORITHM:
        raise SignatureRefused("algorithm")
    _check_components(member.items)
    return MessageSignature(
        label=label,
        components=member.items,
        parameters=member.text,
        signature=signature.value,
        key_id=key_id,
        algorithm=algorithm,
        created=_seconds(parameters.get("created")),
        expires=_seconds(parameters.get("expires")),
    )


def _string(value: Bare | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, Token) or not isinstance(value, str):
        raise SignatureRefused("malformed", "a string is required")
    return value


def _seconds(value: Bare | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise SignatureRefused("malformed", "created and expires are whole seconds")
    return value


def _check_components(items: tuple[Item, ...]) -> None:
    seen: set[tuple[str, frozenset[tuple[str, Bare]]]] = set()
    for item in items:
        name = _string(item.value)
        if not name or name != name.lower() or len(items) > MAX_COVERED:
            raise SignatureRefused("malformed", "covered components")
        if name == "@query-param" and set(item.parameters) == {"name"}:
            _string(item.parameters["name"])
        elif item.parameters or (name.startswith("@") and name not in _DERIVED):
            raise SignatureRefused("unsupported", "a covered component")
        seen.add((name, frozenset(item.parameters.items())))
    if len(seen) != len(items):
        raise SignatureRefused("malformed", "a component twice")


def _covers_target(covered: set[str], target: str) -> bool:
    if "@target-uri" in covered:
        return True
    whole_path = "@path" in covered and ("?" not in target or "@query" in covered)
    return "@authority" in covered and ("@request-target" in covered or whole_path)


def _check_digest(covered: set[str], request: RequestParts) -> None:
    if "content-digest" not in covered:
        raise SignatureRefused("coverage", "content-digest")
    for name, digest in parse_content_digest(request.headers.get("content-digest", "")).items():
        if _DIGESTS[name](request.body).digest() != digest:
            raise SignatureRefused("digest")


def _component(item: Item, request: RequestParts, derived: Mapping[str, str]) -> str:
    name = str(item.value)
    if name == "@query-param":
        return _query_parameter(derived["@query"], str(item.parameters["name"]))
    value = derived.get(name) if name.startswith("@") else request.headers.get(name)
    if value is None:
        raise SignatureRefused("coverage", "something covered was not sent")
    value = value.strip()
    if not value.isascii() or "\n" in value or "\r" in value:
        raise SignatureRefused("malformed", "value of a component")
    return value


def _derived(request: RequestParts, scheme: Scheme) -> dict[str, str]:
    """Give the values of section 2.2; those that need a Host header only if there is one."""
    path, question, query = request.target.partition("?")
    path = path or "/"
    values = {
        "@method": request.method,
        "@scheme": scheme,
        "@request-target": request.target,
        "@path": path,
        "@query": f"?{query}",
    }
    host = request.headers.get("host")
    if host is not None:
        authority = host.strip().lower().removesuffix(_DEFAULT_PORTS[scheme])
        values["@authority"] = authority
        values["@target-uri"] = f"{scheme}://{authority}{path}{question}{query}"
    return values


def _query_parameter(query: str, name: str) -> str:
    """Give the one parameter of that (encoded) name, encoded again. Spec: section 2.2.8."""
    try:
        pairs = parse_qsl(query[1:], keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:
        raise SignatureRefused("unsupported", "too many query parameters") from None
    values = [value for key, value in pairs if _form_encoded(key) == name]
    if len(values) != 1:
        raise SignatureRefused("coverage", "query parameter not there just once")
    return _form_encoded(values[0])


def _form_encoded(text: str) -> str:
    return quote(text, safe="*").replace("~", "%7E")
