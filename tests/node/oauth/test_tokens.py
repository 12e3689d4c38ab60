"""The endpoint for tokens: what a code is worth, to whom, how often and how long."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from communities.people import ActorState
from communities.registration import AccountState
from protocols.oauth import DESCRIPTIONS, OUT_OF_BAND, OAuthError, challenge_of
from tests.support.apps import digest
from tests.support.oauth_bench import (
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    VERIFIER,
    AskingApp,
    OAuthBench,
    call,
)

PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": DESCRIPTIONS[OAuthError.INVALID_GRANT],
}


def basic(name: str, secret: str) -> dict[str, str]:
    """The header of an app that tells its secret there."""
    encoded = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


async def test_code_becomes_a_token_of_the_person(bench: OAuthBench, app: AskingApp) -> None:
    reply = await app.redeem(await bench.code(app, **PKCE), code_verifier=VERIFIER)

    assert reply.status == 200
    assert reply.json == {
        "access_token": reply.json["access_token"],
        "token_type": "Bearer",
        "scope": "read write",
        "created_at": int(bench.clock().timestamp()),
    }
    assert isinstance(reply.json["created_at"], int)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Pragma"] == "no-cache"
    caller = await bench.tokens.identify(reply.json["access_token"])
    assert caller is not None
    assert caller.person_id == caller.actor_id == bench.ada.id


async def test_token_and_code_are_kept_nowhere(bench: OAuthBench, app: AskingApp) -> None:
    code = await bench.code(app)
    token = (await app.redeem(code)).json["access_token"]

    def everything(uow: Any) -> bytes:
        tables = ("apps", "auth_codes", "app_tokens")
        return b"".join(
            repr(row).encode()
            for name in tables
            for row in uow.connection.run_text(f"SELECT * FROM {name}")  # the tables above
        )

    kept = await bench.storage.read(everything)

    assert len(kept) > 500
    for secret in (code, token, app.client_secret):
        assert len(secret) == 43
        assert secret.encode() not in kept


async def test_code_that_is_used_twice_ends_the_token_of_the_first_use(
    bench: OAuthBench, app: AskingApp
) -> None:
    code = await bench.code(app, scope="profile")
    token = (await app.redeem(code)).json["access_token"]
    before = await bench.status_of(token)

    again = await app.redeem(code)

    assert (again.status, again.json) == (400, INVALID_GRANT)
    assert (before, await bench.status_of(token)) == (200, 401)


async def test_used_code_in_the_hands_of_another_app_ends_the_token_too(
    bench: OAuthBench, app: AskingApp
) -> None:
    code = await bench.code(app, scope="profile")
    token = (await app.redeem(code)).json["access_token"]
    foreign = await bench.register(client_name="Thief")

    assert (await foreign.redeem(code)).json == INVALID_GRANT
    assert await bench.status_of(token) == 401


async def test_foreign_client_cannot_redeem_a_code_and_leaves_it_as_it_is(
    bench: OAuthBench, app: AskingApp
) -> None:
    code = await bench.code(app)
    foreign = await bench.register(client_name="Thief")

    stolen = await foreign.redeem(code)

    assert (stolen.status, stolen.json) == (400, INVALID_GRANT)
    assert (await app.redeem(code)).status == 200


@pytest.mark.parametrize(
    "verifier",
    [None, "", VERIFIER[:-1], VERIFIER.swapcase(), CHALLENGE, "x" * 43, VERIFIER + "\n"],
)
async def test_missing_or_wrong_verifier_is_refused(
    bench: OAuthBench, app: AskingApp, verifier: str | None
) -> None:
    code = await bench.code(app, **PKCE)

    refused = await app.redeem(code, code_verifier=verifier)

    assert (refused.status, refused.json) == (400, INVALID_GRANT)
    assert (await app.redeem(code, code_verifier=VERIFIER)).status == 200


async def test_verifier_for_a_code_without_a_challenge_is_refused(
    bench: OAuthBench, app: AskingApp
) -> None:
    """Else an attacker could take the challenge out of a victim's request unseen."""
    code = await bench.code(app)

    assert (await app.redeem(code, code_verifier=VERIFIER)).json == INVALID_GRANT


