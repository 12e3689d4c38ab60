"""Vocabulary to domain: the only translator inward."""

from communities.community import Community
from communities.errors import NotFound
from communities.people import ActorKey
from communities.posting import PublishPost
from communities.posts import (
    Attachment,
    Happening,
    Poll,
    PollOption,
    PostContent,
    PostKey,
    PostKind,
    Visibility,
)
from communities.text import plain_text, render_markdown, sanitise
from federation.activitypub.act import Act, Context
from protocols.activitypub import vocabulary
from protocols.activitypub.audience import community_candidates, visibility_of
from protocols.activitypub.vocabulary import ObjectType
from storage.unit_of_work import UnitOfWork

MAX_TITLE_CHARACTERS = 500
MAX_SUMMARY_CHARACTERS = 500

_KINDS = {
    ObjectType.NOTE: PostKind.NOTE,
    ObjectType.PAGE: PostKind.PAGE,
    ObjectType.ARTICLE: PostKind.ARTICLE,
    ObjectType.QUESTION: PostKind.QUESTION,
    ObjectType.EVENT: PostKind.EVENT,
    ObjectType.VIDEO: PostKind.VIDEO,
    ObjectType.CHAT_MESSAGE: PostKind.NOTE,
}


def post_content(post: vocabulary.Post) -> PostContent:
    """What its author wrote, made safe to show."""
    is_markdown = post.content_media_type == "text/markdown"
    written = post.content_html or ""
    source = post.source if post.source_media_type == "text/markdown" else None
    warning = plain_text(post.summary or "", MAX_SUMMARY_CHARACTERS) if _warns(post) else None
    return PostContent(
        title=plain_text(post.name, MAX_TITLE_CHARACTERS) if post.name else None,
        html=render_markdown(written) if is_markdown else sanitise(written),
        source=source or (written if is_markdown else ""),
        link=post.link,
        language=post.language,
        sensitive=post.sensitive,
        warning=warning or None,
        attachments=tuple(
            Attachment(
                kind=attached.kind,
                url=attached.url,
                media_type=attached.media_type,
                alt=attached.alt,
                width=attached.width,
                height=attached.height,
                blurhash=attached.blurhash,
            )
            for attached in post.attachments
        ),
        hashtags=tuple(tag.name for tag in post.hashtags),
        poll=_poll(post.poll),
        happening=_happening(post.happening),
    )


def _warns(post: vocabulary.Post) -> bool:
    """Whether the summary is a content warning: Mbin and NodeBB put an excerpt there.

    Spec: reference activitypub 3.3.
    """
    return post.type is ObjectType.NOTE or post.sensitive


def _poll(poll: vocabulary.Poll | None) -> Poll | None:
    if poll is None:
        return None
    return Poll(
        options=tuple(PollOption(name=one.name, votes=one.votes) for one in poll.options),
        multiple=poll.multiple,
        ends_at=poll.end_time,
        closed_at=poll.closed,
        voters=poll.voters or 0,
    )


def _happening(happening: vocabulary.Happening | None) -> Happening | None:
    if happening is None:
        return None
    return Happening(
        starts_at=happening.start_time,
        ends_at=happening.end_time,
        location=happening.location,
        timezone=happening.timezone,
        join_mode=happening.join_mode,
        maximum_attendees=happening.maximum_attendees,
    )


def community_of(uow: UnitOfWork, post: vocabulary.Post | None, act: Act) -> Community | None:
    """The community a post is for: who announced it, else the first known one it addresses.

    Spec: FEP-1b12 "audience"; order of reference activitypub 3.3.
    """
    if act.announced_by is not None:
        return uow.communities.get(act.announced_by)
    for uri in community_candidates(post, act.activity):
        found = uow.communities.by_uri(uri)
        if found is not None:
            return found
    return None


def publish_command(
    uow: UnitOfWork, post: vocabulary.Post, act: Act, context: Context
) -> PublishPost:
    """The command (or fact) that a Create or a fetched object stands for.

    Raises:
        NotFound: its author is not known here.
    """
    author = uow.people.by_uri(post.attributed_to)
    if author is None:
        raise NotFound("The author is not known here")
    parent = uow.posts.by_uri(post.in_reply_to) if post.in_reply_to else None
    community = community_of(uow, post, act)
    community_id = parent.community_id if parent is not None else None
    if parent is None and community is not None:
        community_id = community.id
    followers = uow.actors.get(author.id)
    visibility = Visibility(
        visibility_of(
            post.to, post.cc, followers=followers.followers_uri if followers is not None else None
        )
    )
    published = post.published or act.at
    return PublishPost(
        id=PostKey(context.snowflakes.mint_at(post.published, received=act.at)),
        uri=post.id,
        author_id=author.id,
        kind=_KINDS[post.type],
        content=post_content(post),
        published_at=min(published, act.at),
        at=act.at,
        community_id=community_id,
        parent_id=parent.id if parent is not None else None,
        parent_uri=post.in_reply_to,
        visibility=_visibility(visibility, community),
        recipients=_recipients(uow, post),
        url=post.url,
    )


def _visibility(stated: Visibility, community: Community | None) -> Visibility:
    """In a private community everything is for its members, whatever was said."""
    if community is not None and not community.is_open_to_read:
        return Visibility.MEMBERS
    return stated


def _recipients(uow: UnitOfWork, post: vocabulary.Post) -> tuple[ActorKey, ...]:
    """The people of this node that a post mentions or is addressed to."""
    named = dict.fromkeys((*(mention.href for mention in post.mentions), *post.to, *post.cc))
    found = []
    for uri in named:
        if uri in (vocabulary.PUBLIC, post.attributed_to):
            continue
        profile = uow.people.by_uri(uri)
        if profile is not None and profile.is_local and not uow.actors.is_community(uri):
            found.append(profile.id)
    return tuple(found)
