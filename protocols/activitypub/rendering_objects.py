"""Our posts and tombstones as JSON, in the one shape that every peer reads.

Spec: FEP-1b12 (audience); FEP-7888 (context); FEP-9967 (polls); FEP-8a8e (events); FEP-044f
(quotes); ActivityPub 3.3 (source) and 6.4 (Tombstone).
"""

from datetime import datetime
from itertools import chain

from protocols.activitypub.media_values import render_duration, render_focus
from protocols.activitypub.rendering_contexts import PLAIN_CONTEXT, POST_CONTEXT, render_context
from protocols.activitypub.rendering_values import (
    drop_empty,
    render_date,
    render_emoji,
    render_hashtag,
    render_ids,
    render_language,
    render_mention,
    render_picture,
    render_source,
)
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Attachment,
    Happening,
    ObjectType,
    Poll,
    Post,
    Tombstone,
)
from protocols.strict_json import JsonObject, JsonValue


def render_post(
    post: Post, *, likes: str | None = None, shares: str | None = None, context: bool = True
) -> JsonObject:
    """Give the document of a post; `likes` and `shares` are its collections.

    Without `context` it is for embedding in a document whose @context has the terms.
    """
    head: JsonObject = {"@context": render_context(POST_CONTEXT)} if context else {}
    return {
        **head,
        **drop_empty(
            {
                "id": post.id,
                "type": post.type.value,
                "attributedTo": _attribution(post),
                **_text(post),
                "inReplyTo": post.in_reply_to,
                "context": post.context,
                "audience": post.audience,
                "to": render_ids(post.to),
                "cc": render_ids(post.cc),
                "url": post.url,
                "image": render_picture(post.image),
                "attachment": _attachments(post) or None,
                "tag": _tags(post) or None,
                "published": render_date(post.published),
                "updated": render_date(post.updated),
                "replies": post.replies,
                "likes": likes,
                "shares": shares,
                "commentsEnabled": post.comments_enabled,
                "isLiveBroadcast": post.is_live_broadcast or None,
                "quote": post.quote,
                "quoteUri": post.quote,
                "interactionPolicy": _interaction_policy(post),
                **(_poll(post.poll) if post.poll is not None else {}),
                **(_happening(post.happening) if post.happening is not None else {}),
            }
        ),
    }


def render_tombstone(
    tombstone: Tombstone, *, deleted: datetime | None = None, context: bool = True
) -> JsonObject:
    """Give what is left of a deleted object. Spec: ActivityPub 6.4."""
    head: JsonObject = {"@context": render_context(PLAIN_CONTEXT)} if context else {}
    return {
        **head,
        **drop_empty(
            {
                "id": tombstone.id,
                "type": "Tombstone",
                "formerType": tombstone.former_type,
                "deleted": render_date(deleted),
            }
        ),
    }


def _attribution(post: Post) -> JsonValue:
    """The author; with a group beside it both, with their types, as PeerTube does."""
    if post.group is None:
        return post.attributed_to
    group: JsonObject = {"type": "Group", "id": post.group}
    if post.group == post.attributed_to:
        return [group]
    return [{"type": "Person", "id": post.attributed_to}, group]


def _text(post: Post) -> JsonObject:
    """The words: Mastodon reads the language from contentMap, Lemmy from `language`."""
    by_language: JsonValue = None
    if post.language is not None and post.content_html is not None:
        by_language = {post.language: post.content_html}
    return {
        "name": post.name,
        "summary": post.summary,
        "content": post.content_html,
        "contentMap": by_language,
        "mediaType": post.content_media_type,
        "source": render_source(post.source, post.source_media_type),
        "language": render_language(post.language) if post.language is not None else None,
        "sensitive": None if post.type is ObjectType.CHAT_MESSAGE else post.sensitive,
    }


def _attachments(post: Post) -> list[JsonValue]:
    """The link first: Lemmy takes the first attachment as the URL of the post."""
    link: list[JsonValue] = [{"type": "Link", "href": post.link}] if post.link is not None else []
    return [*link, *(_attachment(attachment) for attachment in post.attachments)]


def _attachment(attachment: Attachment) -> JsonObject:
    return drop_empty(
        {
            "type": attachment.kind,
            "href" if attachment.kind == "Link" else "url": attachment.url,
            "mediaType": attachment.media_type,
            "name": attachment.alt,
            "width": attachment.width,
            "height": attachment.height,
            "blurhash": attachment.blurhash,
            "focalPoint": render_focus(attachment.focus),
            "duration": render_duration(attachment.duration_ms),
        }
    )


def _tags(post: Post) -> list[JsonValue]:
    return list(
        chain(
            map(render_mention, post.mentions),
            map(render_hashtag, post.hashtags),
            map(render_emoji, post.emojis),
        )
    )


def _interaction_policy(post: Post) -> JsonObject | None:
    """Anyone may quote what anyone may read. Spec: FEP-044f "interactionPolicy.canQuote"."""
    if PUBLIC not in post.to and PUBLIC not in post.cc:
        return None
    return {"canQuote": {"automaticApproval": PUBLIC}}


def _poll(poll: Poll) -> JsonObject:
    options: JsonValue = [
        {
            "type": "Note",
            "name": option.name,
            "replies": {"type": "Collection", "totalItems": option.votes},
        }
        for option in poll.options
    ]
    return {
        "anyOf" if poll.multiple else "oneOf": options,
        "endTime": render_date(poll.end_time),
        "closed": render_date(poll.closed),
        "votersCount": poll.voters,
    }


def _happening(happening: Happening) -> JsonObject:
    place: JsonValue = None
    if happening.location is not None:
        place = {"type": "Place", "name": happening.location}
    return {
        "startTime": render_date(happening.start_time),
        "endTime": render_date(happening.end_time),
        "location": place,
        "timezone": happening.timezone,
        "joinMode": happening.join_mode,
        "maximumAttendeeCapacity": happening.maximum_attendees,
    }
