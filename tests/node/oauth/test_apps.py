"""Apps that introduce themselves, what is told of the provider, and accounts made from an app."""

from typing import Any

import pytest

from communities.registration import AccountState, RegistrationMode
from node.settings_registration import RegistrationSettings
from protocols.oauth import OUT_OF_BAND
from storage.store import Storage
from tests.support.oauth_bench import AskingApp, OAuthBench, call, oauth_bench

METADATA = "/.well-known/oauth-authorization-server"
IVORY = "com.tapbots.Ivory.10217:/request_token"
FIELDS = {
    "client_name": "Ivory",
    "redirect_uris": IVORY,
    "scopes": "write read",
    "website": "https://tapbots.example",
}


async def test_app_learns_its_id_and_secret_once(bench: OAuthBench) -> None:
    reply = await call(bench.client, "POST", "/api/v1/apps", data=FIELDS)

    found = reply.json
    assert reply.status == 200
    assert found == {
        "id": found["id"],
        "name": "Ivory",
        "website": "https://tapbots.example",
        "scopes": ["read", "write"],
        "redirect_uris": [IVORY],
        "redirect_uri": IVORY,
        "client_id": found["client_id"],
        "client_secret": found["client_secret"],
        "client_secret_expires_at": 0,
        "vapid_key": bench.api.push_key.public,
    }
    assert found["id"].isdecimal()
    assert len(found["client_id"]) == len(found["client_secret"]) == 43


@pytest.mark.parametrize(
    "more",
    [
        {"params": FIELDS},
        {"data": FIELDS},
        {"json": FIELDS},
        {"json": {**FIELDS, "redirect_uris": [IVORY]}},
        {"data": [*((k, v) for k, v in FIELDS.items() if k[0] != "r"), ("redirect_uris[]", IVORY)]},
        {"params": {"client_name": "Ivory"}, "json": {**FIELDS}},
    ],
)
async def test_app_introduces_itself_in_any_of_the_usual_ways(
    bench: OAuthBench, more: dict[str, Any]
) -> None:
    reply = await call(bench.client, "POST", "/api/v1/apps", **more)

    assert reply.status == 200
    assert (reply.json["name"], reply.json["redirect_uris"]) == ("Ivory", [IVORY])


@pytest.mark.parametrize("uris", [[IVORY, OUT_OF_BAND], f"{IVORY}\n{OUT_OF_BAND}"])
async def test_app_can_have_several_addresses(bench: OAuthBench, uris: object) -> None:
    fields = {**FIELDS, "redirect_uris": uris}

    reply = await call(bench.client, "POST", "/api/v1/apps", json=fields)

    assert reply.json["redirect_uris"] == [IVORY, OUT_OF_BAND]
    assert reply.json["redirect_uri"] == f"{IVORY}\n{OUT_OF_BAND}"


async def test_app_that_names_no_scope_may_read(bench: OAuthBench) -> None:
    fields = {"client_name": "Small", "redirect_uris": OUT_OF_BAND, "website": ""}

    reply = await call(bench.client, "POST", "/api/v1/apps", data=fields)

    assert (reply.json["scopes"], reply.json["website"]) == (["read"], None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_name": ""}, "Application Name can't be blank"),
        ({"client_name": " \n "}, "Application Name can't be blank"),
        ({"client_name": "n" * 201}, "too long"),
        ({"client_name": "evil\u202egnp.exe"}, "cannot be shown"),
        ({"redirect_uris": ""}, "can't be blank"),
        ({"redirect_uris": "callback"}, "absolute URI"),
        ({"redirect_uris": "javascript:alert(1)"}, "scheme"),
        ({"redirect_uris": "https://a.example/#x"}, "characters"),
        ({"redirect_uris": f"{IVORY} data:text/html,x"}, "scheme"),
        ({"redirect_uris": "http://a.example/"}, "https"),
        ({"scopes": "read everything"}, "Scopes doesn't match"),
        ({"website": "javascript:alert(1)"}, "Website must be a valid URL"),
        ({"website": "tapbots"}, "Website must be a valid URL"),
        ({"website": "https://[x/"}, "Website must be a valid URL"),
    ],
)
async def test_app_that_says_what_it_must_not_is_refused(
    bench: OAuthBench, changes: dict[str, str], sentence: str
) -> None:
    refused = await call(bench.client, "POST", "/api/v1/apps", data={**FIELDS, **changes})

    assert refused.status == 422
    assert refused.json["error"].startswith("Validation failed: ")
    assert sentence in refused.json["error"]


