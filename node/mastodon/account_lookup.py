"""Which accounts a caller may know of, and their entities: what every handler of accounts needs."""

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.visibility import Viewer, may_see_members
from node.mastodon.desk import Desk
from node.mastodon.paging import Asked, cut, id_in_path, link_header
from node.mastodon.replies import reply
from protocols.mastodon.accounts import Entity
from storage.actors import Profile
from storage.pages import Window
from storage.unit_of_work import UnitOfWork


def account_in_path(request: web.Request) -> ActorKey:
    """The account that a path names.

    Raises:
        NotFound: what stands there is no id.
    """
    return ActorKey(id_in_path(request))


def known_account(uow: UnitOfWork, viewer: Viewer, account_id: ActorKey) -> Profile:
    """The account, when the viewer may know that it exists.

    Spec: security PRV-01.

    Raises:
        NotFound: there is none, or it is a secret community.
    """
    found = uow.actors.get(account_id)
    if found is None or not uow.relations.known(viewer.person_id, [account_id]):
        raise NotFound("There is no such account")
    return found


def known_entities(
    uow: UnitOfWork, desk: Desk, viewer: Viewer, keys: Sequence[ActorKey]
) -> list[Entity]:
    """Accounts in this order, but for those that the viewer may not know of."""
    found = desk.presenter.accounts(uow, uow.relations.known(viewer.person_id, keys))
    return [found[key] for key in dict.fromkeys(keys) if key in found]


def entities_of(
    uow: UnitOfWork, desk: Desk, viewer: Viewer, found: Sequence[tuple[ActorKey, int]]
) -> dict[ActorKey, Entity]:
    """The accounts of rows with places, but for those that the viewer may not know of."""
    known = uow.relations.known(viewer.person_id, [key for key, _place in found])
    return desk.presenter.accounts(uow, known)


def sees_members(uow: UnitOfWork, viewer: Viewer, community_id: ActorKey, at: datetime) -> bool:
    """Whether the viewer may see who is in a community; the community itself does."""
    if viewer.person_id is None:
        return False
    if viewer.person_id == community_id:
        return True
    return may_see_members(uow.memberships.get(community_id, viewer.person_id), at)


def window_of(asked: Asked) -> Window:
    """The rows to read for a page, and one more to see whether another follows."""
    return Window(
        before=asked.before, after=asked.after, most=asked.one_more, forward=asked.forward
    )


def reply_with_accounts(
    request: web.Request,
    desk: Desk,
    asked: Asked,
    found: Sequence[tuple[ActorKey, int]],
    entities: dict[ActorKey, Entity],
) -> web.Response:
    """A page of accounts by their places, with the way to the pages around it."""
    page, around = cut(asked, found, lambda entry: entry[1])
    return reply(
        [entities[key] for key, _place in page if key in entities],
        headers=link_header(request, desk.uris.base, around),
    )
