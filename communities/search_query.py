"""What a person types to search, taken apart: words, "phrases", -without, and operators.

Nothing of the text itself reaches a database: only folded words, of letters and digits.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from communities.search_words import words_of

MAX_QUERY = 1_000
"""Characters that are read of what was typed."""
MAX_TERMS = 20
_MAX_PHRASE = 20
_MIN_BEGINNING = 2

_PART = re.compile(r'(-?)(?:([a-z]{2,8}):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_HAS = frozenset({"media", "image", "video", "audio", "poll", "link", "embed", "event"})
_IS = frozenset({"reply", "sensitive"})
_LIBRARY = frozenset({"library", "public", "all"})


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; the last one may be only the beginning of a word."""

    words: tuple[str, ...]
    is_beginning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for.

    Attributes:
        wanted: all of these; `unwanted` none of them.
        marks: what the posts have or are (`communities.search_words.marks_of_post`).
        authors: handles, or "me": one of these wrote it.
        communities: handles: it stands in one of these.
        only_library: only what has to do with the searcher: their own, and what names them.
        only_public: only what everyone may read.
        since: first moment; `until` the first one after.
    """

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    marks: tuple[str, ...] = ()
    unwanted_marks: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    only_library: bool = False
    only_public: bool = False
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        """Whether anything is looked for at all, rather than only left out."""
        return bool(
            self.wanted
            or self.marks
            or self.authors
            or self.communities
            or self.only_library
            or self.since
            or self.until
        )


@dataclass(slots=True)
class _Reading:
    wanted: list[Term] = field(default_factory=list)
    unwanted: list[Term] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    unwanted_marks: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    communities: list[str] = field(default_factory=list)
    place: str = ""
    since: datetime | None = None
    until: datetime | None = None


def parse_query(text: str) -> Query:
    """What was typed; never refuses: what is no operator is looked for as words."""
    reading = _Reading()
    for count, part in enumerate(_PART.finditer(text[:MAX_QUERY].replace("\0", " "))):
        if count >= MAX_TERMS:
            break
        minus, name, phrase, plain = part.groups()
        value = plain if phrase is None else phrase
        if name and not _take(reading, name.lower(), value, without=bool(minus)):
            value = f"{name} {value}"
        elif name:
            continue
        term = _term(value, is_phrase=phrase is not None)
        if term is not None:
            (reading.unwanted if minus else reading.wanted).append(term)
    return Query(
        wanted=tuple(reading.wanted),
        unwanted=tuple(reading.unwanted),
        marks=tuple(reading.marks),
        unwanted_marks=tuple(reading.unwanted_marks),
        authors=tuple(reading.authors),
        communities=tuple(reading.communities),
        only_library=reading.place == "library",
        only_public=reading.place == "public",
        since=reading.since,
        until=reading.until,
    )


def _term(value: str, *, is_phrase: bool) -> Term | None:
    words = tuple(words_of(value, _MAX_PHRASE))
    if not words:
        return None
    ends_open = not is_phrase and value.endswith("*") and len(words[-1]) >= _MIN_BEGINNING
    return Term(words, is_beginning=ends_open)


def _take(reading: _Reading, name: str, value: str, *, without: bool) -> bool:
    """Read an operator; False when it is none that we know, or cannot be negated."""
    word = value.lower()
    marks = reading.unwanted_marks if without else reading.marks
    if (name == "has" and word in _HAS) or (name == "is" and word in _IS):
        marks.append(word)
        return True
    if name == "language" and (language := "".join(words_of(word.partition("-")[0]))):
        marks.append(f"language{language}")
        return True
    return not without and _take_place(reading, name, word)


def _take_place(reading: _Reading, name: str, word: str) -> bool:
    if name == "from":
        reading.authors.append(word.lstrip("@"))
        return True
    if name == "in" and word in _LIBRARY:
        reading.place = word
        return True
    if name == "in" and word[:1] in ("@", "!"):
        reading.communities.append(word[1:])
        return True
    return _take_day(reading, name, word)


def _take_day(reading: _Reading, name: str, word: str) -> bool:
    if name not in ("before", "after", "during"):
        return False
    try:
        day = date.fromisoformat(word)
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
        ends = begins + timedelta(days=1)
    except (ValueError, OverflowError):
        return False
    if name != "before":
        reading.since = begins if name == "during" else ends
    if name != "after":
        reading.until = begins if name == "before" else ends
    return True
