"""A client whose network is loopback, with short limits, and someone who signs."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from federation.addresses import parse_networks
from federation.client import Client
from federation.exchanges import ClientLimits
from federation.signing import RequestSigning, Signer, SigningPool
from protocols.key_formats import load_private_pem
from tests.support import spec_keys

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ONLY_ONE = parse_networks(["127.0.0.1/32"])
"""What the operator opened: 127.0.0.2 and others stay forbidden."""

RSA_SIGNER = Signer(
    key_id="https://noaber.example/u/1#main-key",
    key=load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True),
)
SHORT = ClientLimits(
    fetch_connect=timedelta(seconds=1),
    fetch_total=timedelta(milliseconds=300),
    post_connect=timedelta(seconds=1),
    post_total=timedelta(milliseconds=300),
    answer_drain=timedelta(milliseconds=50),
)


@asynccontextmanager
async def loopback_client(
    *, limits: ClientLimits | None = None, tls: ssl.SSLContext | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Give a client that may connect to 127.0.0.1 alone."""
    pool = SigningPool()
    try:
        async with Client(
            user_agent="noaber/0 (+https://noaber.example)",
            signing=RequestSigning(pool, lambda: NOW),
            allow_networks=ONLY_ONE,
            limits=limits,
            tls=tls,
            now=lambda: NOW,
            **more,
        ) as client:
            yield client
    finally:
        pool.close()
