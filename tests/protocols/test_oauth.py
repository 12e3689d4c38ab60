"""OAuth's pure rules: the proof of a code, and to which addresses an answer may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth import (
    DESCRIPTIONS,
    MAX_REDIRECT_LENGTH,
    OUT_OF_BAND,
    OAuthError,
    RedirectRefused,
    challenge_of,
    form_source,
    is_challenge,
    is_verifier,
    matches,
    metadata,
    parse_redirect,
    parse_redirects,
    place_of,
    proves,
    with_answer,
)

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636, appendix B."""

IVORY = "com.tapbots.Ivory.10217:/request_token"
ELK = "https://elk.example/api/here.example/oauth/https%3A%2F%2Felk.example"


def test_challenge_is_that_of_the_vector_of_the_standard() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert proves(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        (None, CHALLENGE),
        ("", CHALLENGE),
        (VERIFIER[:-1] + "X", CHALLENGE),
        (CHALLENGE, CHALLENGE),
        (VERIFIER, None),
        (VERIFIER[:42], challenge_of(VERIFIER[:42])),
        ("é" * 43, challenge_of("é" * 43)),
        ("a" * 129, challenge_of("a" * 129)),
    ],
)
def test_code_is_not_proven_by(verifier: str | None, challenge: str | None) -> None:
    assert not proves(verifier, challenge)


def test_code_that_was_asked_for_without_a_challenge_needs_no_proof() -> None:
    assert proves(None, None)


@given(st.from_regex(r"[A-Za-z0-9._~-]{43,128}", fullmatch=True))
def test_every_verifier_proves_its_own_challenge(verifier: str) -> None:
    assert is_verifier(verifier)
    assert is_challenge(challenge_of(verifier))
    assert proves(verifier, challenge_of(verifier))


@pytest.mark.parametrize("text", ["", CHALLENGE + "=", CHALLENGE[:-1], CHALLENGE + "\n", "=" * 43])
def test_what_is_no_challenge_is_seen(text: str) -> None:
    assert not is_challenge(text)


@pytest.mark.parametrize(
    "address",
    [
        OUT_OF_BAND,
        IVORY,
        ELK,
        "https://app.example/callback",
        "https://app.example/callback?next=home",
        "https://app.example:8443/callback",
        "http://localhost:3000/callback",
        "http://app.localhost/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:4000/callback",
        "tusky://oauth",
        "icecubesapp://",
        "oauth2redirect://com.keylesspalace.tusky/",
        "phanpy.social:/back",
    ],
)
def test_address_of_an_app_can_be_registered_and_stays_as_it_was(address: str) -> None:
    assert parse_redirect(address) == address
    assert matches((address,), address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "callback",
        "/callback",
        "//evil.example/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/1",
        "about:blank",
        "view-source:https://app.example/",
        "urn:ietf:wg:oauth:2.0:oob:auto",
        "https:",
        "https:///callback",
        "https://",
        "https://user@app.example/callback",
        "https://user:word@app.example/callback",
        "https://app.example/callback#part",
        "https://app.example/call back",
        "https://app.example/\r\nSet-Cookie: a=b",
        "https://app.example/%0d%0aSet-Cookie:a",
        "https://app.example/%00",
        "https://app.example\\@evil.example/",
        "https://app.example/%5c@evil.example",
        "https://app.example/%zz",
        "https://app.example:port/callback",
        "https://app.example:99999/callback",
        "https://[::1/callback",
        "https://äpp.example/callback",
        "https://app.example/<script>",
        'https://app.example/"x"',
        "http://app.example/callback",
        "http://192.168.1.5/callback",
        "http://localhost.evil.example/callback",
        "com.app:/back\n",
        "https://app.example/" + "a" * MAX_REDIRECT_LENGTH,
    ],
)
def test_address_that_an_answer_must_not_go_to_is_refused(address: str) -> None:
    with pytest.raises(RedirectRefused):
        parse_redirect(address)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        address = parse_redirect(text)
    except RedirectRefused:
        assert not matches(("https://app.example/callback",), text)
        return
    assert address == text
    assert address.isprintable()
    assert "#" not in address


