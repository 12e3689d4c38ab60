"""Lists: those that a person made, and one for each community they are in.

The list of a community has the community's key and name; it comes and goes with the membership,
and nothing about it can be changed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp import web

from communities.errors import Invalid, NotFound
from communities.lists import (
    MAX_LIST_MEMBERS,
    MAX_LISTS,
    AccountList,
    RepliesPolicy,
    check_title,
)
from communities.membership import MembershipState
from communities.people import ActorKey
from node.app import Route
from node.auth import actor_of
from node.errors import Refusal
from node.mastodon.desk import Desk
from node.mastodon.paging import (
    ACCOUNTS,
    MOST_ACCOUNTS,
    Asked,
    asked_of,
    cut,
    id_in_path,
    link_header,
)
from node.mastodon.parameters import Parameters, invalid, parameters_of, query_of
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from node.peer_http.documents import key_of
from protocols.mastodon.accounts import Entity
from protocols.mastodon.lists import account_list
from storage.unit_of_work import UnitOfWork

_MOST_AT_ONCE = 100
_OF_COMMUNITY = (
    "This list comes with a community that you are in: it cannot be changed."
    " Leave the community to be rid of it"
)


def list_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/lists, and the lists that an account is in."""
    lists = _Lists(desk)
    one = "/api/v1/lists/{id}"
    table = (
        ("GET", "/api/v1/lists", lists.all, "api-lists", "read:lists"),
        ("POST", "/api/v1/lists", lists.make, "api-list-make", "write:lists"),
        ("GET", one, lists.one, "api-list", "read:lists"),
        ("PUT", one, lists.change, "api-list-change", "write:lists"),
        ("DELETE", one, lists.drop, "api-list-drop", "write:lists"),
        ("GET", f"{one}/accounts", lists.members, "api-list-accounts", "read:lists"),
        ("POST", f"{one}/accounts", lists.add, "api-list-add", "write:lists"),
        ("DELETE", f"{one}/accounts", lists.remove, "api-list-remove", "write:lists"),
        ("GET", "/api/v1/accounts/{id}/lists", lists.holding, "api-account-lists", "read:lists"),
    )
    return user_routes(table)


