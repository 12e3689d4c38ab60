"""What the operator decided about peers, kept in memory for the cheapest refusal.

Spec: security 6.10; house 2.7 step 2 (blocked before any key is fetched).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


class Policies:
    """Blocked, limited and allowed peers. A block of a host holds for its subdomains, too."""

    def __init__(self, *, allow_list_only: bool = False, enabled: bool = True) -> None:
        """With `allow_list_only` every peer that is not allowed is refused; not enabled, all."""
        self._allow_list_only = allow_list_only
        self._enabled = enabled
        self._policies: dict[str, PeerPolicy] = {}

    async def load(self, storage: Storage) -> None:
        """Read the decisions; call again after one was changed."""
        self.replace(await storage.read(_decided))

    def replace(self, peers: Iterable[Peer]) -> None:
        """Take these decisions instead of those before."""
        self._policies = {_host(peer.origin): peer.policy for peer in peers}

    def policy_of(self, origin: str) -> PeerPolicy:
        """The decision that holds for an origin: its own, or that of a domain above it."""
        host = _host(origin)
        found = self._policies.get(host)
        if found is not None:
            return found
        name = host.partition(":")[0]
        while "." in name:
            found = self._policies.get(name)
            if found is not None:
                return found
            name = name.partition(".")[2]
        return PeerPolicy.NONE

    def is_refused(self, origin: str) -> bool:
        """Whether we neither listen nor talk to an origin."""
        policy = self.policy_of(origin)
        if policy is PeerPolicy.BLOCK or not self._enabled:
            return True
        return self._allow_list_only and policy is not PeerPolicy.ALLOW

    def is_limited(self, origin: str) -> bool:
        """Whether what comes from an origin is kept out of public lists."""
        return self.policy_of(origin) is PeerPolicy.LIMIT


def _host(origin: str) -> str:
    return urlsplit(origin).netloc if "://" in origin else origin


def _decided(uow: UnitOfWork) -> list[Peer]:
    return uow.peers.decided()
