"""The words of pages in one language: translated messages, numbers and times.

English is the language of the messages themselves; the others are gettext catalogues in
locales/, compiled and kept beside their source, so that installing needs no build step.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "noaber"
SOURCE_LANGUAGE = "en"
NAMES = {"en": "English", "nl": "Nederlands"}
"""What each language calls itself."""


def gettext_noop(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is used."""
    return message


_MOST_CHOICES = 20
_RECENT = timedelta(days=30)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_MONTHS = (
    gettext_noop("January"),
    gettext_noop("February"),
    gettext_noop("March"),
    gettext_noop("April"),
    gettext_noop("May"),
    gettext_noop("June"),
    gettext_noop("July"),
    gettext_noop("August"),
    gettext_noop("September"),
    gettext_noop("October"),
    gettext_noop("November"),
    gettext_noop("December"),
)
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


def choose_language(accepted: str, offered: Sequence[str]) -> str:
    """The offered language that an Accept-Language header likes best; the first one if none.

    Spec: RFC 9110 12.5.4; of two with the same weight the earlier one wins.
    """
    best, weight = offered[0], 0.0
    for choice in accepted.split(",")[:_MOST_CHOICES]:
        tag, _, parameter = choice.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        liked = _weight(parameter)
        if language in offered and liked > weight:
            best, weight = language, liked
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def language_tag(stated: str | None) -> str | None:
    """A language as a post states it, when it has the form of a tag. Spec: RFC 5646."""
    return stated if stated is not None and _TAG.fullmatch(stated) else None


@cache
def words_in(language: str) -> "Words":
    """The words of a language, read once."""
    if language == SOURCE_LANGUAGE:
        return Words(language, NullTranslations())
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with path.open("rb") as compiled:
        return Words(language, GNUTranslations(compiled))


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in one language."""

    language: str
    translations: NullTranslations

    def gettext(self, message: str) -> str:
        """A message."""
        return self.translations.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """A message about one or about many."""
        return self.translations.ngettext(one, many, count)

    def number(self, value: int) -> str:
        """A number with its thousands apart: 12,345 in English, 12.345 in Dutch."""
        grouped = f"{value:,}"
        return grouped if self.language == SOURCE_LANGUAGE else grouped.replace(",", ".")

    def date(self, moment: datetime) -> str:
        """A day: 22 November 2026."""
        return f"{moment.day} {self._month(moment)} {moment.year}"

    def date_time(self, moment: datetime, zone: str | None = None) -> str:
        """A day and a time, in the named time zone or in UTC: 22 November 2026, 10:04 (UTC)."""
        local = moment.astimezone(_zone(zone))
        where = zone if zone is not None and local.tzinfo is not UTC else "UTC"
        return f"{self.date(local)}, {local:%H:%M} ({where})"

    def age(self, moment: datetime, now: datetime) -> str:
        """How long ago it was; after a month, the day."""
        passed = now - moment
        if passed >= _RECENT:
            return self.date(moment)
        if passed >= _DAY:
            count = passed // _DAY
            return self.ngettext("%(count)d day ago", "%(count)d days ago", count) % {
                "count": count
            }
        if passed >= _HOUR:
            count = passed // _HOUR
            return self.ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {
                "count": count
            }
        if passed >= _MINUTE:
            count = passed // _MINUTE
            return self.ngettext("%(count)d minute ago", "%(count)d minutes ago", count) % {
                "count": count
            }
        return self.gettext("just now")

    def _month(self, moment: datetime) -> str:
        return self.gettext(_MONTHS[moment.month - 1])


def _zone(name: str | None) -> tzinfo:
    """The time zone with an IANA name; UTC when there is none of that name here."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
