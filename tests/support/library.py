"""A community elsewhere as its server serves it, and the job that fetches its history."""

from typing import Any

from communities.posts import Post
from federation.backfill import Backfiller
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.wanted_jobs import BACKFILL_JOB, ask_backfill
from protocols.strict_json import JsonObject, JsonValue
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.job_bench import Bench, Pages, context
from tests.support.outbox import LEMMY, Village
from tests.support.postbox import activity, actor_document, note, page

FAR = "https://far.example"


class Library:
    """A community elsewhere as its server serves it."""

    def __init__(self, village: Village, pages: Pages) -> None:
        self.group = village.trees.uri
        self.pages = pages.pages
        self.home = f"https://{LEMMY}"
        self.names = 0

    def author(self, home: str | None = None) -> str:
        """Someone new with a document."""
        self.names += 1
        uri = f"{home or self.home}/u/p{self.names}"
        self.pages[uri] = actor_document(uri)
        return uri

    def thread(self, author: str | None = None, **more: Any) -> JsonObject:
        """A thread starter with a context, both served."""
        post = page(author or self.author(), self.group, published="2024-05-01T10:00:00Z", **more)
        post.setdefault("context", f"{post['id']}/context")
        self.pages[str(post["id"])] = post
        return post

    def comment(self, above: JsonObject, author: str | None = None) -> JsonObject:
        """An answer, served."""
        answer = note(author or self.author(), inReplyTo=above["id"], audience=self.group)
        self.pages[str(answer["id"])] = answer
        return answer

    def collection(self, url: str, items: list[JsonValue], **more: JsonValue) -> JsonObject:
        """A collection with all its items, served."""
        found: JsonObject = {
            "id": url,
            "type": "OrderedCollection",
            "totalItems": len(items),
            "orderedItems": items,
            **more,
        }
        self.pages[url] = found
        return found

    def outbox(self, *posts: JsonObject, **more: JsonValue) -> None:
        """The outbox as Lemmy has it: Announces of Creates."""
        items: list[JsonValue] = [
            activity("Announce", self.group, activity("Create", str(post["attributedTo"]), post))
            for post in posts
        ]
        self.collection(f"{self.group}/outbox", items, **more)


def bench_over(
    storage: Storage,
    clock: Clock,
    pages: Pages,
    *,
    max_posts: int = 50,
    policies: Policies | None = None,
) -> Bench:
    backfiller = Backfiller(
        storage=storage,
        client=pages,
        reader=DocumentReader(),
        policies=policies or Policies(),
        context=context(clock),
        now=clock,
        signer=lambda: None,
        max_posts=max_posts,
    )
    return Bench(storage, clock, {BACKFILL_JOB: backfiller})


async def ask(village: Village) -> None:
    trees = village.trees
    await village.storage.write(lambda uow: ask_backfill(uow, trees.id, trees.uri, at_ms=0))


async def stored(village: Village, document: JsonObject) -> Post | None:
    return await village.storage.read(lambda uow: uow.posts.by_uri(str(document["id"])))
