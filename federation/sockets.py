"""Sockets that are made only for addresses that we connect to, and names looked up beside the loop.

aiohttp asks a socket factory for every connection with the final address, be it from a name, a
literal or a redirect. A resolver of one's own would not do: it is never asked for literals.
"""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from federation.addresses import Address, Network, is_allowed, is_inside

# A lookup may hang for as long as the system's resolver likes; so many hang before others wait.
_RESOLVER_THREADS: Final = 64
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class AddressRefused(OSError):  # noqa: N818 - as PeerRefused
    """An address that we do not connect to.

    An OSError, so that the next address of the name is tried; all read the same, so that aiohttp
    passes one on as it is when every address was refused.
    """

    def __init__(self) -> None:
        """Say nothing of the address: the text may reach a client."""
        super().__init__("address refused")


class GuardedSockets:
    """Makes sockets for allowed addresses, and counts how many are open."""

    def __init__(self, allow_networks: Sequence[Network]) -> None:
        """Keep the networks that the operator opened."""
        self._allow_networks = allow_networks
        self.count = 0

    def open_public(self, info: AddressInfo) -> socket.socket:
        """Make a socket for a global address, or one inside the opened networks.

        Raises:
            AddressRefused: any other address.
        """
        if not is_allowed(_final_address(info), self._allow_networks):
            raise AddressRefused
        return self._open(info)

    def open_inside(self, info: AddressInfo) -> socket.socket:
        """Make a socket for an address inside the opened networks: plain http goes nowhere else.

        Raises:
            AddressRefused: any other address.
        """
        if not is_inside(_final_address(info), self._allow_networks):
            raise AddressRefused
        return self._open(info)

    def _open(self, info: AddressInfo) -> socket.socket:
        made = _CountedSocket(info[0], info[1], info[2])
        made.counter = self
        self.count += 1
        return made


class _CountedSocket(socket.socket):
    counter: GuardedSockets | None = None

    def close(self) -> None:
        self._count_out()
        super().close()

    def detach(self) -> int:
        # How uvloop lets go of a socket, to close the descriptor itself.
        self._count_out()
        return super().detach()

    def _count_out(self) -> None:
        if self.counter is not None:
            self.counter.count -= 1
            self.counter = None


def _final_address(info: AddressInfo) -> Address:
    if info[0] not in {socket.AF_INET, socket.AF_INET6}:
        raise AddressRefused
    try:
        return ip_address(info[4][0])
    except ValueError:
        raise AddressRefused from None


class ThreadedLookup(AbstractResolver):
    """Looks names up with the system's resolver on threads of its own.

    The loop's common threads are few: a handful of dead name servers would stop everything else.
    """

    def __init__(self) -> None:
        """Start no thread yet."""
        self._executor = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name.

        Raises:
            OSError: the name is unknown, or the name server silent.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=_NUMERIC,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Let go of the threads; one that hangs in a lookup ends with it."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
