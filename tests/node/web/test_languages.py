"""Pages in Dutch and English: every message is there, and the visitor's wish is heard."""

import re
from datetime import UTC, datetime, timedelta
from gettext import GNUTranslations

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from node.web.wording import (
    DOMAIN,
    LOCALES,
    NAMES,
    SOURCE_LANGUAGE,
    choose_language,
    language_tag,
    words_in,
)
from storage.store import Storage
from tests.support.factories import World
from tests.support.town import build_town
from tests.support.visitor import Visitor

WEB = LOCALES.parent
TRANSLATED = sorted(set(NAMES) - {SOURCE_LANGUAGE})
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
Message = str | tuple[str, ...]


def catalogue(language: str) -> Catalog:
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def translations(language: str) -> dict[Message, tuple[str, ...]]:
    """The strings of every message, one or one for each plural form."""
    found: dict[Message, tuple[str, ...]] = {}
    for message in catalogue(language):
        if message.id:
            key = message.id if isinstance(message.id, str) else tuple(message.id)
            strings = message.string
            found[key] = (strings,) if isinstance(strings, str) else tuple(strings or ())
    return found


def compiled(language: str) -> dict[object, str]:
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with path.open("rb") as source:
        found: dict[object, str] = GNUTranslations(source)._catalog  # type: ignore[attr-defined]  # there is no other way to list it
    return found


def used() -> set[Message]:
    """Every message of the code and the templates."""
    with (LOCALES / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]  # untyped upstream
    keywords = {"_": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
    found = extract_from_dir(WEB, methods, options, keywords=keywords)
    return {message for _file, _line, message, _comments, _context in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_its_plurals(language: str) -> None:
    translated = translations(language)

    missing = []
    for message in used():
        strings = translated.get(message, ())
        forms = 2 if isinstance(message, tuple) else 1
        if len(strings) != forms or not all(strings):
            missing.append(message)
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_holds_nothing_that_is_used_no_more(language: str) -> None:
    assert translations(language).keys() - used() == set()
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_translation_says_the_same_numbers_and_names(language: str) -> None:
    for message, strings in translations(language).items():
        source = message if isinstance(message, str) else message[-1]
        for string in strings:
            assert set(PLACEHOLDER.findall(string)) == set(PLACEHOLDER.findall(source))
            assert "<" not in string


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_a_guess(language: str) -> None:
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_compiled_catalogue_is_up_to_date(language: str) -> None:
    expected: dict[object, str] = {}
    for message, strings in translations(language).items():
        if isinstance(message, str):
            expected[message] = strings[0]
        else:
            expected.update({(message[0], place): one for place, one in enumerate(strings)})

    assert {key: value for key, value in compiled(language).items() if key} == expected


def test_every_language_of_the_settings_has_a_name_and_words() -> None:
    for language in NAMES:
        assert words_in(language).language == language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("en;q=0.3, nl;q=0.7", "nl"),
        ("fr, de;q=0.9", "en"),
        ("*", "en"),
        ("nl;q=0", "en"),
        ("nl;q=x", "en"),
        ("en;q=1,nl;q=1", "en"),
        (";;;,,,q=;nl;", "en"),
        ("NL", "nl"),
        ("nl;q=nan", "en"),
        (", " * 10_000 + "nl", "en"),
    ],
)
def test_language_that_the_visitor_likes_best_is_chosen(accepted: str, language: str) -> None:
    assert choose_language(accepted, ("en", "nl")) == language


def test_first_language_of_the_settings_is_for_those_who_like_none() -> None:
    assert choose_language("fr", ("nl", "en")) == "nl"


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("nl", "nl"),
        ("nds-NL", "nds-NL"),
        (None, None),
        ("", None),
        ('"><b', None),
        ("en_US", None),
        ("a" * 40, None),
    ],
)
def test_language_of_a_post_is_taken_where_it_has_the_form_of_one(
    stated: str | None, tag: str | None
) -> None:
    assert language_tag(stated) == tag


@pytest.mark.parametrize(
    ("ago", "english", "dutch"),
    [
        (timedelta(seconds=-5), "just now", "zojuist"),
        (timedelta(seconds=59), "just now", "zojuist"),
        (timedelta(minutes=1), "1 minute ago", "1 minuut geleden"),
        (timedelta(minutes=59), "59 minutes ago", "59 minuten geleden"),
        (timedelta(hours=1), "1 hour ago", "1 uur geleden"),
        (timedelta(hours=23), "23 hours ago", "23 uur geleden"),
        (timedelta(days=1), "1 day ago", "1 dag geleden"),
        (timedelta(days=29), "29 days ago", "29 dagen geleden"),
        (timedelta(days=30), "23 October 2026", "23 oktober 2026"),
    ],
)
def test_age_is_told_as_people_say_it(ago: timedelta, english: str, dutch: str) -> None:
    assert words_in("en").age(NOW - ago, NOW) == english
    assert words_in("nl").age(NOW - ago, NOW) == dutch


def test_numbers_and_times_are_written_as_in_the_language() -> None:
    english, dutch = words_in("en"), words_in("nl")

    assert (english.number(1234567), dutch.number(1234567)) == ("1,234,567", "1.234.567")
    assert english.date_time(NOW) == "22 November 2026, 09:00 (UTC)"
    assert dutch.date_time(NOW, "Europe/Amsterdam") == "22 november 2026, 10:00 (Europe/Amsterdam)"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "", "\x00"])
def test_time_zone_that_is_none_is_utc(zone: str) -> None:
    assert words_in("en").date_time(NOW, zone) == "22 November 2026, 09:00 (UTC)"


async def test_page_is_in_the_language_of_the_browser(visitor: Visitor) -> None:
    dutch = await visitor.read("/", Accept_Language="nl-NL,nl;q=0.9,en;q=0.5")
    english = await visitor.read("/", Accept_Language="de, en;q=0.5")

    assert "Gemeenschappen" in dutch.text
    assert "Communities" in english.text
    assert "lang" not in "".join(link.href for link in english.links if link.text == "About")


async def test_language_that_was_asked_for_stays_from_page_to_page(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    town = await sqlite_storage.write(build_town, world)

    for path in town.paths.values():
        mark = "&" if "?" in path else "?"
        document = await visitor.read(f"{path}{mark}lang=nl", Accept_Language="en")
        assert document.languages[0] == "nl"
        assert "lang=" not in document.rel("canonical")[0]
        inner = [link.href for link in document.links if link.href.startswith("/")]
        kept = [href for href in inner if "lang=nl" in href]
        assert set(inner) - set(kept) <= {
            href for href in inner if "lang=en" in href or "/feed." in href
        }


async def test_other_language_of_a_page_is_one_click_away(visitor: Visitor) -> None:
    document = await visitor.read("/about")

    (other,) = [link for link in document.links if link.text == "Nederlands"]
    assert other.href == "/about?lang=nl"


@pytest.mark.parametrize("lang", ["fr", "", "NL", "../nl", "nl%00"])
async def test_language_that_is_not_offered_is_as_none(visitor: Visitor, lang: str) -> None:
    document = await visitor.read(f"/?lang={lang}", Accept_Language="nl")

    assert document.languages[0] == "nl"
