"""What every handler of the API works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.acting import Acting
from node.finding import Finder
from node.mastodon.presenting import Presenter
from node.media.desk import MediaDesk
from node.push.keys import PushKey
from node.settings import Settings
from node.streaming.doors import Doors
from node.streaming.hub import Hub
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The node: read with `storage`, act by `acting`, look up by `finder`, show by `presenter`."""

    settings: Settings
    storage: Storage
    uris: Uris
    snowflakes: Snowflakes
    acting: Acting
    finder: Finder
    presenter: Presenter
    push_key: PushKey
    media: MediaDesk
    streams: Hub
    doors: Doors
    now: Callable[[], datetime]
