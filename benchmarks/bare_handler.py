"""What an inbox costs without a node: aiohttp reads, digests and verifies, and stores nothing.

    python -m benchmarks.bare_handler KEYS --port 8700

KEYS is a JSON file of {keyId: PEM}. This is the bound that G1 is measured against; it shares no
code with the node.
"""

import argparse
import asyncio
import base64
import hashlib
import re
import signal
from pathlib import Path

import msgspec
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from benchmarks.event_loop import run

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def load_keys(file: Path) -> dict[str, rsa.RSAPublicKey]:
    """Parsed public keys by keyId; a PEM that many share is parsed once."""
    pems = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    parsed: dict[str, rsa.RSAPublicKey] = {}
    for pem in set(pems.values()):
        key = load_pem_public_key(pem.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        parsed[pem] = key
    return {key_id: parsed[pem] for key_id, pem in pems.items()}


def verified(request: web.Request, body: bytes, keys: dict[str, rsa.RSAPublicKey]) -> bool:
    """Whether digest and signature are right."""
    headers = request.headers
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if headers["Digest"] != f"SHA-256={digest}":
        return False
    parameters = dict(_PARAMETER.findall(headers["Signature"]))
    lines = [
        f"(request-target): {request.method.lower()} {request.raw_path}"
        if name == "(request-target)"
        else f"{name}: {headers[name]}"
        for name in parameters["headers"].split()
    ]
    signature = base64.b64decode(parameters["signature"])
    try:
        keys[parameters["keyId"]].verify(
            signature, "\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


async def serve(file: Path, port: int) -> None:
    """Answer until SIGTERM."""
    keys = load_keys(file)

    async def inbox(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(status=202 if verified(request, body, keys) else 401)

    app = web.Application()
    app.router.add_post("/inbox", inbox)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Read the command line and serve, on the same event loop as the node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("keys", type=Path)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    run(serve(options.keys, options.port))


if __name__ == "__main__":
    main()
