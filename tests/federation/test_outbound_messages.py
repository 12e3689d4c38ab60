"""Private messages on their way out: to their readers alone, in the form that each can read."""

import pytest

from communities.posts import PostKind, Visibility
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    UNKNOWN,
    Village,
    inner,
    mentions_in,
    to_hosts,
)


@pytest.mark.parametrize("host", [LEMMY, MASTODON, UNKNOWN])
async def test_a_private_message_is_a_note_that_mentions_its_reader(
    village: Village, host: str
) -> None:
    reader = village.members[host]
    await village.storage.write(village.world.follow, village.members[PIEFED], village.bob)

    await village.publish(
        village.bob, kind=PostKind.NOTE, visibility=Visibility.DIRECT, recipients=(reader.id,)
    )
    (sent,) = await village.step()

    note = inner(sent.document)
    assert sent.inbox == f"{reader.uri}/inbox"
    assert note["type"] == "Note"
    assert note["to"] == [reader.uri]
    assert mentions_in(note) == [reader.uri]
    assert "proof" not in sent.document


@pytest.mark.parametrize("host", [OLD_LEMMY, PIEFED])
async def test_older_groupware_gets_a_chat_message(village: Village, host: str) -> None:
    """The keys of lemmy/activities/create_or_update/create_private_message_0.19.json."""
    reader = village.members[host]

    await village.publish(
        village.bob, kind=PostKind.NOTE, visibility=Visibility.DIRECT, recipients=(reader.id,)
    )
    (sent,) = await village.step()

    message = inner(sent.document)
    assert message["type"] == "ChatMessage"
    assert message["to"] == [reader.uri]
    assert {"id", "attributedTo", "content", "mediaType", "source", "published"} <= message.keys()
    assert not {"tag", "cc", "audience", "inReplyTo"} & {
        key for key, value in message.items() if value
    }


async def test_each_reader_of_a_message_gets_it_once_in_the_right_form(village: Village) -> None:
    readers = tuple(village.members[host].id for host in (OLD_LEMMY, PIEFED, MASTODON, LEMMY))

    post = await village.publish(
        village.bob, kind=PostKind.NOTE, visibility=Visibility.DIRECT, recipients=readers
    )
    sent = await village.step()
    await village.withdraw(post)
    ended = await village.step()

    kinds = {one.host: inner(one.document)["type"] for one in sent}
    assert len(sent) == 4
    assert kinds == {
        OLD_LEMMY: "ChatMessage",
        PIEFED: "ChatMessage",
        MASTODON: "Note",
        LEMMY: "Note",
    }
    assert len({one.document["id"] for one in sent}) == 3
    assert to_hosts(ended) == sorted(kinds)
    assert {one.document["type"] for one in ended} == {"Delete"}
