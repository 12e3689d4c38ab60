"""Apps, codes and tokens as they are kept: by digest, until they end, and no longer."""

from datetime import timedelta

import pytest

from communities.accounts import delete_person
from communities.people import ActorState
from communities.registration import AccountState
from storage.app_tokens import AppToken
from storage.apps import App, AuthCode
from storage.maintenance import Prunable, prune
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import TOKENS, UnitOfWork
from tests.support.apps import CALLBACK, SECRET, digest, give_token, make_app
from tests.support.factories import World


@pytest.fixture
def world() -> World:
    return World()


def a_code(app: App, token: AppToken, world: World) -> AuthCode:
    assert token.person_id is not None
    return AuthCode(
        app_id=app.id,
        person_id=token.person_id,
        actor_id=token.person_id,
        scopes=frozenset({"read"}),
        redirect_uri=CALLBACK,
        challenge="x" * 43,
        until=world.now + timedelta(minutes=10),
    )


async def test_app_is_found_by_its_client_id_and_its_secret_is_kept_nowhere(
    storage: Storage, world: World
) -> None:
    app = await storage.write(make_app, world)

    found = await storage.read(lambda uow: uow.apps.by_client_id("tusky"))
    other = await storage.read(lambda uow: uow.apps.by_client_id("Tusky"))
    again = await storage.read(lambda uow: uow.apps.get(app.id))

    assert found == (app, digest(SECRET))
    assert (other, again) == (None, app)


async def test_code_is_used_up_once(storage: Storage, world: World) -> None:
    def unit(uow: UnitOfWork) -> tuple[AuthCode, list[bool], AuthCode | None]:
        app, ada = make_app(uow, world), world.person(uow, "ada")
        token = give_token(uow, world, app, "t", ada)
        code = a_code(app, token, world)
        uow.apps.add_code(digest("c"), code)
        found = uow.apps.code(digest("c"))
        assert found is not None
        used = [uow.apps.use_code(digest("c"), number) for number in (7, 8)]
        return found, used, uow.apps.code(digest("c"))

    found, used, after = await storage.write(unit)

    assert found.token_id is None
    assert used == [True, False]
    assert after is not None
    assert after.token_id == 7


@pytest.mark.parametrize("how", ["all", "app"])
async def test_codes_that_wait_end_with_the_tokens(
    storage: Storage, world: World, how: str
) -> None:
    def unit(uow: UnitOfWork) -> list[AuthCode | None]:
        app, other = make_app(uow, world), make_app(uow, world, "ivory")
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        token = give_token(uow, world, app, "t", ada)
        bobs = give_token(uow, world, app, "b", bob)
        uow.apps.add_code(digest("waits"), a_code(app, token, world))
        uow.apps.add_code(digest("used"), a_code(app, token, world))
        uow.apps.use_code(digest("used"), token.id)
        uow.apps.add_code(digest("other"), a_code(other, token, world))
        uow.apps.add_code(digest("bob's"), a_code(app, bobs, world))
        if how == "all":
            uow.app_tokens.end_all(ada.id, world.now)
        else:
            uow.app_tokens.end(ada.id, app.id, world.now)
        return [uow.apps.code(digest(code)) for code in ("waits", "used", "other", "bob's")]

    waits, used, other, bobs = await storage.write(unit)

    assert waits is None
    assert used is not None, "a second use of it must be seen"
    assert (other is None) == (how == "all")
    assert bobs is not None


async def test_token_tells_what_its_person_is_in(storage: Storage, world: World) -> None:
    def unit(uow: UnitOfWork) -> list[AppToken | None]:
        app = make_app(uow, world)
        waiting = world.person(uow, "bob")
        uow.accounts.set_state(waiting.id, AccountState.PENDING)
        uow.people.set_state(waiting.id, ActorState.LIMITED)
        given = give_token(uow, world, app, "bob's", waiting)
        own = give_token(uow, world, app, "own", scopes="read")
        assert uow.app_tokens.among([given.id, own.id, 5]) != []
        return [uow.app_tokens.find(digest(name)) for name in ("bob's", "own", "nobody's")]

    his, own, nobody = await storage.write(unit)

    assert his is not None
    assert own is not None
    assert (his.account, his.person_state) == (AccountState.PENDING, ActorState.LIMITED)
    assert (own.account, own.person_state, own.person_id) == (None, None, None)
    assert nobody is None


async def test_what_was_ended_stays_known_and_ends_once(storage: Storage, world: World) -> None:
    def unit(uow: UnitOfWork) -> tuple[list[object], list[AppToken | None]]:
        tusky, ivory = make_app(uow, world), make_app(uow, world, "ivory")
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        first = give_token(uow, world, tusky, "1", ada)
        for name, app, person in (("2", tusky, ada), ("3", ivory, ada), ("4", tusky, bob)):
            give_token(uow, world, app, name, person)
        counts: list[object] = [
            uow.app_tokens.revoke(first.id, world.now),
            uow.app_tokens.revoke(first.id, world.now),
            uow.app_tokens.end(ada.id, tusky.id, world.now),
            uow.app_tokens.end_all(ada.id, world.now),
            uow.app_tokens.end_all(ada.id, world.now),
        ]
        return counts, [uow.app_tokens.find(digest(name)) for name in "1234"]

    counts, tokens = await storage.write(unit)

    assert counts == [True, False, 1, 1, 0]
    assert [token is not None and token.revoked_at == world.now for token in tokens] == [
        *(True, True, True),
        False,
    ]


