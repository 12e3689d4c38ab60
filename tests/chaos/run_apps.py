"""Kill a node with SIGKILL while apps post and upload, and count what it cost.

    python -m tests.chaos.run_apps --kills 20 [--seed 7]

The node is `noaber serve` with one database and one media folder over all its lives. In every
round apps post, upload pictures for posts, schedule and like, all under one token, until a random
number of answers has come; then the node is killed and started again. Everything that was not
answered is sent again under its Idempotency-Key, and a quarter of what was answered, too. At the
end every status, upload, scheduled post and like that was answered 2xx must stand once, each key
must have led to one id, everybody mentioned must have been told once, and every file that a row
names must lie there whole. Exit code 0 if so, else 1. The seed replays the same plan.
"""

import argparse
import asyncio
import io
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from benchmarks.processes import NodeChild, free_port
from benchmarks.scene import wait_for_consumers
from benchmarks.village import Facts, Plan, found_node, opened
from communities.people import ActorKey
from node.compose import Node
from node.founding import Newcomer, found_person, make_keys
from storage.app_tokens import AppToken
from storage.apps import App
from storage.unit_of_work import UnitOfWork

TOKEN = "token-of-the-phone"
KINDS = ("post", "picture", "post", "like", "picture", "later")
A_ROUND = 24
WORKERS = 12
MOST_LATER = 20
"""Scheduled posts over all rounds: a person has 25 for a day."""
ANSWER_SECONDS = 30.0


def tell(what: str) -> None:
    """Say on standard error what happens."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


@dataclass(slots=True, kw_only=True)
class Errand:
    """One thing that somebody wants done; it is sent until it is answered.

    Attributes:
        made: every id that an answer named: one, however often it was sent.
        media_id: the upload that goes with it, once that was answered.
    """

    kind: str
    number: int
    made: set[str] = field(default_factory=set)
    media_id: str | None = None

    @property
    def key(self) -> str:
        """Its Idempotency-Key, and the word in its text."""
        return f"errand{self.number}x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What must not be: sentences about each fault; how much was answered; strays are allowed."""

    answered: int
    faults: tuple[str, ...]
    strays: int


