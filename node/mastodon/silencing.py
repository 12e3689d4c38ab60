"""Lists of whom a caller does not want to see: blocked, muted, and whole servers."""

import re
from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from communities.people import ActorKey
from communities.ties import Tie
from node import tying
from node.app import Handler, Route
from node.auth import actor_of, viewer_of
from node.mastodon.account_lookup import entities_of, reply_with_accounts, window_of
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS, asked_of, cut, link_header
from node.mastodon.parameters import invalid, parameters_of, query_of
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment_or_none
from storage.pages import Window
from storage.unit_of_work import UnitOfWork

HOSTS, MOST_HOSTS = 100, 200
_STEP = 100
_STEPS = 100
_MAX_HOST = 253
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}(?::[0-9]{1,5})?")

Rows = Sequence[tuple[ActorKey, int]]


def silencing_routes(desk: Desk) -> list[Route]:
    """Blocks, mutes and blocked servers."""
    hosts = "/api/v1/domain_blocks"
    table = (
        ("GET", "/api/v1/blocks", _blocks(desk), "api-blocks", "read:blocks"),
        ("GET", "/api/v1/mutes", _mutes(desk), "api-mutes", "read:mutes"),
        ("GET", hosts, _hosts(desk), "api-domain-blocks", "read:blocks"),
        ("POST", hosts, _block_host(desk), "api-domain-block", "write:blocks"),
        ("DELETE", hosts, _unblock_host(desk), "api-domain-unblock", "write:blocks"),
    )
    return user_routes(table)


def _blocks(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> tuple[Rows, dict[ActorKey, Entity]]:
            found = uow.blocks.page(actor_of(request), window_of(asked))
            return found, entities_of(uow, desk, viewer_of(request), found)

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _mutes(desk: Desk) -> Handler:
    """Each with the time at which it ends. Spec: Mastodon API "MutedAccount"."""

    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> tuple[Rows, dict[ActorKey, Entity]]:
            at, actor_id = desk.now(), actor_of(request)
            found = uow.mutes.page(actor_id, at, window_of(asked))
            entities = entities_of(uow, desk, viewer_of(request), found)
            ties = uow.relations.between(actor_id, [*entities], at)
            return found, {
                key: {**entity, "mute_expires_at": moment_or_none(_end(ties.get(key)))}
                for key, entity in entities.items()
            }

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _end(tie: Tie | None) -> datetime | None:
    return None if tie is None or tie.mute is None else tie.mute.until


def _hosts(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=HOSTS, most=MOST_HOSTS)
        found = await desk.storage.read(_blocked_hosts, actor_of(request), window_of(asked))
        page, around = cut(asked, found, lambda entry: entry[1])
        return reply(
            [host for host, _place in page], headers=link_header(request, desk.uris.base, around)
        )

    return answer


def _blocked_hosts(uow: UnitOfWork, actor_id: ActorKey, window: Window) -> list[tuple[str, int]]:
    return uow.domain_blocks.page(actor_id, window)


def _block_host(desk: Desk) -> Handler:
    """Hide a server, and end the follows with it both ways, in steps."""

    async def answer(request: web.Request) -> web.Response:
        host = _host((await parameters_of(request)).required("domain"))
        if host in (desk.uris.domain, desk.uris.base.partition("://")[2]):
            raise invalid("Domain is this server")
        actor_id = actor_of(request)
        await desk.acting.run(tying.block_host, actor_id, host, desk.snowflakes.mint())
        for _step in range(_STEPS):
            if await desk.acting.run(tying.cut_ties_to, actor_id, host, _STEP) < _STEP:
                break
        return reply({})

    return answer


def _unblock_host(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        host = _host((await parameters_of(request)).required("domain"))
        await desk.storage.write(_drop_host, actor_of(request), host)
        return reply({})

    return answer


def _drop_host(uow: UnitOfWork, actor_id: ActorKey, host: str) -> bool:
    return uow.domain_blocks.drop(actor_id, host)


def _host(words: str) -> str:
    """The host that somebody names, as those of accounts are kept.

    Raises:
        Refusal: it is none.
    """
    name = words.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/.")
    try:
        host = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        host = ""
    if len(host) > _MAX_HOST or _HOST.fullmatch(host) is None:
        raise invalid("Domain is not a valid domain name")
    return host
