"""NodeInfo: what a server says of itself, and the little that we believe of others.

A document is at most 64 KiB; whoever fetches one sets that limit. Peers are read for the name of
their software, its version and their capabilities (PieFed's list of FEPs), which switch on what
only some understand. None of it is proof of anything.

Spec: NodeInfo 2.0 and 2.1 (nodeinfo.diaspora.software); FEP-f1d5, FEP-0151, FEP-2677.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

Schema = Literal["2.0", "2.1"]

SOFTWARE: Final = "noaber"
APPLICATION: Final = "https://www.w3.org/ns/activitystreams#Application"
MAX_TEXT_CHARACTERS: Final = 100
MAX_CAPABILITIES: Final = 100
_SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"
# Newest first; 1.x is what some diaspora-like software still has.
_READABLE: Final = ("2.1", "2.0", "1.1", "1.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """What a peer says of itself: name in lower case, version, names of capabilities."""

    software: str
    version: str
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts of this node, of local people and what they wrote."""

    users_total: int
    active_month: int
    active_half_year: int
    local_posts: int
    local_comments: int


def render_index(*, base_url: str, actor_id: str) -> JsonObject:
    """Give /.well-known/nodeinfo, with a link to the actor of the node.

    Spec: NodeInfo "Discovery"; FEP-2677.
    """
    return {
        "links": [
            {"rel": f"{_SCHEMA}2.0", "href": f"{base_url}/nodeinfo/2.0"},
            {"rel": f"{_SCHEMA}2.1", "href": f"{base_url}/nodeinfo/2.1"},
            {"rel": APPLICATION, "href": actor_id},
        ]
    }


def render(
    schema: Schema,
    *,
    version: str,
    repository: str | None,
    open_registrations: bool,
    usage: Usage,
    capabilities: Collection[str],
    metadata: JsonObject,
) -> JsonObject:
    """Give the document of that schema.

    Args:
        schema: "2.0", or "2.1", which also names the repository.
        version: of this software.
        repository: URL of its source, if the operator names one.
        open_registrations: whether anyone may join without being asked anything.
        usage: counts; they may be an hour old.
        capabilities: FEPs that we keep to, as "fep-1b12"; peers switch features on by them.
        metadata: more, such as nodeName and nodeDescription.

    Spec: NodeInfo 2.0 and 2.1; FEP-0151 for the metadata.
    """
    software: JsonObject = {"name": SOFTWARE, "version": version}
    if schema == "2.1" and repository is not None:
        software["repository"] = repository
    return {
        "version": schema,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": open_registrations,
        "usage": {
            "users": {
                "total": usage.users_total,
                "activeMonth": usage.active_month,
                "activeHalfyear": usage.active_half_year,
            },
            "localPosts": usage.local_posts,
            "localComments": usage.local_comments,
        },
        "metadata": {**metadata, "capabilities": list[JsonValue](sorted(capabilities))},
    }


def parse_index(document: JsonObject) -> str:
    """Give the URL of the newest document that a peer offers.

    Spec: NodeInfo "Discovery".

    Raises:
        RemoteProtocolError: none that we can read.
    """
    links = document.get("links")
    offered: dict[str, str] = {}
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, dict):
            continue
        rel, href = link.get("rel"), link.get("href")
        if isinstance(rel, str) and isinstance(href, str) and href.startswith(("https:", "http:")):
            offered.setdefault(rel.replace("https:", "http:", 1), href)
    for version in _READABLE:
        if href := offered.get(_SCHEMA + version):
            return href
    raise RemoteProtocolError("NodeInfo offers no document that we read")


def parse(document: JsonObject) -> NodeInfo:
    """Give what we want to know of a peer; whatever else is wrong with the document is let pass.

    Raises:
        RemoteProtocolError: the software has no name.
    """
    software = document.get("software")
    name = _text(software.get("name")) if isinstance(software, dict) else ""
    if not name:
        raise RemoteProtocolError("NodeInfo names no software")
    version = _text(software.get("version")) if isinstance(software, dict) else ""
    metadata = document.get("metadata")
    listed = metadata.get("capabilities") if isinstance(metadata, dict) else None
    return NodeInfo(
        software=name.lower(),
        version=version,
        capabilities=frozenset(
            text.lower()
            for item in (listed[:MAX_CAPABILITIES] if isinstance(listed, list) else [])
            if (text := _text(item))
        ),
    )


def _text(value: JsonValue) -> str:
    if not isinstance(value, str) or not value.isprintable():
        return ""
    return value.strip()[:MAX_TEXT_CHARACTERS]
