"""Activities of fake actors, and the bytes of signed requests that carry them.

Requests are made and signed before a run, so that the generator only sends.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.village import Facts, FakePeers
from protocols import http_signatures

ACTIVITY_STREAMS: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = f"{ACTIVITY_STREAMS}#Public"
CONTEXT: Final = [
    ACTIVITY_STREAMS,
    "https://w3id.org/security/v1",
    {"sensitive": "as:sensitive", "Hashtag": "as:Hashtag"},
]
MIX: Final = (("Create", 60), ("Like", 30), ("Announce", 10))
_SENTENCE: Final = (
    "federation node group relay comment thread signature key actor inbox outbox queue peer host"
    " page forum channel live chat room space member post like share answer question topic idea"
)
WORDS: Final = _SENTENCE.split()

Json = dict[str, object]
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request ready to be sent, and the effect that it must have.

    Attributes:
        raw: head and body.
        kind: of the activity.
        activity: its id.
        effect: the object id of a post, or the activity id of a reaction.
    """

    raw: bytes
    kind: str
    activity: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Makes activities of fake actors towards one node."""

    peers: FakePeers
    facts: Facts
    tag: str

    def create(self, actor: int, number: int, parent: str | None, *, page: bool = False) -> Sent:
        """A comment on a post, which names the local person; or a thread in the group."""
        activity = self.note(actor, number, parent, page=page)
        return self._sent(actor, activity, self.note_id(actor, number))

    def note_id(self, actor: int, number: int) -> str:
        """The object id of what `create` and `note` make."""
        return f"{self.peers.actor(actor)}/notes/{self.tag}-{number}"

    def note(self, actor: int, number: int, parent: str | None, *, page: bool = False) -> Json:
        """The Create of a comment or thread."""
        who = self.peers.actor(actor)
        note_id = self.note_id(actor, number)
        now = _now()
        words = " ".join(random.Random(number).choices(WORDS, k=30))
        named = self.facts.group if page else self.facts.person
        note: Json = {
            "id": note_id,
            "type": "Page" if page else "Note",
            "attributedTo": who,
            "published": now,
            "url": note_id,
            "to": [self.facts.group, PUBLIC] if page else [PUBLIC],
            "cc": [f"{who}/followers", named],
            "sensitive": False,
            "content": f'<p><span class="h-card"><a href="{named}" class="u-url mention">'
            f"@<span>ada</span></a></span> comment {number}: {words}</p>",
            "tag": [{"type": "Mention", "href": named, "name": "@ada"}],
        }
        if page:
            note["name"] = f"Thread {self.tag} {number}"
            note["audience"] = self.facts.group
        if parent is not None:
            note["inReplyTo"] = parent
        return {
            "@context": CONTEXT,
            "id": f"{who}/activities/{self.tag}-{number}",
            "type": "Create",
            "actor": who,
            "published": now,
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
        }

    def like(self, actor: int, number: int, post: str) -> Sent:
        """A vote for a post."""
        return self._reaction(actor, number, "Like", post, {})

    def announce(self, actor: int, number: int, post: str) -> Sent:
        """A boost of a post."""
        who = self.peers.actor(actor)
        more: Json = {
            "to": [PUBLIC],
            "cc": [f"{who}/followers", self.facts.person],
            "published": _now(),
        }
        return self._reaction(actor, number, "Announce", post, more)

    def _reaction(self, actor: int, number: int, kind: str, post: str, more: Json) -> Sent:
        who = self.peers.actor(actor)
        activity_id = f"{who}/activities/{self.tag}-{number}"
        activity: Json = {
            "@context": ACTIVITY_STREAMS,
            "id": activity_id,
            "type": kind,
            "actor": who,
            "object": post,
            **more,
        }
        return self._sent(actor, activity, activity_id)

    def _sent(self, actor: int, activity: Json, effect: str) -> Sent:
        return Sent(
            raw=self.request(actor, encode(activity)),
            kind=str(activity["type"]),
            activity=str(activity["id"]),
            effect=effect,
        )

    def request(self, actor: int, body: bytes) -> bytes:
        """A signed POST of a body to the node's shared inbox."""
        inbox = urlsplit(self.facts.shared_inbox)
        signed = http_signatures.sign(
            key=self.peers.key(actor),
            key_id=f"{self.peers.actor(actor)}#main-key",
            method="POST",
            target=inbox.path,
            host=inbox.netloc,
            date=datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            body=body,
            content_type="application/activity+json",
        )
        headers = {"Host": inbox.netloc, **signed, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {inbox.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def mixed(writer: Writer, count: int, posts: Sequence[str]) -> list[Sent]:
    """That many requests in the mix of the inbox benchmark; no actor reacts twice to a post.

    Raises:
        ValueError: there are too few actors and posts for so many reactions.
    """
    kinds = [kind for kind, share in MIX for _ in range(count * share // 100)]
    kinds += ["Create"] * (count - len(kinds))
    random.Random(7).shuffle(kinds)
    taken = {"Like": 0, "Announce": 0}
    actors = writer.peers.actors
    made = []
    for number, kind in enumerate(kinds):
        if kind == "Create":
            made.append(writer.create(number % actors, number, posts[number % len(posts)]))
            continue
        turn = taken[kind]
        taken[kind] = turn + 1
        if turn >= actors * len(posts):
            raise ValueError(f"{actors} actors cannot give {count} activities on {len(posts)}")
        post = posts[turn // actors]
        give = writer.like if kind == "Like" else writer.announce
        made.append(give(turn % actors, number, post))
    return made


def write_requests(file: Path, requests: Sequence[Sent]) -> None:
    """Store requests for the generator: the length of each, then its bytes."""
    with file.open("wb") as out:
        for request in requests:
            out.write(len(request.raw).to_bytes(4, "big") + request.raw)


def read_requests(file: Path) -> list[bytes]:
    """The requests of a file of `write_requests`."""
    stored = file.read_bytes()
    found = []
    at = 0
    while at < len(stored):
        size = int.from_bytes(stored[at : at + 4], "big")
        found.append(stored[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
