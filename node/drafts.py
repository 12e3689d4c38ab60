"""Drafts: what a person writes, and the post or the new content that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from communities.editing import EditPost
from communities.errors import NotFound
from communities.people import ActorKey
from communities.posting import PublishPost
from communities.posts import (
    Attachment,
    Poll,
    PollOption,
    PostContent,
    PostKey,
    PostKind,
    Visibility,
)
from communities.text import Markup, find_hashtags, render
from communities.titles import join_title
from federation.uris import Uris
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The choices that a person offers: two or more, for a time."""

    choices: tuple[str, ...]
    multiple: bool = False
    hides_totals: bool = False
    open_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person writes.

    Attributes:
        source: markdown, or what `markup` says.
        links: addresses for the mentions in it, by what `find_mentions` found.
        recipients: those it addresses by name; of a direct message its readers.
        sensitive: also without a warning.
    """

    source: str
    markup: Markup = Markup.MARKDOWN
    title: str | None = None
    link: str | None = None
    community_id: ActorKey | None = None
    parent_id: PostKey | None = None
    visibility: Visibility = Visibility.PUBLIC
    recipients: tuple[ActorKey, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    warning: str | None = None
    sensitive: bool = False
    attachments: tuple[Attachment, ...] = ()
    ballot: Ballot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an edit changes; None leaves a field as it is, an empty text takes it away.

    `html` is what `rendered` makes of the source.
    """

    source: str | None = None
    html: str | None = None
    markup: Markup = Markup.MARKDOWN
    title: str | None = None
    link: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    warning: str | None = None
    sensitive: bool | None = None
    attachments: tuple[Attachment, ...] | None = None
    ballot: Ballot | None = None


def publish_command(
    uris: Uris, key: PostKey, author_id: ActorKey, draft: Draft, at: datetime
) -> PublishPost:
    """The new post that a draft makes, at a time, under a key.

    Raises:
        Invalid: the source is too long to be rendered.
    """
    return PublishPost(
        id=key,
        uri=uris.post(key),
        url=uris.thread_page(key),
        author_id=author_id,
        kind=_kind(draft),
        content=_content(draft, at),
        published_at=at,
        at=at,
        community_id=draft.community_id,
        parent_id=draft.parent_id,
        visibility=draft.visibility,
        recipients=draft.recipients,
        local=True,
    )


def edit_command(
    uow: UnitOfWork, editor_id: ActorKey, post_id: PostKey, changes: Changes, at: datetime
) -> EditPost:
    """The edit that makes these changes to a post as it stands.

    Raises:
        NotFound: there is no such post.
        Invalid: the source is too long to be rendered.
    """
    post = uow.posts.get(post_id)
    if post is None:
        raise NotFound("No such post")
    return EditPost(
        post_id=post_id,
        editor_id=editor_id,
        content=changed(post.content, changes, at),
        edited_at=at,
        at=at,
    )


def rendered(changes: Changes) -> Changes:
    """The changes with the source rendered, which takes a while: on a thread, before the unit.

    Raises:
        Invalid: the source is too long to be rendered.
    """
    if changes.source is None or changes.html is not None:
        return changes
    return replace(changes, html=render(changes.source, changes.markup, changes.links))


def changed(content: PostContent, changes: Changes, at: datetime) -> PostContent:
    """A content with the changes made; what it says already is not rendered anew."""
    if changes.title is not None:
        content = replace(content, title=changes.title or None)
    if changes.source is not None and changes.source != content.source:
        content = replace(
            content,
            source=changes.source,
            html=rendered(changes).html or "",
        )
    if changes.source is not None or changes.title is not None:
        content = replace(content, hashtags=_hashtags(content.title, content.source))
    if changes.link is not None:
        content = replace(content, link=changes.link or None)
    if changes.language is not None:
        content = replace(content, language=changes.language or None)
    if changes.attachments is not None:
        content = replace(content, attachments=changes.attachments)
    if changes.ballot is not None:
        content = replace(content, poll=_poll(changes.ballot, at))
    return _with_warning(content, changes)


def _with_warning(content: PostContent, changes: Changes) -> PostContent:
    if changes.warning is not None:
        content = replace(content, warning=changes.warning or None)
    if changes.sensitive is not None:
        content = replace(content, sensitive=changes.sensitive)
    if content.warning is not None and not content.sensitive:
        content = replace(content, sensitive=True)
    return content


def _kind(draft: Draft) -> PostKind:
    if draft.ballot is not None:
        return PostKind.QUESTION
    is_thread = draft.title is not None and draft.parent_id is None
    return PostKind.PAGE if is_thread else PostKind.NOTE


def _content(draft: Draft, at: datetime) -> PostContent:
    return PostContent(
        title=draft.title,
        html=render(draft.source, draft.markup, draft.links),
        source=draft.source,
        link=draft.link,
        language=draft.language,
        sensitive=draft.sensitive or draft.warning is not None,
        warning=draft.warning,
        attachments=draft.attachments,
        hashtags=_hashtags(draft.title, draft.source),
        poll=None if draft.ballot is None else _poll(draft.ballot, at),
    )


def _hashtags(title: str | None, source: str) -> tuple[str, ...]:
    return find_hashtags(join_title(title, source))


def _poll(ballot: Ballot, at: datetime) -> Poll:
    return Poll(
        options=tuple(PollOption(name=choice) for choice in ballot.choices),
        multiple=ballot.multiple,
        hides_totals=ballot.hides_totals,
        ends_at=None if ballot.open_for is None else at + ballot.open_for,
    )
