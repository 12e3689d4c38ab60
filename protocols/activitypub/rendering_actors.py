"""Our actors as JSON.

Spec: ActivityPub 4.1; FEP-1b12 (groups); FEP-521a (keys); FEP-2c59 (webfinger).
"""

from protocols.activitypub.rendering_contexts import ACTOR_CONTEXT, GROUP_CONTEXT, render_context
from protocols.activitypub.rendering_values import (
    drop_empty,
    render_date,
    render_emoji,
    render_ids,
    render_language,
    render_picture,
    render_source,
)
from protocols.activitypub.vocabulary import Actor, ActorType, KeyDocument
from protocols.strict_json import JsonObject, JsonValue


def render_actor(actor: Actor, *, context: bool = True) -> JsonObject:
    """Give the document of an actor; a Group or Feed as `render_group`.

    Without `context` it is for embedding in a document whose @context has the terms.
    """
    if actor.type in (ActorType.GROUP, ActorType.FEED):
        return render_group(actor, context=context)
    head: JsonObject = {"@context": render_context(ACTOR_CONTEXT)} if context else {}
    return {**head, **_common(actor)}


def render_group(group: Actor, *, context: bool = True) -> JsonObject:
    """Give the document of a community: what Lemmy, PieFed, Mbin, NodeBB and Smithereen each read.

    `attributedTo` and `moderators` both name the collection of moderators (Lemmy and Mbin read
    the one, PieFed and WordPress the other). `accessType` and `members` are Smithereen's: closed
    when followers are approved, private when it is also not to be found.
    """
    head: JsonObject = {"@context": render_context(GROUP_CONTEXT)} if context else {}
    moderators: JsonValue = group.moderators
    if group.moderator_ids:
        moderators = [{"type": "Person", "id": found} for found in group.moderator_ids]
    return {
        **head,
        **_common(group),
        **drop_empty(
            {
                "attributedTo": moderators,
                "moderators": group.moderators,
                "members": group.followers,
                "postingRestrictedToMods": group.posting_restricted_to_mods,
                "accessType": _access_type(group),
                "nb:openToRead": group.open_to_read,
                "capabilities": {"acceptsJoins": True} if group.accepts_joins else None,
            }
        ),
    }


def _access_type(group: Actor) -> str:
    if not group.manually_approves_followers:
        return "open"
    return "private" if group.discoverable is False else "closed"


def _common(actor: Actor) -> JsonObject:
    rsa = [_rsa_key(key) for key in actor.keys if key.pem is not None]
    multikeys: list[JsonValue] = [_multikey(key) for key in actor.keys if key.multikey is not None]
    endpoints: JsonObject = {"sharedInbox": actor.shared_inbox}
    # Lemmy 0.19 and Mastodon before 4.5 read one key, as an object.
    public_key: JsonValue = [*rsa] if len(rsa) > 1 else next(iter(rsa), None)
    return drop_empty(
        {
            "id": actor.id,
            "type": actor.type.value,
            "preferredUsername": actor.preferred_username,
            "name": actor.name,
            "summary": actor.summary_html,
            "source": render_source(actor.source, actor.source_media_type),
            "inbox": actor.inbox,
            "outbox": actor.outbox,
            "followers": actor.followers,
            "following": actor.following,
            "featured": actor.featured,
            "endpoints": endpoints if actor.shared_inbox is not None else None,
            "url": actor.url,
            "icon": render_picture(actor.icon),
            "image": render_picture(actor.image),
            "publicKey": public_key,
            "assertionMethod": multikeys or None,
            "published": render_date(actor.published),
            "updated": render_date(actor.updated),
            **_choices(actor),
            "alsoKnownAs": render_ids(actor.also_known_as) or None,
            "movedTo": actor.moved_to,
            "matrixUserId": actor.matrix_user_id,
            "webfinger": actor.webfinger,
            "language": [render_language(code) for code in actor.languages] or None,
            "attachment": [
                {"type": "PropertyValue", "name": field.name, "value": field.value_html}
                for field in actor.fields
            ]
            or None,
            "tag": [render_emoji(emoji) for emoji in actor.emojis] or None,
        }
    )


def _choices(actor: Actor) -> JsonObject:
    return {
        "manuallyApprovesFollowers": actor.manually_approves_followers,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "sensitive": actor.sensitive,
    }


def _rsa_key(key: KeyDocument) -> JsonObject:
    return {"id": key.id, "owner": key.owner, "publicKeyPem": key.pem}


def _multikey(key: KeyDocument) -> JsonObject:
    """Spec: FEP-521a."""
    return {
        "id": key.id,
        "type": "Multikey",
        "controller": key.owner,
        "publicKeyMultibase": key.multikey,
    }
