"""CredentialAccount, Profile and Preferences: what an app shows someone about themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from protocols.mastodon.accounts import Entity, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a profile is edited by; texts and fields are as typed.

    `verified` tells since when it is known of a field's value that its page links back.
    `privacy`, `sensitive`, `language` and `quote_policy` hold for new posts.
    """

    note: str
    fields: Sequence[tuple[str, str]]
    follow_requests: int
    discoverable: bool
    indexable: bool
    hide_collections: bool
    privacy: str
    sensitive: bool
    language: str | None
    quote_policy: str
    verified: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What someone is on the whole node.

    Mastodon's bits for what one may do are all off: they open calls that this API has not.
    """

    id: str = "-99"
    name: str = ""


EVERYONE = Role()
"""The role of people without any: Mastodon's own number for it."""


def credential_account(account: Entity, source: Source, role: Role) -> Entity:
    """The CredentialAccount of an Account.

    Spec: Mastodon API "CredentialAccount", "Role".
    """
    return {
        **account,
        "source": {
            "privacy": source.privacy,
            "sensitive": source.sensitive,
            "language": source.language,
            "quote_policy": source.quote_policy,
            "note": source.note,
            "fields": fields(source.fields, source.verified),
            "follow_requests_count": source.follow_requests,
            "discoverable": source.discoverable,
            "indexable": source.indexable,
            "hide_collections": source.hide_collections,
            "attribution_domains": [],
        },
        "role": {
            "id": role.id,
            "name": role.name,
            "color": "",
            "permissions": "0",
            "highlighted": bool(role.name),
        },
    }


_OF_ACCOUNT = (
    "id",
    "display_name",
    "locked",
    "bot",
    "discoverable",
    "indexable",
    "hide_collections",
    "avatar_description",
    "header_description",
)


def profile(account: Entity, source: Source, *, has_avatar: bool, has_header: bool) -> Entity:
    """The Profile of an Account, whose texts are as typed; a picture only where one was set.

    Spec: Mastodon API 4.6 "Profile".
    """
    avatar = account["avatar"] if has_avatar else None
    header = account["header"] if has_header else None
    return {
        **{name: account[name] for name in _OF_ACCOUNT},
        "note": source.note,
        "fields": fields(source.fields, source.verified),
        "avatar": avatar,
        "avatar_static": avatar,
        "header": header,
        "header_static": header,
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "attribution_domains": [],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How someone posts and reads; `language` None is that of the app."""

    privacy: str
    sensitive: bool
    language: str | None
    quote_policy: str
    expand_media: str
    expand_spoilers: bool
    autoplay_gifs: bool


def preferences(choices: Choices) -> Entity:
    """The Preferences.

    Spec: Mastodon API "Preferences".
    """
    return {
        "posting:default:visibility": choices.privacy,
        "posting:default:sensitive": choices.sensitive,
        "posting:default:language": choices.language,
        "posting:default:quote_policy": choices.quote_policy,
        "reading:expand:media": choices.expand_media,
        "reading:expand:spoilers": choices.expand_spoilers,
        "reading:autoplay:gifs": choices.autoplay_gifs,
    }
