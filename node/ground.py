"""What both sides of the node, that of peers and that of apps, stand on."""

from dataclasses import dataclass

from federation.activitypub.act import Context
from federation.client import Client
from federation.keys import OwnKeys
from federation.signing import Signer
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.metrics import Metrics
from node.settings import Settings
from node.tasks import Tasks
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Settings, storage, the way out, names and ids, who signs for the node, what runs beside."""

    settings: Settings
    storage: Storage
    client: Client
    context: Context
    own_keys: OwnKeys
    signer: Signer
    tasks: Tasks
    metrics: Metrics

    @property
    def uris(self) -> Uris:
        """The node's URLs."""
        return self.context.uris

    @property
    def snowflakes(self) -> Snowflakes:
        """Gives out ids."""
        return self.context.snowflakes