class Phone:
    """Sends errands to a node that may go away at any moment."""

    def __init__(self, session: aiohttp.ClientSession, target: str) -> None:
        self.session = session
        self.target = target
        self.answers = 0
        self.kill_at: tuple[int, NodeChild] | None = None

    async def run(self, errands: Iterable[Errand]) -> None:
        """Send all of them, a dozen at a time; what breaks off is left as it is."""
        rest = iter(list(errands))

        async def work() -> None:
            for errand in rest:
                try:
                    await self._do(errand)
                except (aiohttp.ClientError, OSError):
                    continue

        await asyncio.gather(*(work() for _ in range(WORKERS)))

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON that a call is answered with.

        Raises:
            AssertionError: it was refused.
        """
        async with self.session.request(method, path, **more) as answer:
            body = await answer.json()
            if answer.status >= 300:
                raise AssertionError(f"{method} {path}: {answer.status} {body}")
        self._count()
        return body

    def _count(self) -> None:
        self.answers += 1
        if self.kill_at is not None and self.answers >= self.kill_at[0]:
            _, node = self.kill_at
            self.kill_at = None
            node.process.kill()

    async def _do(self, errand: Errand) -> None:
        if errand.kind == "like":
            found = await self.ask("POST", f"/api/v1/statuses/{self.target}/favourite")
            assert found["favourited"], found
            errand.made.add("like")
            return
        if errand.kind == "picture" and errand.media_id is None:
            form = aiohttp.FormData()
            form.add_field("file", picture(errand.number), filename="a.png")
            uploaded = await self.ask("POST", "/api/v2/media", data=form)
            errand.media_id = uploaded["id"]
        body: dict[str, object] = {"status": f"Moin @ben, {errand.key}."}
        if errand.media_id is not None:
            body["media_ids"] = [errand.media_id]
        if errand.kind == "later":
            body["scheduled_at"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        headers = {"Idempotency-Key": errand.key}
        found = await self.ask("POST", "/api/v1/statuses", json=body, headers=headers)
        errand.made.add(found["id"])


def picture(number: int) -> bytes:
    """A small picture; every fifth is the same, so that files are shared, too."""
    colour = number % 5 and number
    image = Image.new("RGB", (64, 48), (colour * 7 % 256, colour * 13 % 256, colour // 256))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def _found(folder: Path) -> Facts:
    """A node with Ada, her app, and Ben whom she mentions."""
    facts = await asyncio.to_thread(found_node, folder, free_port(), Plan(posts=1))
    async with opened(facts) as node:
        await node.storage.write(_let_in, node, facts)
    return facts


def _let_in(uow: UnitOfWork, node: Node, facts: Facts) -> None:
    now, mint = datetime.now(UTC), node.snowflakes.mint
    newcomer = Newcomer(key=ActorKey(mint()), localpart="ben", name="Ben", at=now, keys=make_keys())
    found_person(uow, node.uris, newcomer)
    app = App(
        id=mint(),
        client_id="phone",
        name="Phone",
        website=None,
        redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
        scopes=frozenset({"read", "write"}),
        created_at=now,
    )
    uow.apps.add(app, sha256(b"secret").digest())
    ada = uow.actors.key_of(facts.person)
    token = AppToken(
        id=mint(),
        app_id=app.id,
        scopes=app.scopes,
        created_at=now,
        used_at=now,
        person_id=ada,
        actor_id=ada,
    )
    uow.app_tokens.add(sha256(TOKEN.encode()).digest(), token)


async def play(folder: Path, kills: int, seed: int) -> Cost:
    """All rounds; what they cost."""
    chance = random.Random(seed)
    facts = await _found(folder)
    target = facts.posts[0].rpartition("/")[2]
    errands: list[Errand] = []
    node = NodeChild(facts)
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(facts.base, headers=headers, timeout=timeout) as session:
            phone = Phone(session, target)
            for number in range(kills):
                fresh = _errands(len(errands), sum(one.kind == "later" for one in errands))
                after = chance.randint(1, A_ROUND)
                phone.kill_at = (phone.answers + after, node)
                await phone.run(fresh)
                errands += fresh
                await asyncio.to_thread(node.process.wait, ANSWER_SECONDS)
                node.kill()
                node = await asyncio.to_thread(NodeChild, facts)
                tell(f"{number + 1} of {kills}: killed at answer {after}")
                await phone.run(_again(fresh, chance))
            faults = await _faults(phone, errands)
            await asyncio.to_thread(wait_for_consumers, facts.database)
    finally:
        node.stop()
    wrong, strays = _wrong_files(facts)
    faults += wrong + _untold(facts, errands)
    return Cost(answered=phone.answers, faults=tuple(faults), strays=strays)


def _errands(first: int, later: int) -> list[Errand]:
    found = []
    for number in range(first, first + A_ROUND):
        kind = KINDS[number % len(KINDS)]
        if kind == "later":
            later += 1
            kind = kind if later <= MOST_LATER else "post"
        found.append(Errand(kind=kind, number=number))
    return found


def _again(errands: Sequence[Errand], chance: random.Random) -> list[Errand]:
    """What was not answered, and some of what was."""
    done = [errand for errand in errands if errand.made]
    left = [errand for errand in errands if not errand.made]
    return [*left, *chance.sample(done, len(done) // 4)]


async def _faults(phone: Phone, errands: Sequence[Errand]) -> list[str]:
    """What apps see that must not be."""
    faults = [f"{errand.key} was never answered" for errand in errands if not errand.made]
    faults += [f"{errand.key} led to {errand.made}" for errand in errands if len(errand.made) > 1]
    texts = Counter(status["content"] for status in await _pages(phone, "statuses"))
    waiting = Counter(one["params"]["text"] for one in await _pages(phone, "later"))
    for errand in errands:
        if errand.kind == "like":
            continue
        found = waiting if errand.kind == "later" else texts
        times = sum(count for text, count in found.items() if f"{errand.key}." in text)
        if times != 1:
            faults.append(f"{errand.key} ({errand.kind}) stands {times} times")
    liked = await phone.ask("GET", f"/api/v1/statuses/{phone.target}")
    if liked["favourites_count"] != 1:
        faults.append(f"one like counts {liked['favourites_count']}")
    for errand in errands:
        if errand.kind == "picture" and errand.made:
            faults += await _picture_faults(phone, errand)
    return faults


async def _pages(phone: Phone, what: str) -> list[Any]:
    """All of Ada's statuses, or of those that wait."""
    path = "/api/v1/scheduled_statuses"
    if what == "statuses":
        me = await phone.ask("GET", "/api/v1/accounts/verify_credentials")
        path = f"/api/v1/accounts/{me['id']}/statuses"
    found: list[Any] = []
    while page := await phone.ask(
        "GET", path, params={"limit": "40"} | ({"max_id": found[-1]["id"]} if found else {})
    ):
        found += page
    return found


