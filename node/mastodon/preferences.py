"""Preferences: what holds for a caller's new posts unless they say otherwise, and how they read."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from communities.people import ActorKey
from communities.ties import Preferences
from node.app import Access, Handler, Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of
from node.mastodon.relationships import is_language
from node.mastodon.replies import reply
from protocols.mastodon.accounts import Entity
from protocols.mastodon.credentials import Choices, preferences
from storage.unit_of_work import UnitOfWork

Word = TypeVar("Word", bound=StrEnum)

OF_SOURCE: Mapping[str, str] = {
    "visibility": "privacy",
    "sensitive": "sensitive",
    "language": "language",
    "quote_policy": "quote_policy",
}
"""Under which names `source` of a profile holds fields of `Preferences`."""
_OWN_NAMES: Mapping[str, str] = {
    "visibility": "posting:default:visibility",
    "sensitive": "posting:default:sensitive",
    "language": "posting:default:language",
    "quote_policy": "posting:default:quote_policy",
    "expand_media": "reading:expand:media",
    "expand_spoilers": "reading:expand:spoilers",
    "autoplay_gifs": "reading:autoplay:gifs",
}


def preferences_routes(desk: Desk) -> list[Route]:
    """Preferences, read and changed; to change them is an extension of ours."""
    table = (
        ("GET", _show(desk), "api-preferences", "read:accounts"),
        ("PATCH", _choose(desk), "api-preferences-update", "write:accounts"),
    )
    return [
        Route(
            method=method,
            path="/api/v1/preferences",
            handler=handler,
            access=Access.APP_USER,
            name=name,
            scope=scope,
        )
        for method, handler, name, scope in table
    ]


def chosen(standing: Preferences, said: Parameters, names: Mapping[str, str]) -> Preferences:
    """The preferences with what is said about them, under these names.

    Raises:
        Refusal: a word is none of those that there are.
    """

    def flag(field: str, stands: bool) -> bool:  # noqa: FBT001 - what it is now
        found = said.flag(names.get(field, ""))
        return stands if found is None else found

    def word(field: str, stands: Word) -> Word:
        name = names.get(field, "")
        text = said.text(name)
        try:
            return stands if text is None else type(stands)(text)
        except ValueError:
            raise invalid(f"{name} is not included in the list") from None

    return Preferences(
        visibility=word("visibility", standing.visibility),
        sensitive=flag("sensitive", standing.sensitive),
        language=_language(said, names["language"], standing.language),
        quote_policy=word("quote_policy", standing.quote_policy),
        expand_media=word("expand_media", standing.expand_media),
        expand_spoilers=flag("expand_spoilers", standing.expand_spoilers),
        autoplay_gifs=flag("autoplay_gifs", standing.autoplay_gifs),
    )


def _language(said: Parameters, name: str, standing: str | None) -> str | None:
    """A language; null or an empty text is that of the app."""
    if name not in said:
        return standing
    text = said.text(name)
    if text and not is_language(text):
        raise invalid("language must be a language code")
    return text or None


def _show(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return reply(_told(await desk.storage.read(_stored, actor_of(request))))

    return answer


def _stored(uow: UnitOfWork, actor_id: ActorKey) -> Preferences:
    return uow.preferences.of(actor_id)


def _choose(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        said = await parameters_of(request)
        return reply(_told(await desk.storage.write(_change, actor_of(request), said)))

    return answer


def _change(uow: UnitOfWork, actor_id: ActorKey, said: Parameters) -> Preferences:
    wanted = chosen(uow.preferences.of(actor_id), said, _OWN_NAMES)
    uow.preferences.put(actor_id, wanted)
    return wanted


def _told(stored: Preferences) -> Entity:
    return preferences(
        Choices(
            privacy=stored.visibility.value,
            sensitive=stored.sensitive,
            language=stored.language,
            quote_policy=stored.quote_policy.value,
            expand_media=stored.expand_media.value,
            expand_spoilers=stored.expand_spoilers,
            autoplay_gifs=stored.autoplay_gifs,
        )
    )
