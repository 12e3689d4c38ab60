"""Mastodon.py lives on a node: signs up, signs in, posts, votes, listens, and reads from afar."""

import asyncio
import io
from datetime import UTC, datetime, timedelta

import pytest
from mastodon import MastodonAPIError, MastodonIllegalArgumentError, MastodonUnauthorizedError
from PIL import Image

from node.demo_nodes import DemoNode
from tests.clients.conftest import Pair
from tests.clients.phones import (
    PASSWORD,
    SCOPES,
    Heard,
    Phone,
    app_of,
    client_of,
    eventually,
    newcomer,
    sign_in,
)


def picture() -> io.BytesIO:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 160, 40)).save(file, "PNG")
    file.seek(0)
    return file


async def test_who_signs_up_can_use_the_account_at_once(home: DemoNode) -> None:
    ann = await newcomer(home, "ann")

    me = await ann.account_verify_credentials()

    assert (me.username, me.acct, me.locked, me.statuses_count) == ("ann", "ann", False, 0)


async def test_name_that_is_taken_is_refused_with_its_field(home: DemoNode) -> None:
    await newcomer(home, "ann")

    with pytest.raises((MastodonAPIError, MastodonIllegalArgumentError)) as refused:
        await newcomer(home, "ann")

    assert "taken" in str(refused.value).lower()


async def test_code_of_the_consent_page_signs_in(home: DemoNode) -> None:
    await newcomer(home, "ann")

    ann = await sign_in(home, "ann")

    assert (await ann.account_verify_credentials()).username == "ann"
    assert (await ann.app_verify_credentials()).name == "Phone"


async def test_password_grant_signs_in_where_it_is_switched_on(home: DemoNode) -> None:
    await newcomer(home, "ann")
    phone = Phone(client_of(home, await app_of(home)))

    await phone.log_in("ann@mail.example", PASSWORD, scopes=SCOPES, allow_http=True)

    assert (await phone.account_verify_credentials()).username == "ann"


async def test_revoked_token_is_worth_nothing(home: DemoNode) -> None:
    ann = await newcomer(home, "ann")
    token = ann.client.access_token

    await ann.revoke_access_token(allow_http=True)
    ann.client.access_token = token

    with pytest.raises(MastodonUnauthorizedError):
        await ann.account_verify_credentials()


