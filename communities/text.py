"""Text that is safe to show: HTML of others made harmless, markdown rendered, names found in it.

`sanitise` is the only way in which HTML reaches storage, also what we render ourselves. It is an
allow-list over a real parser, gives the same for its own output, and takes some 10 us for a
comment; what needs a closer look (pictures, disguised links) costs only those that have it.

Spec: security HTM-01, HTM-02, HTM-04, HTM-09, ORI-17, WEB-15.
"""

import html as html_entities
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nh3

from communities.errors import Invalid
from communities.limits import MAX_TEXT_BYTES
from communities.markup_cost import MAX_REFERENCES, count_references, is_costly

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MAX_TAGS = 8_000
"""Tags in one text; beyond it, nesting makes the parser slow, and only the plain text is kept."""

_MAX_PASSES = 4
"""How often misnested HTML is parsed again before its markup is given up."""

_TAGS = (
    {"p", "br", "a", "span", "em", "strong", "b", "i", "u", "s", "del", "code", "pre"}
    | {"blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "th": {"align"},
    "td": {"align"},
}
_CLASSES = {
    "a": {"mention", "u-url", "hashtag"},
    "span": {"mention", "h-card", "hashtag", "invisible", "ellipsis"},
}
_SCHEMES = {"http", "https", "mailto", "xmpp", "matrix", "gemini", "magnet"}
_REL = "nofollow noopener noreferrer"

# Pictures are let through the first pass only to be made into links before the second.
_FIRST = nh3.Cleaner(
    tags=_TAGS | {"img"},
    attributes={**_ATTRIBUTES, "img": {"src", "alt"}},
    allowed_classes=_CLASSES,
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel=_REL,
)


def _undisguised(tag: str, name: str, value: str) -> str | None:
    """An attribute as it is, or nothing for a link with a user name before its host.

    `https://bank.example@evil.example/` leads to the second of the two.
    """
    if tag != "a" or name != "href":
        return value
    address = re.sub(r"[\t\r\n]", "", value).strip().replace("\\", "/")
    scheme, _, rest = address.partition(":")
    if scheme.lower() in ("mailto", "xmpp", "matrix", "magnet"):
        return value
    return None if "@" in re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0] else value


_STRICT = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel=_REL,
    attribute_filter=_undisguised,
)
_BARE = nh3.Cleaner(tags=set(), attributes={}, link_rel=None)

# In what the parser wrote, `<`, `>` and `"` never stand bare inside an attribute.
# Of these tags the parser makes what it would read again the same way; where others stood, what
# is left of their content may nest as no parser would have it.
_WILD = re.compile(
    r"<(?!/?(?:p|br|a|span|em|strong|b|i|u|s|del|code|pre|blockquote|[uo]l|li|hr)[\s/>])"
)
_IMAGE = re.compile(r"<img\b([^>]*)>")
_SOURCE = re.compile(r' src="([^"]*)"')
_ALT = re.compile(r' alt="([^"]*)"')
_USER_IN_LINK = re.compile(r'href="[^":/?#\\]*+:[/\\\s]*+[^"/\\?#@]*+@')
_LINK_OR_HIDDEN = re.compile(
    r'<a (?P<attributes>[^>]*)>(?P<inner>.*?)</a>|<span class="[^"]*\binvisible\b[^"]*">', re.DOTALL
)
_HIDDEN = re.compile(r'<span class="[^"]*\binvisible\b[^"]*">')
_HIDDEN_TEXT = re.compile(r'<span class="[^"]*\binvisible\b[^"]*">[^<]*</span>')
_HREF = re.compile(r'href="([^"]*)"')
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?=br\b|/p>|/li>|/h[1-6]>|/blockquote>|/pre>|/tr>|/div>)", re.IGNORECASE)

_BLANKED = dict.fromkeys(map(ord, "&<>\xa0"), " ")
"""For a text of more references than the parser may be given."""

_NONE: Mapping[str, str] = MappingProxyType({})

