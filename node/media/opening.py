"""The media of a node, put together: its folder, its secret, who decodes."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from federation.uris import Uris
from node.media.desk import MediaDesk
from node.media.urls import MediaUrls
from node.settings_media import MediaSettings
from node.tasks import Work
from storage.blobs import BlobFiles
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

FOLDER: Final = "media"
_SECRET: Final = "media_secret"  # noqa: S105 - the name under which it is kept
_SECRET_BYTES: Final = 32


async def open_media(
    settings: MediaSettings,
    data_dir: Path,
    storage: Storage,
    uris: Uris,
    *,
    spawn: Callable[[Work, str], None],
    mint: Callable[[], int],
    now: Callable[[], datetime],
) -> MediaDesk:
    """Everything that handles media works with this; nothing is started or made yet."""
    secret = await storage.write(media_secret, secrets.token_bytes(_SECRET_BYTES))
    return MediaDesk(
        settings=settings,
        storage=storage,
        files=BlobFiles(data_dir / FOLDER),
        urls=MediaUrls(uris, secret, now),
        spawn=spawn,
        mint=mint,
        now=now,
    )


def media_secret(uow: UnitOfWork, fresh: bytes) -> bytes:
    """The secret under the addresses of private media; `fresh` at the first start.

    It is kept for ever: peers have been told addresses that hold as long as their posts.
    """
    known = uow.instance.get(_SECRET)
    if known is None:
        uow.instance.put(_SECRET, fresh.hex())
        return fresh
    return bytes.fromhex(known)
