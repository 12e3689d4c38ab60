"""What one activity may cost the writer, which everybody waits for."""

from tests.support.postbox import Postbox, activity, note


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
