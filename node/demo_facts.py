"""What a check from outside has to know of a throw-away node, as a JSON file."""

import os
from pathlib import Path

import msgspec

from communities.posts import Visibility
from node.demo_apps import DEMO_PASSWORD, open_to_apps
from node.demo_nodes import DemoNode
from node.drafts import Draft
from protocols.strict_json import JsonObject, JsonValue
from storage.actors import Profile

PRIVATE_TEXT = "Only bob may read this: the key is under the third hive."


async def write_facts(here: DemoNode, path: Path | None) -> JsonObject:
    """Fill the node with two people, a group, a thread and a message; the facts about them.

    The file appears whole, once everything in it is true.
    """
    alice, bob = await here.add_person("alice"), await here.add_person("bob")
    bees = await here.add_group("bees", "Bees", alice, "About keeping *bees*.")
    await here.acting.join(bob.id, bees.id)
    thread = await here.acting.write(
        alice.id,
        Draft(source="It hangs in the pear tree.", title="A swarm", community_id=bees.id),
    )
    comment = await here.acting.write(bob.id, Draft(source="Coming.", parent_id=thread.id))
    note = await here.acting.write(alice.id, Draft(source="Good morning."))
    message = await here.acting.write(
        alice.id,
        Draft(source=PRIVATE_TEXT, visibility=Visibility.DIRECT, recipients=(bob.id,)),
    )
    settings = here.node.settings
    tokens = {
        "alice": await open_to_apps(here, alice.id),
        "bob": await open_to_apps(here, bob.id),
    }
    facts: JsonObject = {
        "base_url": settings.base_url,
        "domain": settings.node.domain,
        "pid": os.getpid(),
        "database": str(settings.node.data_dir / "noaber.db"),
        "config": str(here.config),
        "shared_inbox": here.node.uris.shared_inbox(),
        "people": [
            {**_facts_of(here, person), "token": tokens[person.localpart]}
            for person in (alice, bob)
        ],
        "password": DEMO_PASSWORD,
        "moderator": {"name": "alice", "of": bees.uri, "token": tokens["alice"]},
        "groups": [_facts_of(here, bees)],
        "posts": [
            _post("thread", thread.uri),
            _post("comment", comment.uri),
            _post("note", note.uri),
        ],
        "private": {
            "id": message.uri,
            "text": PRIVATE_TEXT,
            "author": alice.uri,
            "reader": bob.uri,
        },
    }
    if path is not None:
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(facts)) + b"\n")
        partial.replace(path)
    return facts


def _facts_of(here: DemoNode, profile: Profile) -> dict[str, JsonValue]:
    return {
        "name": profile.localpart,
        "handle": f"{profile.localpart}@{here.name}",
        "id": profile.uri,
        "inbox": profile.inbox,
        "outbox": profile.outbox,
        "followers": profile.followers_uri,
        "page": profile.url,
    }


def _post(kind: str, uri: str) -> dict[str, JsonValue]:
    return {"kind": kind, "id": uri}
