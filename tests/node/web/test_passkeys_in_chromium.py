"""Passkeys in a real browser, by the keyboard alone: added at one page, used at the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from playwright.async_api import Page, expect

from communities.people import Person
from node.accounts.passkeys import FRESH
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.web.account_surface import account_routes
from node.web.site import Site
from node.web.surface import web_routes
from storage.store import Storage
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.chromium import page_with_device
from tests.support.clock import Clock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@asynccontextmanager
async def node_at_localhost(site: Site) -> AsyncIterator[str]:
    """The pages over plain http, as in a trial; their address."""
    port = unused_port()
    base = f"http://localhost:{port}"
    trial = replace(site, uris=replace(site.uris, base=base))
    desk = desk_over(trial)
    parts = Parts(
        settings=desk.settings.http,
        routes=[*web_routes(trial), *account_routes(trial, desk)],
        readiness=Readiness({}),
        metrics=Metrics(),
        guards=desk.guards(),
    )
    app: web.Application = build_app(parts)
    async with TestServer(app, port=port):
        yield base


async def sign_in_by_password(page: Page, base: str) -> None:
    await page.goto(f"{base}/sign-in?next=/settings/security")
    await page.get_by_label("Name or e-mail address").fill("ada")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).press("Enter")
    await page.wait_for_url("**/settings/security")


async def test_passkey_is_added_and_signs_in(
    site: Site, ada: Person, clock: Clock, sqlite_storage: Storage
) -> None:
    """Starts a browser."""
    async with node_at_localhost(site) as base, page_with_device() as page:
        await sign_in_by_password(page, base)

        await page.get_by_label("A name for the passkey").fill("Telephone")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("The passkey is yours.")
        await page.goto(f"{base}/settings/security")
        await page.get_by_label("A name for the passkey").fill("Telephone again")
        await page.get_by_role("button", name="Add a passkey").press("Space")
        await expect(page.get_by_role("alert")).to_contain_text("has a passkey for your account")

        clock.advance(FRESH)
        await page.goto(f"{base}/settings/security")
        await page.get_by_label("A name for the passkey").fill("Another")
        await page.locator("#passkey-current").fill("wrong")
        await page.get_by_role("button", name="Add a passkey").press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("The password is wrong.")

        await page.context.clear_cookies()
        await page.goto(f"{base}/sign-in?next=/settings/security")
        await page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        await page.wait_for_url("**/settings/security")
        await expect(page.get_by_text("last used: just now")).to_be_visible()

    (passkey,) = await sqlite_storage.read(lambda uow: uow.passkeys.of_person(ada.id))
    assert (passkey.name, passkey.transports) == ("Telephone", ("internal",))
    assert passkey.sign_count == 2


async def test_device_without_a_passkey_of_this_node_is_told_in_words(
    site: Site, ada: Person
) -> None:
    """Starts a browser."""
    async with node_at_localhost(site) as base, page_with_device("nl") as page:
        await page.goto(f"{base}/sign-in")
        await page.get_by_role("button", name="Aanmelden met een passkey").press("Enter")

        await expect(page.get_by_role("alert")).to_contain_text("Er is niets gebeurd")
        await expect(page.get_by_label("Wachtwoord")).to_be_visible()


async def test_pages_work_without_the_script(site: Site, ada: Person) -> None:
    """Starts a browser."""
    async with node_at_localhost(site) as base, page_with_device() as page:
        await page.route("**/passkeys.js*", lambda route: route.abort())
        await sign_in_by_password(page, base)

        assert not await page.get_by_role("button", name="Add a passkey").is_visible()
        await expect(page.get_by_text("Passkeys are added with a browser")).to_be_visible()