async def test_app_can_ask_who_it_is(bench: OAuthBench, app: AskingApp) -> None:
    own = (await app.token(grant_type="client_credentials")).json["access_token"]
    hers = await bench.token(app, scope="profile")

    for token in (own, hers):
        reply = await call(bench.client, "GET", "/api/v1/apps/verify_credentials", bearer=token)
        assert (reply.status, reply.json["name"]) == (200, "Tusky")
        assert "client_secret" not in reply.json
    refused = await call(bench.client, "GET", "/api/v1/apps/verify_credentials")
    assert (refused.status, refused.json) == (401, {"error": "The access token is invalid"})


async def test_metadata_names_what_there_is(bench: OAuthBench) -> None:
    reply = await call(bench.client, "GET", METADATA)

    assert reply.json["issuer"] == "https://noaber.example/"
    assert reply.json["token_endpoint"] == "https://noaber.example/oauth/token"
    assert reply.json["app_registration_endpoint"] == "https://noaber.example/api/v1/apps"
    assert reply.json["grant_types_supported"] == ["authorization_code", "client_credentials"]
    assert reply.json["code_challenge_methods_supported"] == ["S256"]
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_metadata_names_passwords_where_apps_may_take_them(
    trusting_bench: OAuthBench,
) -> None:
    reply = await call(trusting_bench.client, "GET", METADATA)

    assert "password" in reply.json["grant_types_supported"]


async def test_claims_are_about_who_let_the_app_in(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="profile")

    reply = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)

    assert reply.json["iss"] == "https://noaber.example/"
    assert reply.json["sub"] == bench.ada.uri
    assert reply.json["preferred_username"] == "ada"
    assert reply.json["picture"].startswith("https://")


async def test_claims_need_the_scope(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="read write")

    refused = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)

    assert (refused.status, refused.json["error"]) == (
        403,
        "This action is outside the authorized scopes",
    )


NEWCOMER = {
    "username": "carol",
    "email": "carol@mail.example",
    "password": "a barn of the neighbours",
    "agreement": True,
    "locale": "nl",
}


def open_to_all(**changes: Any) -> RegistrationSettings:
    return RegistrationSettings(
        **{"mode": RegistrationMode.OPEN, "min_age": 0, "cheap_hashes": True, **changes}
    )


async def sign_up(bench: OAuthBench, app: AskingApp, **changes: object) -> Any:
    """Make an account from an app."""
    own = await app.token(grant_type="client_credentials", scope="read write")
    return await call(
        bench.client,
        "POST",
        "/api/v1/accounts",
        bearer=own.json["access_token"],
        json={**NEWCOMER, **changes},
    )


async def test_account_made_from_an_app_can_be_used_at_once(sqlite_storage: Storage) -> None:
    async with oauth_bench(sqlite_storage, registration=open_to_all()) as bench:
        app = await bench.register(scopes="read write profile")

        reply = await sign_up(bench, app)

        assert (reply.status, reply.json["scope"]) == (200, "read write profile")
        claims = await call(
            bench.client, "GET", "/oauth/userinfo", bearer=reply.json["access_token"]
        )
        assert claims.json["preferred_username"] == "carol"
        assert (await bench.browser.sign_in("carol", str(NEWCOMER["password"]))).status == 303