async def test_proof_of_one_code_is_none_for_another(bench: OAuthBench, app: AskingApp) -> None:
    other = "y" * 43
    first = await bench.code(app, **PKCE)
    second = await bench.code(app, code_challenge=challenge_of(other), code_challenge_method="S256")

    assert (await app.redeem(first, code_verifier=other)).json == INVALID_GRANT
    assert (await app.redeem(second, code_verifier=VERIFIER)).json == INVALID_GRANT


@pytest.mark.parametrize(
    "redirect_uri", [None, "", OUT_OF_BAND, f"{CALLBACK}/", f"{CALLBACK}?x=1", "https://b.example/"]
)
async def test_code_of_another_redirect_is_refused(
    bench: OAuthBench, redirect_uri: str | None
) -> None:
    app = await bench.register(f"{CALLBACK} {OUT_OF_BAND} https://b.example/")
    code = await bench.code(app)

    assert (await app.redeem(code, redirect_uri=redirect_uri)).json == INVALID_GRANT


async def test_expired_code_is_refused(bench: OAuthBench, app: AskingApp) -> None:
    late, early = await bench.code(app), await bench.code(app)

    bench.clock.advance(timedelta(minutes=10) - timedelta(milliseconds=1))
    in_time = await app.redeem(early)
    bench.clock.advance(timedelta(milliseconds=1))

    assert in_time.status == 200
    assert (await app.redeem(late)).json == INVALID_GRANT


@pytest.mark.parametrize("code", ["", "x", "A" * 43, "é", "a" * 5000])
async def test_code_that_never_was_is_refused(app: AskingApp, code: str) -> None:
    assert (await app.redeem(code)).json == INVALID_GRANT


async def test_code_of_an_account_that_was_closed_meanwhile_is_refused(
    bench: OAuthBench, app: AskingApp
) -> None:
    codes = [await bench.code(app) for _time in range(2)]

    await bench.storage.write(lambda uow: uow.people.set_state(bench.ada.id, ActorState.SUSPENDED))
    suspended = await app.redeem(codes[0])
    await bench.storage.write(lambda uow: uow.people.set_state(bench.ada.id, ActorState.ACTIVE))
    await bench.storage.write(
        lambda uow: uow.accounts.set_state(bench.ada.id, AccountState.DISABLED)
    )

    assert (suspended.status, suspended.json) == (400, INVALID_GRANT)
    assert (await app.redeem(codes[1])).json == INVALID_GRANT


async def test_code_gives_no_more_than_was_let_in(bench: OAuthBench, app: AskingApp) -> None:
    code = await bench.code(app, scope="read:statuses")

    reply = await app.redeem(code, scope="read write")

    assert reply.json["scope"] == "read:statuses"


@pytest.mark.parametrize("how", ["form", "query", "json", "multipart"])
async def test_parameters_come_in_any_of_the_usual_ways(
    bench: OAuthBench, app: AskingApp, how: str
) -> None:
    fields = {
        "grant_type": "authorization_code",
        "code": await bench.code(app),
        "redirect_uri": CALLBACK,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }
    if how == "multipart":
        boundary = "b"
        parts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        more: dict[str, Any] = {
            "data": f"{parts}--{boundary}--\r\n".encode(),
            "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        }
    else:
        more = {{"form": "data", "query": "params", "json": "json"}[how]: fields}

    assert (await call(bench.client, "POST", "/oauth/token", **more)).status == 200


async def test_client_may_tell_its_secret_in_the_header(bench: OAuthBench, app: AskingApp) -> None:
    fields = {"grant_type": "client_credentials"}
    headers = basic(app.client_id, app.client_secret)

    reply = await call(bench.client, "POST", "/oauth/token", data=fields, headers=headers)

    assert reply.status == 200


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [(None, None), ("known", None), ("known", ""), ("known", "wrong"), ("nobody", "wrong")],
)
async def test_client_without_its_secret_is_refused(
    app: AskingApp, client_id: str | None, secret: str | None
) -> None:
    shown = app.client_id if client_id == "known" else client_id

    refused = await app.token(
        grant_type="client_credentials", client_id=shown, client_secret=secret
    )

    assert refused.status == 401
    assert refused.json["error"] == "invalid_client"
    assert refused.json["error_description"].startswith("Client authentication failed")
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="noaber"'


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Basic /////w=="])
async def test_header_that_is_broken_is_refused_though_the_form_has_a_secret(
    bench: OAuthBench, app: AskingApp, header: str
) -> None:
    fields = {
        "grant_type": "client_credentials",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }

    refused = await call(
        bench.client, "POST", "/oauth/token", data=fields, headers={"Authorization": header}
    )

    assert (refused.status, refused.json["error"]) == (401, "invalid_client")


