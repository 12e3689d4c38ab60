"""From what a person typed to an actor or post: names, handles, URLs, numbers.

What is not known here is looked up at its own server (WebFinger, then the document) and kept.
"""

import asyncio
import difflib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from communities.errors import NotFound
from communities.people import ActorState
from communities.posts import Post, PostKey
from communities.text import find_mentions
from federation.activitypub.act import Context
from federation.activitypub.looked_up import store_looked_up
from federation.activitypub.profiles import store_actor
from federation.activitypub.resolve import Resolver
from federation.client import Client
from federation.documents import WEBFINGER
from federation.errors import FederationError
from federation.policies import Policies
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from protocols.activitypub.parsing_origins import is_web_url
from protocols.activitypub.vocabulary import Actor
from protocols.activitypub.vocabulary import Post as FoundPost
from protocols.errors import RemoteProtocolError
from protocols.webfinger import Acct, parse_handle, self_link, webfinger_url
from storage.actors import Profile
from storage.errors import Busy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

Scheme = Literal["https", "http"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Finds actors and posts by what people call them."""

    storage: Storage
    client: Client
    resolver: Resolver
    policies: Policies
    uris: Uris
    snowflakes: Snowflakes
    now: Callable[[], datetime]

    async def account(self, name: str) -> Profile:
        """A person of this node, by name or handle.

        Raises:
            NotFound: there is none; the sentence names the nearest one.
        """
        return await self.storage.read(self._local, _bare(name, self._hosts), "person")

    async def own_community(self, name: str) -> Profile:
        """A community of this node, by name or handle. Raises as `account`."""
        return await self.storage.read(self._local, _bare(name, self._hosts), "community")

    async def own(self, name: str) -> Profile:
        """A person or community of this node, by name or handle. Raises as `account`."""
        return await self.storage.read(self._local, _bare(name, self._hosts), None)

    async def community(self, words: str) -> Profile:
        """A community, here or elsewhere.

        Raises:
            NotFound: there is none, or it is a person.
        """
        found = await self._find(words, "community")
        if found.kind != "community":
            raise NotFound(f"{words} is a person, not a community")
        return found

    async def person(self, words: str) -> Profile:
        """A person, here or elsewhere.

        Raises:
            NotFound: there is none, or it is a community.
        """
        found = await self._find(words, "person")
        if found.kind != "person":
            raise NotFound(f"{words} is a community, not a person")
        return found

    async def actor(self, words: str) -> Profile:
        """A person or community, here or elsewhere: by @name@host, !name@host, name or URL.

        Raises:
            NotFound: there is none.
            PeerUnreachable: its server does not answer now.
        """
        return await self._find(words, "community" if words.startswith("!") else None)

    async def post(self, words: str) -> Post:
        """A post, by its number on this node or one of its URLs; fetched when it is not here yet.

        Raises:
            NotFound: there is none.
            PeerUnreachable: its server does not answer now.
        """
        known = await self.storage.read(self._post, words.strip())
        if known is not None:
            return known
        found = None
        if is_web_url(words.strip()) and not self.uris.is_ours(words.strip()):
            found = await self.resolver.fetch(words.strip())
        if not isinstance(found, FoundPost):
            raise NotFound(f"there is no post {words} here")
        if await self.storage.read(_is_unknown, found.attributed_to):
            await self._fetch(found.attributed_to)
        context = Context(uris=self.uris, snowflakes=self.snowflakes)
        return await self.storage.write(store_looked_up, found, context, self.now())

    async def is_post(self, words: str) -> bool:
        """Whether this node has a post under these words."""
        return await self.storage.read(self._post, words.strip()) is not None

    async def mentioned(self, source: str, within: timedelta | None = None) -> dict[str, Profile]:
        """Whom a text mentions, by the mention, in its order; who cannot be found is left out.

        With `within`, so are those whose servers take longer than that together.
        """
        mentions = find_mentions(source)
        found = await self.storage.read(self._known, mentions) if mentions else {}
        try:
            async with asyncio.timeout(None if within is None else within.total_seconds()):
                for mention in mentions:
                    if mention not in found:
                        await self._look_up(mention, found)
        except TimeoutError:
            log.info("looking up who is mentioned took too long")
        return {mention: found[mention] for mention in mentions if mention in found}

    async def _look_up(self, mention: str, found: dict[str, Profile]) -> None:
        try:
            found[mention] = await self.actor(mention)
        except (NotFound, FederationError, RemoteProtocolError, Busy):
            log.debug("%s is mentioned and cannot be found", mention)

    def _known(self, uow: UnitOfWork, mentions: Sequence[str]) -> dict[str, Profile]:
        """Those of the mentioned who can be told without asking anybody."""
        found = {}
        for mention in mentions:
            name, _, host = mention.lstrip("@!").partition("@")
            kind = "community" if mention.startswith("!") else None
            own = not host or host in self._hosts
            profile = uow.actors.by_name(name, None if own else host)
            if profile is None or profile.state is ActorState.DELETED:
                continue
            if kind in (None, profile.kind) and profile.type != "Application":
                found[mention] = profile
        return found

    @property
    def _hosts(self) -> tuple[str, str]:
        return self.uris.domain, self.uris.base.partition("://")[2]

    @property
    def _scheme(self) -> Scheme:
        """That of our own base: only nodes that are tried out speak plain http."""
        return "http" if self.uris.base.startswith("http://") else "https"

    async def _find(self, words: str, kind: str | None) -> Profile:
        text = words.strip()
        if is_web_url(text):
            return await self._by_url(text)
        if "@" not in text.lstrip("@!"):
            return await self.storage.read(self._local, text.lstrip("@!").lower(), kind)
        return await self._by_handle(parse_handle(text), kind)

    async def _by_url(self, url: str) -> Profile:
        known = await self.storage.read(self._known_by_url, url)
        if known is not None:
            return known
        return await self._fetch(url)

    async def _by_handle(self, acct: Acct, kind: str | None) -> Profile:
        if acct.host in self._hosts:
            return await self.storage.read(self._local, acct.name.lower(), kind)
        known = await self.storage.read(_known_by_handle, acct)
        if known is not None and kind in (None, known.kind):
            return known
        if self.policies.is_refused(f"{self._scheme}://{acct.host}"):
            raise NotFound(f"{acct.host} is blocked here")
        fetched = await self.client.get_json(webfinger_url(acct, scheme=self._scheme), WEBFINGER)
        prefer = acct.prefer or ("Group" if kind == "community" else None)
        return await self._fetch(self_link(fetched.document, prefer=prefer))

    async def _fetch(self, uri: str) -> Profile:
        document = await self.resolver.fetch(uri)
        if not isinstance(document, Actor):
            raise NotFound(f"there is no person or community at {uri}")
        return await self.storage.write(_store, document, self.now(), self.snowflakes)

    def _known_by_url(self, uow: UnitOfWork, url: str) -> Profile | None:
        for prefix in (f"{self.uris.base}/@", f"{self.uris.base}/c/"):
            if url.startswith(prefix):
                return self._local(uow, url.removeprefix(prefix).lower(), None)
        found = uow.actors.by_uri(url)
        if found is None and self.uris.is_ours(url):
            raise NotFound(f"there is nobody at {url}")
        return found

    def _local(self, uow: UnitOfWork, name: str, kind: str | None) -> Profile:
        found = uow.actors.by_name(name, None)
        fits = found is not None and kind in (None, found.kind) and found.type != "Application"
        if found is None or not fits or found.state is ActorState.DELETED:
            words = {"person": "account", "community": "community"}.get(kind or "", "name")
            raise NotFound(f"there is no {words} {name} on this node{_nearest(uow, name, kind)}")
        return found

    def _post(self, uow: UnitOfWork, words: str) -> Post | None:
        if words.isascii() and words.isdigit() and len(words) <= len(str(2**63)):
            return uow.posts.get(PostKey(int(words)))
        found = uow.posts.by_uri(words)
        key = self.uris.key_of(words, "post")
        if found is None and key is not None:
            found = uow.posts.get(PostKey(key))
        return found


def _bare(name: str, hosts: tuple[str, ...]) -> str:
    """A name of this node without signs and without its own host."""
    bare, _, host = name.strip().lstrip("@!").partition("@")
    return (bare if not host or host in hosts else f"{bare}@{host}").lower()


def _nearest(uow: UnitOfWork, name: str, kind: str | None) -> str:
    kinds = ("person", "community") if kind is None else (kind,)
    known = [known for one in kinds for _key, known in uow.directory.names(one)]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _known_by_handle(uow: UnitOfWork, acct: Acct) -> Profile | None:
    for name in dict.fromkeys((acct.name, acct.name.lower())):
        found = uow.actors.by_name(name, acct.host)
        if found is not None:
            return found
    return None


def _is_unknown(uow: UnitOfWork, uri: str) -> bool:
    return uow.actors.key_of(uri) is None


def _store(uow: UnitOfWork, actor: Actor, at: datetime, snowflakes: Snowflakes) -> Profile:
    return store_actor(uow, actor, at=at, snowflakes=snowflakes)
