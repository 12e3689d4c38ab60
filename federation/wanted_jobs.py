"""Jobs that federation asks for: their kinds and payloads, and how each is asked for once.

The handlers are in `nodeinfo_job`, `gone_job`, `backfill`, `farewell_job`, `moved_job`,
`removal_job` and `verify_fields_job`.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import msgspec

from communities.people import ActorKey
from protocols.activitypub.parsing_origins import origin
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork

NODEINFO_JOB: Final = "nodeinfo"
NODEINFO_AGE: Final = timedelta(days=7)
"""How old what NodeInfo said may be when we talk with a peer."""
NODEINFO_DELAY_MS: Final = 10_000
"""A new peer is asked when the first burst of what it sends is over."""
CONFIRM_GONE_JOB: Final = "confirm-gone"
BACKFILL_JOB: Final = "backfill"
FAREWELL_JOB: Final = "farewell"
END_TIES_JOB: Final = "end-ties"
MOVE_FOLLOWERS_JOB: Final = "move-followers"
REMOVE_CONTENT_JOB: Final = "remove-content"
VERIFY_FIELDS_JOB: Final = "verify-fields"


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a farewell: what every peer is told, and up to which it has been."""

    sender_id: int
    body: bytes
    after: str = ""


class MoveFollowers(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a job that moves followers: from whom, and to which actor id."""

    moved_id: int
    target: str


class RemoveContent(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a job that removes what a banned person posted in a community."""

    community_id: int
    author_id: int


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a backfill before its first step."""

    community_id: int


def ask_outdated(uow: UnitOfWork, peers: Collection[str], *, at_ms: int) -> None:
    """Have the NodeInfo of peers read of which it was not, or more than 7 days ago."""
    for peer in uow.peers.outdated(peers, before=from_ms(at_ms) - NODEINFO_AGE):
        ask_nodeinfo(uow, peer, at_ms=at_ms)


def ask_nodeinfo(uow: UnitOfWork, peer: str, *, at_ms: int) -> None:
    """Have the NodeInfo of a peer read at this time."""
    uow.jobs.enqueue(NODEINFO_JOB, peer.encode(), run_ms=at_ms, key=f"{NODEINFO_JOB} {peer}")


def ask_whether_gone(uow: UnitOfWork, inbox: str, *, at_ms: int) -> None:
    """Have it confirmed that those who receive at an inbox are gone."""
    key = f"{CONFIRM_GONE_JOB} {inbox}"
    uow.jobs.enqueue(CONFIRM_GONE_JOB, inbox.encode(), run_ms=at_ms, key=key)


def ask_backfill(uow: UnitOfWork, community_id: ActorKey, uri: str, *, at_ms: int) -> None:
    """Have the history of a community elsewhere fetched; one at a time of each peer."""
    uow.jobs.enqueue(
        BACKFILL_JOB,
        msgspec.json.encode(Backfill(community_id=community_id)),
        run_ms=at_ms,
        key=f"{BACKFILL_JOB} {community_id}",
        order_key=f"{BACKFILL_JOB} {origin(uri)}",
    )


def say_farewell(uow: UnitOfWork, sender_id: ActorKey, body: bytes, *, at_ms: int) -> None:
    """Have every peer told that one of ours is gone."""
    uow.jobs.enqueue(
        FAREWELL_JOB,
        msgspec.msgpack.encode(Farewell(sender_id=sender_id, body=body)),
        run_ms=at_ms,
        key=f"{FAREWELL_JOB} {sender_id}",
    )


def ask_end_of_ties(uow: UnitOfWork, actor_id: ActorKey, *, at_ms: int) -> None:
    """Have the memberships and follows of an actor elsewhere ended, that is gone for good."""
    key = f"{END_TIES_JOB} {actor_id}"
    uow.jobs.enqueue(END_TIES_JOB, str(actor_id).encode(), run_ms=at_ms, key=key)


def ask_followers_to_move(uow: UnitOfWork, moved_id: ActorKey, target: str, *, at_ms: int) -> None:
    """Have people here follow (or join) where someone they followed has moved to."""
    uow.jobs.enqueue(
        MOVE_FOLLOWERS_JOB,
        msgspec.msgpack.encode(MoveFollowers(moved_id=moved_id, target=target)),
        run_ms=at_ms,
        key=f"{MOVE_FOLLOWERS_JOB} {moved_id}",
    )


def ask_verification(uow: UnitOfWork, person_id: ActorKey, *, at_ms: int) -> None:
    """Have it looked whether the pages that a profile names link back to it."""
    key = f"{VERIFY_FIELDS_JOB} {person_id}"
    uow.jobs.enqueue(VERIFY_FIELDS_JOB, str(person_id).encode(), run_ms=at_ms, key=key)


def ask_removal_of_content(
    uow: UnitOfWork, community_id: ActorKey, author_id: ActorKey, *, at_ms: int
) -> None:
    """Have all removed that a banned person posted in a community."""
    asked = RemoveContent(community_id=community_id, author_id=author_id)
    uow.jobs.enqueue(
        REMOVE_CONTENT_JOB,
        msgspec.msgpack.encode(asked),
        run_ms=at_ms,
        key=f"{REMOVE_CONTENT_JOB} {community_id} {author_id}",
    )
