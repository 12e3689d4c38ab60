"""What is told of a Status beside it: its thread, its earlier forms, its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A form of a post, from the time it was written until the next."""

    content: str
    warning: str
    sensitive: bool
    written_at: datetime
    title: str | None = None
    media: Sequence[Entity] = ()
    choices: Sequence[str] = ()


def status_edit(revision: Revision, account: Entity) -> Entity:
    """The StatusEdit. Spec: Mastodon API "StatusEdit"."""
    entity: Entity = {
        "content": revision.content,
        "title": revision.title,
        "spoiler_text": revision.warning,
        "sensitive": revision.sensitive,
        "created_at": moment(revision.written_at),
        "account": account,
        "media_attachments": list(revision.media),
        "emojis": [],
    }
    if revision.choices:
        entity["poll"] = {"options": [{"title": choice} for choice in revision.choices]}
    return entity


def status_source(*, id: int, text: str, warning: str, title: str | None) -> Entity:  # noqa: A002
    """The StatusSource. Spec: Mastodon API "StatusSource"; reference client-apis 2.2 (`title`)."""
    return {"id": str(id), "text": text, "spoiler_text": warning, "title": title}
