"""Actors: people, communities, pages, services, nodes and feeds of peers.

Spec: ActivityPub section 4; FEP-521a (keys); FEP-1b12 (moderators); FEP-2c59 (webfinger);
FEP-fe34 (everything that speaks for an actor is of the actor's origin).
"""

from typing import Final

from protocols.activitypub.parsing_media import MAX_TAGS, picture_of, tags_of
from protocols.activitypub.parsing_origins import is_web_url, same_origin
from protocols.activitypub.parsing_types import actor_type
from protocols.activitypub.parsing_values import (
    as_list,
    date_of,
    flag_of,
    id_of,
    language_code,
    link_of,
    malformed,
    name_of,
    natural_text,
    needed_id,
    plain_text,
    recipients,
    source_of,
    type_names,
    unusable,
)
from protocols.activitypub.vocabulary import Actor, ActorId, KeyDocument, PropertyField
from protocols.strict_json import JsonObject, JsonValue

MAX_USERNAME_CHARACTERS: Final = 255
"""GHSA-gg8q-rcg7-p79g allows 2048; a handle of more than 255 has no use in WebFinger (RFC 7565)."""
MAX_KEYS: Final = 10
"""Keys beyond these are not taken. Mastodon MAX_PUBLIC_KEYS, GHSA-gg8q-rcg7-p79g."""
MAX_PEM_CHARACTERS: Final = 8192
"""An RSA key of 16 384 bits is below; longer ones are not taken. GHSA-gg8q-rcg7-p79g."""
MAX_ALIASES: Final = 256
"""alsoKnownAs beyond these is not taken. GHSA-gg8q-rcg7-p79g."""
MAX_FIELDS: Final = 50
"""Profile fields beyond these are not taken. GHSA-gg8q-rcg7-p79g."""
MAX_FIELD_CHARACTERS: Final = 2048
MAX_LANGUAGES: Final = 200
MAX_MODERATORS: Final = 500

_NOT_OPEN: Final = ("closed", "private")
_NOT_IN_HOSTS: Final = frozenset("/?#")
_NOT_IN_USERNAMES: Final = frozenset("@/\\:?#<>\"'&%")


def parse_actor(raw: JsonValue) -> Actor:
    """Give the actor that a document describes.

    Refused: no id, inbox or preferredUsername, an inbox or a key of another origin than the id.
    A shared inbox, outbox or collection of another origin is left out.

    Raises:
        RemoteProtocolError: 400 when malformed, 422 when it cannot serve as an actor.
    """
    if type(raw) is not dict:
        raise malformed("The actor is not a JSON object.")
    kind = actor_type(raw)
    if kind is None:
        raise unusable("The type is not one of an actor.")
    actor_id = needed_id(raw, "actor")
    moderators, moderator_ids = _moderators(raw)
    source, source_media_type = source_of(raw)
    endpoints = raw.get("endpoints")
    capabilities = raw.get("capabilities")
    moved_to = id_of(raw.get("movedTo"))
    return Actor(
        id=ActorId(actor_id),
        type=kind,
        preferred_username=_username(raw),
        inbox=_inbox(raw, actor_id),
        name=name_of(raw),
        summary_html=natural_text(raw, "summary"),
        source=source,
        source_media_type=source_media_type,
        outbox=_own(raw, "outbox", actor_id),
        # Smithereen and Mobilizon groups have members where others have followers.
        followers=_own(raw, "followers", actor_id) or _own(raw, "members", actor_id),
        following=_own(raw, "following", actor_id),
        featured=_own(raw, "featured", actor_id),
        shared_inbox=_shared_inbox(raw, endpoints, actor_id),
        url=link_of(raw.get("url")),
        icon=picture_of(raw.get("icon")),
        image=picture_of(raw.get("image")),
        keys=_keys(raw, actor_id),
        published=date_of(raw.get("published")),
        updated=date_of(raw.get("updated")),
        manually_approves_followers=_approves(raw),
        discoverable=flag_of(raw.get("discoverable")),
        indexable=flag_of(raw.get("indexable")),
        also_known_as=recipients(raw.get("alsoKnownAs"))[:MAX_ALIASES],
        moved_to=moved_to,
        moderators=moderators,
        moderator_ids=moderator_ids,
        posting_restricted_to_mods=raw.get("postingRestrictedToMods") is True,
        accepts_joins=type(capabilities) is dict and capabilities.get("acceptsJoins") is True,
        open_to_read=flag_of(raw.get("nb:openToRead")),
        sensitive=raw.get("sensitive") is True,
        matrix_user_id=_matrix_user_id(raw.get("matrixUserId")),
        languages=_languages(raw.get("language")),
        fields=_fields(raw.get("attachment")),
        emojis=tags_of(raw.get("tag")).emojis,
        webfinger=_webfinger(raw.get("webfinger")),
    )


def _approves(raw: JsonObject) -> bool:
    """Whether a follower waits for approval; Smithereen says it of groups in accessType."""
    return raw.get("manuallyApprovesFollowers") is True or raw.get("accessType") in _NOT_OPEN


