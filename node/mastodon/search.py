"""Search: people and communities, hashtags, posts; and what an address or a handle names."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import Post, PostKey
from communities.search_query import parse_query
from communities.visibility import Viewer
from federation.errors import FederationError
from node.app import Access, Route
from node.auth import viewer_of
from node.mastodon.account_lookup import known_entities
from node.mastodon.allowances import LOOK_UP_TIME
from node.mastodon.desk import Desk
from node.mastodon.paging import NEWEST
from node.mastodon.parameters import Parameters, invalid, query_of
from node.mastodon.presenting_tags import tag_entities
from node.mastodon.replies import reply
from node.peer_http.documents import key_of
from protocols.activitypub.parsing_origins import is_web_url
from protocols.errors import RemoteProtocolError
from protocols.mastodon.accounts import Entity
from storage.actors import Profile
from storage.errors import Busy
from storage.feeds import FeedEntry
from storage.post_search import Sought
from storage.unit_of_work import UnitOfWork

USUAL, MOST = 20, 40
MOST_SKIPPED = 10_000
_KINDS = frozenset({"accounts", "hashtags", "statuses"})
_HANDLE = re.compile(r"[@!]?[\w.-]+@[\w.-]+(:\d+)?")
_NOBODY = ActorKey(0)


def search_routes(desk: Desk) -> list[Route]:
    """Search over everything; over accounts alone it is `account_search`."""
    search = _Search(desk)
    return [
        Route(
            method="GET",
            path="/api/v2/search",
            handler=search.all,
            access=Access.APP_OPTIONAL,
            name="api-search",
            scope="read:search",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What an app asks for."""

    text: str
    viewer: Viewer
    at: datetime
    kinds: frozenset[str]
    most: int
    skip: int = 0
    only_tied: bool = False
    author_id: ActorKey | None = None
    before: int = NEWEST
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """What an address or a handle names, found here or at its server."""

    account: Profile | None = None
    post: Post | None = None

    def __bool__(self) -> bool:
        return self.account is not None or self.post is not None


@dataclass(frozen=True, slots=True)
class _Search:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        parameters = query_of(request)
        asked = _asked_of(parameters, viewer_of(request), self.desk.now())
        named = _Resolved()
        if parameters.is_set("resolve") and asked.viewer.person_id is not None:
            named = await self._resolve(asked.text)
        if named or is_web_url(asked.text):
            return reply(await self.desk.storage.read(self._show_named, asked, named))
        return reply(await self.desk.storage.read(self._find, asked))

    async def _resolve(self, text: str) -> _Resolved:
        """What an address or a whole handle names; its server is asked when it is not known."""
        if _HANDLE.fullmatch(text):
            return _Resolved(account=await self._actor(text))
        if not is_web_url(text):
            return _Resolved()
        post = await self._post(text)
        return _Resolved(post=post, account=None if post else await self._actor(text))

    async def _actor(self, text: str) -> Profile | None:
        try:
            async with asyncio.timeout(LOOK_UP_TIME.total_seconds()):
                return await self.desk.finder.actor(text)
        except _NOT_FOUND:
            return None

    async def _post(self, text: str) -> Post | None:
        try:
            async with asyncio.timeout(LOOK_UP_TIME.total_seconds()):
                return await self.desk.finder.post(text)
        except _NOT_FOUND:
            return None

    def _show_named(self, uow: UnitOfWork, asked: _Asked, named: _Resolved) -> Entity:
        """What an address names, as far as the viewer may know of it."""
        post, account = named.post, named.account
        if not named:
            post, account = uow.posts.by_uri(asked.text), uow.actors.by_uri(asked.text)
        accounts, statuses = [], []
        if account is not None and "accounts" in asked.kinds:
            accounts = known_entities(uow, self.desk, asked.viewer, [account.id])
        if post is not None and "statuses" in asked.kinds:
            statuses = self._shown(uow, asked, [post.id])
        return {"accounts": accounts, "statuses": statuses, "hashtags": []}

    def _find(self, uow: UnitOfWork, asked: _Asked) -> Entity:
        return {
            "accounts": self._find_accounts(uow, asked) if "accounts" in asked.kinds else [],
            "statuses": self._find_statuses(uow, asked) if "statuses" in asked.kinds else [],
            "hashtags": self._find_tags(uow, asked) if "hashtags" in asked.kinds else [],
        }

    def _find_accounts(self, uow: UnitOfWork, asked: _Asked) -> list[Entity]:
        found = uow.actor_words.find(
            asked.text,
            viewer=asked.viewer.person_id or _NOBODY,
            only_tied=asked.only_tied,
            most=asked.most,
            skip=asked.skip,
        )
        return known_entities(uow, self.desk, asked.viewer, found)

    def _find_tags(self, uow: UnitOfWork, asked: _Asked) -> list[Entity]:
        found = uow.tags.beginning(asked.text.removeprefix("#"), most=asked.most, skip=asked.skip)
        return tag_entities(uow, self.desk, found, asked.viewer.person_id, asked.at)

    def _find_statuses(self, uow: UnitOfWork, asked: _Asked) -> list[Entity]:
        """Posts by their words, for people of this node: nobody else may go through them."""
        viewer_id = asked.viewer.person_id
        if viewer_id is None:
            return []
        query = parse_query(asked.text)
        sought = Sought(
            query=query,
            viewer=viewer_id,
            authors=_authors(uow, query.authors, asked),
            communities=_named(uow, query.communities) if query.communities else None,
            hidden=uow.feeds.hidden_from(viewer_id, asked.at),
        )
        found = uow.post_search.find(
            sought, before=asked.before, after=asked.after, most=asked.most, skip=asked.skip
        )
        return self._shown(uow, asked, found)

    def _shown(self, uow: UnitOfWork, asked: _Asked, found: Sequence[PostKey]) -> list[Entity]:
        entries = [FeedEntry(id=key, post_id=key) for key in found]
        return self.desk.presenter.statuses(uow, asked.viewer, entries, asked.at)