# Quantifiers are bounded, so that no text makes the search go back far.
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?"
_HOST = r"[^\W_](?:[\w.-]{0,251}[^\W_])?(?::[0-9]{1,5})?"
_MENTION = re.compile(rf"(?<![\w/@!.:=-])(?:@{_NAME}(?:@{_HOST})?|!{_NAME}@{_HOST})")
_HASHTAG = re.compile(r"(?<![\w&/#])#(?=\w{0,99}[^\W\d])\w{1,100}(?!\w)")
_REFERENCE = re.compile(f"{_MENTION.pattern}|{_HASHTAG.pattern}")


def sanitise(html: str) -> str:
    """HTML without anything that acts, hides or frames; the same again for its own output.

    Pictures become links, since they are attached to a post rather than embedded. Links keep
    only absolute addresses of a few schemes, none with a user name in it.
    """
    clean = _sanitise_once(html)
    if _WILD.search(html) is None:
        return clean
    for _ in range(_MAX_PASSES):
        before, clean = clean, _sanitise_once(clean)
        if clean == before:
            return clean
    return _without_tags(clean)


def _sanitise_once(html: str) -> str:
    if html.count("<") > MAX_TAGS or is_costly(html):
        return _without_tags(html)
    clean = _FIRST.clean(html)
    if "<img" in clean:
        clean = _STRICT.clean(_IMAGE.sub(_image_to_link, clean))
    elif _USER_IN_LINK.search(clean) is not None:
        clean = _STRICT.clean(clean)
    if "invisible" in clean:
        clean = _LINK_OR_HIDDEN.sub(_reveal, clean)
    if clean.count("<") > MAX_TAGS or is_costly(clean):
        return _without_tags(clean)
    # A parser drops the first newline of <pre>: without a second one the next pass would too.
    return clean.replace("<pre>\n", "<pre>\n\n") if "<pre>\n" in clean else clean


def plain_text(html: str, limit: int) -> str:
    """The words of some HTML, at most `limit` characters, cut with an ellipsis.

    Blocks and line breaks become single newlines. For titles, previews and notifications.
    """
    if html.count("<") > MAX_TAGS or is_costly(html):
        html = _words(html)
    text = html_entities.unescape(_BARE.clean(_BREAK.sub("\n<", html)))
    text = "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def find_mentions(text: str) -> tuple[str, ...]:
    """The mentions in a text: `@name`, `@name@host[:port]` and `!name@host[:port]`, once each.

    In lower case, in order of appearance. An address of e-mail or of a page is none.
    """
    return tuple(dict.fromkeys(found[0].lower() for found in _MENTION.finditer(text)))


def find_hashtags(text: str) -> tuple[str, ...]:
    """The hashtags in a text, without their sign, as first written; a number alone is none."""
    found = (match[0][1:] for match in _HASHTAG.finditer(text))
    tags: dict[str, str] = {}
    for tag in found:
        tags.setdefault(tag.casefold(), tag)
    return tuple(tags.values())


class Markup(StrEnum):
    """How a source is to be read.

    `LINES` is markdown in which every line break counts, as apps for short posts show them.
    """

    MARKDOWN = "markdown"
    LINES = "lines"
    PLAIN = "plain"


def render(source: str, markup: Markup, links: Mapping[str, str] = _NONE) -> str:
    """Safe HTML of a source, with the names in it linked as by `render_markdown`.

    Raises:
        Invalid: the source is longer than `MAX_TEXT_BYTES`.
    """
    if len(source) > MAX_TEXT_BYTES or len(source.encode()) > MAX_TEXT_BYTES:
        raise Invalid("source", f"The text is longer than {MAX_TEXT_BYTES} bytes")
    html = sanitise(_parser(markup).render(source, {"links": links})).rstrip("\n")
    # Some apps show the newline as a space before the next line.
    return html if markup is Markup.MARKDOWN else html.replace("<br>\n", "<br>")


