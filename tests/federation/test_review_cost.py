"""What one activity may cost the writer, which everybody waits for."""

from tests.support.postbox import PUBLIC, Postbox, activity, note


async def test_long_markdown_of_a_peer_is_shown_as_it_was_written(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    text = "*a* ![" * 5_000 + " <b>"
    sent = note(eve.uri, to=[ada.uri], content=text, mediaType="text/markdown")

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.content.html == "<p>" + "*a* ![" * 5_000 + " &lt;b&gt;</p>"


async def test_short_markdown_of_a_peer_is_rendered(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    sent = note(eve.uri, to=[ada.uri], content="*Moin*", mediaType="text/markdown")

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.content.html == "<p><em>Moin</em></p>"


async def test_a_community_is_looked_for_among_the_first_hundred_addressed(
    postbox: Postbox,
) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    many = [f"https://far.example/users/{number}" for number in range(200)]
    early = note(eve.uri, to=[PUBLIC], cc=[*many[:50], group.uri, *many[50:]])
    late = note(eve.uri, to=[PUBLIC], cc=[*many, group.uri])

    await postbox.deliver(activity("Create", eve.uri, early))
    await postbox.deliver(activity("Create", eve.uri, late))

    found = await postbox.find(str(early["id"]))
    assert found is not None
    assert found.community_id == group.id
    assert await postbox.find(str(late["id"])) is None
