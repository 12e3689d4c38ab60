"""Posts a second to many loopback hosts: the client beside bare aiohttp, in turns, in one run.

    python -m benchmarks.client_posts --hosts 200 --posts 4000

The hosts are 127.10.x.y, all served by one child process that answers 202. The requests have a
body of 1.7 kB and the headers of a signed delivery, made beforehand; "signed" makes an RSA-2048
signature for each. One wave holds one request to each host, as a fan-out does. Prints posts a
second and CPU microseconds a post of this process.
"""

import argparse
import asyncio
import multiprocessing
import resource
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import aiohttp
from cryptography.hazmat.primitives.asymmetric import rsa

from federation.addresses import parse_networks
from federation.client import Client
from federation.signing import RequestSigning, Signer, SigningPool
from protocols.key_formats import PrivateKey

BODY = b'{"type":"Create","content":"' + b"x" * 1_670 + b'"}'
HEADERS = {
    "Date": "Sun, 22 Nov 2026 09:44:00 GMT",
    "Digest": "SHA-256=" + "x" * 44,
    "Content-Type": "application/activity+json",
    "Signature": 'keyId="https://noaber.example/u/1#key",algorithm="rsa-sha256",'
    f'headers="(request-target) host date digest content-type",signature="{"x" * 344}"',
}
Post = Callable[[str], Awaitable[int]]


class Sink(asyncio.Protocol):
    """Counts the bytes of requests of a known size and answers 202 to each."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with nothing read."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + len(BODY)
            if len(self.pending) < whole:
                return
            self.pending = self.pending[whole:]
            self.transport.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")


def serve(ready: "multiprocessing.synchronize.Event", port: int) -> None:
    """Listen on all of 127/8 until the parent ends this process."""

    async def run() -> None:
        listener = socket.create_server(("0.0.0.0", port), backlog=1_024)
        await asyncio.get_running_loop().create_server(Sink, sock=listener)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(run())


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def waves(urls: Sequence[str], posts: int, post: Post) -> tuple[float, float]:
    """Send that many posts, one to each host at a time; give posts a second and us CPU a post."""
    await asyncio.gather(*(post(url) for url in urls))
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(posts // len(urls)):
        statuses = await asyncio.gather(*(post(url) for url in urls))
        assert set(statuses) == {202}
    count = posts // len(urls) * len(urls)
    seconds = time.perf_counter() - started
    return count / seconds, (time.process_time() - cpu) / count * 1e6


async def with_aiohttp(urls: Sequence[str], posts: int) -> tuple[float, float]:
    """Measure a bare session."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=8)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:

        async def post(url: str) -> int:
            async with session.post(
                url, data=BODY, headers=HEADERS, allow_redirects=False
            ) as response:
                await response.read()
                return response.status

        return await waves(urls, posts, post)


async def with_client(
    urls: Sequence[str], posts: int, signer: Signer | None = None
) -> tuple[float, float]:
    """Measure federation/client.py, with the headers made beforehand or signed for each post."""
    pool = SigningPool()
    networks = parse_networks(["127.10.0.0/16"])
    async with Client(
        user_agent="noaber/0 (+https://noaber.example)",
        signing=RequestSigning(pool, lambda: datetime.now(UTC)),
        allow_networks=networks,
    ) as client:

        async def post(url: str) -> int:
            if signer is None:
                return (await client.post_activity(url, BODY, HEADERS)).status
            return (await client.post_signed(url, BODY, signer)).status

        measured = await waves(urls, posts, post)
    pool.close()
    return measured


def main() -> None:
    """Run both in turns and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--posts", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    sys.setswitchinterval(0.0005)  # as the node does
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, ready = free_port(), multiprocessing.Event()
    child = multiprocessing.Process(target=serve, args=(ready, port), daemon=True)
    child.start()
    ready.wait(10)
    urls = [
        f"http://127.10.{number // 250}.{number % 250 + 1}:{port}/inbox"
        for number in range(options.hosts)
    ]
    signer = Signer(
        key_id="https://noaber.example/u/1#key",
        key=PrivateKey(algorithm="rsa", key=rsa.generate_private_key(65_537, 2_048)),
    )
    results: dict[str, list[tuple[float, float]]] = {"aiohttp": [], "client": [], "signed": []}
    for _ in range(options.runs):
        results["aiohttp"].append(asyncio.run(with_aiohttp(urls, options.posts)))
        results["client"].append(asyncio.run(with_client(urls, options.posts)))
        results["signed"].append(asyncio.run(with_client(urls, options.posts, signer)))
    child.terminate()
    for name, runs in results.items():
        rates, costs = zip(*runs, strict=True)
        print(
            f"{name:8} {statistics.median(rates):7.0f} posts/s "
            f"{statistics.median(costs):6.0f} us CPU (rates {', '.join(f'{r:.0f}' for r in rates)})"
        )


if __name__ == "__main__":
    main()
