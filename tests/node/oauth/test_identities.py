"""As whom an app acts: the person, or a community that they moderate, as long as they do."""

from dataclasses import replace

from communities.membership import MembershipState, Role
from communities.people import ActorState
from tests.support.oauth_bench import AskingApp, OAuthBench, answer_of, code_of, read_consent


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

    page = read_consent(await browser.get(app.path(scope="read profile")))
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
