"""What settings are made of: secrets, networks, and the facts told about each field."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

import msgspec

MIB = 1024 * 1024


class Secret:
    """A text that no log line, traceback or message shows; `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide the text."""
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        """Nothing of the text."""
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        """Whether both hide the same text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Consistent with equality."""
        return hash(self._text)


class Networks:
    """A set of IP networks, written as CIDR blocks."""

    __slots__ = ("_holds", "items")

    def __init__(self, blocks: Iterable[str] = ()) -> None:
        """Read the blocks; a single address is a network of one.

        Raises:
            ValueError: a block is no network, or has bits set beyond its prefix.
        """
        self.items = tuple(ipaddress.ip_network(block) for block in blocks)
        # Asked at every request, mostly about the same few addresses.
        self._holds = lru_cache(maxsize=1024)(self._find)

    def __contains__(self, address: str) -> bool:
        """Whether an address (IPv4-mapped ones as their IPv4 form) lies in one of the networks."""
        return self._holds(address)

    def _find(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self.items)

    def __repr__(self) -> str:
        """The blocks."""
        return f"Networks({[str(network) for network in self.items]})"

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same networks in the same order."""
        return isinstance(other, Networks) and other.items == self.items

    def __hash__(self) -> int:
        """Consistent with equality."""
        return hash(self.items)


LOOPBACK = Networks(("127.0.0.0/8", "::1/128"))
NOWHERE = Networks()


def told(
    sentence: str,
    *,
    unit: str = "",
    example: object = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> msgspec.Meta:
    """The facts of a field: what it does, its unit, an example where there is no default."""
    return msgspec.Meta(
        description=sentence,
        ge=at_least,
        le=at_most,
        extra={"unit": unit, "example": example},
    )