def render_markdown(source: str, links: Mapping[str, str] = _NONE) -> str:
    """Safe HTML of CommonMark with tables, strikethrough and bare addresses; HTML is shown as is.

    `links` gives the address of what stands in the text, by what `find_mentions` found and by
    hashtag with its sign, in lower case (`@ann@example.org`, `#bees`).

    Raises:
        Invalid: the source is longer than `MAX_TEXT_BYTES`.
    """
    return render(source, Markup.MARKDOWN, links)


def _without_tags(html: str) -> str:
    return _FIRST.clean(f"<p>{html_entities.escape(_words(html), quote=False)}</p>")


def _words(html: str) -> str:
    words = _TAG.sub(" ", html)
    if count_references(words) + words.count("<") > MAX_REFERENCES:
        return words.translate(_BLANKED)
    return words


def _image_to_link(image: re.Match[str]) -> str:
    source = _SOURCE.search(image[1])
    alt = _ALT.search(image[1])
    words = "" if alt is None else alt[1].strip()
    if source is None:
        return words
    return f'<a href="{source[1]}">{words or source[1]}</a>'


def _reveal(found: re.Match[str]) -> str:
    """Drop the class that hides text, but where it shortens a link to its own address.

    Mastodon hides the scheme and the tail of a long address that way. The part that is left must
    begin with the host, and all of it together must be the address.
    """
    if found["inner"] is None:
        return "<span>"
    inner: str = found["inner"]
    if "invisible" not in inner or _shows_host(found["attributes"], inner):
        return found[0]
    return f"<a {found['attributes']}>{_HIDDEN.sub('<span>', inner)}</a>"


def _shows_host(attributes: str, inner: str) -> bool:
    href = _HREF.search(attributes)
    shown, hidden = _HIDDEN_TEXT.subn("", inner)
    if href is None or hidden != len(_HIDDEN.findall(inner)):
        return False
    if _TAG.sub("", inner) != href[1]:
        return False
    try:
        host = urlsplit(html_entities.unescape(href[1])).hostname or ""
    except ValueError:
        return False
    visible = _TAG.sub("", shown).lower()
    return bool(host) and visible.startswith((host, host.removeprefix("www.")))


def _finish(state: "StateCore") -> None:
    """Link the names that the caller knows, and give table cells an attribute we let through."""
    links: Mapping[str, str] = state.env.get("links", _NONE)
    for token in state.tokens:
        if token.type in ("th_open", "td_open"):
            style = str(token.attrs.pop("style", ""))
            if style:
                token.attrSet("align", style.removeprefix("text-align:"))
        elif links and token.children:
            token.children = list(_with_links(token.children, links))


def _with_links(tokens: "list[Token]", links: Mapping[str, str]) -> "Iterator[Token]":
    inside = 0
    for token in tokens:
        inside += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "text" and not inside:
            yield from _split(token, links)
        else:
            yield token


def _split(token: "Token", links: Mapping[str, str]) -> "Iterator[Token]":
    text, make = token.content, type(token)  # its module is imported with the first text only
    done = 0
    for found in _REFERENCE.finditer(text):
        address = links.get(found[0].lower())
        if address is None:
            continue
        kind = "hashtag" if found[0].startswith("#") else "u-url mention"
        yield make("text", "", 0, content=text[done : found.start()])
        yield make("link_open", "a", 1, attrs={"href": address, "class": kind})
        yield make("text", "", 0, content=found[0])
        yield make("link_close", "a", -1)
        done = found.end()
    yield make("text", "", 0, content=text[done:])


@cache
def _parser(markup: Markup) -> "MarkdownIt":
    # 30 ms that the start of a node need not wait for.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    breaks = markup is not Markup.MARKDOWN
    options = {"html": False, "linkify": True, "breaks": breaks}
    if markup is Markup.PLAIN:
        parser = MarkdownIt("zero", options).enable(["newline", "linkify"])
    else:
        parser = MarkdownIt("commonmark", options)
        parser.enable(["table", "strikethrough", "linkify"])
    if parser.linkify is not None:
        # Only whole addresses: `name@host` is a mention here and `readme.md` a file.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    parser.core.ruler.push("finish", _finish)
    return parser
