"""What can be had once is had once, also when eight ask at the same moment."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import TypeVar

from communities import following, polls, reactions
from communities.errors import Conflict, NotFound
from communities.people import ActorKey, Person
from communities.posts import Poll, PollOption, PostKey, Reaction, ReactionKind
from communities.registration import RegistrationClosed
from node.accounts.signing_in import SignInFault, SignInRefused
from node.accounts.totp import code_at, step_at
from node.oauth.granting import Fresh, Given, Redemption, redeem
from node.welcoming import digest_of, new_token
from protocols.oauth import OAuthError
from storage.apps import AuthCode
from storage.media import Blob, Content, MediaKind, MediaPurpose, MediaState, Medium
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import HERE, PASSWORD, AccountBench, form
from tests.support.apps import CALLBACK, digest, make_app
from tests.support.clock import Clock
from tests.support.factories import World

T = TypeVar("T")
EIGHT = range(8)
SECRET = b"12345678901234567890"


async def all_at_once(calls: Iterable[Awaitable[T]]) -> list[T | BaseException]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_code_is_turned_into_one_token_which_ends_with_the_second_try(
    threaded_storage: Storage,
) -> None:
    world = World()

    def give(uow: UnitOfWork) -> int:
        app, ada = make_app(uow, world), world.person(uow, "ada")
        code = AuthCode(
            app_id=app.id,
            person_id=ada.id,
            actor_id=ada.id,
            scopes=frozenset({"read"}),
            redirect_uri=CALLBACK,
            challenge=None,
            until=world.now + timedelta(minutes=10),
        )
        uow.apps.add_code(digest("code"), code)
        return app.id

    app_id = await threaded_storage.write(give)
    asked = Redemption(app_id=app_id, code="code", redirect_uri=CALLBACK, verifier=None)

    found = await all_at_once(
        threaded_storage.write(
            redeem, asked, Fresh(token_id=1_000 + number, token=f"t{number}", at=world.now)
        )
        for number in EIGHT
    )

    given = [one for one in found if isinstance(one, Given)]
    assert len(given) == 1
    assert found.count(OAuthError.INVALID_GRANT) == 7
    kept = await threaded_storage.read(lambda uow: uow.app_tokens.find(digest(given[0].token)))
    assert kept is not None
    assert kept.revoked_at is not None


async def test_an_invitation_for_one_lets_one_in(threaded_storage: Storage) -> None:
    clock = Clock()
    bench = AccountBench(threaded_storage, clock)
    token = new_token()
    kept = digest_of(token)
    assert kept is not None
    await threaded_storage.write(
        lambda uow: uow.invitations.add(
            kept, None, at=clock(), until=clock() + timedelta(days=1), max_uses=1
        )
    )
    registering = bench.registering()

    found = await all_at_once(
        registering.register(form(f"carol{number}", invitation=token), address=HERE)
        for number in EIGHT
    )

    assert [type(one) for one in found].count(Person) == 1
    assert sum(isinstance(one, RegistrationClosed) for one in found) == 7


async def test_a_code_of_the_second_factor_signs_in_once(threaded_storage: Storage) -> None:
    bench = AccountBench(threaded_storage, Clock())
    ada = await bench.person("ada")
    await threaded_storage.write(lambda uow: uow.credentials.offer_totp(ada.id, SECRET))
    await threaded_storage.write(lambda uow: uow.credentials.begin_totp(ada.id, bench.clock()))
    code = code_at(SECRET, step_at(bench.clock()))

    found = await all_at_once(
        bench.sign_ins.verify("ada", PASSWORD, code, address=HERE) for _ in EIGHT
    )

    assert found.count(ada.id) == 1
    faults = [one.fault for one in found if isinstance(one, SignInRefused)]
    assert faults == [SignInFault.WRONG_CODE] * 7


async def test_an_upload_goes_with_one_post(threaded_storage: Storage) -> None:
    world = World()

    def upload(uow: UnitOfWork) -> tuple[ActorKey, list[PostKey]]:
        ada = world.person(uow, "ada")
        medium = Medium(
            id=7,
            owner_id=ada.id,
            purpose=MediaPurpose.ATTACHMENT,
            state=MediaState.PROCESSING,
            kind=MediaKind.IMAGE,
            created_at=world.now,
        )
        blob = Blob(digest=b"\x01" * 32, size=3)
        uow.media.add(medium, quota=100)
        content = Content(kind=MediaKind.IMAGE, blob=blob, media_type="image/png")
        uow.media.finish(7, content, quota=100)
        return ada.id, [world.post(uow, ada).id for _ in EIGHT]

    owner, posts = await threaded_storage.write(upload)

    def claim(uow: UnitOfWork, post_id: PostKey) -> PostKey:
        uow.media.claim([7], owner, post_id, at=world.now)
        return post_id

    found = await all_at_once(threaded_storage.write(claim, post_id) for post_id in posts)

    (winner,) = [one for one in found if isinstance(one, int)]
    assert sum(isinstance(one, NotFound) for one in found) == 7
    medium = await threaded_storage.read(lambda uow: uow.media.get(7))
    assert medium is not None
    assert medium.post_id == winner


async def test_votes_follows_and_likes_count_once(threaded_storage: Storage) -> None:
    world = World()

    def prepare(uow: UnitOfWork) -> tuple[Person, Person, PostKey]:
        ada, ben = world.person(uow, "ada"), world.person(uow, "ben")
        options = tuple(PollOption(name=name) for name in ("honey", "jam"))
        content = world.draft(ada).content
        post = world.post(
            uow, ada, content=type(content)(html="<p>?</p>", poll=Poll(options=options))
        )
        return ada, ben, post.id

    ada, ben, post_id = await threaded_storage.write(prepare)

    def act(uow: UnitOfWork, number: int) -> None:
        name = ("honey", "jam")[number % 2]
        following.follow(uow, ben.id, ada.id, f"https://noaber.example/f/{number}", world.now)
        like = Reaction(
            actor_id=ben.id,
            post_id=post_id,
            kind=ReactionKind.LIKE,
            uri=f"https://noaber.example/l/{number}",
            at=world.now,
        )
        reactions.react(uow, like)
        polls.vote(uow, post_id, ben.id, (name,), world.now)

    found = await all_at_once(threaded_storage.write(act, number) for number in EIGHT)

    assert sum(isinstance(one, Conflict) for one in found) == 4
    counts = await threaded_storage.read(lambda uow: uow.posts.counts(post_id))
    post = await threaded_storage.read(lambda uow: uow.posts.get(post_id))
    assert counts.likes == 1
    assert post is not None
    assert post.content.poll is not None
    assert sum(option.votes for option in post.content.poll.options) == 1
    followers = await threaded_storage.read(lambda uow: uow.people.follow(ben.id, ada.id))
    assert followers is not None