def _username(raw: JsonObject) -> str:
    name = raw.get("preferredUsername")
    if name is None:
        raise unusable("The actor has no preferredUsername.")
    if (
        type(name) is not str
        or not 0 < len(name) <= MAX_USERNAME_CHARACTERS
        or not name.isprintable()
        or " " in name
        or not _NOT_IN_USERNAMES.isdisjoint(name)
    ):
        raise malformed("The preferredUsername of the actor cannot be part of a handle.")
    return name


def _inbox(raw: JsonObject, actor_id: str) -> str:
    value = raw.get("inbox")
    if value is None:
        raise unusable("The actor has no inbox.")
    inbox = id_of(value)
    if inbox is None:
        raise malformed("The inbox of the actor is not an http or https URL.")
    if not same_origin(inbox, actor_id):
        raise unusable("The inbox of the actor is of another origin than its id.")
    return inbox


def _own(raw: JsonObject, key: str, actor_id: str) -> str | None:
    """A collection of the actor; one elsewhere would let it claim another's followers."""
    found = id_of(raw.get(key))
    return found if found is not None and same_origin(found, actor_id) else None


def _shared_inbox(raw: JsonObject, endpoints: JsonValue, actor_id: str) -> str | None:
    if type(endpoints) is dict:
        found = _own(endpoints, "sharedInbox", actor_id)
        if found is not None:
            return found
    return _own(raw, "sharedInbox", actor_id)  # Discourse and Misskey put it on the actor


def _keys(raw: JsonObject, actor_id: str) -> tuple[KeyDocument, ...]:
    """The keys, RSA first. A document lists its own keys, so their owner is the actor.

    Spec: FEP-521a; the `owner` or `controller` must not be of another origin (FEP-fe34).
    """
    found: list[KeyDocument] = []
    for entry in as_list(raw.get("publicKey"))[:MAX_KEYS]:
        if type(entry) is dict:
            pem = entry.get("publicKeyPem")
            if type(pem) is str and 0 < len(pem) <= MAX_PEM_CHARACTERS:
                key_id = _key_id(entry, "owner", actor_id)
                found.append(KeyDocument(id=key_id, owner=actor_id, pem=pem))
    for entry in as_list(raw.get("assertionMethod"))[:MAX_KEYS]:
        if type(entry) is dict and "Multikey" in type_names(entry):
            multikey = entry.get("publicKeyMultibase")
            if type(multikey) is str and 0 < len(multikey) <= MAX_PEM_CHARACTERS:
                key_id = _key_id(entry, "controller", actor_id)
                found.append(KeyDocument(id=key_id, owner=actor_id, multikey=multikey))
    return tuple(found[:MAX_KEYS])


def _key_id(raw: JsonObject, owner_property: str, actor_id: str) -> str:
    key_id = needed_id(raw, "key")
    owner = raw.get(owner_property)
    owner_id = actor_id if owner is None else id_of(owner)
    if owner_id is None or not same_origin(owner_id, actor_id):
        raise unusable("A key of the actor has an owner of another origin.")
    if not same_origin(key_id, actor_id):
        raise unusable("A key of the actor is of another origin than the actor.")
    return key_id


def _moderators(raw: JsonObject) -> tuple[str | None, tuple[str, ...]]:
    """The moderators collection, or the moderators themselves.

    `attributedTo` is the collection as an id (Lemmy, PieFed, Mbin), or a list of people
    (Smithereen, PeerTube); PieFed and WordPress also say `moderators`.
    """
    value = raw.get("attributedTo")
    collection = id_of(raw.get("moderators"))
    if type(value) is list:
        people = (entry for entry in value[:MAX_MODERATORS])
        return collection, tuple(found for entry in people if (found := id_of(entry)))
    if type(value) is dict and not any("Collection" in name for name in type_names(value)):
        found = id_of(value)
        return collection, (found,) if found is not None else ()
    return collection or id_of(value), ()


def _languages(value: JsonValue) -> tuple[str, ...]:
    entries = as_list(value)[:MAX_LANGUAGES]
    return tuple(code for entry in entries if (code := language_code(entry)))


def _fields(value: JsonValue) -> tuple[PropertyField, ...]:
    found: list[PropertyField] = []
    for entry in as_list(value)[:MAX_TAGS]:
        if type(entry) is not dict or "PropertyValue" not in type_names(entry):
            continue
        name = plain_text(entry.get("name"), MAX_FIELD_CHARACTERS)
        text = entry.get("value")
        # Cut HTML is no HTML: a value that is too long is not taken.
        if name is not None and type(text) is str and len(text) <= MAX_FIELD_CHARACTERS:
            found.append(PropertyField(name=name, value_html=text))
    return tuple(found[:MAX_FIELDS])


def _matrix_user_id(value: JsonValue) -> str | None:
    """Spec: Matrix appendices "User Identifiers": @localpart:server, at most 255 bytes."""
    if type(value) is not str or not value.startswith("@") or ":" not in value:
        return None
    return value if len(value) <= MAX_USERNAME_CHARACTERS and value.isprintable() else None


def _webfinger(value: JsonValue) -> str | None:
    """Spec: FEP-2c59: user@host, without a scheme."""
    if type(value) is not str or len(value) > MAX_USERNAME_CHARACTERS or not value.isprintable():
        return None
    value = value.removeprefix("acct:").removeprefix("@")
    name, _, host = value.partition("@")
    usable = name and _NOT_IN_HOSTS.isdisjoint(host) and is_web_url(f"https://{host}/")
    return value if usable else None
