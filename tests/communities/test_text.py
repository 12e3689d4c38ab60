"""Text: what the sanitiser lets through, what markdown becomes, which names are found."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communities.errors import Invalid
from communities.limits import MAX_TEXT_BYTES
from communities.text import (
    MAX_TAGS,
    Markup,
    find_hashtags,
    find_mentions,
    plain_text,
    render,
    render_markdown,
    sanitise,
)

REL = 'rel="nofollow noopener noreferrer"'

XSS = [
    "<script>X</script>",
    "<img src=x onerror=X>",
    '<a href="javascript:X">a</a>',
    '<a href="jav&#x09;ascript:X">a</a>',
    "<svg/onload=X>",
    "<math><mtext><table><mglyph><style><img src=x onerror=X>",
    "<iframe srcdoc='<script>X</script>'></iframe>",
    "<form action=//evil><input name=p></form>",
    "<p style='position:fixed;inset:0'>x</p>",
    '<noscript><p title="</noscript><img src=x onerror=X>">',
    "<a href='data:text/html,X'>d</a>",
    "<base href='//evil/'>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<template><img src=x onerror=X></template>",
    "<xmp><img src=x onerror=X></xmp>",
    "<annotation-xml>x</annotation-xml>",
    "<annotation-xml encoding>x</annotation-xml>",
    "<details open ontoggle=X>",
    "<object data='javascript:X'></object>",
    "<link rel=stylesheet href=//evil>",
]
TAGS = {
    *("p", "br", "a", "span", "em", "strong", "b", "i", "u", "s", "del", "code", "pre", "ul", "ol"),
    *("li", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "table", "thead", "tbody"),
    *("tr", "th", "td"),
}
ATTRIBUTES = {"href", "rel", "class", "start", "reversed", "value", "align"}


class Parsed(HTMLParser):
    """What a browser would build of the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


def assert_harmless(html: str) -> None:
    seen = Parsed(html)
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    for link in seen.links:
        scheme = link.strip().split(":")[0].lower()
        assert scheme in {"http", "https", "mailto", "xmpp", "matrix", "gemini", "magnet"}


@pytest.mark.parametrize("payload", XSS)
@pytest.mark.parametrize("frame", ["{}", "<p>before</p>{}", "<table><tr><td>{}", "<b><a>{}</b>"])
def test_an_attack_is_harmless_after_sanitising(payload: str, frame: str) -> None:
    """Spec: security HTM-01, HTM-02, HTM-04."""
    clean = sanitise(frame.format(payload))

    assert_harmless(clean)
    assert sanitise(clean) == clean


_PIECES = st.sampled_from(
    [
        *XSS,
        *(f"<{tag}>" for tag in sorted(TAGS)),
        *(f"</{tag}>" for tag in sorted(TAGS)),
        *("<math>", "<svg>", "<style>", "<title>", "<select>", "<textarea>", "<plaintext>"),
        *("<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&amp;", "&", "\n", " ", "x", '"', "'", "<"),
        '<a href="https://a.example/b">',
        '<a href="https://u:p@a.example/">',
        '<img src="https://a.example/i.png" alt="pic">',
        '<span class="invisible">',
        '<span class="ellipsis">',
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=25).map("".join))
def test_any_html_is_harmless_after_sanitising_and_stays_the_same(html: str) -> None:
    clean = sanitise(html)

    assert_harmless(clean)
    assert sanitise(clean) == clean


def test_the_words_of_a_post_from_a_microblog_are_kept() -> None:
    html = (
        '<p><span class="h-card"><a href="https://a.example/@bob" class="u-url mention">'
        "@<span>bob</span></a></span> see <strong>this</strong><br>and that</p>"
    )

    assert sanitise(html) == html.replace('class="u-url mention"', f'class="u-url mention" {REL}')


def test_unknown_classes_are_dropped() -> None:
    assert sanitise('<span class="modal ellipsis">x</span>') == '<span class="ellipsis">x</span>'


def test_a_picture_becomes_a_link_with_its_description() -> None:
    html = '<p><img src="https://a.example/cat.png" alt="A &lt;cat&gt;" onerror="x"></p>'

    assert sanitise(html) == (f'<p><a href="https://a.example/cat.png" {REL}>A &lt;cat&gt;</a></p>')


def test_a_picture_without_words_is_shown_by_its_address() -> None:
    assert Parsed(sanitise('<img src="https://a.example/c.png">')).words == (
        "https://a.example/c.png"
    )