_NOT_FOUND = (NotFound, FederationError, RemoteProtocolError, Busy, TimeoutError)


def _authors(uow: UnitOfWork, handles: Sequence[str], asked: _Asked) -> list[ActorKey] | None:
    """Whose posts are looked for; None for anyone's."""
    if not handles:
        return None if asked.author_id is None else [asked.author_id]
    named = _named(uow, [handle for handle in handles if handle != "me"])
    if "me" in handles and asked.viewer.person_id is not None:
        named.append(asked.viewer.person_id)
    return [key for key in named if asked.author_id in (None, key)]


def _named(uow: UnitOfWork, handles: Sequence[str]) -> list[ActorKey]:
    """The actors with these handles; those that are not known here are left out."""
    found = []
    for handle in handles:
        name, _, host = handle.partition("@")
        profile = uow.actors.by_name(name, host or None)
        if profile is not None:
            found.append(profile.id)
    return found


def _asked_of(parameters: Parameters, viewer: Viewer, at: datetime) -> _Asked:
    kind = parameters.text("type")
    if kind and kind not in _KINDS:
        raise invalid("type is one of accounts, hashtags, statuses")
    author = parameters.text("account_id")
    return _Asked(
        text=parameters.required("q").replace("\0", " ").strip(),
        viewer=viewer,
        at=at,
        kinds=frozenset({kind}) if kind else _KINDS,
        most=_limit_in(parameters),
        skip=_skip_in(parameters) if kind else 0,
        only_tied=parameters.is_set("following") and viewer.person_id is not None,
        author_id=ActorKey(key_of(author) or 0) if author else None,
        before=key_of(parameters.text("max_id") or "") or NEWEST,
        after=key_of(parameters.text("min_id") or "") or 0,
    )


def _limit_in(parameters: Parameters) -> int:
    limit = parameters.number("limit")
    return USUAL if limit is None else max(1, min(limit, MOST))


def _skip_in(parameters: Parameters) -> int:
    skip = parameters.number("offset")
    return 0 if skip is None else max(0, min(skip, MOST_SKIPPED))
