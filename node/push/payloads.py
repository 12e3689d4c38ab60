"""What is said in a push: who did what, and the first words of the post."""

from datetime import datetime
from typing import Final

import msgspec

from communities.notifications import NoticeKind
from communities.text import plain_text
from communities.visibility import Viewer, sees
from node.notice_types import type_of
from node.push.wording import title, title_of_asking
from protocols.mastodon.accounts import Entity
from protocols.web_push import MAX_PLAINTEXT_BYTES
from storage.notifications import Notification
from storage.unit_of_work import UnitOfWork

MAX_BODY_CHARACTERS: Final = 140
MAX_TITLE_CHARACTERS: Final = 200

_encode = msgspec.json.Encoder().encode


def payload_of(
    uow: UnitOfWork,
    notification: Notification,
    account: Entity,
    *,
    token: str,
    language: str,
    at: datetime,
) -> bytes:
    """The payload, in the keys that apps read.

    Spec: reference client-apis 1.6 "WebPush".
    """
    payload = {
        "access_token": token,
        "preferred_locale": language,
        "notification_id": notification.id,
        "notification_type": type_of(notification.kind),
        "icon": account["avatar"],
        "title": _title(uow, notification, account, language)[:MAX_TITLE_CHARACTERS],
        "body": _body(uow, notification, account, at),
    }
    encoded = _encode(payload)
    if len(encoded) > MAX_PLAINTEXT_BYTES:
        encoded = _encode({**payload, "icon": "", "body": ""})
    return encoded


def _title(uow: UnitOfWork, notification: Notification, account: Entity, language: str) -> str:
    name = str(account["display_name"] or account["acct"])
    if notification.kind == NoticeKind.JOIN_REQUEST and notification.community_id is not None:
        place = uow.actors.get(notification.community_id)
        if place is not None:
            return title_of_asking(name, place.name, language)
    return title(type_of(notification.kind) or "", name, language)


def _body(uow: UnitOfWork, notification: Notification, account: Entity, at: datetime) -> str:
    """The beginning of the post, or its warning; of who has written nothing, what they are."""
    post = None if notification.post_id is None else uow.posts.get(notification.post_id)
    if post is None:
        return plain_text(str(account["note"]), MAX_BODY_CHARACTERS)
    if not sees(uow, Viewer(person_id=notification.person_id), post, at):
        return ""
    content = post.content
    if content.warning:
        return content.warning[:MAX_BODY_CHARACTERS]
    words = plain_text(content.html, MAX_BODY_CHARACTERS)
    return content.title[:MAX_BODY_CHARACTERS] if content.title else words