@pytest.mark.parametrize(
    "link", ["//evil.example/", "/local", "?q", "javascript:x", "file:///etc/passwd", "https://["]
)
def test_only_whole_addresses_of_known_schemes_remain_links(link: str) -> None:
    assert Parsed(sanitise(f'<a href="{link}">x</a>')).links == []


@pytest.mark.parametrize(
    "link",
    [
        "https://bank.example@evil.example/",
        "https://bank.example:login@evil.example",
        "https:\tbank.example@evil.example/",
        r"https:\\bank.example@evil.example/",
        "HTTPS://bank.example%2f@evil.example/",
    ],
)
def test_a_user_name_before_the_host_is_no_link(link: str) -> None:
    """Spec: security HTM-09."""
    assert Parsed(sanitise(f'<a href="{link}">your bank</a>')).links == []


@pytest.mark.parametrize(
    "link", ["https://a.example/@bob", "https://a.example/?to=b@c", "mailto:a@b.example"]
)
def test_an_at_sign_elsewhere_in_a_link_is_fine(link: str) -> None:
    assert Parsed(sanitise(f'<a href="{link}">x</a>')).links == [link]


SHORTENED = (
    '<a href="https://www.a.example/a/long/way" ' + REL + '><span class="invisible">https://www.'
    '</span><span class="ellipsis">a.example/a/l</span><span class="invisible">ong/way</span></a>'
)


def test_a_long_address_may_hide_its_scheme_and_tail() -> None:
    assert sanitise(SHORTENED) == SHORTENED


@pytest.mark.parametrize(
    "html",
    [
        '<span class="invisible">ignore what you were told</span>',
        SHORTENED.replace('href="https://www.a.', 'href="https://www.evil.'),
        '<a href="https://evil.example/?bank.example"><span class="invisible">'
        "https://evil.example/?</span>bank.example</a>",
        '<a href="https://bank.example.evil.example"><span class="invisible">https://</span>'
        'bank.example<span class="invisible">.evil.example</span></a>',
        '<a href="https://evil.example/bank"><span class="invisible">https://evil.example/<b></b>'
        "</span>bank</a>",
        '<a href="https://[evil"><span class="invisible">https://[evil</span></a>',
        '<a href="xmpp://a℀b/"><span class="invisible">xmpp://a℀b/</span></a>',
        '<a><span class="invisible">x</span></a>',
    ],
)
def test_anything_else_that_is_hidden_is_shown(html: str) -> None:
    """Spec: security HTM-09."""
    clean = sanitise(html)

    assert "invisible" not in clean
    assert Parsed(clean).words == Parsed(html).words


def test_the_first_newlines_of_preformatted_text_stay() -> None:
    once = sanitise("<pre>\n\n\nx</pre>")

    assert sanitise(once) == once


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 200_000,
        "<ul><li>" * (MAX_TAGS // 2 - 1),
        "<b>" * (MAX_TAGS - 1),
        "<" * 300_000,
        "<a " + "b " * 50_000 + ">",
        '<a href="https:' + ":" * 50_000 + '">',
        '<a href="https:' + " " * 50_000 + '">',
        '<span class="invisible">' * (MAX_TAGS - 1),
    ],
    ids=lambda html: html[:8],
)
def test_hostile_html_takes_no_time(html: str) -> None:
    started = time.process_time()

    clean = sanitise(html)

    assert time.process_time() - started < 1
    assert sanitise(clean) == clean


def test_html_that_no_pass_settles_keeps_its_words_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("communities.text._MAX_PASSES", 0)

    assert Parsed(sanitise("<table><tr><td><b>x</b>")).tags == {"p"}


def test_a_text_of_very_many_tags_keeps_its_words_only() -> None:
    clean = sanitise("<b>word</b> " * MAX_TAGS)

    assert Parsed(clean).tags == {"p"}
    assert Parsed(clean).words.split() == ["word"] * MAX_TAGS


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**a** ~~b~~", "<p><strong>a</strong> <s>b</s></p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("[x](javascript:y)", "<p>[x](javascript:y)</p>"),
        ("https://a.example", f'<p><a href="https://a.example" {REL}>https://a.example</a></p>'),
        ("readme.md a@b.example", "<p>readme.md a@b.example</p>"),
        ("![cat](https://a.example/c)", f'<p><a href="https://a.example/c" {REL}>cat</a></p>'),
        ("", ""),
    ],
)
def test_markdown_becomes_safe_html(source: str, html: str) -> None:
    assert render_markdown(source) == html


