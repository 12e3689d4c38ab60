"""A real browser: Chromium as it is installed here, driven by Playwright, with a device in it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""What is in a telephone: it finds keys by itself, and looks who holds it."""


def chromium_path() -> str:
    """Where Chromium is; a test that needs it is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    return found


@asynccontextmanager
async def page_with_device(locale: str = "en") -> AsyncIterator[Page]:
    """A page of a browser that has a device with a user who always agrees.

    An error of a script of the page fails the test at the end.
    """
    path = chromium_path()
    # Its sandbox does not work for root, which tests in a container are.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        context = await browser.new_context(locale=locale)
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        device = await context.new_cdp_session(page)
        await device.send("WebAuthn.enable")
        await device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        yield page
        await browser.close()
    assert faults == []
