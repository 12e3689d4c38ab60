"""HTML as a strict reader sees it: what is open, what follows what, what a browser would act on."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}
ACTIVE = {
    *("script", "iframe", "object", "embed", "form", "base", "style", "math", "template"),
    *("noscript", "xmp", "input", "img", "video", "audio", "source", "picture", "frame", "applet"),
}
"""Elements that no page of ours has at all."""
SCRIPT = ("<script>", "<script src>")
"""What the two pages have besides on which passkeys are made and used."""

ENDS_A_PARAGRAPH = {
    *("p", "div", "ul", "ol", "dl", "table", "pre", "blockquote", "section", "article", "aside"),
    *("header", "footer", "nav", "main", "details", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
}
SCHEMES = {"", "http", "https", "mailto"}


@dataclass(slots=True)
class Link:
    """An `a` element."""

    href: str
    rel: str
    text: str = ""


@dataclass
class Document(HTMLParser):
    """A page that was read to its end; `faults` says what is wrong with its form."""

    faults: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    metas: list[dict[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if len(given) != len(attrs):
            self.faults.append(f"<{tag}> says something twice")
        if tag in ENDS_A_PARAGRAPH and "p" in self.open:
            self.faults.append(f"<{tag}> inside <p>")
        if tag == "a" and "a" in self.open:
            self.faults.append("a link inside a link")
        self._look_at(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> ends {self.open[-1:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                continue

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "style":
            self.faults.append("a style in the page")
        if self.headings and any(tag in HEADINGS for tag in self.open):
            level, words = self.headings[-1]
            self.headings[-1] = (level, words + data)
        if self.links and "a" in self.open:
            self.links[-1].text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data[:40]}")

    def _look_at(self, tag: str, given: dict[str, str]) -> None:
        self.tags.append(tag)
        if tag in ACTIVE:
            self.faults.append(f"<{tag}>")
        for name, value in given.items():
            self._look_at_attribute(tag, name, value)
        if tag in HEADINGS:
            self.headings.append((int(tag[1]), ""))
        elif tag == "a":
            self.links.append(Link(given.get("href", ""), given.get("rel", "")))
        elif tag == "link":
            self.heads.append(given)
        elif tag == "meta":
            self.metas.append(given)
            if "http-equiv" in given:
                self.faults.append("<meta http-equiv>")
        if "id" in given:
            self.ids.append(given["id"])
        if "lang" in given:
            self.languages.append(given["lang"])

    def _look_at_attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc", "src", "srcset", "action"):
            self.faults.append(f"<{tag} {name}>")
        if name == "href":
            address = "".join(value.split())
            if urlsplit(address).scheme.lower() not in SCHEMES or address.startswith(("//", "/\\")):
                self.faults.append(f"<{tag} href={value}>")

    def meta(self, name: str) -> str | None:
        """What a `meta` of this name or property says."""
        return next(
            (
                meta.get("content", "")
                for meta in self.metas
                if name in (meta.get("name"), meta.get("property"))
            ),
            None,
        )

    def next_page(self) -> str | None:
        """Where the page that follows this one is."""
        return next((link.href for link in self.links if link.rel == "next"), None)

    def rel(self, relation: str) -> list[str]:
        """The addresses of the head's links of a kind."""
        return [head["href"] for head in self.heads if head.get("rel") == relation]


HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def read_html(page: str) -> Document:
    """Read a page; what is left open at its end is a fault, as is an id that stands twice."""
    document = Document()
    document.feed(page)
    document.close()
    document.faults += [f"<{tag}> is never closed" for tag in document.open]
    twice = {one for one in document.ids if document.ids.count(one) > 1}
    document.faults += [f"the id {one} stands twice" for one in sorted(twice)]
    return document


def skipped_headings(document: Document) -> list[str]:
    """Headings more than one level below the one before them; a page begins with its only h1."""
    levels = [level for level, _words in document.headings]
    found = [] if levels[:1] == [1] and levels.count(1) == 1 else [f"levels {levels}"]
    for before, (level, words) in zip(levels, document.headings[1:], strict=False):
        if level > before + 1:
            found.append(f"h{before} then h{level}: {words.strip()}")
    return found
