"""One visitor's request, as pages need it: the language, the time, and how links are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from node.web.wording import Words, choose_language, words_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asked for `?lang=` (`asked_language`) keeps it from page to page: nothing is stored."""

    words: Words
    now: datetime
    languages: tuple[str, ...]
    asked_language: str | None = None

    def href(self, path: str, **query: str) -> str:
        """A link to a path of this node, which keeps the language that was asked for."""
        if self.asked_language is not None:
            query.setdefault("lang", self.asked_language)
        return f"{path}?{urlencode(query)}" if query else path

    def other_languages(self, path: str, query: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """The other languages that a page can be read in, with the links to it."""
        return [
            (code, f"{path}?{urlencode({**query, 'lang': code})}")
            for code in self.languages
            if code != self.words.language
        ]


def visit_of(request: web.BaseRequest, languages: Sequence[str], now: datetime) -> Visit:
    """What a request says about its visitor."""
    asked = request.query.get("lang")
    preferred = choose_language(request.headers.get("Accept-Language", ""), languages)
    if asked not in languages:
        asked = None
    return Visit(
        words=words_in(asked or preferred),
        now=now,
        languages=tuple(languages),
        asked_language=asked,
    )
