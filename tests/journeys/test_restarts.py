"""What a node that was away, or came back from a backup, still has and still can do."""

import asyncio
import shutil
from pathlib import Path

import pytest

from communities.posts import PostState
from node.archives import opened, put_back, write_archive
from node.config_text import load
from node.demo_story import until
from node.drafts import Draft
from node.holding import hold
from tests.journeys.conftest import Street

pytestmark = pytest.mark.slow
"""Each starts three nodes, and one of them twice: two to four seconds."""


async def test_a_node_that_was_away_gets_all_of_it_once(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    await street.stop("near")
    for what in ("one", "two", "three"):
        draft = Draft(source=what, title=what, community_id=story.bees.id)
        await story.write(what, story.home, story.alice, draft)
    await until(story.has("three", story.far), "who is there has them")

    near = await street.restart("near")
    await street.retry(story.home, near)

    for what in ("one", "two", "three"):
        await until(story.has(what, near), f"the one who was away has {what}")
    posts = await near.node.storage.read(
        lambda uow: [
            entry.post.uri
            for entry in uow.timelines.threads(uow.actors.key_of(story.bees.uri) or 0)  # type: ignore[arg-type]  # an ActorKey
        ]
    )
    assert len(posts) == len(set(posts)) == 4


async def test_what_was_written_before_a_stop_is_sent_after_it(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    await street.stop("home")
    parent = await story.found("post", story.near)
    draft = Draft(source="While you were out", parent_id=parent.id)
    await story.write("comment", story.near, story.bob, draft)
    await street.stop("near")

    home = await street.restart("home")
    near = await street.restart("near")
    await street.retry(near, home)

    await until(story.has("comment", home), "the home has the comment")
    await until(story.has("comment", near), "its author's node got the announce")
    await until(story.has("comment", story.far), "the third node has it")


async def test_a_restored_node_signs_and_federates_as_before(
    street: Street, tmp_path: Path
) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment")
    archive = tmp_path / "near.tar"
    config = story.near.config
    settings = load(config)
    await asyncio.to_thread(write_archive, settings, config, archive)
    lost = Draft(
        source="Lost by the restore", title="Lost", community_id=await story.local(story.near)
    )
    await story.write("lost", story.near, story.bob, lost)
    await until(story.has("lost", story.home), "the home has what the backup has not")
    await street.stop("near")
    shutil.rmtree(settings.node.data_dir)
    with opened(archive) as found, hold(settings.node.data_dir):
        put_back(found, settings)

    near = await street.restart("near")

    assert await story.post("lost", near) is None
    parent = await story.found("post", near)
    draft = Draft(source="Back again", parent_id=parent.id)
    await story.write("after", near, story.bob, draft)
    for where in (story.home, near, story.far):
        await until(
            story.has("after", where, PostState.PUBLISHED), f"{where.name} has the new comment"
        )
