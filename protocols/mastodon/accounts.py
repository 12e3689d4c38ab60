"""Account: a person, an organisation or a community, as an app shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from protocols.mastodon.moments import moment, moment_or_none

Entity = dict[str, object]
"""A JSON object of the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is counted of an account; `last_status_on` is a day, as apps expect."""

    followers: int = 0
    following: int = 0
    statuses: int = 0
    last_status_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """Everything of an Account that is not counted.

    Attributes:
        acct: the name alone for accounts of this node, else name@host.
        locked: who wants to follow (or join) is asked to wait.
        avatar: a picture; like the header never empty, since apps fail without one.
        avatar_description: what it shows, in words; so for the header.
        hide_collections: whom they follow, and who follows them, is not shown.
        fields: pairs of name and HTML.
        verified: since when it is known of a field's HTML that its page links back.
        moved: the Account that follows this one, if it is known.
    """

    id: int
    username: str
    acct: str
    display_name: str
    uri: str
    url: str
    note: str
    avatar: str
    header: str
    created_at: datetime
    locked: bool = False
    bot: bool = False
    group: bool = False
    discoverable: bool = True
    indexable: bool = False
    suspended: bool = False
    limited: bool = False
    hide_collections: bool = False
    avatar_description: str = ""
    header_description: str = ""
    fields: Sequence[tuple[str, str]] = ()
    verified: Mapping[str, datetime] = field(default_factory=dict)
    moved: Entity | None = None


def fields(
    pairs: Sequence[tuple[str, str]], verified: Mapping[str, datetime]
) -> list[dict[str, str | None]]:
    """The Fields of an account: names and values, with when a value was verified.

    Spec: Mastodon API "Field".
    """
    return [
        {"name": name, "value": value, "verified_at": moment_or_none(verified.get(value))}
        for name, value in pairs
    ]


def account_part(facts: AccountFacts) -> Entity:
    """The Account without what is counted of it, which `fragments.account_json` adds.

    Spec: Mastodon API "Account".
    """
    entity: Entity = {
        "id": str(facts.id),
        "username": facts.username,
        "acct": facts.acct,
        "display_name": facts.display_name,
        "locked": facts.locked,
        "bot": facts.bot,
        "group": facts.group,
        "discoverable": facts.discoverable,
        "indexable": facts.indexable,
        "noindex": not facts.indexable,
        "hide_collections": facts.hide_collections,
        "created_at": moment(facts.created_at),
        "note": facts.note,
        "url": facts.url,
        "uri": facts.uri,
        "avatar": facts.avatar,
        "avatar_static": facts.avatar,
        "avatar_description": facts.avatar_description,
        "header": facts.header,
        "header_static": facts.header,
        "header_description": facts.header_description,
        "emojis": [],
        "roles": [],
        "fields": fields(facts.fields, facts.verified),
    }
    if facts.suspended:
        entity["suspended"] = True
    if facts.limited:
        entity["limited"] = True
    if facts.moved is not None:
        entity["moved"] = facts.moved
    return entity
