"""Who asks to follow or to join, and the answers; members of a community with their roles.

A person's own list holds those who want to follow them. With a token that acts as a community the
same calls are about those who want to join it, so that any app can answer them; moderators do so
for each of their communities below /api/v1/groups, too.

Spec: reference client-apis 2.2 (approvals for moderators).
"""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from communities.actors import find_actor, find_community
from communities.errors import NotAllowed, Reason
from communities.membership import Role
from communities.people import ActorKey
from communities.roles import Action, require
from communities.ties import NO_TIE, Tie
from communities.visibility import Viewer
from node import tying
from node.app import Handler, Route
from node.auth import actor_of, viewer_of
from node.mastodon.account_lookup import (
    account_in_path,
    entities_of,
    known_account,
    reply_with_accounts,
    sees_members,
    window_of,
)
from node.mastodon.desk import Desk
from node.mastodon.paging import (
    ACCOUNTS,
    MOST_ACCOUNTS,
    asked_of,
    cut,
    id_in_path,
    link_header,
)
from node.mastodon.parameters import query_of
from node.mastodon.relationships import move_of, tie_entity
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from node.tying import Move
from protocols.mastodon.accounts import Entity
from protocols.mastodon.relationships import group_membership
from storage.unit_of_work import UnitOfWork

_GROUP = "/api/v1/groups/{id}"
_ROLES = {Role.OWNER: "owner", Role.MODERATOR: "admin", Role.MEMBER: "user"}
"""The words of the one client API with groups that stands (reference client-apis 2.1)."""

Rows = Sequence[tuple[ActorKey, int]]


def follow_request_routes(desk: Desk) -> list[Route]:
    """Requests to follow and to join, and the members of a community."""
    requests, group = "/api/v1/follow_requests", f"{_GROUP}/membership_requests"
    table = (
        ("GET", requests, _waiting(desk), "api-follow-requests", "read:follows"),
        ("GET", group, _candidates(desk), "api-group-requests", "read:follows"),
        ("GET", f"{_GROUP}/memberships", _members(desk), "api-group-members", "read:accounts"),
        *(
            entry
            for verb, welcome in (("authorize", True), ("reject", False))
            for entry in (
                (
                    "POST",
                    f"{requests}/{{account_id}}/{verb}",
                    _answering(desk, welcome=welcome),
                    f"api-follow-request-{verb}",
                    "write:follows",
                ),
                (
                    "POST",
                    f"{group}/{{account_id}}/{verb}",
                    _answering(desk, welcome=welcome, of_group=True),
                    f"api-group-request-{verb}",
                    "write:follows",
                ),
            )
        ),
    )
    return user_routes(table)


def _waiting(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> tuple[Rows, dict[ActorKey, Entity]]:
            actor_id = actor_of(request)
            if uow.communities.get(actor_id) is None:
                found = uow.relations.requests(actor_id, window_of(asked))
            else:
                found = uow.relations.candidates(actor_id, window_of(asked))
            return found, entities_of(uow, desk, viewer_of(request), found)

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _candidates(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> tuple[Rows, dict[ActorKey, Entity]]:
            viewer, group = viewer_of(request), account_in_path(request)
            known_account(uow, viewer, group)
            moderator = find_actor(uow, actor_of(request))
            require(uow, find_community(uow, group), moderator, Action.ADMIT, desk.now())
            found = uow.relations.candidates(group, window_of(asked))
            return found, entities_of(uow, desk, viewer, found)

        found, entities = await desk.storage.read(unit)
        return reply_with_accounts(request, desk, asked, found, entities)

    return answer


def _answering(desk: Desk, *, welcome: bool, of_group: bool = False) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        move = move_of(request, desk, ActorKey(id_in_path(request, "account_id")))
        group = account_in_path(request) if of_group else None
        tie = await desk.acting.run(_answer, move, group, welcome)
        return reply(tie_entity(move.target_id, tie))

    return answer


def _answer(uow: UnitOfWork, move: Move, group: ActorKey | None, welcome: bool) -> Tie:  # noqa: FBT001 - a unit's argument
    if group is not None:
        known_account(uow, Viewer(person_id=move.actor_id), group)
        # By the standing of who acts: a token for one community says nothing in another.
        move = replace(move, actor_id=find_community(uow, group).id, mover_id=move.actor_id)
    tying.answer_request(uow, move, welcome=welcome)
    ties = uow.relations.between(move.actor_id, [move.target_id], move.at)
    return ties.get(move.target_id, NO_TIE)


def _members(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def unit(uow: UnitOfWork) -> tuple[Rows, dict[ActorKey, Entity], dict[ActorKey, Role]]:
            viewer, group = viewer_of(request), find_community(uow, account_in_path(request))
            known_account(uow, viewer, group.id)
            if not sees_members(uow, viewer, group.id, desk.now()):
                raise NotAllowed(Reason.NOT_A_MEMBER, "This is for members of the community")
            found = uow.relations.members(group.id, window_of(asked))
            leading = {row.person_id: row.role for row in uow.memberships.moderators(group.id)}
            return found, entities_of(uow, desk, viewer, found), leading

        found, entities, leading = await desk.storage.read(unit)
        page, around = cut(asked, found, lambda entry: entry[1])
        return reply(
            [
                group_membership(entities[key], _ROLES[leading.get(key, Role.MEMBER)])
                for key, _place in page
                if key in entities
            ],
            headers=link_header(request, desk.uris.base, around),
        )

    return answer