async def test_secret_of_one_app_is_none_of_another(bench: OAuthBench, app: AskingApp) -> None:
    other = await bench.register(client_name="Other")

    refused = await app.token(grant_type="client_credentials", client_secret=other.client_secret)

    assert refused.json["error"] == "invalid_client"


async def test_app_gets_a_token_of_its_own(bench: OAuthBench, app: AskingApp) -> None:
    reply = await app.token(grant_type="client_credentials", scope="read write")
    usual = await app.token(grant_type="client_credentials")

    assert (reply.json["scope"], usual.json["scope"]) == ("read write", "read")
    caller = await bench.tokens.identify(reply.json["access_token"])
    assert caller is not None
    assert (caller.person_id, caller.actor_id) == (None, None)


async def test_app_token_on_a_route_of_users_is_refused(bench: OAuthBench, app: AskingApp) -> None:
    token = (await app.token(grant_type="client_credentials", scope="profile")).json["access_token"]

    refused = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)

    assert refused.status == 422
    assert refused.json["error"] == "This method requires an authenticated user"


@pytest.mark.parametrize("scope", ["push", "read push", "admin:read", "everything", "read," * 900])
async def test_scope_wider_than_the_apps_is_refused(app: AskingApp, scope: str) -> None:
    refused = await app.token(grant_type="client_credentials", scope=scope)

    assert (refused.status, refused.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("grant", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("refresh_token", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("AUTHORIZATION_CODE", "unsupported_grant_type"),
    ],
)
async def test_grant_that_there_is_none_of_is_refused(
    app: AskingApp, grant: str | None, error: str
) -> None:
    refused = await app.token(grant_type=grant, username="ada", password=PASSWORD)

    assert (refused.status, refused.json["error"]) == (400, error)
    assert refused.json["error_description"]


async def test_password_becomes_a_token_where_the_settings_let_it(
    trusting_bench: OAuthBench,
) -> None:
    app = await trusting_bench.register(scopes="read write profile")

    reply = await app.token(
        grant_type="password", username="ada", password=PASSWORD, scope="read profile"
    )

    assert (reply.status, reply.json["scope"]) == (200, "read profile")
    assert await trusting_bench.status_of(reply.json["access_token"]) == 200


@pytest.mark.parametrize(
    ("username", "password"), [("ada", "wrong"), ("bob", PASSWORD), ("", ""), ("ada", "")]
)
async def test_wrong_password_is_refused(
    trusting_bench: OAuthBench, username: str, password: str
) -> None:
    app = await trusting_bench.register()

    refused = await app.token(grant_type="password", username=username, password=password)

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


async def test_guessing_passwords_through_an_app_is_slowed_down(
    trusting_bench: OAuthBench,
) -> None:
    app = await trusting_bench.register()
    for _time in range(10):
        await app.token(grant_type="password", username="ada", password="wrong")

    refused = await app.token(grant_type="password", username="ada", password=PASSWORD)

    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0


async def test_app_of_a_browser_may_call_from_anywhere(bench: OAuthBench, app: AskingApp) -> None:
    for path in ("/oauth/token", "/oauth/revoke"):
        refused = await call(bench.client, "POST", path, data={})
        assert refused.status == 400
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        async with bench.client.options(path) as answer:
            assert answer.status == 204
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"{" * 2000])
async def test_body_that_cannot_be_read_is_refused_as_json(bench: OAuthBench, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    refused = await call(bench.client, "POST", "/oauth/token", data=body, headers=headers)

    assert refused.status == 400
    assert json.loads(json.dumps(refused.json))["error"]


async def test_code_is_known_by_its_digest(bench: OAuthBench, app: AskingApp) -> None:
    code = await bench.code(app, **PKCE)

    kept = await bench.storage.read(lambda uow: uow.apps.code(digest(code)))

    assert kept is not None
    assert (kept.challenge, kept.redirect_uri) == (CHALLENGE, CALLBACK)
    assert kept.until - bench.clock() == timedelta(minutes=10)
