"""Which URLs and addresses of peers we connect to. Pure: nothing is resolved or opened here.

`check_url` looks at the spelling before anything happens; `is_allowed` is asked by the client for
the final address of every connection, so that neither a name, a spelling nor a DNS answer that
changes can lead inside.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from federation.errors import FetchForbidden, Forbidden

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARACTERS: Final = 2_048
MAX_HOST_CHARACTERS: Final = 253

# The IANA special-purpose registries of August 2026, less what is globally reachable. Kept here as
# well because what Python's own is_global knows differs between its patch releases.
_SPECIAL_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
# 2001::/23 holds Teredo (2001::/32) and 2002::/16 is 6to4: they carry an IPv4 address that some
# gateway would connect to, and no server lives there.
_SPECIAL_V6: Final = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# The way of an IPv6-only node to IPv4 peers (RFC 6052); judged by the address inside.
_NAT64: Final = IPv6Network("64:ff9b::/96")

_LOWEST_FREE_PORT: Final = 1024
_WEB_PORTS: Final = frozenset({80, 443})
# Services above 1023 that answer to, or are upset by, the bytes of an HTTP request.
_SERVICE_PORTS: Final = frozenset(
    {1433, 1521, 2049, 2375, 3306, 3389, 5432, 5672, 5900, 6379, 6667, 9200, 11211, 27017}
)

_DOUBTFUL_CHARACTER: Final = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# A last label that some resolver takes for (a part of) an IPv4 address: WHATWG "ends in a number".
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that may be asked for.

    Attributes:
        url: as it is sent: host in ASCII and lower case, path percent-encoded, no fragment.
        origin: scheme, host and port as one text: "https://example.org", default port left out.
        host: the host alone, IPv6 without brackets.
        authority: the value of the Host header.
        path: path and query: what stands in the request line and under a signature.
    """

    url: URL
    origin: str
    host: str
    authority: str
    path: str

    @property
    def is_plain(self) -> bool:
        """Whether it is http, which only addresses inside `allow_networks` may speak."""
        return self.url.scheme == "http"

    def __str__(self) -> str:
        """The URL as text."""
        return str(self.url)


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Give the networks of a setting such as ["127.0.0.1/32", "fd00::/8"].

    Raises:
        ValueError: not a network, or with bits set outside its mask.
    """
    return tuple(ip_network(text) for text in texts)


def is_allowed(address: Address, allow_networks: Sequence[Network] = ()) -> bool:
    """Decide whether we connect to this address.

    Only global unicast is allowed. IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses
    are judged by the IPv4 address inside; other forms that carry one (IPv4-compatible, 6to4,
    Teredo, 64:ff9b:1::/48) are refused. `allow_networks` adds addresses in their plain form only:
    an IPv4 network lets in no IPv4 address spelled inside IPv6.

    Spec: RFC 6890 and the IANA IPv4 and IPv6 special-purpose address registries.
    """
    if is_inside(address, allow_networks):
        return True
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = IPv4Address(address.packed[12:])
        if inner is None:
            return address in _GLOBAL_V6 and _is_ordinary(address, _SPECIAL_V6)
        address = inner
    return _is_ordinary(address, _SPECIAL_V4)


def is_inside(address: Address, allow_networks: Sequence[Network]) -> bool:
    """Tell whether the address lies in one of the networks that the operator opened."""
    return any(address in network for network in allow_networks)


def check_url(url: str, *, allow_networks: tuple[Network, ...] = ()) -> Target:
    """Give the target of a URL, or refuse its spelling.

    Taken: https, on 443, 80 or a port from 1024 that belongs to no known service. http only while
    `allow_networks` is not empty (the client then connects to addresses inside it only). A host
    is a name in ASCII or in Unicode that survives the way to ASCII and back (circled and full-
    width digits do not), a dotted-decimal IPv4 or a bracketed IPv6 address; literals must be
    allowed addresses. No user, no trailing dot, no white space, no backslash. A fragment is
    dropped: keys are named by one.

    Spec: RFC 3986 section 3; WHATWG URL section 3.5 (hosts that end in a number).

    Raises:
        FetchForbidden: url, or address for a literal that is not allowed.
    """
    return _check_url(url, allow_networks)


@lru_cache(maxsize=4_096)
def _check_url(text: str, allow_networks: tuple[Network, ...]) -> Target:
    if len(text) > MAX_URL_CHARACTERS or _DOUBTFUL_CHARACTER.search(text):
        raise FetchForbidden(Forbidden.URL)
    try:
        parts = urlsplit(text)
        hostname = parts.hostname
        url = URL(text).with_fragment(None)
    except (ValueError, IndexError):
        # yarl 1.25 answers "https://[]@" with an IndexError.
        raise FetchForbidden(Forbidden.URL) from None
    if url.scheme not in {"https", "http"} or (url.scheme == "http" and not allow_networks):
        raise FetchForbidden(Forbidden.URL)
    host = url.raw_host or ""
    if not host or "%" in host or "@" in parts.netloc or ("[" in parts.netloc) != (":" in host):
        raise FetchForbidden(Forbidden.URL)
    _check_host(url, host, hostname, allow_networks)
    authority = _check_port(url, f"[{host}]" if ":" in host else host)
    return Target(
        url=url,
        origin=f"{url.scheme}://{authority}",
        host=host,
        authority=authority,
        path=url.raw_path_qs,
    )


def _check_host(
    url: URL, host: str, hostname: str | None, allow_networks: tuple[Network, ...]
) -> None:
    literal = _literal(host)
    if literal is not None:
        if hostname is None or _literal(hostname) != literal:
            raise FetchForbidden(Forbidden.URL)
        may = is_inside if url.scheme == "http" else is_allowed
        if not may(literal, allow_networks):
            raise FetchForbidden(Forbidden.ADDRESS)
        return
    # Two readers must see one host, and the way to ASCII must lead back to what was written.
    if len(host) > MAX_HOST_CHARACTERS or hostname not in {url.host, host}:
        raise FetchForbidden(Forbidden.URL)
    if not _NAME.fullmatch(host) or _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        raise FetchForbidden(Forbidden.URL)


def _check_port(url: URL, host: str) -> str:
    port = url.explicit_port
    if port is None or port == (443 if url.scheme == "https" else 80):
        return host
    if port in _SERVICE_PORTS or (port < _LOWEST_FREE_PORT and port not in _WEB_PORTS):
        raise FetchForbidden(Forbidden.URL)
    return f"{host}:{port}"


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_ordinary(address: Address, special: Sequence[Network]) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not any(address in network for network in special)
    )