async def test_account_that_waits_for_approval_is_told_so(sqlite_storage: Storage) -> None:
    settings = open_to_all(mode=RegistrationMode.APPROVAL)
    async with oauth_bench(sqlite_storage, registration=settings) as bench:
        app = await bench.register(scopes="read write profile")

        reply = await sign_up(bench, app, reason="I keep bees.")

        token = reply.json["access_token"]
        refused = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)
        known = await call(bench.client, "GET", "/api/v1/apps/verify_credentials", bearer=token)
        assert (refused.status, refused.json["error"]) == (
            403,
            "Your login is currently pending approval",
        )
        assert known.status == 200
        caller = await bench.tokens.find(token)
        assert caller is not None
        account = await sqlite_storage.read(
            lambda uow: uow.accounts.get(caller.caller.person_id or bench.ada.id)
        )
        assert account is not None
        assert account.state is AccountState.PENDING


@pytest.mark.parametrize(
    ("changes", "field", "fault"),
    [
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "Not A Name!"}, "username", "ERR_INVALID"),
        ({"username": "ada"}, "username", "ERR_TAKEN"),
        ({"username": "admin"}, "username", "ERR_RESERVED"),
        ({"email": "nobody"}, "email", "ERR_INVALID"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"password": ""}, "password", "ERR_BLANK"),
        ({"agreement": False}, "agreement", "ERR_ACCEPTED"),
    ],
)
async def test_what_is_wrong_with_a_sign_up_is_told_by_field(
    sqlite_storage: Storage, changes: dict[str, object], field: str, fault: str
) -> None:
    async with oauth_bench(sqlite_storage, registration=open_to_all()) as bench:
        app = await bench.register()

        refused = await sign_up(bench, app, **changes)

        assert refused.status == 422
        assert refused.json["error"].startswith("Validation failed: ")
        assert fault in [error["error"] for error in refused.json["details"][field]]


@pytest.mark.parametrize(
    ("born", "status"), [(None, 422), ("2020-01-01", 422), ("yesterday", 422), ("1990-05-05", 200)]
)
async def test_age_is_asked_where_the_settings_ask_it(
    sqlite_storage: Storage, born: str | None, status: int
) -> None:
    async with oauth_bench(sqlite_storage, registration=open_to_all(min_age=16)) as bench:
        app = await bench.register()

        reply = await sign_up(bench, app, date_of_birth=born)

        assert reply.status == status
        if status == 422:
            assert "date_of_birth" in reply.json["details"]


async def test_node_that_makes_no_accounts_says_so(bench: OAuthBench, app: AskingApp) -> None:
    refused = await sign_up(bench, app)

    assert refused.status == 403
    assert refused.json["error"] == "This server makes new accounts by invitation only"


async def test_account_needs_an_app(bench: OAuthBench, app: AskingApp) -> None:
    refused = await call(bench.client, "POST", "/api/v1/accounts", json=NEWCOMER)
    reads = (await app.token(grant_type="client_credentials")).json["access_token"]
    outside = await call(bench.client, "POST", "/api/v1/accounts", bearer=reads, json=NEWCOMER)

    assert (refused.status, outside.status) == (401, 403)


async def test_sign_ups_apps_and_tokens_are_counted_by_address(sqlite_storage: Storage) -> None:
    settings = open_to_all(per_address_per_hour=1000)
    async with oauth_bench(sqlite_storage, rates=True, registration=settings) as bench:
        app = await bench.register()
        replies = [await sign_up(bench, app, username=f"carol{n}", email="") for n in range(6)]

        assert [reply.status for reply in replies] == [200] * 5 + [429]
        assert replies[0].headers["X-RateLimit-Limit"] == "5"
        assert replies[0].headers["X-RateLimit-Remaining"] == "4"
        assert replies[5].json == {"error": "Too many requests"}
        assert int(replies[5].headers["Retry-After"]) > 300
        apps = [await call(bench.client, "POST", "/api/v1/apps", data=FIELDS) for _n in range(30)]
        assert [reply.status for reply in apps] == [200] * 29 + [429]
        token = await app.token(grant_type="client_credentials")
        assert token.headers["X-RateLimit-Limit"] == "300"
