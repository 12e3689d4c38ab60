"""What a caller does about other accounts, and how they stand: follow, block, mute, note, endorse.

Communities are accounts: to follow one is to join it, to unfollow it is to leave.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from aiohttp import web

from communities.people import ActorKey
from communities.ties import NO_TIE, Mute, Tie
from node import tying
from node.app import Access, Handler, Route
from node.auth import actor_of, required_caller, viewer_of
from node.mastodon.account_lookup import account_in_path, known_account
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of, query_of
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from node.tying import Move, Wished
from protocols.mastodon.accounts import Entity
from protocols.mastodon.relationships import Between, relationship
from storage.unit_of_work import UnitOfWork

MOST_AT_ONCE = 200
_MAX_LANGUAGES = 50
_MAX_SECONDS = 10 * 366 * 86_400
_ONE = "/api/v1/accounts/{id}"

Act = Callable[[UnitOfWork, Move, Parameters], None]
"""One act of the caller towards the account in the path."""


def relationship_routes(desk: Desk) -> list[Route]:
    """Relationships, and everything that changes one."""
    acts: tuple[tuple[str, Act, str], ...] = (
        ("follow", _follow, "write:follows"),
        ("unfollow", _plain(tying.unfollow), "write:follows"),
        ("remove_from_followers", _plain(tying.remove_follower), "write:follows"),
        ("block", _plain(tying.block), "write:blocks"),
        ("unblock", _plain(tying.unblock), "write:blocks"),
        ("mute", _mute, "write:mutes"),
        ("unmute", _plain(tying.unmute), "write:mutes"),
        ("note", _note, "write:accounts"),
        ("endorse", _plain(tying.endorse), "write:accounts"),
        ("unendorse", _plain(tying.unendorse), "write:accounts"),
        ("pin", _plain(tying.endorse), "write:accounts"),
        ("unpin", _plain(tying.unendorse), "write:accounts"),
    )
    return [
        Route(
            method="GET",
            path="/api/v1/accounts/relationships",
            handler=_relationships(desk),
            access=Access.APP_USER,
            name="api-relationships",
            scope="read:follows",
        ),
        *(
            Route(
                method="POST",
                path=f"{_ONE}/{verb}",
                handler=_acting(desk, act),
                access=Access.APP_USER,
                name=f"api-account-{verb.replace('_', '-')}",
                scope=scope,
            )
            for verb, act, scope in acts
        ),
    ]


def move_of(request: web.Request, desk: Desk, target_id: ActorKey) -> Move:
    """The act of the caller towards someone, now.

    Raises:
        Refusal: the token is of the app alone.
    """
    actor_id = actor_of(request)
    key = desk.snowflakes.mint()
    return Move(
        actor_id=actor_id,
        mover_id=required_caller(request).person_id or actor_id,
        target_id=target_id,
        at=desk.now(),
        uri=desk.uris.request(key),
        key=key,
    )


def tie_entity(account_id: ActorKey, tie: Tie) -> Entity:
    """The Relationship that a tie is."""
    mute = tie.mute
    return relationship(
        account_id,
        Between(
            following=tie.following,
            requested=tie.requested,
            showing_reblogs=tie.options.show_reblogs,
            notifying=tie.options.notify,
            languages=tie.options.languages,
            followed_by=tie.followed_by,
            requested_by=tie.requested_by,
            blocking=tie.blocking,
            blocked_by=tie.blocked_by,
            muting=mute is not None,
            muting_notifications=mute is not None and mute.hide_notifications,
            muting_until=None if mute is None else mute.until,
            domain_blocking=tie.blocks_host,
            endorsed=tie.endorsed,
            note=tie.note,
        ),
    )


def _relationships(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        found = [key_of(text) for text in query_of(request).texts("id")[:MOST_AT_ONCE]]
        keys = [ActorKey(key) for key in dict.fromkeys(found) if key is not None]
        ties = await desk.storage.read(_ties, actor_of(request), keys, desk)
        return reply([tie_entity(key, ties[key]) for key in keys if key in ties])

    return answer


def _ties(
    uow: UnitOfWork, actor_id: ActorKey, keys: Sequence[ActorKey], desk: Desk
) -> dict[ActorKey, Tie]:
    return uow.relations.between(actor_id, keys, desk.now())


def _acting(desk: Desk, act: Act) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        move = move_of(request, desk, account_in_path(request))

        def unit(uow: UnitOfWork) -> Tie:
            known_account(uow, viewer_of(request), move.target_id)
            act(uow, move, parameters)
            ties = uow.relations.between(move.actor_id, [move.target_id], move.at)
            return ties.get(move.target_id, NO_TIE)

        return reply(tie_entity(move.target_id, await desk.acting.run(unit)))

    return answer


def _plain(unit: Callable[[UnitOfWork, Move], None]) -> Act:
    """An act that has no parameters."""
    return lambda uow, move, _parameters: unit(uow, move)


def _follow(uow: UnitOfWork, move: Move, parameters: Parameters) -> None:
    languages = None
    if "languages" in parameters:
        languages = tuple(dict.fromkeys(filter(None, parameters.texts("languages"))))
        if len(languages) > _MAX_LANGUAGES or not all(map(is_language, languages)):
            raise invalid("languages must be a list of language codes")
    wished = Wished(
        show_reblogs=parameters.flag("reblogs"),
        notify=parameters.flag("notify"),
        languages=languages,
    )
    tying.follow(uow, move, wished)


def is_language(code: str) -> bool:
    """Whether a text can be a language tag. Spec: RFC 5646 section 2.1."""
    parts = code.split("-")
    return (
        parts[0].isascii()
        and parts[0].isalpha()
        and parts[0] == parts[0].lower()
        and len(parts[0]) in (2, 3)
        and all(part.isascii() and part.isalnum() and len(part) <= 8 for part in parts[1:])  # noqa: PLR2004 - RFC 5646
        and len(code) <= 35  # noqa: PLR2004 - as above
    )


def _mute(uow: UnitOfWork, move: Move, parameters: Parameters) -> None:
    seconds = parameters.number("duration") or 0
    if not 0 <= seconds <= _MAX_SECONDS:
        raise invalid("duration must be a number of seconds")
    wanted = Mute(
        target_id=move.target_id,
        hide_notifications=parameters.flag("notifications") is not False,
        until=move.at + timedelta(seconds=seconds) if seconds else None,
    )
    tying.mute(uow, move, wanted)


def _note(uow: UnitOfWork, move: Move, parameters: Parameters) -> None:
    tying.note(uow, move, (parameters.text("comment") or "").strip())
