"""WebFinger: from a handle to an actor and back, and the host-meta that old software asks first.

A JRD is at most 64 KiB; whoever fetches one sets that limit. What a JRD says is a claim of its
host: an actor counts as name@host only if it names itself so and host points back to its id.

Spec: RFC 7033 (WebFinger), RFC 7565 (acct URIs), RFC 6415 (host-meta), FEP-d556, FEP-3b86.
"""

import re
from dataclasses import dataclass, field
from html import escape
from typing import Final, Literal
from urllib.parse import quote, unquote, urlsplit

import idna

from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

ActorType = Literal["Person", "Group", "Organization", "Service", "Application"]
Preference = Literal["Group", "Person"] | None

ACTIVITY_JSON: Final = "application/activity+json"
AS_TYPE: Final = "https://www.w3.org/ns/activitystreams#type"
PROFILE_PAGE: Final = "http://webfinger.net/rel/profile-page"
SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
FOLLOW_INTENT: Final = "https://w3id.org/fep/3b86/Follow"
SERVER_ACTOR: Final = "https://www.w3.org/ns/activitystreams#Service"
MAX_URL_CHARACTERS: Final = 2_048
MAX_LINKS: Final = 100
_MAX_PORT: Final = 65_535
_MAX_HOST_CHARACTERS: Final = 253

