"""Revising: what an app's edit changes about a post, whose title and text it sends as one."""

from collections.abc import Mapping
from datetime import datetime

from communities.posts import Attachment, Post, PostContent, PostKind
from communities.titles import join_title, split_title
from communities.visibility import audience_in
from federation.uris import Uris
from node.drafts import Changes, rendered
from node.mastodon.composing import links_in, without_mention
from node.mastodon.media import description_of
from node.mastodon.parameters import Parameters, invalid
from node.mastodon.publishing import OPEN
from node.mastodon.submissions import (
    check_size,
    language_in,
    link_in,
    markup_in,
    media_ids_in,
    poll_in,
    text_in,
    title_in,
    warning_in,
)
from node.media.attaching import claim_attachments
from node.media.uploading import Description
from node.media.urls import MediaUrls
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork


def source_text(content: PostContent) -> str:
    """What an author gets to edit: the title, a blank line, the text as it was written."""
    return join_title(content.title, content.source)


def rearranged(
    uow: UnitOfWork, urls: MediaUrls, parameters: Parameters, post: Post, at: datetime
) -> tuple[Attachment, ...] | None:
    """The attachments of a post after an edit, described anew; None when they stay as they are.

    Raises:
        NotFound, Invalid: one of them cannot be attached.
        Refusal: one is no id, or its description is too long.
    """
    described = parameters.each("media_attributes")
    if "media_ids" not in parameters and not described:
        return None
    attached = tuple(medium.id for medium in uow.media.attached_to(post.id))
    current = tuple(one.media_id for one in post.content.attachments if one.media_id in attached)
    ids = media_ids_in(parameters) if "media_ids" in parameters else current
    for medium in uow.media.ready(ids, post.author_id, post.id):
        for sent in described:
            if sent.text("id") == str(medium.id):
                words = description_of(sent, Description(alt=medium.alt, focus=medium.focus))
                uow.media.describe(medium.id, alt=words.alt, focus=words.focus)
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    private = audience_in(post, community) not in OPEN
    return claim_attachments(uow, urls, ids, post.author_id, post.id, private=private, at=at)


def changes_in(
    parameters: Parameters,
    post: Post,
    named: Mapping[str, Profile],
    attachments: tuple[Attachment, ...] | None,
    uris: Uris,
) -> Changes:
    """What an edit changes; what the app does not send stays as it is.

    Raises:
        Refusal: something is too long, or nothing would be left.
    """
    text = text_in(parameters, "status")
    warning = warning_in(parameters)
    check_size(text or "", warning)
    title, source = _title_and_source(post, text, title_in(parameters), named)
    kept = post.content.attachments if attachments is None else attachments
    words = (title or post.content.title, post.content.source if source is None else source)
    if not (any(words) or kept):
        raise invalid("Text can't be blank")
    choices = poll_in(parameters)
    if choices is not None and post.content.poll is None:
        raise invalid("a poll cannot be added to a post that was made without one")
    return Changes(
        source=source,
        markup=markup_in(parameters),
        title=title,
        link=link_in(parameters),
        links={} if source is None else links_in(source, named, uris),
        language=language_in(parameters),
        warning=warning,
        sensitive=parameters.flag("sensitive"),
        attachments=attachments,
        ballot=None if choices is None else choices.ballot,
    )


def rendered_text(
    parameters: Parameters, post: Post, named: Mapping[str, Profile], uris: Uris
) -> Changes:
    """The new text alone, rendered: made beside the writer, for `changes_in` that makes the rest.

    Raises:
        Invalid: it is too long to be rendered.
    """
    text, title = text_in(parameters, "status"), title_in(parameters)
    _title, source = _title_and_source(post, text, title, named)
    links = {} if source is None else links_in(source, named, uris)
    return rendered(Changes(source=source, markup=markup_in(parameters), links=links))


def _title_and_source(
    post: Post, text: str | None, title: str | None, named: Mapping[str, Profile]
) -> tuple[str | None, str | None]:
    """The new title and the new text; None for one that stays."""
    content = post.content
    if text is None or text == source_text(content):
        return title, None
    if post.community_id is not None:
        text = without_mention(text, named, post.community_id)
    has_title = post.kind is PostKind.PAGE or content.title is not None
    if title is None and has_title:
        title, text = split_title(text)
    return title, text
