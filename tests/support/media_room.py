"""Media over a database and a folder of a test: what is made beside a request is run when asked."""

from pathlib import Path
from typing import Any

from node.media.desk import MediaDesk
from node.media.urls import MediaUrls
from node.settings_media import MediaSettings
from node.tasks import Work
from storage.blobs import BlobFiles
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.factories import HOME

SECRET = b"a secret of thirty-two bytes....."


class Later:
    """Keeps what was spawned until the test lets it run."""

    def __init__(self) -> None:
        self.works: list[Work] = []

    def __call__(self, work: Work, name: str) -> None:
        self.works.append(work)

    async def run(self) -> None:
        """Run what was spawned so far."""
        while self.works:
            await self.works.pop(0)


def media_over(storage: Storage, clock: Clock, mint: Any, **settings: Any) -> MediaDesk:
    """Uploads beside the database of a test; `desk.spawn` is a `Later`."""
    folder = Path(storage.engine.url.database or "").parent / "media"
    return MediaDesk(
        settings=MediaSettings(**settings),
        storage=storage,
        files=BlobFiles(folder),
        urls=MediaUrls(HOME, SECRET, clock),
        spawn=Later(),
        mint=mint,
        now=clock,
    )


def files_in(media: MediaDesk) -> list[Path]:
    """Every file below the folder of media, those in the making too."""
    return sorted(path for path in media.files.folder.rglob("*") if path.is_file())
