"""Who gets what: peers are told apart by their software, and an audience is read once a step."""

import pytest

from communities.events import EVENT_TYPES
from communities.people import ActorState
from federation.activitypub.fanout import Fanout
from federation.activitypub.outbound import TELLERS, UNTOLD
from federation.activitypub.software import (
    GROUPWARE,
    MICROBLOGS,
    Reader,
    reader_of,
    reports_one_object,
    takes_emoji,
    wants_chat_messages,
)
from storage.peers import PeerPolicy
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.outbox import LEMMY, MASTODON, PIEFED, UNKNOWN, Village


def test_every_kind_of_event_has_its_teller() -> None:
    assert set(TELLERS) | UNTOLD == set(EVENT_TYPES.values())
    assert not UNTOLD & set(TELLERS)


def test_no_software_reads_groups_in_two_ways() -> None:
    assert not MICROBLOGS & GROUPWARE


@pytest.mark.parametrize(
    ("software", "reader"),
    [
        ("mastodon", Reader.MICROBLOG),
        ("gotosocial", Reader.MICROBLOG),
        ("lemmy", Reader.GROUPWARE),
        ("noaber", Reader.GROUPWARE),
        ("something-new", Reader.UNKNOWN),
        (None, Reader.UNKNOWN),
    ],
)
def test_software_decides_how_a_group_is_read(software: str | None, reader: Reader) -> None:
    assert reader_of(software) is reader


@pytest.mark.parametrize(
    ("software", "version", "wanted"),
    [
        ("lemmy", "0.19.5", True),
        ("lemmy", "v0.18.0", True),
        ("lemmy", "1.0.0-alpha", False),
        ("lemmy", None, False),
        ("mbin", "1.8", True),
        ("piefed", None, True),
        ("pleroma", "2.7", True),
        ("mastodon", "4.5", False),
        (None, None, False),
    ],
)
def test_older_groupware_wants_chat_messages(
    software: str | None, version: str | None, wanted: bool
) -> None:
    assert wants_chat_messages(software, version) is wanted


def test_lemmy_reads_no_emoji_and_one_object_of_a_report() -> None:
    assert not takes_emoji("lemmy")
    assert takes_emoji("piefed")
    assert takes_emoji(None)
    assert reports_one_object("lemmy")
    assert not reports_one_object("mastodon")
    assert not reports_one_object(None)


async def test_an_audience_is_split_into_readers_of_both_kinds(village: Village) -> None:
    def split(uow: UnitOfWork) -> tuple[list[str], list[str]]:
        out = Fanout(uow, HOME, 0)
        wrapped = [box.peer for box in out.wrapped_readers(village.bees)]
        twins = [box.peer for box in out.twin_readers(village.bees)]
        return sorted(wrapped), sorted(twins)

    wrapped, twins = await village.storage.read(split)

    assert wrapped == [f"https://{host}" for host in (LEMMY, PIEFED, UNKNOWN)]
    assert twins == [f"https://{host}" for host in (MASTODON, UNKNOWN)]


async def test_an_audience_is_read_once(village: Village) -> None:
    def read_twice(uow: UnitOfWork) -> bool:
        out = Fanout(uow, HOME, 0)
        return out.audience(village.bees.id) is out.audience(village.bees.id)

    assert await village.storage.read(read_twice)


async def test_there_is_no_mailbox_of_ours_of_the_deleted_and_of_blocked_peers(
    village: Village,
) -> None:
    def arrange(uow: UnitOfWork) -> list[str]:
        uow.people.set_state(village.members[LEMMY].id, ActorState.DELETED)
        uow.peers.decide(f"https://{PIEFED}", PeerPolicy.BLOCK, reason="", at=village.world.now)
        people = [village.bob, *village.members.values()]
        profiles = uow.actors.many([one.id for one in people])
        out = Fanout(uow, HOME, 0)
        return sorted(box.peer for box in out.mailboxes(profiles.values()))

    peers = await village.storage.write(arrange)

    assert peers == [f"https://{host}" for host in (MASTODON, "old.example", UNKNOWN)]


async def test_several_at_one_server_share_its_inbox(village: Village) -> None:
    def boxes(uow: UnitOfWork) -> tuple[int, int]:
        other = village.world.remote_person(uow, "other", MASTODON)
        profiles = uow.actors.many([other.id, village.members[MASTODON].id])
        out = Fanout(uow, HOME, 0)
        shared = out.mailboxes(profiles.values())
        personal = out.mailboxes(profiles.values(), personal=True)
        return len(shared), len(personal)

    assert await village.storage.write(boxes) == (1, 2)
