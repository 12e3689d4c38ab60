"""What markup would cost a parser, told by one linear look at it.

A parser takes time that grows with the square of how deep elements nest and of how many
attributes a tag has, and long for each character reference. The look never takes an element for
closed that a parser would keep open; where it cannot tell, it counts too many.

Spec: security HTM-02; HTML "Tree construction".
"""

import re

MAX_DEPTH = 100
"""Elements open at once."""

MAX_REFERENCES = 8_000
"""Characters that are, or will be written as, character references."""

_SHORT = 4_096
"""Characters of a text that costs little whatever it says, if it has few tags."""

_LONGEST_MALFORMED = 16_384
"""Characters of a text in which a tag may be malformed: it could hide any number of attributes."""

_SPACE = r"[\t\n\f\r ]"
_ATTRIBUTE = (
    rf"{_SPACE}++[^\t\n\f\r \"'<>/=]++"
    rf"(?:{_SPACE}*+={_SPACE}*+(?:\"[^\"<]*+\"|'[^'<]*+'|[^\t\n\f\r \"'<>=`]++))?+"
)
_MARKUP = re.compile(
    rf"<(?:(?P<opened>[A-Za-z][A-Za-z0-9]*+)(?:{_ATTRIBUTE}){{0,50}}+{_SPACE}*+/?+>"
    rf"|/(?P<closed>[A-Za-z][A-Za-z0-9]*+){_SPACE}*+>"
    r"|!--[^<>]*+(?<=--)>"
    r"|(?P<malformed>[A-Za-z/!?]))"
)
_EMPTY = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_OPAQUE = frozenset(
    "iframe math noembed noframes noscript plaintext script select style svg template textarea "  # noqa: SIM905
    "title xmp".split()
)
"""What stands in them is not read as elsewhere, so nothing is known of what closes."""

_IMPLIED = frozenset(("p", "li", "dd", "dt", "td", "th", "tr", "thead", "tbody", "tfoot"))
"""Elements that the end of what they stand in closes."""

_ENDED_BY = {
    "p": frozenset(("p",)),
    "li": frozenset(("li",)),
    "dd": frozenset(("dd", "dt")),
    "dt": frozenset(("dd", "dt")),
    "td": frozenset(("td", "th")),
    "th": frozenset(("td", "th")),
    "tr": frozenset(("td", "th", "tr")),
}
"""For an element the ones that its beginning closes, where they are the innermost."""

_NOTHING: frozenset[str] = frozenset()


def count_references(html: str) -> int:
    """How many characters are references, or will be when a parser writes the text again."""
    return html.count("&") + html.count(">") + html.count("\xa0")


def is_costly(html: str) -> bool:
    """Whether a parser would take long for it: too deep, or too many attributes or references."""
    if len(html) <= _SHORT and html.count("<") <= MAX_DEPTH:
        return False
    return count_references(html) > 2 * MAX_REFERENCES or _is_deep(html)


def _is_deep(html: str) -> bool:
    opened: list[str] = []
    unknown = 0
    for found in _MARKUP.finditer(html):
        kind = found.lastgroup
        if kind == "closed":
            unknown += _close(opened, found["closed"].lower())
        elif kind == "opened":
            name = found["opened"].lower()
            if name in _OPAQUE:
                unknown += 1
            elif name not in _EMPTY:
                _open(opened, name)
        elif kind == "malformed":
            if len(html) > _LONGEST_MALFORMED:
                return True
            unknown += 1
        if len(opened) + unknown > MAX_DEPTH:
            return True
    return False


def _open(opened: list[str], name: str) -> None:
    ended = _ENDED_BY.get(name, _NOTHING)
    while opened and opened[-1] in ended:
        opened.pop()
    opened.append(name)


def _close(opened: list[str], name: str) -> bool:
    """Close the innermost element of this name, if only what ends with it stands inside.

    Whether it could not: a parser may then open what stands inside again in all that follows.
    """
    if name in _EMPTY or name in _OPAQUE:
        return False
    place = len(opened) - 1
    while place >= 0 and opened[place] != name and opened[place] in _IMPLIED:
        place -= 1
    if place >= 0 and opened[place] == name:
        del opened[place:]
        return False
    return True
