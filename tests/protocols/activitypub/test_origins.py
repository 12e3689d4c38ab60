"""What is taken as an id, and when two ids are of one origin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.activitypub.parsing import (
    check_activity_origin,
    check_post_origin,
    host_of,
    is_web_url,
    origin,
    parse_activity,
    parse_post,
    same_origin,
)
from protocols.errors import RemoteProtocolError


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/u/1",
        "http://a.example",
        "HTTPS://A.Example/x",
        "https://a.example:8443/x?y=1#z",
        "https://a_b.example/x",
        "http://lemmy-alpha:8541/c/main",
        "https://[2001:db8::1]:443/x",
        "https://bücher.example/x",
        "https://a.example/ünïcode?q=ä",
        "https://pfefferle.org?c=148",
        "https://dbzer0.com/?author=0#main-key",
        "https://a.example/" + "a" * 2030,
    ],
)
def test_url_is_taken_as_an_id(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example/u/1",
        "ftp://a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ap://did:key:z6Mk/actor",
        "https://",
        "https:///x",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "http://127.0.0.1:999999/x",
        "https://a.example:/x",
        "http://[::1/x",
        "http://[zz]/x",
        "http://[1.2.3.4]/x",
        "https://a..example/",
        "https://a.example./",
        "https://.a.example/",
        "https://%61.example/",
        "https://a.example\\@evil.example/",
        "https://a.example/x y",
        "https://a.example/x\ny",
        "https://a.example/x\x00",
        "https://a.example/x%0d%0aSet-Cookie:x",
        "https://a.example/%00",
        "https://a.example/\u202egpj.exe",
        "https://a.example/\u200b",
        'https://a.example/"onload=',
        "https://a.example/<script>",
        "https://a.example\uff0fevil.example/",
        "https://a.example/" + "a" * 2031,
        " https://a.example/",
        "https://a.example/ ",
    ],
)
def test_url_is_not_taken_as_an_id(url: str) -> None:
    assert not is_web_url(url)
    with pytest.raises(RemoteProtocolError, match="not an http or https URL"):
        origin(url)
    with pytest.raises(RemoteProtocolError):
        host_of(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://A.Example:443/x", "https://a.example"),
        ("http://a.example:80/x", "http://a.example"),
        ("http://a.example:443/x", "http://a.example:443"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("https://Bücher.example/", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8:0::1]/x", "https://[2001:db8::1]"),
    ],
)
def test_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected
    assert same_origin(url, expected)


def test_host_is_ascii_and_has_a_port_where_the_scheme_has_another() -> None:
    assert host_of("https://BÜCHER.example:443/x") == "xn--bcher-kva.example"
    assert host_of("https://BÜCHER.example:8443/x") == "xn--bcher-kva.example:8443"


@pytest.mark.parametrize("host", ["①②⑦.⓪.⓪.①", "１２７.0.0.1"])  # noqa: RUF001 - look-alikes
def test_host_of_look_alike_digits_is_the_address_they_mean(host: str) -> None:
    assert host_of(f"http://{host}/") == "127.0.0.1"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://a.example/1", "http://a.example/1"),
        ("https://a.example/1", "https://b.example/1"),
        ("https://a.example/1", "https://a.example:8443/1"),
        ("https://a.example/1", "https://sub.a.example/1"),
        ("https://a.example/1", "nonsense"),
        ("nonsense", "nonsense"),
    ],
)
def test_other_origin_is_told_apart(a: str, b: str) -> None:
    assert not same_origin(a, b)
    assert not same_origin(b, a)


@given(st.text())
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    for value in (text, f"https://{text}", f"https://a.example/{text}", f"http://[{text}]"):
        if is_web_url(value):
            assert origin(value).startswith("http")


def test_hostile_host_is_judged_in_linear_time() -> None:
    # A backtracking pattern would not end on these within the timeout of the test.
    for value in ("https://" + "a." * 1000 + "!", "https://" + "a-" * 1000 + "\n"):
        assert not is_web_url(value)


def activity(activity_id: str | None, actor: str) -> dict[str, str | None]:
    """A Like with the id and actor given."""
    return {"type": "Like", "id": activity_id, "actor": actor, "object": "https://c.example/1"}


def test_activity_of_its_actors_origin_passes() -> None:
    found = parse_activity({**activity("https://a.example:443/l", "https://a.example/u")})

    check_activity_origin(found)


def test_activity_without_id_passes() -> None:
    check_activity_origin(parse_activity({**activity(None, "https://a.example/u")}))


def test_activity_of_another_origin_is_refused() -> None:
    found = parse_activity({**activity("https://b.example/l", "https://a.example/u")})

    with pytest.raises(RemoteProtocolError, match="origin") as caught:
        check_activity_origin(found)

    assert caught.value.status_hint == 403


def test_post_of_another_origin_than_its_author_is_refused() -> None:
    post = parse_post(
        {"type": "Note", "id": "https://victim.example/n", "attributedTo": "https://evil.example/u"}
    )

    with pytest.raises(RemoteProtocolError) as caught:
        check_post_origin(post)

    assert caught.value.status_hint == 403


def test_post_of_its_authors_origin_passes() -> None:
    check_post_origin(
        parse_post(
            {"type": "Note", "id": "https://a.example/n", "attributedTo": "https://a.example/u"}
        )
    )