async def _picture_faults(phone: Phone, errand: Errand) -> list[str]:
    (key,) = list(errand.made)[:1]
    status = await phone.ask("GET", f"/api/v1/statuses/{key}")
    faults = []
    if [one["id"] for one in status["media_attachments"]] != [errand.media_id]:
        faults.append(f"{errand.key} has not its picture")
    for attachment in status["media_attachments"]:
        for url in (attachment["url"], attachment["preview_url"]):
            async with phone.session.get(url) as answer:
                if answer.status != 200 or not await answer.read():
                    faults.append(f"{errand.key}: {url} is answered {answer.status}")
    return faults


def _rows(facts: Facts, sql: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(facts.database)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def _wrong_files(facts: Facts) -> tuple[list[str], int]:
    """Files that rows name and that are not there whole; and how many no row names."""
    folder = Path(facts.data_dir) / "media"
    files = {path.name: path for path in folder.glob("??/??/*")}
    named = {row[0].hex(): row[1] for row in _rows(facts, "SELECT digest, bytes FROM media_blobs")}
    faults = [
        f"file {name} is missing or broken"
        for name, size in named.items()
        if name not in files or not _is_whole(files[name], name, size)
    ]
    used = "SELECT digest FROM media WHERE digest IS NOT NULL"
    faults += [
        f"a medium names {digest.hex()}, of which nothing is known"
        for (digest,) in _rows(facts, used)
        if digest.hex() not in named
    ]
    return faults, len(files.keys() - named.keys())


def _is_whole(path: Path, name: str, size: int) -> bool:
    content = path.read_bytes()
    return len(content) == size and sha256(content).hexdigest() == name


def _untold(facts: Facts, errands: Sequence[Errand]) -> list[str]:
    """Posts of which Ben was not told once."""
    told = Counter(row[0] for row in _rows(facts, "SELECT post_id FROM notifications"))
    posts = [int(key) for one in errands if one.kind in ("post", "picture") for key in one.made]
    return [f"Ben was told {told[key]} times of post {key}" for key in posts if told[key] != 1]


def summary(cost: Cost, kills: int, seed: int) -> str:
    """The line that says it all."""
    faults = "; ".join(cost.faults) or "none"
    return (
        f"{kills} kills (seed {seed}): {cost.answered} answers, faults: {faults};"
        f" {cost.strays} files that no row names, which maintenance sweeps"
    )


def main() -> int:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.run_apps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="noaber-chaos-") as folder:
        cost = asyncio.run(play(Path(folder), options.kills, options.seed))
    sys.stdout.write(f"{summary(cost, options.kills, options.seed)}\n")
    tell(f"{time.monotonic() - started:.0f} s")
    return 1 if cost.faults else 0


if __name__ == "__main__":
    sys.exit(main())