def test_tables_keep_their_alignment() -> None:
    html = render_markdown("|a|b|\n|-|:-:|\n|1|2|")

    assert '<td>1</td>\n<td align="center">2</td>' in html


def test_known_names_become_links_outside_code_and_links() -> None:
    links = {"@ann@a.example": "https://a.example/u/1", "#bees": "https://h.example/tags/bees"}

    html = render_markdown("@Ann@a.example, #Bees `#bees` [#bees](https://x.example) #x", links)

    assert html == (
        f'<p><a href="https://a.example/u/1" class="u-url mention" {REL}>@Ann@a.example</a>, '
        f'<a href="https://h.example/tags/bees" class="hashtag" {REL}>#Bees</a> '
        f'<code>#bees</code> <a href="https://x.example" {REL}>#bees</a> #x</p>'
    )


def test_a_source_over_the_limit_is_refused() -> None:
    with pytest.raises(Invalid):
        render_markdown("é" * (MAX_TEXT_BYTES // 2 + 1))


@given(st.text(max_size=300))
def test_any_markdown_becomes_harmless_html(source: str) -> None:
    html = render_markdown(source)

    assert_harmless(html)
    assert sanitise(html) == html


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ann@a.example", ("@ann@a.example",)),
        ("(@Ann@A.Example:8443).", ("@ann@a.example:8443",)),
        ("!bees@h.example, !not", ("!bees@h.example",)),
        ("@bob and @bob.", ("@bob",)),
        ("a@b.example https://a.example/@ann x@@y", ()),
        ("@ann@müller.example", ("@ann@müller.example",)),
        ("hi @a.b-c_d@x.example.", ("@a.b-c_d@x.example",)),
    ],
)
def test_mentions_are_found(text: str, names: tuple[str, ...]) -> None:
    assert find_mentions(text) == names


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Bees #bees #naïve", ("Bees", "naïve")),
        ("#1 #2024x x#y &#39; https://a.example/#frag ##a", ("2024x",)),
        ("(#a_b),#c.", ("a_b", "c")),
        ("#" + "x" * 101, ()),
    ],
)
def test_hashtags_are_found(text: str, tags: tuple[str, ...]) -> None:
    assert find_hashtags(text) == tags


@pytest.mark.parametrize(
    "piece", ["@a.a.a", "@a", " @a.a", "@a@a.", "#", " #1", "a.", " @" + "a." * 40], ids=repr
)
def test_names_are_found_in_time_proportional_to_the_text(piece: str) -> None:
    """Spec: security WEB-15 (100 kB in under 50 ms)."""
    text = piece * (100_000 // len(piece))
    started = time.process_time()

    find_mentions(text)
    find_hashtags(text)

    assert time.process_time() - started < 0.05


@pytest.mark.parametrize(
    ("html", "limit", "text"),
    [
        ("<p>a<br>b &amp; c</p><p>d</p>", 50, "a\nb & c\nd"),
        ("<p>one two three</p>", 8, "one two…"),
        ("<script>x</script><b>y</b>", 9, "y"),
        ("&lt;b&gt;", 9, "<b>"),
        ("", 5, ""),
        ("<i>z</i>" * (MAX_TAGS + 1), 5, "z z…"),
        (" " * 200_000, 5, ""),
    ],
    ids=range(7),
)
def test_plain_text_is_the_words_cut_to_size(html: str, limit: int, text: str) -> None:
    assert plain_text(html, limit) == text


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        (Markup.MARKDOWN, "<p>one\n<strong>two</strong></p>"),
        (Markup.LINES, "<p>one<br><strong>two</strong></p>"),
        (Markup.PLAIN, "<p>one<br>**two**</p>"),
    ],
)
def test_line_breaks_and_markdown_count_as_the_source_is_meant(markup: Markup, html: str) -> None:
    assert render("one\n**two**", markup) == html


def test_plain_text_is_never_markup_but_its_names_and_addresses_are_links() -> None:
    source = "# @ann and\n- [x](javascript:X) <b> https://bees.example/"

    html = render(source, Markup.PLAIN, {"@ann": "https://bees.example/@ann"})

    assert html == (
        f'<p># <a href="https://bees.example/@ann" class="u-url mention" {REL}>@ann</a> and<br>'
        f'- [x](javascript:X) &lt;b&gt; <a href="https://bees.example/" {REL}>'
        "https://bees.example/</a></p>"
    )
