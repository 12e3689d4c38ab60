"""What the page of consent refuses, and that no refusal leads to another site by itself."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from protocols.oauth import OUT_OF_BAND
from tests.support.oauth_bench import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    AskingApp,
    OAuthBench,
    answer_of,
    assert_stays_here,
    read_consent,
)
from tests.support.signed_in_browser import Browser, hidden_fields

REGISTERED = "https://app.example/callback?via=node"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://app.example/",
        "https://app.example/callback",
        "https://app.example/callback/?via=node",
        "https://app.example/callback?via=node&more=1",
        "https://app.example/callback?via=node#part",
        "https://app.example/callback?VIA=node",
        "https://app.example/Callback?via=node",
        "https://APP.example/callback?via=node",
        "HTTPS://app.example/callback?via=node",
        "http://app.example/callback?via=node",
        "https://app.example:443/callback?via=node",
        "https://app.example:8443/callback?via=node",
        "https://user@app.example/callback?via=node",
        "https://app.example@evil.example/callback?via=node",
        "https://app.example.evil.example/callback?via=node",
        "https://app.example//callback?via=node",
        "https://app.example/x/../callback?via=node",
        "https://app.example/%63allback?via=node",
        "https://app.example/callback?via=node%0d%0aX-Evil:1",
        "https://app.example/callback?via=node\r\nX-Evil: 1",
        "//app.example/callback?via=node",
        "/callback?via=node",
        "javascript:alert(1)",
        "data:text/html,x",
        OUT_OF_BAND,
        "",
        None,
    ],
)
async def test_redirect_uri_that_was_not_registered_redirects_nobody(
    bench: OAuthBench, redirect_uri: str | None
) -> None:
    app = await bench.register(REGISTERED)
    path = app.path(redirect_uri=redirect_uri)
    stranger, ada = Browser(bench.client), await bench.signed_in()
    csrf = hidden_fields((await ada.get(app.path())).text)["csrf"]

    assert_stays_here(await stranger.get(path))
    assert_stays_here(await ada.get(path))
    assert_stays_here(await ada.send(path, {"decision": "allow", "csrf": csrf}))


async def test_port_of_a_loopback_address_may_be_another(bench: OAuthBench) -> None:
    app = await bench.register("http://127.0.0.1/back")

    seen = await bench.decide(app.path(redirect_uri="http://127.0.0.1:49152/back"))

    assert seen.headers["Location"].startswith("http://127.0.0.1:49152/back?code=")
    code = answer_of(seen)["code"]
    assert (await app.redeem(code, redirect_uri="http://127.0.0.1:49152/back")).status == 200


@pytest.mark.parametrize("client_id", ["", "nobody", None, "' OR 1=1 --"])
async def test_app_that_is_not_known_is_refused(
    bench: OAuthBench, app: AskingApp, client_id: str | None
) -> None:
    assert_stays_here(await bench.browser.get(app.path(client_id=client_id)))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "read write follow push"}, "invalid_scope"),
        ({"scope": "admin:read"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_told_here_and_the_app_only_by_a_click(
    bench: OAuthBench, changes: dict[str, str | None], error: str
) -> None:
    app = await bench.register()

    seen = await bench.browser.get(app.path(**changes))

    assert_stays_here(seen)
    (back,) = [link.href for link in read_consent(seen).links if link.href.startswith(CALLBACK)]
    told = parse_qs(urlsplit(back).query)
    assert (told["error"], told["state"]) == ([error], ["s t&te"])


async def test_parameter_that_is_sent_twice_is_refused(bench: OAuthBench, app: AskingApp) -> None:
    twice = f"{app.path()}&redirect_uri={quote('https://evil.example/', safe='')}"

    seen = await bench.browser.get(twice)

    assert_stays_here(seen)
    assert "evil.example" not in seen.text


async def test_html_of_an_app_is_text(bench: OAuthBench) -> None:
    name = '<script>alert(1)</script>"><b>'
    app = await bench.register(client_name=name)
    browser = await bench.signed_in()

    shown = await browser.get(app.path(state='"><script>'))
    refused = await browser.get(app.path(scope='"><script>', state='"><script>'))

    assert name in read_consent(shown).text
    for seen in (shown, refused):
        assert "<script" not in seen.text