_ACTOR_TYPES: Final = re.compile(
    r"application/activity\+json *(?:;.*)?"
    r'|application/ld\+json *;.*profile="https://www\.w3\.org/ns/activitystreams".*',
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[^\s:@/?#\\<>\"&%]{1,128}")
_NAME_SAFE: Final = "!$'()*+,;=~:"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acct:
    """The address of an actor.

    Attributes:
        name: as written; compare without case. "~news" is a feed of PieFed.
        host: in lower case and in ASCII (IDNA 2008), with the port if one was said.
        prefer: what the writer meant, if name@host is both: "!" a Group, "@" a Person.
    """

    name: str
    host: str
    prefer: Preference = field(default=None, compare=False)

    @property
    def uri(self) -> str:
        """The acct: URI, as in `resource` and `subject`."""
        return f"acct:{quote(self.name, safe=_NAME_SAFE)}@{self.host}"

    def __str__(self) -> str:
        """Name and host with one "@" between them."""
        return f"{self.name}@{self.host}"


def parse_resource(resource: str, *, host: str = "") -> Acct | str:
    """Give what a WebFinger query asks for: an address, or the URL of an actor or page.

    Reads acct:name@host, group:name@host (old Lemmy), name@host with or without "@" or "!"
    before it, and with `host` given also acct:name, which is then one of that host.

    Spec: RFC 7033 section 4.1; RFC 7565 section 3.

    Raises:
        RemoteProtocolError: neither of these.
    """
    if len(resource) > MAX_URL_CHARACTERS:
        raise _refusal("too long")
    if resource.lower().startswith(("https://", "http://")):
        return _url(resource)
    scheme, colon, rest = resource.partition(":")
    if colon and scheme.lower() in {"acct", "group"}:
        found = _acct(unquote(rest), host)
        return found if scheme.lower() == "acct" else _preferring(found, "Group")
    return parse_handle(resource)


def parse_handle(text: str) -> Acct:
    """Give the address that a person typed: name@host, @name@host or !name@host.

    Spec: RFC 7565 section 3; the signs before it are those of Mastodon and Lemmy.

    Raises:
        RemoteProtocolError: not of that form, or a host that cannot be one.
    """
    return _acct(text.strip(), "")


def parse_host(text: str) -> str:
    """Give a host in lower case and ASCII, with its port if there is one.

    Spec: RFC 5891 (IDNA 2008) after the mapping of UTS 46; RFC 1123 section 2.1.

    Raises:
        RemoteProtocolError: empty, too long, or no host name or IPv4 address.
    """
    name, colon, port = text.partition(":")
    # The length first: mapping a long name to ASCII is slow.
    if not name.isascii() and len(name) <= _MAX_HOST_CHARACTERS:
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (UnicodeError, IndexError):
            raise _refusal("host") from None
    name = name.lower()
    if len(name) > _MAX_HOST_CHARACTERS or not _HOST.fullmatch(name):
        raise _refusal("host")
    if colon and not (_PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        raise _refusal("port")
    return name + colon + port


def webfinger_url(acct: Acct, *, scheme: Literal["https", "http"] = "https") -> str:
    """Give the URL that answers for the address."""
    return f"{scheme}://{acct.host}/.well-known/webfinger?resource={quote(acct.uri, safe='')}"


def render_jrd(
    *,
    acct: Acct,
    actor_id: str,
    actor_type: ActorType,
    profile_url: str,
    authorize_template: str | None = None,
) -> JsonObject:
    """Give the JRD of a person, a community or (as acct:host@host) the node itself.

    Args:
        acct: the subject.
        actor_id: what `self` points to.
        actor_type: lets others tell a community from a person before they fetch it.
        profile_url: the page for people.
        authorize_template: a URL with "{uri}" in it, where a reader from elsewhere follows.

    Spec: RFC 7033 section 4.4; FEP-3b86 for the Follow intent, FEP-d556 for the node.
    """
    links: list[JsonValue] = [
        {"rel": PROFILE_PAGE, "type": "text/html", "href": profile_url},
        {
            "rel": "self",
            "type": ACTIVITY_JSON,
            "href": actor_id,
            "properties": {AS_TYPE: actor_type},
        },
    ]
    if authorize_template is not None:
        intent = authorize_template.replace("{uri}", "{object}")
        links.append({"rel": SUBSCRIBE, "template": authorize_template})
        links.append({"rel": FOLLOW_INTENT, "template": intent})
    aliases: list[JsonValue] = [profile_url]
    if actor_id != profile_url:
        aliases.append(actor_id)
    return {"subject": acct.uri, "aliases": aliases, "links": links}


def render_server_jrd(*, base_url: str, actor_id: str) -> JsonObject:
    """Give the JRD of the node asked for by its URL, "https://host/".

    Spec: FEP-d556.
    """
    return {
        "subject": f"{base_url}/",
        "links": [{"rel": SERVER_ACTOR, "type": ACTIVITY_JSON, "href": actor_id}],
    }


def self_link(jrd: JsonObject, *, prefer: Preference) -> str:
    """Give the id of the actor that a JRD points to.

    With several, the one that says it is of the preferred type; else for a Group the last, for
    others the first: servers with a person and a community of one name put them in that order.

    Raises:
        RemoteProtocolError: no link to an actor.
    """
    found = [
        (href, _type(link))
        for link in _links(jrd)
        if link.get("rel") == "self" and _is_actor_type(link.get("type"))
        for href in [link.get("href")]
        if isinstance(href, str) and _is_url(href)
    ]
    if not found:
        raise RemoteProtocolError("WebFinger names no actor")
    for href, actor_type in found:
        if prefer is not None and actor_type == prefer:
            return href
    return found[-1 if prefer == "Group" else 0][0]


def subject(jrd: JsonObject) -> Acct | None:
    """Give the address that a JRD says it is about; None if it does not say."""
    value = jrd.get("subject")
    try:
        found = parse_resource(value) if isinstance(value, str) else None
    except RemoteProtocolError:
        return None
    return found if isinstance(found, Acct) else None


def host_meta_xml(base_url: str) -> str:
    """Give /.well-known/host-meta (application/xrd+xml).

    Spec: RFC 6415 section 3.
    """
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template="{escape(_lrdd(base_url))}"/>\n'
        "</XRD>\n"
    )


def host_meta_json(base_url: str) -> JsonObject:
    """Give /.well-known/host-meta.json.

    Spec: RFC 6415 appendix A.
    """
    return {"links": [{"rel": "lrdd", "template": _lrdd(base_url)}]}


def _lrdd(base_url: str) -> str:
    return f"{base_url}/.well-known/webfinger?resource={{uri}}"


def _refusal(what: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"not an address: {what}", errcode="M_INVALID_PARAM")


def _acct(text: str, default_host: str) -> Acct:
    sign = text[:1] if text[:1] in {"@", "!"} else ""
    name, at, host = text[len(sign) :].partition("@")
    if not at and not default_host:
        raise _refusal("host")
    address = parse_host(host) if at else default_host
    if ":" in name and name.lower() == host.lower():
        name = address  # the actor of a node on loopback is called as its host and port
    elif not _NAME.fullmatch(name) or not name.isprintable():
        raise _refusal("name")
    found = Acct(name=name, host=address)
    if not sign:
        return found
    return _preferring(found, "Group" if sign == "!" else "Person")


def _preferring(acct: Acct, prefer: Preference) -> Acct:
    return Acct(name=acct.name, host=acct.host, prefer=prefer)


def _url(text: str) -> str:
    if not _is_url(text):
        raise _refusal("URL")
    return text


def _is_url(text: str) -> bool:
    if len(text) > MAX_URL_CHARACTERS or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc and port != 0
    return parts.scheme in {"https", "http"} and named


def _links(jrd: JsonObject) -> list[JsonObject]:
    links = jrd.get("links")
    if not isinstance(links, list):
        return []
    return [link for link in links[:MAX_LINKS] if isinstance(link, dict)]


def _is_actor_type(media_type: JsonValue) -> bool:
    return isinstance(media_type, str) and bool(_ACTOR_TYPES.fullmatch(media_type.strip()))


def _type(link: JsonObject) -> JsonValue:
    properties = link.get("properties")
    return properties.get(AS_TYPE) if isinstance(properties, dict) else None
