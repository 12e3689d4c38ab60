"""Instance in both versions, and what belongs to it: rules, policies, blocked domains, weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The numbers that are in force: how much and how large things may be.

    Attributes:
        shortest_poll: seconds; like `longest_poll`.
        video_pixels: of one picture of a film.
    """

    characters: int
    characters_of_url: int
    attachments: int
    media_types: Sequence[str]
    image_bytes: int
    image_pixels: int
    video_bytes: int
    video_pixels: int
    frames_a_second: int
    alt_characters: int
    poll_options: int
    option_characters: int
    shortest_poll: int
    longest_poll: int
    featured_tags: int
    profile_pins: int
    name_characters: int
    note_characters: int
    fields: int
    field_characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may register: `is_open` with or without someone who approves, or `by_invitation`."""

    is_open: bool = False
    is_approved: bool = False
    by_invitation: bool = False
    message: str | None = None
    min_age: int | None = None
    reason_required: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFacts:
    """Everything that an Instance says.

    Attributes:
        domain: the name behind the @ in handles.
        base: scheme and host, without a slash at the end.
        thumbnail: a picture; never empty, since apps fail without one.
        contact_account: an Account; never missing, for the same reason.
        api_versions: which versions of which APIs there are.
        pages: pages for people: about, privacy_policy, terms_of_service.
    """

    domain: str
    base: str
    title: str
    version: str
    source_url: str
    description: str
    thumbnail: str
    icons: Sequence[tuple[str, str]]
    languages: Sequence[str]
    email: str
    contact_account: Entity | None
    rules: Sequence[str]
    allowed: Allowed
    door: Door
    api_versions: Mapping[str, int]
    push_key: str
    limited_federation: bool
    active_month: int
    people: int
    posts: int
    peers: int
    pages: Mapping[str, str]


def instance(facts: InstanceFacts) -> Entity:
    """The Instance.

    Spec: Mastodon API "Instance".
    """
    door = facts.door
    return {
        "domain": facts.domain,
        "title": facts.title,
        "version": facts.version,
        "source_url": facts.source_url,
        "description": facts.description,
        "usage": {"users": {"active_month": facts.active_month}},
        "thumbnail": {"url": facts.thumbnail},
        "icon": [{"src": src, "size": size} for src, size in facts.icons],
        "languages": list(facts.languages),
        "configuration": {
            "urls": {
                "streaming": _streaming(facts.base),
                "status": None,
                "about": facts.pages.get("about"),
                "privacy_policy": facts.pages.get("privacy_policy"),
                "terms_of_service": facts.pages.get("terms_of_service"),
            },
            "vapid": {"public_key": facts.push_key},
            **_configuration(facts.allowed),
            "translation": {"enabled": False},
            "timelines_access": {
                feeds: {"local": "public", "remote": "public"}
                for feeds in ("live_feeds", "hashtag_feeds")
            },
            "limited_federation": facts.limited_federation,
        },
        "registrations": {
            "enabled": door.is_open,
            "approval_required": door.is_approved,
            "reason_required": door.reason_required,
            "message": door.message,
            "min_age": door.min_age,
            "url": door.url,
        },
        "api_versions": dict(facts.api_versions),
        "contact": {"email": facts.email, "account": facts.contact_account},
        "rules": rules(facts.rules),
    }


def instance_v1(facts: InstanceFacts) -> Entity:
    """The V1::Instance; `uri` is the bare host.

    Spec: Mastodon API "V1::Instance"; reference client-apis 1.6.
    """
    return {
        "uri": facts.domain,
        "title": facts.title,
        "short_description": facts.description,
        "description": facts.description,
        "email": facts.email,
        "version": facts.version,
        "urls": {"streaming_api": _streaming(facts.base)},
        "stats": {
            "user_count": facts.people,
            "status_count": facts.posts,
            "domain_count": facts.peers,
        },
        "thumbnail": facts.thumbnail,
        "languages": list(facts.languages),
        "registrations": facts.door.is_open,
        "approval_required": facts.door.is_approved,
        "invites_enabled": facts.door.by_invitation,
        "configuration": _configuration(facts.allowed),
        "contact_account": facts.contact_account,
        "rules": rules(facts.rules),
    }


def _streaming(base: str) -> str:
    """Where streams are: the same host, by WebSocket."""
    return "ws" + base.removeprefix("http")


def _configuration(allowed: Allowed) -> Entity:
    return {
        "accounts": {
            "max_featured_tags": allowed.featured_tags,
            "max_pinned_statuses": allowed.profile_pins,
            "max_display_name_length": allowed.name_characters,
            "max_note_length": allowed.note_characters,
            "max_profile_fields": allowed.fields,
            "profile_field_name_limit": allowed.field_characters,
            "profile_field_value_limit": allowed.field_characters,
            "max_avatar_description_length": allowed.alt_characters,
            "max_header_description_length": allowed.alt_characters,
        },
        "statuses": {
            "max_characters": allowed.characters,
            "max_media_attachments": allowed.attachments,
            "characters_reserved_per_url": allowed.characters_of_url,
            "supported_mime_types": ["text/markdown", "text/plain"],
        },
        "media_attachments": {
            "description_limit": allowed.alt_characters,
            "supported_mime_types": list(allowed.media_types),
            "image_size_limit": allowed.image_bytes,
            "image_matrix_limit": allowed.image_pixels,
            "video_size_limit": allowed.video_bytes,
            "video_matrix_limit": allowed.video_pixels,
            "video_frame_rate_limit": allowed.frames_a_second,
        },
        "polls": {
            "max_options": allowed.poll_options,
            "max_characters_per_option": allowed.option_characters,
            "min_expiration": allowed.shortest_poll,
            "max_expiration": allowed.longest_poll,
        },
    }


def rules(texts: Sequence[str]) -> list[Entity]:
    """The Rules; their ids are their places. Spec: Mastodon API "Rule"."""
    return [
        {"id": str(place), "text": text, "hint": "", "translations": {}}
        for place, text in enumerate(texts, 1)
    ]


def extended_description(html: str) -> Entity:
    """The ExtendedDescription; when it was written is not known.

    Spec: Mastodon API "ExtendedDescription".
    """
    return {"updated_at": None, "content": html}


def privacy_policy(html: str, since: datetime) -> Entity:
    """The PrivacyPolicy. Spec: Mastodon API "PrivacyPolicy"."""
    return {"updated_at": moment(since), "content": html}


def terms_of_service(html: str, since: date, today: date) -> Entity:
    """The TermsOfService. Spec: Mastodon API "TermsOfService"."""
    return {
        "effective_date": since.isoformat(),
        "effective": since <= today,
        "content": html,
        "succeeded_by": None,
    }


def domain_block(domain: str, severity: str) -> Entity:
    """The DomainBlock. Spec: Mastodon API "DomainBlock"."""
    digest = sha256(domain.encode()).hexdigest()
    return {"domain": domain, "digest": digest, "severity": severity}


def week(begins: datetime, *, statuses: int, logins: int, registrations: int) -> Entity:
    """One week of the activity; numbers are texts. Spec: Mastodon API "instance/activity"."""
    return {
        "week": str(int(begins.timestamp())),
        "statuses": str(statuses),
        "logins": str(logins),
        "registrations": str(registrations),
    }
