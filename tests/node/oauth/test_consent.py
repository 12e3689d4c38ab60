"""Letting an app in: what the page shows, what it refuses, and where the answer goes."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from protocols.oauth import OUT_OF_BAND
from tests.support.oauth_bench import (
    CALLBACK,
    CHALLENGE,
    AskingApp,
    OAuthBench,
    answer_of,
    assert_stays_here,
    code_of,
    read_consent,
)
from tests.support.signed_in_browser import hidden_fields

IVORY = "com.tapbots.Ivory.10217:/request_token"


async def test_page_says_who_asks_for_what(bench: OAuthBench) -> None:
    app = await bench.register(
        "https://elk.example/cb", client_name="Elk", website="https://elk.example/about"
    )
    browser = await bench.signed_in()

    seen = await browser.get(app.path(scope="read:bookmarks write write:media"))
    document = read_consent(seen)
    assert "The app Elk asks to act for you on this server." in document.text
    assert "https://elk.example/about" in [link.href for link in document.links]
    assert "elk.example" in document.text
    assert "See your bookmarks" in document.text
    assert "Do everything that you can do" in document.text
    assert "Upload pictures" not in document.text, "writing holds it"
    assert "@ada@noaber.example" in document.text


async def test_page_is_in_the_language_of_the_person(bench: OAuthBench, app: AskingApp) -> None:
    browser = await bench.signed_in()

    dutch = await browser.get(app.path(), Accept_Language="nl")
    asked = await browser.get(app.path(lang="nl"))

    for seen in (dutch, asked):
        assert "Een app toelaten" in read_consent(seen).text


async def test_scope_is_read_when_none_is_asked_for(bench: OAuthBench, app: AskingApp) -> None:
    code = await bench.code(app, scope=None)

    assert (await app.redeem(code)).json["scope"] == "read"


async def test_who_is_not_signed_in_signs_in_and_comes_back(
    bench: OAuthBench, app: AskingApp
) -> None:
    wanted = app.path(code_challenge=CHALLENGE, code_challenge_method="S256")

    sent = await bench.browser.get(wanted)
    page = sent.headers["Location"]
    (target,) = parse_qs(urlsplit(page).query)["next"]
    entered = await bench.browser.sign_in("ada", "a horse of the neighbours", target)
    seen = await bench.browser.get(entered.headers["Location"])

    assert (sent.status, urlsplit(page).path) == (303, "/sign-in")
    assert entered.headers["Location"] == target
    assert parse_qs(urlsplit(target).query) == parse_qs(urlsplit(wanted).query)
    assert "The app Tusky asks" in read_consent(seen).text


async def test_app_can_ask_for_another_account(bench: OAuthBench, app: AskingApp) -> None:
    await bench.person("bob")
    browser = await bench.signed_in()

    sent = await browser.get(app.path(force_login="true"))
    (target,) = parse_qs(urlsplit(sent.headers["Location"]).query)["next"]
    await browser.sign_in("bob", "a horse of the neighbours", target)
    seen = await browser.get(target)

    assert sent.status == 303
    assert "force_login" not in target
    assert "@bob@noaber.example" in read_consent(seen).text
    assert (await browser.get(app.path(force_login="false"))).status == 200


async def test_code_and_state_go_to_the_address_of_the_app(
    bench: OAuthBench, app: AskingApp
) -> None:
    seen = await bench.decide(app.path())

    assert seen.status == 303
    assert seen.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert answer_of(seen)["state"] == "s t&te"
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Referrer-Policy"] == "no-referrer"


async def test_state_round_trip_of_anything(bench: OAuthBench, app: AskingApp) -> None:
    for state in ("", "a b+c&d=e#f", 'ä"<>', json.dumps({"to": "https://x.example/?a=b"})):
        seen = await bench.decide(app.path(state=state))
        assert answer_of(seen)["state"] == state


async def test_no_state_is_sent_back_to_who_sent_none(bench: OAuthBench, app: AskingApp) -> None:
    assert set(answer_of(await bench.decide(app.path(state=None)))) == {"code"}


async def test_no_is_told_to_the_app(bench: OAuthBench, app: AskingApp) -> None:
    seen = await bench.decide(app.path(), "deny")

    answer = answer_of(seen)
    assert (answer["error"], answer["state"]) == ("access_denied", "s t&te")
    assert "code" not in answer


async def test_slash_at_the_end_is_the_same_page(bench: OAuthBench, app: AskingApp) -> None:
    path = app.path().replace("/authorize?", "/authorize/?")

    assert "code" in answer_of(await bench.decide(path))


async def test_redirect_to_the_scheme_of_an_app_that_is_no_url(bench: OAuthBench) -> None:
    app = await bench.register(IVORY)

    seen = await bench.decide(app.path())

    assert seen.headers["Location"].startswith(f"{IVORY}?code=")
    assert (await app.redeem(answer_of(seen)["code"])).status == 200


async def test_code_out_of_band_is_shown_to_be_carried(bench: OAuthBench) -> None:
    app = await bench.register(OUT_OF_BAND)

    seen = await bench.decide(app.path())

    assert seen.status == 200
    assert seen.headers["Cache-Control"] == "no-store"
    assert "Give this code to Tusky" in " ".join(read_consent(seen).text.split())
    assert (await app.redeem(code_of(seen))).status == 200


async def test_no_out_of_band_ends_at_home(bench: OAuthBench) -> None:
    app = await bench.register(OUT_OF_BAND)

    seen = await bench.decide(app.path(), "deny")

    assert (seen.status, seen.headers["Location"]) == (303, "/")


async def test_answer_as_a_fragment(bench: OAuthBench, app: AskingApp) -> None:
    seen = await bench.decide(app.path(response_mode="fragment"))

    assert seen.headers["Location"].startswith(f"{CALLBACK}#code=")


async def test_answer_by_a_form_needs_no_script(bench: OAuthBench, app: AskingApp) -> None:
    seen = await bench.decide(app.path(response_mode="form_post"))

    assert seen.status == 200
    assert f'method="post" action="{CALLBACK}"' in seen.text
    fields = hidden_fields(seen.text)
    assert fields["state"] == "s t&te"
    assert (await app.redeem(fields["code"])).status == 200
    assert "form-action 'self' https:" in seen.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("redirect_uri", "allowed"),
    [
        (CALLBACK, "form-action 'self' https:;"),
        (IVORY, "form-action 'self' com.tapbots.ivory.10217:;"),
        ("http://127.0.0.1:4000/x", "form-action 'self' http:;"),
        (OUT_OF_BAND, "form-action 'self';"),
    ],
)
async def test_page_lets_its_form_lead_to_the_app_and_nowhere_else(
    bench: OAuthBench, redirect_uri: str, allowed: str
) -> None:
    app = await bench.register(redirect_uri)
    browser = await bench.signed_in()

    policy = (await browser.get(app.path())).headers["Content-Security-Policy"]

    assert allowed in policy
    assert "default-src 'none'" in policy


async def test_consent_cannot_be_framed(bench: OAuthBench, app: AskingApp) -> None:
    browser = await bench.signed_in()

    for seen in (await browser.get(app.path()), await browser.get(app.path(client_id="x"))):
        assert "frame-ancestors 'none'" in seen.headers["Content-Security-Policy"]
        assert seen.headers["X-Frame-Options"] == "DENY"
        assert seen.headers["Cache-Control"] == "no-store"
        assert "<script" not in seen.text


async def test_other_sites_may_not_read_the_page(bench: OAuthBench, app: AskingApp) -> None:
    browser = await bench.signed_in()

    seen = await browser.get(app.path(), Origin="https://evil.example")

    assert "Access-Control-Allow-Origin" not in seen.headers


@pytest.mark.parametrize("csrf", [None, "", "0" * 64])
async def test_consent_without_the_token_of_the_form_is_refused(
    bench: OAuthBench, app: AskingApp, csrf: str | None
) -> None:
    browser = await bench.signed_in()
    fields = {"decision": "allow", **({} if csrf is None else {"csrf": csrf})}

    seen = await browser.send(app.path(), fields)

    assert seen.status == 403
    assert "Location" not in seen.headers


async def test_consent_with_the_token_of_another_session_is_refused(
    bench: OAuthBench, app: AskingApp
) -> None:
    await bench.person("bob")
    hers, his = await bench.signed_in(), await bench.signed_in("bob")
    stolen = hidden_fields((await his.get(app.path())).text)["csrf"]

    seen = await hers.send(app.path(), {"decision": "allow", "csrf": stolen})

    assert seen.status == 403


@pytest.mark.parametrize(
    "headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_consent_from_another_site_is_refused(
    bench: OAuthBench, app: AskingApp, headers: dict[str, str]
) -> None:
    browser = await bench.signed_in()

    seen = await browser.submit(app.path(), app.path(), {"decision": "allow"}, **headers)

    assert seen.status == 403
    assert "Location" not in seen.headers


async def test_consent_of_who_is_signed_out_meanwhile_gives_no_code(
    bench: OAuthBench, app: AskingApp
) -> None:
    seen = await bench.browser.send(app.path(), {"decision": "allow"})

    assert (seen.status, seen.headers["Location"].partition("?")[0]) == (303, "/sign-in")


async def test_looking_gives_no_code_whatever_the_address_says(
    bench: OAuthBench, app: AskingApp
) -> None:
    browser = await bench.signed_in()

    seen = await browser.get(app.path(decision="allow", csrf="x"))
    neither = await bench.decide(app.path(), "perhaps")

    assert seen.status == 200
    assert_stays_here(neither)