@dataclass(frozen=True, slots=True)
class _Lists:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(lists_of, actor_of(request))
        return reply([_entity(each) for each in found])

    async def one(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(find_list, actor_of(request), id_in_path(request))
        return reply(_entity(found))

    async def make(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        new = AccountList(
            id=self.desk.snowflakes.mint(),
            person_id=actor_of(request),
            title=parameters.required("title"),
        )
        made = await self.desk.storage.write(_make, _changed(new, parameters))
        return reply(_entity(made))

    async def change(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        changed = await self.desk.storage.write(
            _change, actor_of(request), id_in_path(request), parameters
        )
        return reply(_entity(changed))

    async def drop(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_drop, actor_of(request), id_in_path(request))
        return reply({})

    async def members(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        asked = asked_of(parameters, usual=ACCOUNTS, most=MOST_ACCOUNTS)
        if parameters.text("limit") == "0":
            asked = replace(asked, most=MAX_LIST_MEMBERS)
        found = await self.desk.storage.read(
            _members, actor_of(request), id_in_path(request), asked
        )
        page, around = cut(asked, found, int)
        entities = await self.desk.storage.read(self.desk.presenter.accounts, page)
        return reply(
            [entities[key] for key in page if key in entities],
            headers=link_header(request, self.desk.uris.base, around),
        )

    async def add(self, request: web.Request) -> web.Response:
        accounts = _accounts_in(await parameters_of(request))
        await self.desk.storage.write(_add, actor_of(request), id_in_path(request), accounts)
        return reply({})

    async def remove(self, request: web.Request) -> web.Response:
        accounts = _accounts_in(await parameters_of(request))
        await self.desk.storage.write(_remove, actor_of(request), id_in_path(request), accounts)
        return reply({})

    async def holding(self, request: web.Request) -> web.Response:
        account_id = ActorKey(id_in_path(request))
        found = await self.desk.storage.read(_holding, actor_of(request), account_id)
        return reply([_entity(each) for each in found])


def lists_of(uow: UnitOfWork, person_id: ActorKey) -> list[AccountList]:
    """A person's own lists, and behind them those of the communities they are in, by name."""
    joined = uow.memberships.of_person(person_id, MembershipState.MEMBER)
    profiles = uow.actors.many([membership.community_id for membership in joined])
    virtual = [_of_community(person_id, key, profile.name) for key, profile in profiles.items()]
    return [
        *uow.lists.of_person(person_id),
        *sorted(virtual, key=lambda each: (each.title.casefold(), each.id)),
    ]


def find_list(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList:
    """A list of a person, or that of a community they are in.

    Raises:
        NotFound: they have none such.
    """
    found = uow.lists.get(person_id, list_id) or list_of_community(uow, person_id, list_id)
    if found is None:
        raise NotFound("There is no such list")
    return found


def list_of_community(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList | None:
    """The list that comes with a community, when the person is a member of it."""
    key = ActorKey(list_id)
    membership = uow.memberships.get(key, person_id)
    if membership is None or membership.state is not MembershipState.MEMBER:
        return None
    profile = uow.actors.get(key)
    return None if profile is None else _of_community(person_id, key, profile.name)


def _of_community(person_id: ActorKey, key: ActorKey, name: str) -> AccountList:
    return AccountList(id=key, person_id=person_id, title=name, replies_policy=RepliesPolicy.NONE)


def _find_own(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> AccountList:
    """A list that the person made.

    Raises:
        Refusal: it comes with a community.
        NotFound: they have none such.
    """
    own = uow.lists.get(person_id, list_id)
    if own is None:
        find_list(uow, person_id, list_id)
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _OF_COMMUNITY)
    return own


def _make(uow: UnitOfWork, new: AccountList) -> AccountList:
    if uow.lists.count(new.person_id) >= MAX_LISTS:
        raise Invalid("lists", f"More than {MAX_LISTS} lists are too many")
    uow.lists.add(new)
    return new


def _change(
    uow: UnitOfWork, person_id: ActorKey, list_id: int, parameters: Parameters
) -> AccountList:
    changed = _changed(_find_own(uow, person_id, list_id), parameters)
    uow.lists.update(changed)
    return changed


def _drop(uow: UnitOfWork, person_id: ActorKey, list_id: int) -> None:
    uow.lists.remove(_find_own(uow, person_id, list_id).id)


def _members(
    uow: UnitOfWork, person_id: ActorKey, list_id: int, asked: Asked
) -> Sequence[ActorKey]:
    if uow.lists.get(person_id, list_id) is None:
        key = ActorKey(find_list(uow, person_id, list_id).id)
        return [key] if asked.after < key < asked.before else []
    return uow.lists.members(
        list_id,
        before=asked.before,
        after=asked.after,
        most=asked.one_more,
        forward=asked.forward,
    )


def _add(uow: UnitOfWork, person_id: ActorKey, list_id: int, accounts: Sequence[ActorKey]) -> None:
    own = _find_own(uow, person_id, list_id)
    for account_id in accounts:
        if not _is_read(uow, person_id, account_id):
            raise NotFound("A list holds accounts that you follow")
    if uow.lists.member_count(own.id) + len(accounts) > MAX_LIST_MEMBERS:
        raise Invalid("account_ids", f"A list has {MAX_LIST_MEMBERS} accounts at most")
    uow.lists.add_members(own.id, accounts)


def _is_read(uow: UnitOfWork, person_id: ActorKey, account_id: ActorKey) -> bool:
    """Whether the person follows the account, or asked to, or is in the community."""
    if account_id == person_id or uow.people.follow(person_id, account_id) is not None:
        return True
    membership = uow.memberships.get(account_id, person_id)
    return membership is not None and membership.state is MembershipState.MEMBER


def _remove(
    uow: UnitOfWork, person_id: ActorKey, list_id: int, accounts: Sequence[ActorKey]
) -> None:
    uow.lists.remove_members(_find_own(uow, person_id, list_id).id, accounts)


def _holding(uow: UnitOfWork, person_id: ActorKey, account_id: ActorKey) -> list[AccountList]:
    if uow.actors.get(account_id) is None:
        raise NotFound("There is no such account")
    of_community = list_of_community(uow, person_id, account_id)
    own = uow.lists.holding(person_id, account_id)
    return own if of_community is None else [*own, of_community]


def _changed(stored: AccountList, parameters: Parameters) -> AccountList:
    """The list with what a client says about it."""
    title = parameters.text("title")
    policy = parameters.text("replies_policy")
    exclusive = parameters.flag("exclusive")
    changed = replace(
        stored,
        title=stored.title if title is None else title.strip(),
        replies_policy=stored.replies_policy if policy is None else _policy(policy),
        exclusive=stored.exclusive if exclusive is None else exclusive,
    )
    check_title(changed.title)
    return changed


def _policy(word: str) -> RepliesPolicy:
    try:
        return RepliesPolicy(word)
    except ValueError:
        raise invalid("replies_policy is one of followed, list, none") from None


def _accounts_in(parameters: Parameters) -> list[ActorKey]:
    texts = parameters.texts("account_ids") or parameters.texts("account_id")
    if not texts:
        raise invalid("account_ids can't be blank")
    keys = [key_of(text) for text in texts]
    if len(keys) > _MOST_AT_ONCE:
        raise invalid(f"account_ids are {_MOST_AT_ONCE} at most")
    if None in keys:
        raise NotFound("There is no such account")
    return [ActorKey(key) for key in dict.fromkeys(keys) if key is not None]


def _entity(each: AccountList) -> Entity:
    return account_list(
        id=each.id,
        title=each.title,
        replies_policy=each.replies_policy.value,
        exclusive=each.exclusive,
    )
