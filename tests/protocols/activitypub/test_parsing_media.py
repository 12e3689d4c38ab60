"""Attachments, links, pictures and tags of peers in the many ways they are written."""

import pytest

from protocols.activitypub.parsing import parse_post
from protocols.activitypub.vocabulary import (
    Attachment,
    Emoji,
    Hashtag,
    Mention,
    Picture,
    Post,
)
from protocols.strict_json import JsonObject, JsonValue

NOTE: JsonObject = {
    "type": "Note",
    "id": "https://a.example/n/1",
    "attributedTo": "https://a.example/u/ada",
}
LINKS: list[JsonValue] = [
    {"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://a.example/v.m3u8"},
    {"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/v.mp4", "height": 720},
    {"type": "Link", "mediaType": "application/x-bittorrent", "href": "https://a.example/t"},
    {"type": "Link", "mediaType": "text/html", "href": "https://a.example/watch"},
]


def note(**properties: JsonValue) -> Post:
    """A Note with these properties, parsed."""
    return parse_post({**NOTE, **properties})


def test_peertube_video_has_its_page_as_url_and_its_files_attached() -> None:
    post = note(type="Video", url=LINKS, icon=[{"url": "https://a.example/s.jpg", "width": 1}])

    assert post.url == "https://a.example/watch"
    assert [(item.kind, item.url) for item in post.attachments] == [
        ("Video", "https://a.example/v.m3u8"),
        ("Video", "https://a.example/v.mp4"),
    ]
    assert post.image == Picture(url="https://a.example/s.jpg", width=1)


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", {"href": "ftp://x/"}]
)
def test_url_of_another_scheme_is_dropped_everywhere(value: JsonValue) -> None:
    post = note(
        url=value,
        image=value,
        attachment=[
            {"type": "Image", "url": value},
            {"type": "Link", "href": value},
            {"type": "Video", "url": [value]},
        ],
        tag=[
            {"type": "Mention", "href": value, "name": "@x"},
            {"type": "Hashtag", "name": "#x", "href": value},
            {"type": "Emoji", "name": ":x:", "icon": {"url": value}},
        ],
        quote=value,
        replies=value,
        context=value,
    )

    assert post == note(tag=[{"type": "Hashtag", "name": "#x"}])


def test_first_link_is_what_the_page_is_about() -> None:
    post = note(
        type="Page",
        attachment=[
            {"type": "Link", "href": "payto://iban/1"},
            {"type": "Link", "href": "https://news.example/1"},
            {"type": "Link", "href": "https://news.example/2"},
        ],
    )

    assert post.link == "https://news.example/1"
    assert post.attachments == (Attachment(kind="Link", url="https://news.example/2"),)


def test_lotide_page_links_by_its_url() -> None:
    post = note(type="Page", url="https://news.example/1")

    assert (post.link, post.url) == ("https://news.example/1", None)


@pytest.mark.parametrize(
    ("value", "kind", "url"),
    [
        ({"type": "Document", "href": "https://a.example/1"}, "Document", "https://a.example/1"),
        ({"url": "https://a.example/1"}, "Document", "https://a.example/1"),
        ({"type": "as:Image", "url": ["https://a.example/1"]}, "Image", "https://a.example/1"),
        (
            {"type": "Audio", "url": {"type": "Link", "href": "https://a.example/1"}},
            "Audio",
            "https://a.example/1",
        ),
    ],
)
def test_attachment_may_hide_its_url(value: JsonValue, kind: str, url: str) -> None:
    assert note(attachment=value).attachments == (Attachment(kind=kind, url=url),)


@pytest.mark.parametrize(
    "value", [{"type": "Note", "content": "x"}, {"type": "Recipe", "url": "https://a.example"}, 1]
)
def test_attachment_of_an_unknown_type_does_not_break_the_post(value: JsonValue) -> None:
    assert note(attachment=[value]).attachments == ()


def test_alt_text_is_in_summary_or_in_name() -> None:
    post = note(
        attachment=[
            {"type": "Image", "url": "https://a.example/1", "name": "a", "summary": "b"},
            {"type": "Image", "url": "https://a.example/2", "name": "a"},
        ]
    )

    assert [item.alt for item in post.attachments] == ["b", "a"]  # GoToSocial, Mastodon


def test_tags_and_attachments_are_taken_up_to_a_limit() -> None:
    post = note(
        tag=[{"type": "Hashtag", "name": f"#t{number}"} for number in range(300)],
        attachment=[
            {"type": "Image", "url": f"https://a.example/{number}"} for number in range(50)
        ],
    )

    assert (len(post.hashtags), len(post.attachments)) == (200, 32)


def test_tags_are_told_apart() -> None:
    post = note(
        tag=[
            {"type": "Mention", "href": "https://b.example/u"},
            {"type": "as:Hashtag", "name": "nohash", "href": "https://a.example/t"},
            {"type": "Emoji", "id": "https://a.example/e", "name": ":cat:",
             "icon": {"type": "Image", "url": "https://a.example/cat.png"}},
            {"name": "#no-type"},
            None, 1, "x", {},
        ]
    )  # fmt: skip

    assert post.mentions == (Mention(href="https://b.example/u"),)
    assert post.hashtags == (Hashtag(name="nohash", href="https://a.example/t"),)
    assert post.emojis == (
        Emoji(name="cat", icon_url="https://a.example/cat.png", id="https://a.example/e"),
    )


@pytest.mark.parametrize("key", ["quote", "quoteUrl", "quoteUri", "_misskey_quote"])
def test_quote_is_read_under_each_of_its_names(key: str) -> None:
    assert note(**{key: "https://b.example/1"}).quote == "https://b.example/1"


def test_quote_may_be_a_tag() -> None:
    relation = "https://misskey-hub.net/ns#_misskey_quote"
    tag: JsonValue = {"type": "Link", "rel": relation, "href": "https://b.example/1"}

    assert note(tag=[tag]).quote == "https://b.example/1"
