"""The first steps of a new node: settings, keys, and an account, from a domain alone."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from communities.errors import Invalid
from node.compose import open_node
from node.config_text import load
from node.config_writing import Value, filled
from node.errors import NodeError
from node.holding import hold
from node.proxies import DEFAULT_PORT, Place
from node.verbs.answers import Answer
from node.verbs.operator_forms import CreateAccount
from node.verbs.table import run
from protocols.errors import RemoteProtocolError
from protocols.webfinger import parse_host
from storage.names import NameKind, is_name

_NEVER_PUBLIC = ("localhost", "local", "localdomain", "internal", "lan", "home", "test", "invalid")
"""Top-level names that lead nowhere from outside. Spec: RFC 6761, RFC 8375, RFC 9476."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a new node is made from.

    A relative `data_dir` lies in `folder`. `is_trial` lets the node have an address or a local
    name, over plain http.
    """

    domain: str
    web_host: str
    folder: Path
    account: str
    data_dir: Path = Path("data")
    is_trial: bool = False
    port: int = DEFAULT_PORT

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "node.toml"

    @property
    def place(self) -> Place:
        """The names, for the texts of proxies."""
        return Place(domain=self.domain, web_host=self.web_host, port=self.port)


def checked_host(words: str, *, is_trial: bool) -> str:
    """A name that others can reach, in lower case and ASCII.

    Raises:
        Invalid: it is an address, a local name, or no host at all; only a trial may have those.
    """
    bare = words.strip().removeprefix("https://").removeprefix("http://").rstrip("/.")
    try:
        host = parse_host(bare)
    except RemoteProtocolError:
        raise Invalid("domain", f"{words} is not the name of a host") from None
    if is_trial:
        return host
    name, _, port = host.partition(":")
    if _is_address(name):
        raise Invalid("domain", f"{host} is an address; a node needs a name that never changes")
    if port:
        raise Invalid("domain", f"{host} has a port; the proxy in front of the node takes care")
    if "." not in name or name.rpartition(".")[2] in _NEVER_PUBLIC:
        raise Invalid(
            "domain", f"{host} cannot be reached from outside; to try things out, say --dev"
        )
    return host


def check_name(name: str) -> None:
    """Refuse a name that no account can have.

    Raises:
        Invalid: it is too long, or has other signs than a-z, 0-9 and _.
    """
    if not is_name(name, NameKind.PERSON):
        raise Invalid("name", f"{name} cannot be a name: 1 to 30 of a-z, 0-9 and _ are")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def write_settings(start: Start) -> None:
    """Write the settings file, readable by its owner alone: it may come to hold a password.

    Raises:
        NodeError: it cannot be written there.
    """
    values: dict[str, Value] = {
        "node.domain": start.domain,
        "node.data_dir": start.data_dir,
        "http.port": start.port,
    }
    if start.web_host != start.domain:
        values["node.web_host"] = start.web_host
    if start.is_trial:
        values["http.public_scheme"] = "http"
        values["federation.allow_networks"] = ["127.0.0.0/8", "::1/128"]
    text = filled(values)
    try:
        start.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(start.config, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise NodeError(f"{start.config} cannot be written: {error.strerror}") from error


async def make_account(start: Start) -> Answer:
    """Make the node's own keys and the first account, which may do everything.

    Raises:
        DataInUse: a node runs in that folder.
        Conflict: the name is taken.
        StorageError: the database belongs to another domain, or cannot be opened.
    """
    settings = load(start.config)
    with hold(settings.node.data_dir):
        async with open_node(settings) as node:
            return await run(node, CreateAccount(name=start.account, role="admin"))
