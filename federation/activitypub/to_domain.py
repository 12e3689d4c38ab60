"""Vocabulary to domain: the only translator inward."""

from dataclasses import dataclass
from html import escape

from communities.community import Community
from communities.errors import NotFound
from communities.limits import MAX_ATTACHMENTS, MAX_HASHTAGS, MAX_LANGUAGE, MAX_RECIPIENTS
from communities.people import ActorKey
from communities.posting import PublishPost
from communities.posts import (
    Attachment,
    Happening,
    Poll,
    PollOption,
    Post,
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
MAX_CANDIDATES = 100
"""Addressees among which a community is looked for: 4000 took a quarter of a second."""
MAX_MARKDOWN_CHARACTERS = 10_000
"""PeerTube's descriptions are no longer; rendering 100,000 could hold the writer up for seconds."""

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
    """What its author wrote, made safe to show; what is too much is left out."""
    is_markdown = post.content_media_type == "text/markdown"
    written = post.content_html or ""
    source = post.source if post.source_media_type == "text/markdown" else None
    warning = post.content_warning
    return PostContent(
        title=plain_text(post.name, MAX_TITLE_CHARACTERS) if post.name else None,
        html=_rendered(written) if is_markdown else sanitise(written),
        source=source or (written if is_markdown else ""),
        link=post.link,
        language=post.language if len(post.language or "") <= MAX_LANGUAGE else None,
        sensitive=post.sensitive,
        warning=plain_text(warning, MAX_SUMMARY_CHARACTERS) or None if warning else None,
        attachments=tuple(
            Attachment(
                kind=attached.kind,
                url=attached.url,
                media_type=attached.media_type,
                alt=attached.alt,
                width=attached.width,
                height=attached.height,
                blurhash=attached.blurhash,
                focus=attached.focus,
                duration_ms=attached.duration_ms,
            )
            for attached in post.attachments[:MAX_ATTACHMENTS]
        ),
        hashtags=tuple(tag.name for tag in post.hashtags[:MAX_HASHTAGS]),
        poll=_poll(post.poll),
        happening=_happening(post.happening),
    )


def _rendered(markdown: str) -> str:
    """The HTML of markdown; of a long one the words as they were written."""
    if len(markdown) > MAX_MARKDOWN_CHARACTERS:
        return sanitise(f"<p>{escape(markdown, quote=False)}</p>")
    return render_markdown(markdown)


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


def community_of(
    uow: UnitOfWork, post: vocabulary.Post | None, activity: vocabulary.Activity | None
) -> Community | None:
    """The first known community that a post (or else the activity around it) addresses.

    It is looked for among the first hundred that it names.

    Spec: FEP-1b12 "audience"; order of reference activitypub 3.3.
    """
    for uri in community_candidates(post, activity)[:MAX_CANDIDATES]:
        found = uow.communities.by_uri(uri)
        if found is not None:
            return found
    return None


def author_of(uow: UnitOfWork, post: vocabulary.Post, act: Act) -> ActorKey:
    """The key of a post's author.

    Raises:
        NotFound: its author is not known here.
    """
    if post.attributed_to == act.activity.actor:
        return act.actor
    author = uow.actors.key_of(post.attributed_to)
    if author is None:
        raise NotFound("The author is not known here")
    return author


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a post of a peer belongs: its community, its parent, and who announced it."""

    community: Community | None
    parent: Post | None = None
    announced: bool = False


def publish_command(
    uow: UnitOfWork, post: vocabulary.Post, act: Act, context: Context, where: Destination
) -> PublishPost:
    """The command (or fact) that a Create or a fetched object stands for.

    Raises:
        NotFound: its author is not known here.
    """
    author_id = author_of(uow, post, act)
    return PublishPost(
        id=PostKey(context.snowflakes.mint_at(post.published, received=act.at)),
        uri=post.id,
        author_id=author_id,
        kind=_KINDS[post.type],
        content=post_content(post),
        published_at=min(post.published or act.at, act.at),
        at=act.at,
        community_id=where.community.id if where.community is not None else None,
        parent_id=where.parent.id if where.parent is not None else None,
        parent_uri=post.in_reply_to,
        visibility=_visibility(uow, post, author_id, where),
        recipients=recipients(uow, post, context),
        url=post.url,
    )


def _visibility(
    uow: UnitOfWork, post: vocabulary.Post, author_id: ActorKey, where: Destination
) -> Visibility:
    """The audience; in a private community everything said to it is for its members."""
    community = where.community
    closed = community if community is not None and not community.is_open_to_read else None
    if closed is not None and (where.announced or is_spoken_to(post, closed)):
        return Visibility.MEMBERS
    if vocabulary.PUBLIC in post.to:
        return Visibility.PUBLIC
    if vocabulary.PUBLIC in post.cc:
        return Visibility.UNLISTED
    if community is not None and community.followers_uri in (*post.to, *post.cc):
        # Who takes a community that asks for a closed one means those who are in it.
        return Visibility.MEMBERS
    if where.announced:
        # A community tells its members what was said to it alone.
        return Visibility.MEMBERS
    author = uow.actors.get(author_id)
    followers = author.followers_uri if author is not None else None
    return Visibility(visibility_of(post.to, post.cc, followers=followers))


def is_spoken_to(post: vocabulary.Post, community: Community) -> bool:
    """Whether a post addresses everyone, or this community: then it may be shown to its members."""
    spoken_to = {community.uri, community.followers_uri, vocabulary.PUBLIC}
    return not spoken_to.isdisjoint({*post.to, *post.cc, post.audience, post.group})


def recipients(uow: UnitOfWork, post: vocabulary.Post, context: Context) -> tuple[ActorKey, ...]:
    """The people of this node that a post mentions or is addressed to."""
    named = dict.fromkeys((*(mention.href for mention in post.mentions), *post.to, *post.cc))
    found = []
    for uri in named:
        if context.uris.key_of(uri, "u") is None or uri == post.attributed_to:
            continue
        key = uow.actors.key_of(uri)
        if key is not None:
            found.append(key)
    return tuple(found[:MAX_RECIPIENTS])
