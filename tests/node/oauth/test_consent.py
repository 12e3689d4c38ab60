"""Letting an app in: what the page shows, what it refuses, and where the answer goes."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from communities.membership import MembershipState, Role
from communities.people import ActorState
from protocols.oauth import OUT_OF_BAND
from tests.support.oauth_bench import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    AskingApp,
    OAuthBench,
    answer_of,
    code_of,
)
from tests.support.read_html import Document, read_html, skipped_headings
from tests.support.signed_in_browser import Browser, hidden_fields
from tests.support.visitor import Seen

IVORY = "com.tapbots.Ivory.10217:/request_token"
FORM_FAULTS = {"<form>", "<input>"}


def read(seen: Seen) -> Document:
    """A page that is well-formed; a form is all that it has of what others do not."""
    document = read_html(seen.text)
    assert set(document.faults) <= FORM_FAULTS
    assert skipped_headings(document) == []
    return document


def assert_stays_here(seen: Seen) -> None:
    """The refusal is a page of this node, which leads nowhere by itself."""
    assert seen.status == 400
    assert "Location" not in seen.headers
    assert "This app cannot be let in" in read(seen).text


async def test_page_says_who_asks_for_what(bench: OAuthBench) -> None:
    app = await bench.register(
        "https://elk.example/cb", client_name="Elk", website="https://elk.example/about"
    )
    browser = await bench.signed_in()

    seen = await browser.get(app.path(scope="read:bookmarks write write:media"))
    document = read(seen)
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
        assert "Een app toelaten" in read(seen).text


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
    assert "The app Tusky asks" in read(seen).text


async def test_app_can_ask_for_another_account(bench: OAuthBench, app: AskingApp) -> None:
    await bench.person("bob")
    browser = await bench.signed_in()

    sent = await browser.get(app.path(force_login="true"))
    (target,) = parse_qs(urlsplit(sent.headers["Location"]).query)["next"]
    await browser.sign_in("bob", "a horse of the neighbours", target)
    seen = await browser.get(target)

    assert sent.status == 303
    assert "force_login" not in target
    assert "@bob@noaber.example" in read(seen).text
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
    assert "Give this code to Tusky" in " ".join(read(seen).text.split())
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
    (back,) = [link.href for link in read(seen).links if link.href.startswith(CALLBACK)]
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

    assert name in read(shown).text
    for seen in (shown, refused):
        assert "<script" not in seen.text


async def test_person_without_communities_is_asked_nothing_about_whom(
    bench: OAuthBench, app: AskingApp
) -> None:
    browser = await bench.signed_in()

    assert 'type="radio"' not in (await browser.get(app.path())).text


async def test_moderator_can_let_an_app_act_as_the_community(
    bench: OAuthBench, app: AskingApp
) -> None:
    storage, world = bench.storage, bench.world
    bees = await storage.write(world.community, "bees")
    await storage.write(world.member, bees, bench.ada, Role.MODERATOR)
    browser = await bench.signed_in()

    page = read(await browser.get(app.path(scope="read profile")))
    fields = {"decision": "allow", "actor": str(bees.id)}
    seen = await browser.submit(
        app.path(scope="read profile"), app.path(scope="read profile"), fields
    )
    token = (await app.redeem(answer_of(seen)["code"])).json["access_token"]

    assert "!bees@noaber.example" in page.text
    caller = await bench.tokens.identify(token)
    assert caller is not None
    assert (caller.actor_id, caller.person_id) == (bees.id, bench.ada.id)


async def test_token_as_a_community_ends_with_the_role(bench: OAuthBench, app: AskingApp) -> None:
    storage, world = bench.storage, bench.world
    bees = await storage.write(world.community, "bees")
    await storage.write(world.member, bees, bench.ada, Role.OWNER)
    code = code_of(await bench.decide(app.path(scope="profile"), actor=str(bees.id)))
    token = (await app.redeem(code)).json["access_token"]
    other = code_of(await bench.decide(app.path(scope="profile"), actor=str(bees.id)))
    before = await bench.status_of(token)

    await storage.write(world.member, bees, bench.ada, Role.MEMBER)
    bench.tokens.forget()

    assert (before, await bench.status_of(token)) == (200, 401)
    assert (await app.redeem(other)).json["error"] == "invalid_grant"


async def test_only_communities_that_one_moderates_here_can_be_chosen(
    bench: OAuthBench, app: AskingApp
) -> None:
    storage, world = bench.storage, bench.world
    bob = await bench.person("bob")
    member = await storage.write(world.community, "member")
    left = await storage.write(world.community, "left")
    elsewhere = await storage.write(world.remote_community, "elsewhere")
    closed = await storage.write(world.community, "closed")
    await storage.write(world.member, member, bench.ada)
    await storage.write(world.member, left, bench.ada, Role.OWNER, MembershipState.LEFT)
    await storage.write(world.member, elsewhere, bench.ada, Role.OWNER)
    await storage.write(world.member, closed, bench.ada, Role.OWNER)
    suspended = replace(closed, state=ActorState.SUSPENDED)
    await storage.write(lambda uow: uow.communities.update(suspended))
    browser = await bench.signed_in()

    page = (await browser.get(app.path())).text

    for chosen in (bob, member, left, elsewhere, closed):
        assert f'value="{chosen.id}"' not in page
        seen = await browser.submit(
            app.path(), app.path(), {"decision": "allow", "actor": str(chosen.id)}
        )
        assert seen.status == 403
        assert "Location" not in seen.headers