async def test_post_reply_vote_boost_and_bookmark(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")

    post = await ann.status_post("Moin, who has #honey?", visibility="public", language="en")
    answer = await ben.status_reply(await ben.status(post.id), "I do.")
    await ben.status_favourite(post.id)
    await ben.status_reblog(post.id)
    await ben.status_bookmark(post.id)

    seen = await ben.status(post.id)
    assert (seen.favourites_count, seen.reblogs_count, seen.replies_count) == (1, 1, 1)
    assert (seen.favourited, seen.reblogged, seen.bookmarked) == (True, True, True)
    assert [tag.name for tag in seen.tags] == ["honey"]
    context = await ann.status_context(post.id)
    assert [found.id for found in context.descendants] == [answer.id]
    assert [found.acct for found in await ann.status_favourited_by(post.id)] == ["ben"]
    assert [found.acct for found in await ann.status_reblogged_by(post.id)] == ["ben"]
    assert [found.id for found in await ben.bookmarks()] == [post.id]
    assert [found.id for found in await ben.favourites()] == [post.id]
    await ben.status_unfavourite(post.id)
    await ben.status_unreblog(post.id)
    await ben.status_unbookmark(post.id)
    seen = await ben.status(post.id)
    assert (seen.favourites_count, seen.reblogs_count, seen.bookmarked) == (0, 0, False)


async def test_edit_history_source_and_delete(home: DemoNode) -> None:
    ann = await newcomer(home, "ann")
    post = await ann.status_post("First words", spoiler_text="careful")

    await ann.status_update(post.id, "Second words", spoiler_text="careful")

    assert (await ann.status_source(post.id)).text == "Second words"
    assert [edit.spoiler_text for edit in await ann.status_history(post.id)] == ["careful"] * 2
    gone = await ann.status_delete(post.id)
    assert gone.text == "Second words"
    with pytest.raises(MastodonAPIError, match="not found"):
        await ann.status(post.id)


async def test_picture_is_uploaded_described_and_posted(home: DemoNode) -> None:
    ann = await newcomer(home, "ann")

    media = await ann.media_post(picture(), "image/png", description="A hive", focus=(0.5, -0.5))
    post = await ann.status_post("Look", media_ids=[media.id])

    attached = post.media_attachments[0]
    assert (attached.type, attached.description) == ("image", "A hive")
    assert (attached.meta.original.width, attached.meta.original.height) == (64, 48)
    assert attached.blurhash
    await ann.account_update_credentials(
        display_name="Ann", avatar=picture(), avatar_mime_type="image/png"
    )
    me = await ann.account_verify_credentials()
    assert me.display_name == "Ann"
    assert "avatar" in me.avatar or "media" in me.avatar


async def test_poll_is_made_and_voted_in(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")
    poll = ann.client.make_poll(["Lime", "Heather"], 3600)

    post = await ann.status_post("Which honey?", poll=poll)
    voted = await ben.poll_vote(post.poll.id, [1])

    assert (voted.voted, voted.own_votes) == (True, [1])
    assert [option.votes_count for option in (await ann.poll(post.poll.id)).options] == [0, 1]


async def test_lists_and_filters_shape_what_is_read(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")
    him = await ben.account_verify_credentials()
    await ann.account_follow(him.id)
    friends = await ann.list_create("Friends")
    await ann.list_accounts_add(friends.id, [him.id])
    await ann.create_filter_v2(
        "Wasps",
        ["home", "public"],
        "warn",
        keywords_attributes=[{"keyword": "wasp", "whole_word": True}],
    )

    kept = await ben.status_post("A fine day")
    warned = await ben.status_post("A wasp!")

    listed = await ann.timeline_list(friends.id)
    assert [found.id for found in listed] == [warned.id, kept.id]
    home_page = {found.id: found for found in await ann.timeline_home()}
    assert [result.filter.title for result in home_page[warned.id].filtered] == ["Wasps"]
    assert not home_page[kept.id].filtered
    assert [found.title for found in await ann.lists()] == ["Friends"]
    assert [found.acct for found in await ann.list_accounts(friends.id)] == ["ben"]


async def test_notifications_come_and_go(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")
    me = await ann.account_verify_credentials()
    post = await ann.status_post("Hello")
    await ben.account_follow(me.id)
    await ben.status_favourite(post.id)
    await ben.status_post("@ann moin")

    async def all_there() -> bool:
        return {found.type for found in await ann.notifications()} == {
            "follow",
            "favourite",
            "mention",
        }

    await eventually(all_there, "three notifications")
    grouped = await ann.grouped_notifications()
    assert len(grouped.notification_groups) == 3
    await ann.notifications_clear()
    assert await ann.notifications() == []


async def test_stream_tells_of_posts_edits_deletes_and_notifications(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")
    him = await ben.account_verify_credentials()
    await ann.account_follow(him.id)
    heard = Heard()
    stream = await ann.stream_user(heard, run_async=True)
    try:
        post = await ben.status_post("@ann On the air")
        await eventually(lambda: _is_there(heard, "update"), "the post was heard")
        await eventually(lambda: _is_there(heard, "notification"), "the mention was heard")
        await ben.status_update(post.id, "@ann On the air still")
        await eventually(lambda: _is_there(heard, "status.update"), "the edit was heard")
        await ben.status_delete(post.id)
        await eventually(lambda: _is_there(heard, "delete"), "the deletion was heard")
    finally:
        await asyncio.to_thread(stream.close)

    assert heard.first("update").id == post.id
    assert heard.first("notification").type == "mention"


async def _is_there(heard: Heard, kind: str) -> bool:
    return heard.first(kind) is not None


async def test_search_finds_people_tags_and_posts(home: DemoNode) -> None:
    ann, ben = await newcomer(home, "ann"), await newcomer(home, "ben")
    await ann.account_update_credentials(indexable=True)
    post = await ann.status_post("The lindens bloom in the old avenue #linden")

    assert [found.acct for found in (await ben.search_v2("ann", resolve=False)).accounts] == ["ann"]
    tags = (await ben.search_v2("linden", resolve=False)).hashtags
    assert "linden" in [tag.name for tag in tags]

    async def is_found() -> bool:
        found = await ben.search_v2("avenue lindens", resolve=False, result_type="statuses")
        return [status.id for status in found.statuses] == [post.id]

    await eventually(is_found, "the post is found")


async def test_scheduled_post_is_listed_and_can_be_called_off(home: DemoNode) -> None:
    ann = await newcomer(home, "ann")
    at = datetime.now(UTC) + timedelta(hours=2)

    waiting = await ann.status_post("Later", scheduled_at=at)

    assert [found.id for found in await ann.scheduled_statuses()] == [waiting.id]
    await ann.scheduled_status_delete(waiting.id)
    assert await ann.scheduled_statuses() == []


async def test_community_elsewhere_is_joined_and_its_posts_arrive(pair: Pair) -> None:
    ann = await newcomer(pair.far, "ann")
    kim = await newcomer(pair.home, "kim")

    found = (await ann.search_v2(f"@bees@{pair.home.name}", result_type="accounts")).accounts[0]
    assert found.group
    await ann.account_follow(found.id)

    async def is_member() -> bool:
        return bool((await ann.account_relationships(found.id))[0].following)

    await eventually(is_member, "ann is a member")
    posted = await kim.status_post("@bees\n\nSwarm in the pear tree\n\nIt hangs low.")
    assert posted.visibility == "public"

    async def has_come() -> bool:
        return any(
            one.reblog and "pear tree" in one.reblog.content for one in await ann.timeline_home()
        )

    await eventually(has_come, "the post is in ann's home")
    boost = next(one for one in await ann.timeline_home() if one.reblog)
    assert boost.account.acct == f"bees@{pair.home.name}"
    assert boost.reblog.account.acct == f"kim@{pair.home.name}"
    await ann.status_reply(await ann.status(boost.reblog.id), "Coming with a box.")
    await ann.status_favourite(boost.reblog.id)

    async def has_reached_home() -> bool:
        context = await kim.status_context(posted.id)
        seen = await kim.status(posted.id)
        return len(context.descendants) == 1 and seen.favourites_count == 1

    await eventually(has_reached_home, "comment and vote are at the community's node")
    lists = await ann.lists()
    assert "Bees" in [one.title for one in lists]
    joined = next(one for one in lists if one.title == "Bees")
    assert len(await ann.timeline_list(joined.id)) == 1
