"""toot lives on a node: as a new user would sign in with it, post, read, follow and upload."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from node.demo_nodes import DemoNode
from tests.clients.conftest import Pair
from tests.clients.phones import PASSWORD, consent, eventually, newcomer
from tests.support.browser import Browser


class Toot:
    """toot in a terminal of its own, where somebody is signed in."""

    def __init__(self, folder: Path) -> None:
        self._environment = {"XDG_CONFIG_HOME": str(folder), "TOOT_DISABLE_SETTINGS": "true"}

    async def run(self, *words: str, typed: str | None = None) -> Result:
        """Run a command; its result, whatever it was."""
        # Its terminal library warns whoever looks at its modules, as Hypothesis does beforehand.
        from toot.cli import cli

        runner = CliRunner(env=self._environment)
        return await asyncio.to_thread(runner.invoke, cli, list(words), input=typed)

    async def says(self, *words: str, typed: str | None = None) -> str:
        """What a command that must succeed prints."""
        result = await self.run(*words, typed=typed)
        assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
        return str(result.output)

    async def json(self, *words: str) -> Any:
        """The same for one that prints JSON."""
        return json.loads(await self.says(*words, "--json"))


@pytest.fixture
async def toot(home: DemoNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toot:
    """Signed in as ann, who has an account."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "toot"))
    await newcomer(home, "ann")
    found = Toot(tmp_path / "toot")
    base = home.node.uris.base
    await found.says(
        "login_cli", "--instance", base, "--email", "ann@mail.example", "--password", PASSWORD
    )
    return found


async def test_login_with_a_code_from_the_browser(
    home: DemoNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await newcomer(home, "ann")
    terminal = Toot(tmp_path / "toot")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "toot"))
    base = home.node.uris.base
    asked = await terminal.run("login", "--instance", base, typed="n\n")
    address = next(word for word in asked.output.split() if "/oauth/authorize" in word)
    async with Browser(base) as browser:
        code = await consent(browser, address, "ann")

    told = await terminal.says("login", "--instance", base, typed=f"n\n{code}\n")

    assert "logged in" in told.lower()
    assert "ann" in await terminal.says("auth")
    assert "@ann" in await terminal.says("whoami")


async def test_post_show_and_delete(toot: Toot) -> None:
    post = await toot.json("post", "Moin from the *terminal*", "--visibility", "public")

    assert "terminal" in await toot.says("status", post["id"])
    assert "deleted" in (await toot.says("delete", post["id"])).lower()
    assert (await toot.run("status", post["id"])).exit_code != 0


async def test_poll_and_picture(toot: Toot, tmp_path: Path) -> None:
    file = tmp_path / "hive.png"
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 9)).save(picture, "PNG")
    file.write_bytes(picture.getvalue())

    shown = await toot.json("post", "Look", "--media", str(file), "--description", "A hive")
    asked = await toot.json(
        "post", "Lime or heather?", "--poll-option", "Lime", "--poll-option", "Heather"
    )

    assert shown["media_attachments"][0]["description"] == "A hive"
    assert [option["title"] for option in asked["poll"]["options"]] == ["Lime", "Heather"]


async def test_follow_favourite_boost_bookmark_and_lists(home: DemoNode, toot: Toot) -> None:
    ben = await newcomer(home, "ben")
    post = await ben.status_post("Hello there")

    assert "following" in (await toot.says("follow", "ben")).lower()
    await toot.says("favourite", str(post.id))
    await toot.says("reblog", str(post.id))
    await toot.says("bookmark", str(post.id))
    await toot.says("lists", "create", "Friends")
    await toot.says("lists", "add", "Friends", "ben")

    seen = await ben.status(post.id)
    assert (seen.favourites_count, seen.reblogs_count) == (1, 1)
    assert "Hello there" in await toot.says("bookmarks", "--once")
    assert "Friends" in await toot.says("lists", "list")
    assert "Hello there" in await toot.says("timelines", "list", "Friends", "--no-pager")
    assert "Hello there" in await toot.says("timelines", "home", "--no-pager")


async def test_notifications_and_search(home: DemoNode, toot: Toot) -> None:
    ben = await newcomer(home, "ben")
    await ben.status_post("@ann Hello you")

    async def was_told() -> bool:
        return "Hello you" in await toot.says("notifications")

    await eventually(was_told, "toot shows the mention")
    assert "ben" in await toot.says("search", "ben")
    assert "@ben" in await toot.says("whois", "ben")


async def test_community_elsewhere_is_followed_and_read(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "toot"))
    await newcomer(pair.far, "ann")
    kim = await newcomer(pair.home, "kim")
    terminal = Toot(tmp_path / "toot")
    base = pair.far.node.uris.base
    await terminal.says(
        "login_cli", "--instance", base, "--email", "ann@mail.example", "--password", PASSWORD
    )

    await terminal.says("follow", f"bees@{pair.home.name}")
    await kim.status_post("@bees\n\nA swarm\n\nIn the pear tree.")

    async def has_come() -> bool:
        return "pear tree" in await terminal.says("timelines", "home", "--no-pager")

    await eventually(has_come, "the community's post is in toot's home")
