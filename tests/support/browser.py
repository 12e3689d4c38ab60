"""A browser without a screen: follows redirects within the node, keeps cookies, fills in forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import aiohttp

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_STEPS = 10


@dataclass(slots=True)
class Form:
    """A form as the page has it, with what its fields hold already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif self.forms and tag in ("input", "button", "textarea", "select", "option"):
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form = self.forms[-1]
        name, value = given.get("name", ""), given.get("value", "")
        kind = given.get("type", "")
        if tag == "select":
            self._select = name
        elif tag == "option":
            form.choices.setdefault(self._select or "", []).append(value)
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select or ""] = value
        elif tag == "button" or kind == "submit":
            form.buttons.append((name, value))
        elif kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value or "on")
            if "checked" in given:
                form.fields[name] = value or "on"
        elif name:
            form.fields[name] = value
            self._area = name if tag == "textarea" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1].fields[self._area] += data
        self.text.append(data)


@dataclass(slots=True)
class Page:
    """What the browser shows; `left_for` is an address outside of the node it was sent on to."""

    url: str
    status: int
    html: str
    left_for: str | None = None
    forms: list[Form] = field(default_factory=list)
    text: str = ""


class Browser:
    """Somebody's browser at one node."""

    def __init__(self, base: str, language: str = "en") -> None:
        self.base = base
        self.page = Page(url=base, status=0, html="")
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"Accept": "text/html", "Accept-Language": language},
        )

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def open(self, address: str) -> Page:
        """Go to an address of the node."""
        return await self._go("GET", urljoin(self.page.url, address))

    async def submit(self, *, form: int = -1, button: str | None = None, **fields: str) -> Page:
        """Send a form of the page, the last one unless told, with these fields filled in.

        `button` is the value of the button that is pressed; the first one unless told.
        """
        sent = self.page.forms[form]
        pressed = [(name, value) for name, value in sent.buttons if name]
        if button is not None:
            pressed = [(name, value) for name, value in pressed if value == button]
            assert pressed, f"no button {button} in {sent.buttons}"
        data = {**sent.fields, **dict(pressed[:1]), **fields}
        action = urljoin(self.page.url, sent.action)
        return await self._go(sent.method.upper(), action, data)

    async def _go(self, method: str, address: str, data: dict[str, str] | None = None) -> Page:
        for _step in range(_MOST_STEPS):
            headers = {"Origin": self.base, "Sec-Fetch-Site": "same-origin"} if data else {}
            async with self._session.request(
                method, address, data=data, headers=headers, allow_redirects=False
            ) as answer:
                html = await answer.text()
                location = answer.headers.get("Location")
                if answer.status not in REDIRECTS or location is None:
                    return self._show(address, answer.status, html)
                address = urljoin(address, location)
                method, data = "GET", None
                if urlsplit(address).netloc != urlsplit(self.base).netloc:
                    self.page = Page(self.page.url, answer.status, html, left_for=address)
                    return self.page
        raise AssertionError(f"redirected for ever: {address}")

    def _show(self, address: str, status: int, html: str) -> Page:
        reader = _Reader()
        reader.feed(html)
        text = " ".join(" ".join(reader.text).split())
        self.page = Page(address, status, html, forms=reader.forms, text=text)
        return self.page
