"""All settings of a node as one frozen tree; each field carries its sentence, unit and limits.

`node.config_text` reads the tree from TOML and writes node.example.toml from what stands here.
There are no other sources: no environment variable overrides a setting. Code that builds a node
by itself (the demo, tests) constructs `Settings` directly.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from node.settings_instance import InstanceSettings
from node.settings_mail import MailSettings
from node.settings_media import MediaSettings
from node.settings_registration import RegistrationSettings
from node.settings_streaming import StreamingSettings
from node.settings_values import LOOPBACK, MIB, NOWHERE, Networks, Secret, told


class FederationMode(StrEnum):
    """With whom the node federates."""

    OPEN = "open"
    ALLOW_LIST = "allow-list"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Who this node is."""

    domain: Annotated[
        str,
        told(
            "The name behind the @ in handles (@name@domain). It can never change after the first"
            " start.",
            example="example.org",
        ),
    ]
    web_host: Annotated[
        str | None,
        told(
            "The host of pages and ids, when it differs from the domain; with a port if that is"
            " not the scheme's own. It can never change after the first start.",
            example="communities.example.org",
        ),
    ] = None
    name: Annotated[
        str | None,
        told("The name of the node on its pages; left out, the domain.", example="Bees"),
    ] = None
    languages: Annotated[
        tuple[Literal["en", "nl"], ...],
        told("The languages of the pages; the first is for visitors who ask for no other."),
        msgspec.Meta(min_length=1),
    ] = ("en", "nl")
    data_dir: Annotated[
        Path,
        told(
            "The folder with the database and everything else to keep; a relative path starts at"
            " the folder of the settings file."
        ),
    ] = Path("data")
    contact: Annotated[
        str | None,
        told(
            "A mail address or page where the operator can be reached; shown to everybody.",
            example="operator@example.org",
        ),
    ] = None
    source: Annotated[
        str | None,
        told(
            "Where the source code of what runs here can be had; the licence asks for it, so name"
            " your own copy when you changed anything.",
            example="https://code.example.org/noaber",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Where the node listens, and what it bears from clients."""

    host: Annotated[str, told("The address to listen on; a proxy stands in front of it.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, told("The port to listen on.", at_least=0, at_most=65535)] = 8008
    public_scheme: Annotated[
        Literal["https", "http"],
        told("The scheme of ids and links; http only for a trial on an address or localhost."),
    ] = "https"
    trusted_proxies: Annotated[
        Networks, told("The proxies whose X-Forwarded-For is believed, as networks.")
    ] = LOOPBACK
    max_body_bytes: Annotated[
        int, told("The largest request body.", unit="bytes", at_least=1024, at_most=64 * MIB)
    ] = MIB
    body_seconds: Annotated[
        float,
        told("How long a request body may take to arrive.", unit="seconds", at_least=0.1),
    ] = 15
    header_seconds: Annotated[
        float,
        told("How long the head of a request may take to arrive.", unit="seconds", at_least=0.1),
    ] = 20
    keep_alive_seconds: Annotated[
        float,
        told(
            "How long an idle connection stays open; give the proxy in front a shorter time.",
            unit="seconds",
            at_least=0.1,
        ),
    ] = 30
    max_connections_per_address: Annotated[
        int,
        told(
            "How many connections one address may hold; behind a trusted proxy, how many requests"
            " it may have running.",
            at_least=1,
        ),
    ] = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where Prometheus reads."""

    host: Annotated[str, told("The address of the metrics; keep it private.")] = "127.0.0.1"
    port: Annotated[int, told("The port of the metrics; 0 is off.", at_least=0, at_most=65535)] = (
        9464
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where the rows are."""

    url: Annotated[
        Secret | None,
        told(
            "The database; left out, the SQLite file noaber.db in data_dir.",
            example="postgresql://noaber:password@localhost/noaber",
        ),
    ] = None
    url_file: Annotated[
        Path | None,
        told("A file that holds the url, instead of url.", example="/etc/noaber/database-url"),
    ] = None
    readers: Annotated[
        int, told("How many threads read at the same time.", at_least=1, at_most=64)
    ] = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationSettings:
    """How the node talks with peers."""

    enabled: Annotated[bool, told("Whether the node talks with peers at all.")] = True
    mode: Annotated[
        FederationMode,
        told("With whom: open is everyone not blocked, allow-list only peers that were allowed."),
    ] = FederationMode.OPEN
    allow_networks: Annotated[
        Networks,
        told(
            "Private networks where peers may be, for trials; only there is plain http allowed,"
            ' such as "127.0.0.1/32".'
        ),
    ] = NOWHERE
    authorized_fetch: Annotated[
        bool, told("Whether peers must sign their requests to read public documents too.")
    ] = False
    signature_window_minutes: Annotated[
        int,
        told("How old a signature may be.", unit="minutes", at_least=1, at_most=720),
    ] = 60
    max_sockets: Annotated[
        int,
        told(
            "How many requests to peers may be under way at once; slow peers hold theirs long.",
            at_least=8,
        ),
    ] = 1000
    in_flight_per_peer: Annotated[
        int,
        told("How many deliveries to one peer may run side by side.", at_least=1, at_most=32),
    ] = 8
    backfill: Annotated[
        bool, told("Whether a first follow fetches what the community has published before.")
    ] = True
    backfill_max_posts: Annotated[
        int, told("How many posts such a fetch brings at most.", at_least=1, at_most=10_000)
    ] = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSettings:
    """What the node writes about its work, to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], told("The least weight that is written.")
    ] = "info"
    format: Annotated[Literal["json", "text"], told("json for machines, text for people.")] = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSettings:
    """How much may wait or be asked before the node says: later."""

    writer_queue: Annotated[
        int,
        told("How many changes from outside may wait before clients get 503.", at_least=1),
    ] = 2000
    fetches_per_minute: Annotated[
        int,
        told("How many documents are fetched from one peer in a minute.", at_least=1),
    ] = 300
    client_rates: Annotated[
        bool,
        told("Whether apps may call only so often: 300 times in five minutes, some calls less."),
    ] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole tree, one field for each table of the file."""

    node: NodeSettings
    http: HttpSettings = HttpSettings()
    metrics: MetricsSettings = MetricsSettings()
    database: DatabaseSettings = DatabaseSettings()
    federation: FederationSettings = FederationSettings()
    logging: LoggingSettings = LoggingSettings()
    limits: LimitsSettings = LimitsSettings()
    media: MediaSettings = field(default_factory=MediaSettings)
    registration: RegistrationSettings = field(default_factory=RegistrationSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    instance: InstanceSettings = field(default_factory=InstanceSettings)
    streaming: StreamingSettings = field(default_factory=StreamingSettings)

    @property
    def web_host(self) -> str:
        """The host (and port) of pages and ids."""
        return self.node.web_host or self.node.domain

    @property
    def base_url(self) -> str:
        """What every id and link begins with, without a slash at the end."""
        return f"{self.http.public_scheme}://{self.web_host}"

    @property
    def title(self) -> str:
        """The name shown on pages."""
        return self.node.name or self.node.domain

    @property
    def database_url(self) -> Secret:
        """The database, the default one included."""
        return self.database.url or Secret(f"sqlite:///{self.node.data_dir / 'noaber.db'}")
