"""Revocation: by the app, and by what ends an account; at once, for open streams too."""

import pytest

from communities.people import ActorState
from tests.support.oauth_bench import AskingApp, OAuthBench, call


async def test_revoked_token_is_refused_at_once(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="profile")
    before = await bench.status_of(token)

    reply = await app.revoke(token)

    refused = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)
    assert (before, reply.status, reply.json) == (200, 200, {})
    assert (refused.status, refused.json) == (401, {"error": "The access token was revoked"})
    assert (await app.revoke(token)).status == 200, "it has ended already"


async def test_revoked_token_cuts_an_open_stream(bench: OAuthBench, app: AskingApp) -> None:
    caller = await bench.tokens.identify(token := await bench.token(app))
    assert caller is not None
    cut: list[str] = []
    bench.tokens.on_end(caller, lambda: cut.append("stream"))

    await app.revoke(token)
    await bench.tokens.step()

    assert cut == ["stream"]


async def test_foreign_client_cannot_revoke_a_token(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="profile")
    foreign = await bench.register(client_name="Foreign")

    refused = await foreign.revoke(token)

    assert (refused.status, refused.json["error"]) == (403, "unauthorized_client")
    assert await bench.status_of(token) == 200


@pytest.mark.parametrize("secret", [None, "", "wrong"])
async def test_client_without_its_secret_cannot_revoke_a_token(
    bench: OAuthBench, app: AskingApp, secret: str | None
) -> None:
    token = await bench.token(app, scope="profile")

    refused = await app.revoke(token, client_secret=secret)

    assert (refused.status, refused.json["error"]) == (403, "unauthorized_client")
    assert await bench.status_of(token) == 200


@pytest.mark.parametrize("token", ["never-was", "é", "x" * 5000])
async def test_token_that_never_was_is_as_good_as_revoked(app: AskingApp, token: str) -> None:
    reply = await app.revoke(token)

    assert (reply.status, reply.json) == (200, {})


async def test_token_of_a_suspended_account_is_refused(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="profile")
    await bench.status_of(token)

    await bench.storage.write(lambda uow: uow.people.set_state(bench.ada.id, ActorState.SUSPENDED))
    bench.tokens.forget()

    refused = await call(bench.client, "GET", "/oauth/userinfo", bearer=token)
    assert (refused.status, refused.json) == (403, {"error": "Your login is currently disabled"})


async def test_new_password_ends_every_token(bench: OAuthBench, app: AskingApp) -> None:
    token = await bench.token(app, scope="profile")

    await bench.storage.write(lambda uow: uow.app_tokens.end_all(bench.ada.id, bench.clock()))

    assert await bench.status_of(token) == 401
