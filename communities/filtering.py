"""Filters: what a person does not want to read, or only after a warning; the node matches.

Keywords are compared without regard to case, as they stand: no patterns, so that no keyword is
dear to look for. A filter counts where and as long as its person said.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from communities.errors import Invalid
from communities.people import ActorKey
from communities.posts import PostContent, PostKey
from communities.text import plain_text

MAX_FILTERS = 100
"""Filters of one person."""
MAX_KEYWORDS = 200
"""Keywords of one filter."""
MAX_FILTERED_POSTS = 200
"""Posts that one filter names."""
MAX_KEYWORD = 1_000
"""Characters of a keyword."""
MAX_FILTER_TITLE = 255
_WORD = re.compile(r"\w+")


class FilterAction(StrEnum):
    """What is done with a post that a filter matches."""

    WARN = "warn"
    HIDE = "hide"
    BLUR = "blur"


class FilterContext(StrEnum):
    """Where a filter counts."""

    HOME = "home"
    NOTIFICATIONS = "notifications"
    PUBLIC = "public"
    THREAD = "thread"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word or phrase that a filter looks for; `whole_word` not as a part of a longer one."""

    id: int
    word: str
    whole_word: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredPost:
    """A post that a filter names itself."""

    id: int
    post_id: PostKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter of one person; `until` None counts for ever."""

    id: int
    person_id: ActorKey
    title: str
    contexts: frozenset[FilterContext]
    action: FilterAction = FilterAction.WARN
    until: datetime | None = None
    keywords: tuple[Keyword, ...] = ()
    posts: tuple[FilteredPost, ...] = ()

    def counts(self, context: FilterContext, at: datetime) -> bool:
        """Whether it counts in this place at this time."""
        return context in self.contexts and (self.until is None or self.until > at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Why a filter matches a post: its keywords found, as they were written, or the post itself."""

    filter: Filter
    keywords: tuple[str, ...] = ()
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class _Sought:
    word: str
    folded: str
    is_word: bool
    opens: bool
    closes: bool


class Matcher:
    """The filters that count in one place now, made ready for a page of posts."""

    __slots__ = ("_filters",)

    def __init__(self, filters: Iterable[Filter], context: FilterContext, at: datetime) -> None:
        """Leave out what does not count; fold the keywords once."""
        self._filters = [
            (
                each,
                [_sought(keyword) for keyword in each.keywords],
                frozenset(named.post_id for named in each.posts),
            )
            for each in filters
            if each.counts(context, at)
        ]

    def __bool__(self) -> bool:
        """Whether anything can match at all."""
        return bool(self._filters)

    def matches(self, text: str, post_id: PostKey) -> list[Match]:
        """The filters that match a post, with the reasons.

        Args:
            text: what `filtered_text` gives for it.
            post_id: the post.
        """
        if not self._filters:
            return []
        folded = _fold(text)
        words = frozenset(_WORD.findall(folded))
        found = []
        for each, sought, named in self._filters:
            keywords = tuple(
                dict.fromkeys(one.word for one in sought if _stands_in(one, folded, words))
            )
            if keywords or post_id in named:
                found.append(Match(filter=each, keywords=keywords, is_named=post_id in named))
        return found


def matches(
    filters: Sequence[Filter], text: str, post_id: PostKey, context: FilterContext, at: datetime
) -> list[Match]:
    """The filters that match one post; for many posts, make one `Matcher`."""
    return Matcher(filters, context, at).matches(text, post_id)


def hides(found: Iterable[Match]) -> bool:
    """Whether the post is not shown at all."""
    return any(match.filter.action is FilterAction.HIDE for match in found)


def filtered_text(content: PostContent) -> str:
    """All the words of a post that filters look at."""
    parts = [content.title, content.warning, plain_text(content.html, len(content.html) + 1)]
    parts += [attachment.alt for attachment in content.attachments]
    if content.poll is not None:
        parts += [option.name for option in content.poll.options]
    return "\n".join(part for part in parts if part)


def check_keyword(word: str) -> None:
    """Refuse what cannot be looked for.

    Raises:
        Invalid: it is blank, or too long.
    """
    if not word.strip():
        raise Invalid("keyword", "A keyword cannot be blank")
    if len(word) > MAX_KEYWORD:
        raise Invalid("keyword", f"A keyword has at most {MAX_KEYWORD} characters")


def check_filter(title: str, contexts: frozenset[FilterContext]) -> None:
    """Refuse a filter that cannot be named, or counts nowhere.

    Raises:
        Invalid: so it is.
    """
    if not title.strip():
        raise Invalid("title", "A filter has a title")
    if len(title) > MAX_FILTER_TITLE:
        raise Invalid("title", f"The title is longer than {MAX_FILTER_TITLE} characters")
    if not contexts:
        raise Invalid("context", "A filter counts in one place at least")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _sought(keyword: Keyword) -> _Sought:
    folded = _fold(keyword.word.strip())
    whole = keyword.whole_word and bool(folded)
    return _Sought(
        word=keyword.word,
        folded=folded,
        is_word=whole and _WORD.fullmatch(folded) is not None,
        opens=whole and _is_of_word(folded[0]),
        closes=whole and _is_of_word(folded[-1]),
    )


def _stands_in(sought: _Sought, folded: str, words: frozenset[str]) -> bool:
    """Whether a keyword stands in a text; a sign at its edge needs no edge of a word there."""
    if sought.is_word:
        return sought.folded in words
    length = len(sought.folded)
    place = folded.find(sought.folded) if length else -1
    while place >= 0:
        end = place + length
        begins = not sought.opens or place == 0 or not _is_of_word(folded[place - 1])
        if begins and (not sought.closes or end == len(folded) or not _is_of_word(folded[end])):
            return True
        place = folded.find(sought.folded, place + 1)
    return False


def _is_of_word(letter: str) -> bool:
    return _WORD.match(letter) is not None
