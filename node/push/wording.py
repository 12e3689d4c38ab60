"""What is pushed, in words: a line above the text, in the language of who reads it."""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "nl")

_TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "mention": "{name} mentioned you",
        "favourite": "{name} likes your post",
        "reblog": "{name} boosted your post",
        "follow": "{name} follows you now",
        "follow_request": "{name} asks to follow you",
        "status": "{name} posted",
        "update": "{name} edited a post",
        "poll": "A poll of {name} has ended",
        "admin.report": "{name} reported something",
    },
    "nl": {
        "mention": "{name} noemde jou",
        "favourite": "{name} vindt je bericht leuk",
        "reblog": "{name} deelde je bericht",
        "follow": "{name} volgt jou nu",
        "follow_request": "{name} wil jou volgen",
        "status": "{name} plaatste iets",
        "update": "{name} bewerkte een bericht",
        "poll": "Een poll van {name} is afgelopen",
        "admin.report": "{name} meldde iets",
    },
}
_TO_JOIN: Final = {"en": "{name} asks to join {place}", "nl": "{name} wil lid worden van {place}"}


def title(told_as: str, name: str, language: str) -> str:
    """The line for a notification of this type, caused by someone of this name."""
    return _TITLES[language].get(told_as, "{name}").replace("{name}", name)


def title_of_asking(name: str, place: str, language: str) -> str:
    """The line for somebody who asks to join a community."""
    return _TO_JOIN[language].replace("{place}", place).replace("{name}", name)
