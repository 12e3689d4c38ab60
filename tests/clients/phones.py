"""Apps that nobody here wrote, as people hold them: Mastodon.py and toot, against running nodes."""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mastodon import Mastodon, StreamListener

from node.demo_nodes import DemoNode
from node.demo_story import until
from tests.support.browser import Browser

BORN = datetime(1990, 4, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
SCOPES = ["read", "write", "follow", "push"]
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
REQUEST_SECONDS = 20


class Phone:
    """Mastodon.py for one person; each of its methods is awaited, and runs in a thread."""

    def __init__(self, client: Mastodon) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            return await asyncio.to_thread(functools.partial(method, *arguments, **named))

        return call


@dataclass(slots=True)
class Heard(StreamListener):
    """What a stream told, in order."""

    events: list[tuple[str, Any]] = field(default_factory=list)

    def on_update(self, status: Any) -> None:
        self.events.append(("update", status))

    def on_notification(self, notification: Any) -> None:
        self.events.append(("notification", notification))

    def on_delete(self, status_id: Any) -> None:
        self.events.append(("delete", status_id))

    def on_status_update(self, status: Any) -> None:
        self.events.append(("status.update", status))

    def on_unknown_event(self, name: str, unknown_event: Any = None) -> None:
        self.events.append((name, unknown_event))

    def on_abort(self, err: Exception) -> None:
        self.events.append(("abort", err))

    def first(self, kind: str) -> Any:
        """The first event of a kind; None while there is none."""
        return next((told for name, told in self.events if name == kind), None)


async def app_of(node: DemoNode, **more: Any) -> tuple[str, str]:
    """Register an app; its id and secret."""
    create = functools.partial(
        Mastodon.create_app,
        "Phone",
        scopes=SCOPES,
        api_base_url=node.node.uris.base,
        request_timeout=REQUEST_SECONDS,
        **more,
    )
    made: tuple[str, str] = await asyncio.to_thread(create)
    return made


def client_of(node: DemoNode, app: tuple[str, str]) -> Mastodon:
    """An app that nobody is signed in to."""
    return Mastodon(
        client_id=app[0],
        client_secret=app[1],
        api_base_url=node.node.uris.base,
        ratelimit_method="throw",
        request_timeout=REQUEST_SECONDS,
    )


async def newcomer(node: DemoNode, name: str) -> Phone:
    """Someone who signs up with the app itself."""
    phone = Phone(client_of(node, await app_of(node)))
    await phone.create_account(
        name,
        PASSWORD,
        f"{name}@mail.example",
        agreement=True,
        locale="en",
        scopes=SCOPES,
        date_of_birth=BORN,
    )
    return phone


async def sign_in(node: DemoNode, name: str) -> Phone:
    """Someone who has an account, and signs in by the code that the node's pages show."""
    app = await app_of(node)
    client = client_of(node, app)
    address = await asyncio.to_thread(
        functools.partial(client.auth_request_url, scopes=SCOPES, allow_http=True)
    )
    async with Browser(node.node.uris.base) as browser:
        code = await consent(browser, address, name)
    phone = Phone(client)
    await phone.log_in(code=code, scopes=SCOPES, allow_http=True)
    return phone


async def consent(browser: Browser, address: str, name: str) -> str:
    """Sign in and let the app in, in a browser; the code, from the page or the address."""
    page = await browser.open(address)
    assert page.status == 200, page.html
    if "password" in page.forms[-1].fields:
        await browser.submit(login=name, password=PASSWORD)
    await browser.submit(button="allow")
    return code_in(browser)


def code_in(browser: Browser) -> str:
    """The code that the browser shows, or was sent away with."""
    if browser.page.left_for is not None:
        return browser.page.left_for.partition("code=")[2].partition("&")[0]
    found = browser.page.html.partition('id="code"')[2].partition(">")[2].partition("<")[0].strip()
    assert found, browser.page.html
    return found


async def eventually(check: Callable[[], Any], sentence: str) -> None:
    """Wait until an awaited check is true; ten seconds at most."""
    await until(check, sentence)
