"""WebFinger, NodeInfo and host-meta: how peers find out who is here and what runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from aiohttp import web

from communities.community import CommunityVisibility
from communities.errors import NotFound
from communities.people import ActorState
from federation.uris import Uris
from node.app import Access, Route
from node.founding import NODE_LOCALPART
from protocols import nodeinfo, webfinger
from protocols.strict_json import JsonObject, dumps
from storage.actors import Profile
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

CAPABILITIES = frozenset({"fep-1b12", "fep-1a11", "fep-7888"})
"""What PieFed reads to learn whether it may send batches of votes."""


MONTH, HALF_YEAR = timedelta(days=30), timedelta(days=180)
_TYPES: Mapping[str, webfinger.ActorType] = {
    "Person": "Person",
    "Group": "Group",
    "Organization": "Organization",
    "Service": "Service",
    "Application": "Application",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WellKnown:
    """Serves the well-known documents."""

    storage: Storage
    uris: Uris
    title: str
    source: str | None
    now: Callable[[], datetime]
    open_registrations: bool = False

    def routes(self) -> list[Route]:
        """All of them."""
        handlers = {
            "/.well-known/webfinger": self._webfinger,
            "/.well-known/nodeinfo": self._nodeinfo_index,
            "/nodeinfo/{version:2\\.[01]}": self._nodeinfo,
            "/.well-known/host-meta": self._host_meta,
            "/.well-known/host-meta.json": self._host_meta_json,
        }
        return [
            Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)
            for name, (path, handler) in zip(
                ("webfinger", "nodeinfo-index", "nodeinfo", "host-meta", "host-meta-json"),
                handlers.items(),
                strict=True,
            )
        ]

    async def _webfinger(self, request: web.Request) -> web.StreamResponse:
        resource = request.query.get("resource", "")
        if resource.rstrip("/") == self.uris.base:
            document = webfinger.render_server_jrd(
                base_url=self.uris.base, actor_id=self.uris.node_actor()
            )
            return _jrd(document)
        asked = webfinger.parse_resource(resource, host=self.uris.domain)
        profile = await self.storage.read(self._find, asked)
        is_node = profile.localpart == NODE_LOCALPART
        name = self.uris.domain if is_node else profile.localpart
        return _jrd(
            webfinger.render_jrd(
                acct=webfinger.Acct(name=name, host=self.uris.domain),
                actor_id=profile.uri,
                actor_type=_TYPES.get(profile.type, "Person"),
                profile_url=profile.url or self.uris.base,
            )
        )

    def _find(self, uow: UnitOfWork, asked: "webfinger.Acct | str") -> Profile:
        profile = self._by_url(uow, asked) if isinstance(asked, str) else self._by_acct(uow, asked)
        if profile is None or not profile.is_local or profile.state is not ActorState.ACTIVE:
            raise NotFound("Nobody here has this name")
        community = uow.communities.get(profile.id) if profile.kind == "community" else None
        if community is not None and community.visibility is CommunityVisibility.SECRET:
            raise NotFound("Nobody here has this name")
        return profile

    def _by_acct(self, uow: UnitOfWork, asked: "webfinger.Acct") -> Profile | None:
        hosts = (self.uris.domain, self.uris.base.partition("://")[2])
        if asked.host not in hosts:
            return None
        name = NODE_LOCALPART if asked.name.lower() in hosts else asked.name.lower()
        return uow.actors.by_name(name, None)

    def _by_url(self, uow: UnitOfWork, url: str) -> Profile | None:
        for prefix in ("@", "c/"):
            page = f"{self.uris.base}/{prefix}"
            if url.startswith(page):
                return uow.actors.by_name(url[len(page) :].lower(), None)
        return uow.actors.by_uri(url)

    async def _nodeinfo_index(self, _request: web.Request) -> web.StreamResponse:
        document = nodeinfo.render_index(base_url=self.uris.base, actor_id=self.uris.node_actor())
        return _json(document)

    async def _nodeinfo(self, request: web.Request) -> web.StreamResponse:
        usage = await self.storage.read(_usage, self.now())
        schema: nodeinfo.Schema = "2.1" if request.match_info["version"] == "2.1" else "2.0"
        document = nodeinfo.render(
            schema,
            version=version("noaber"),
            repository=self.source,
            open_registrations=self.open_registrations,
            usage=usage,
            capabilities=CAPABILITIES,
            metadata={"nodeName": self.title},
        )
        profile = f"http://nodeinfo.diaspora.software/ns/schema/{schema}#"
        return _json(document, f'application/json; profile="{profile}"')

    async def _host_meta(self, _request: web.Request) -> web.StreamResponse:
        text = webfinger.host_meta_xml(self.uris.base)
        headers = {"Content-Type": "application/xrd+xml; charset=utf-8"}
        return web.Response(text=text, headers={**headers, "Access-Control-Allow-Origin": "*"})

    async def _host_meta_json(self, _request: web.Request) -> web.StreamResponse:
        return _jrd(webfinger.host_meta_json(self.uris.base))


def _usage(uow: UnitOfWork, now: datetime) -> nodeinfo.Usage:
    usage = uow.directory.usage()
    return nodeinfo.Usage(
        users_total=usage.people,
        active_month=uow.directory.active_since(now - MONTH),
        active_half_year=uow.directory.active_since(now - HALF_YEAR),
        local_posts=usage.posts,
        local_comments=usage.comments,
    )


def _jrd(document: JsonObject) -> web.Response:
    return _json(document, "application/jrd+json; charset=utf-8")


def _json(document: JsonObject, content_type: str = "application/json") -> web.Response:
    return web.Response(
        body=dumps(document),
        headers={
            "Content-Type": content_type,
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "public, max-age=300",
        },
    )