async def test_whoever_keeps_tokens_in_mind_hears_of_their_end(
    storage: Storage, world: World
) -> None:
    heard: list[str] = []
    storage.on_commit(TOKENS, lambda: heard.append("ended"))
    app = await storage.write(make_app, world)
    ada = await storage.write(world.person, "ada")
    token = await storage.write(give_token, world, app, "t", ada)

    await storage.write(lambda uow: uow.app_tokens.end(ada.id, app.id + 1, world.now))
    before = list(heard)
    await storage.write(lambda uow: uow.app_tokens.revoke(token.id, world.now))
    after = list(heard)
    await storage.write(lambda uow: delete_person(uow, ada.id))

    assert (before, after, heard) == ([], ["ended"], ["ended", "ended"])


async def test_apps_of_a_person_are_told_once_each_with_all_that_they_may(
    storage: Storage, world: World
) -> None:
    def unit(uow: UnitOfWork) -> None:
        tusky, ivory = make_app(uow, world), make_app(uow, world, "ivory")
        ada, bees = world.person(uow, "ada"), world.community(uow, "bees")
        begin = world.tick()
        give_token(uow, world, tusky, "1", ada, scopes="read", at=begin)
        give_token(uow, world, ivory, "2", ada, at=world.tick())
        end = world.tick()
        give_token(uow, world, tusky, "3", ada, actor_id=bees.id, scopes="write", at=end)
        revoked = give_token(uow, world, ivory, "4", ada, scopes="push")
        uow.app_tokens.revoke(revoked.id, world.now)
        give_token(uow, world, ivory, "5")

        first, second = uow.app_tokens.authorizations(ada.id)

        assert (first.name, second.name) == ("Tusky", "Ivory")
        assert first.scopes == {"read", "write"}
        assert first.actor_ids == {ada.id, bees.id}
        assert (first.since, first.used_at) == (begin, end)
        assert second.scopes == {"read", "write"}

    await storage.write(unit)


async def test_use_is_noted_for_token_and_app(storage: Storage, world: World) -> None:
    app = await storage.write(make_app, world)
    token = await storage.write(give_token, world, app, "t")
    later = world.now + timedelta(days=29)

    await storage.write(lambda uow: uow.app_tokens.touch({token.id: (app.id, later)}))
    await storage.write(lambda uow: uow.app_tokens.touch({token.id: (app.id, world.now)}))

    found = await storage.read(lambda uow: uow.app_tokens.find(digest("t")))
    assert found is not None
    assert found.used_at == later
    assert await swept(storage, world, timedelta(days=31)) == 0
    assert await swept(storage, world, timedelta(days=60)) == 1


async def swept(storage: Storage, world: World, passed: timedelta) -> int:
    return await storage.write(prune, Prunable.UNUSED_APPS, to_ms(world.now + passed))


async def test_app_that_nobody_lets_in_goes_after_a_month(storage: Storage, world: World) -> None:
    def unit(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        used, left, own, coming = (
            make_app(uow, world, name) for name in ("used", "left", "own", "coming")
        )
        make_app(uow, world, "never")
        token = give_token(uow, world, used, "1", ada)
        given = give_token(uow, world, left, "2", ada)
        uow.app_tokens.revoke(given.id, world.now)
        give_token(uow, world, own, "3")
        uow.apps.add_code(digest("c"), a_code(coming, token, world))

    await storage.write(unit)

    assert await swept(storage, world, timedelta(days=29)) == 0
    assert await swept(storage, world, timedelta(days=31)) == 3
    names = ("used", "coming", "left", "own", "never")
    found = await storage.read(lambda uow: [uow.apps.by_client_id(name) for name in names])
    assert [name for name, app in zip(names, found, strict=True) if app] == ["used", "coming"]
    assert await storage.read(lambda uow: uow.app_tokens.find(digest("3"))) is None


async def test_codes_and_revoked_tokens_go_when_they_were_kept_long_enough(
    storage: Storage, world: World
) -> None:
    app = await storage.write(make_app, world)
    ada = await storage.write(world.person, "ada")
    token = await storage.write(give_token, world, app, "t", ada)
    await storage.write(lambda uow: uow.apps.add_code(digest("c"), a_code(app, token, world)))
    await storage.write(lambda uow: uow.app_tokens.revoke(token.id, world.now))

    async def pruned(what: Prunable, passed: timedelta) -> int:
        return await storage.write(prune, what, to_ms(world.now + passed))

    assert await pruned(Prunable.AUTH_CODES, timedelta(hours=24)) == 0
    assert await pruned(Prunable.AUTH_CODES, timedelta(hours=25)) == 1
    assert await pruned(Prunable.REVOKED_TOKENS, timedelta(days=30)) == 0
    assert await pruned(Prunable.REVOKED_TOKENS, timedelta(days=31)) == 1


async def test_nothing_is_left_of_an_account_that_goes(storage: Storage, world: World) -> None:
    app = await storage.write(make_app, world)
    ada = await storage.write(world.person, "ada")
    token = await storage.write(give_token, world, app, "t", ada)
    await storage.write(lambda uow: uow.apps.add_code(digest("c"), a_code(app, token, world)))

    await storage.write(lambda uow: uow.accounts.remove(ada.id))

    assert await storage.read(lambda uow: uow.app_tokens.find(digest("t"))) is None
    assert await storage.read(lambda uow: uow.apps.code(digest("c"))) is None