@pytest.mark.parametrize(
    "texts",
    [
        [f"{IVORY}\n{OUT_OF_BAND}"],
        [IVORY, OUT_OF_BAND],
        [f" {IVORY} {OUT_OF_BAND}\r\n"],
        [IVORY, f"{OUT_OF_BAND} {IVORY}"],
    ],
)
def test_addresses_come_as_a_list_or_apart_by_white_space(texts: list[str]) -> None:
    assert parse_redirects(texts) == (IVORY, OUT_OF_BAND)


@pytest.mark.parametrize(
    "texts",
    [[], [""], [" \n "], [f"{IVORY} javascript:x"], [f"https://a.example/{n}" for n in range(21)]],
)
def test_addresses_are_refused_together(texts: list[str]) -> None:
    with pytest.raises(RedirectRefused):
        parse_redirects(texts)


@pytest.mark.parametrize(
    "asked",
    [
        "https://app.example/callback/",
        "https://app.example/callback/more",
        "https://app.example/call",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://APP.example/callback",
        "https://app.example/Callback",
        "HTTPS://app.example/callback",
        "http://app.example/callback",
        "https://user@app.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example.evil.example/callback",
        "https://app.example//callback",
        "https://app.example/x/../callback",
        "https://app.example/%63allback",
        "https://app.example/callback%0d%0aX:1",
        "//app.example/callback",
        "javascript:alert(1)",
        " https://app.example/callback",
        "https://app.example/callback\n",
        "",
    ],
)
def test_address_that_only_looks_like_the_registered_one_is_refused(asked: str) -> None:
    assert not matches(("https://app.example/callback",), asked)


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/done", "http://127.0.0.1:49152/done"),
        ("http://127.0.0.1:3000/done", "http://127.0.0.1/done"),
        ("http://[::1]/done?a=1", "http://[::1]:5000/done?a=1"),
    ],
)
def test_port_of_a_loopback_address_is_free(registered: str, asked: str) -> None:
    assert matches((registered,), asked)


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/done", "http://127.0.0.1:49152/other"),
        ("http://127.0.0.1/done", "http://127.0.0.2/done"),
        ("http://127.0.0.1/done", "http://127.0.0.1:80@evil.example/done"),
        ("http://127.0.0.1/done", "https://127.0.0.1:4000/done"),
        ("http://localhost/done", "http://localhost:4000/done"),
        ("https://127.0.0.1/done", "https://127.0.0.1:4000/done"),
        (OUT_OF_BAND, "http://127.0.0.1/done"),
    ],
)
def test_nothing_else_of_a_loopback_address_is_free(registered: str, asked: str) -> None:
    assert not matches((registered,), asked)


@pytest.mark.parametrize(
    ("address", "fragment", "whole"),
    [
        ("https://a.example/", False, "https://a.example/?code=x&state=a%20%26b"),
        ("https://a.example/?n=1", False, "https://a.example/?n=1&code=x&state=a%20%26b"),
        ("https://a.example/?", False, "https://a.example/?code=x&state=a%20%26b"),
        (IVORY, False, f"{IVORY}?code=x&state=a%20%26b"),
        ("https://a.example/", True, "https://a.example/#code=x&state=a%20%26b"),
    ],
)
def test_answer_stands_behind_the_address(address: str, fragment: bool, whole: str) -> None:
    assert with_answer(address, {"code": "x", "state": "a &b"}, fragment=fragment) == whole


@pytest.mark.parametrize(
    ("address", "source", "place"),
    [
        (ELK, "https:", "elk.example"),
        ("http://127.0.0.1:4000/", "http:", "127.0.0.1:4000"),
        (IVORY, "com.tapbots.ivory.10217:", "com.tapbots.ivory.10217"),
        ("icecubesapp://", "icecubesapp:", "icecubesapp"),
        (OUT_OF_BAND, "", ""),
    ],
)
def test_page_says_where_its_form_leads(address: str, source: str, place: str) -> None:
    assert (form_source(address), place_of(address)) == (source, place)


def test_metadata_names_what_there_is() -> None:
    document = metadata("https://here.example", grants=["authorization_code"], documentation="d")

    assert document["issuer"] == "https://here.example/"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["grant_types_supported"] == ["authorization_code"]
    endpoints = [value for name, value in document.items() if name.endswith("_endpoint")]
    assert all(str(value).startswith("https://here.example/") for value in endpoints)


def test_every_error_says_what_it_means() -> None:
    assert DESCRIPTIONS.keys() == set(OAuthError)
