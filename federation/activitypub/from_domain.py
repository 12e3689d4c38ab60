"""Domain to vocabulary: the only translator outward."""

from datetime import datetime

from communities.community import Community, CommunityVisibility, JoinPolicy, PostingPolicy
from communities.posts import Post, Visibility
from communities.visibility import audience_in
from federation.uris import Uris
from protocols.activitypub import vocabulary
from protocols.activitypub.audience import Visibility as Stated
from protocols.activitypub.audience import address
from protocols.activitypub.vocabulary import (
    ActivityId,
    ActivityType,
    Actor,
    ActorId,
    ActorType,
    KeyDocument,
    ObjectId,
    ObjectType,
    Picture,
    PropertyField,
)
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

_MARKDOWN = "text/markdown"
_HTML = "text/html"


def actor_document(
    profile: Profile, keys: tuple[KeyDocument, ...], uris: Uris, community: Community | None = None
) -> Actor:
    """A local actor as peers see it."""
    is_group = community is not None
    return Actor(
        id=ActorId(profile.uri),
        type=ActorType(profile.type),
        preferred_username=profile.localpart,
        inbox=uris.inbox(profile.uri),
        name=profile.name,
        summary_html=profile.summary_html or None,
        source=profile.summary_source or None,
        source_media_type=_MARKDOWN if profile.summary_source else None,
        outbox=uris.outbox(profile.uri),
        followers=uris.followers(profile.uri),
        following=uris.following(profile.uri),
        featured=uris.featured(profile.uri),
        shared_inbox=uris.shared_inbox(),
        url=profile.url,
        icon=_picture(profile.icon_url, profile.extra.icon_description),
        image=_picture(profile.image_url, profile.extra.image_description),
        keys=keys,
        published=profile.published_at,
        manually_approves_followers=(
            community.join is not JoinPolicy.OPEN if community is not None else profile.locked
        ),
        discoverable=(
            community.visibility is CommunityVisibility.PUBLIC
            if community is not None
            else profile.discoverable
        ),
        indexable=profile.indexable,
        also_known_as=profile.extra.also_known_as,
        moved_to=profile.moved_to,
        moderators=uris.moderators(profile.uri) if is_group else None,
        posting_restricted_to_mods=(
            community is not None and community.posting is PostingPolicy.MODERATORS
        ),
        open_to_read=community.is_open_to_read if community is not None else None,
        sensitive=community is not None and community.sensitive,
        fields=tuple(
            PropertyField(name=name, value_html=value) for name, value in profile.extra.fields
        ),
        languages=profile.extra.languages,
        webfinger=f"{profile.localpart}@{uris.domain}",
    )


def _picture(url: str | None, description: str) -> Picture | None:
    return None if url is None else Picture(url=url, alt=description or None)


def post_document(uow: UnitOfWork, post: Post, uris: Uris) -> vocabulary.Post | None:
    """A local post as peers see it; None when its author is gone."""
    author = uow.actors.get(post.author_id)
    if author is None:
        return None
    community = uow.communities.get(post.community_id) if post.community_id is not None else None
    parent = uow.posts.get(post.parent_id) if post.parent_id is not None else None
    parent_author = uow.actors.get(parent.author_id) if parent is not None else None
    mentions = _mentions(uow, post, parent_author, community, uris)
    followers = _followers_uri(post, author, community, uris)
    to, cc = address(
        _STATED[audience_in(post, community)],
        followers=followers,
        people=tuple(mention.href for mention in mentions if not _is_group(mention, community)),
        community=community.uri if community is not None else None,
    )
    content = post.content
    return vocabulary.Post(
        id=ObjectId(post.uri),
        type=ObjectType(post.kind.value),
        attributed_to=ActorId(author.uri),
        name=content.title,
        content_html=content.html or None,
        content_media_type=_HTML if content.html else None,
        source=content.source or None,
        source_media_type=_MARKDOWN if content.source else None,
        summary=content.warning,
        sensitive=content.sensitive,
        language=content.language,
        in_reply_to=post.parent_uri or (parent.uri if parent is not None else None),
        context=uris.context(post.root_id),
        audience=community.uri if community is not None else None,
        to=to,
        cc=cc,
        url=post.url,
        link=content.link,
        attachments=tuple(
            vocabulary.Attachment(
                kind=one.kind,
                url=one.url,
                media_type=one.media_type,
                alt=one.alt,
                width=one.width,
                height=one.height,
                blurhash=one.blurhash,
                focus=one.focus,
                duration_ms=one.duration_ms,
            )
            for one in content.attachments
        ),
        mentions=mentions,
        hashtags=tuple(vocabulary.Hashtag(name=name) for name in content.hashtags),
        published=post.published_at,
        updated=post.edited_at,
        replies=uris.replies(post.id),
        comments_enabled=None if post.is_comment or community is None else not post.locked,
        poll=_poll(post),
        happening=_happening(post),
    )


_STATED: dict[Visibility, Stated] = {
    Visibility.PUBLIC: "public",
    Visibility.UNLISTED: "unlisted",
    Visibility.FOLLOWERS: "followers",
    Visibility.MEMBERS: "followers",
    Visibility.DIRECT: "direct",
}


def _followers_uri(
    post: Post, author: Profile, community: Community | None, uris: Uris
) -> str | None:
    for_members = post.visibility is Visibility.MEMBERS
    if community is not None and (for_members or not community.is_open_to_read):
        return community.followers_uri or uris.followers(community.uri)
    return author.followers_uri


def _is_group(mention: vocabulary.Mention, community: Community | None) -> bool:
    return community is not None and mention.href == community.uri


def _mentions(
    uow: UnitOfWork,
    post: Post,
    parent_author: Profile | None,
    community: Community | None,
    uris: Uris,
) -> tuple[vocabulary.Mention, ...]:
    """Whom a post mentions: those it names, the author it answers, and its community.

    Lemmy 1.0 and NodeBB mention the group so that answers from Mastodon reach it. Who is answered
    by a post that is not for everyone is not thereby one of its readers.
    """
    named = uow.actors.many(uow.posts.recipients(post.id))
    if (
        parent_author is not None
        and parent_author.id != post.author_id
        and post.visibility not in (Visibility.FOLLOWERS, Visibility.DIRECT)
    ):
        named[parent_author.id] = parent_author
    found = [_mention(profile, uris) for profile in named.values()]
    if community is not None:
        group = uow.actors.get(community.id)
        if group is not None:
            found.append(_mention(group, uris))
    return tuple(found)


def _mention(profile: Profile, uris: Uris) -> vocabulary.Mention:
    return vocabulary.Mention(
        href=profile.uri, name=f"@{profile.localpart}@{profile.host or uris.domain}"
    )


def _poll(post: Post) -> vocabulary.Poll | None:
    poll = post.content.poll
    if poll is None:
        return None
    return vocabulary.Poll(
        options=tuple(
            vocabulary.PollOption(name=option.name, votes=option.votes) for option in poll.options
        ),
        multiple=poll.multiple,
        end_time=poll.ends_at,
        closed=poll.closed_at,
        voters=poll.voters,
    )


def _happening(post: Post) -> vocabulary.Happening | None:
    event = post.content.happening
    if event is None:
        return None
    return vocabulary.Happening(
        start_time=event.starts_at,
        end_time=event.ends_at,
        location=event.location,
        timezone=event.timezone,
        join_mode=event.join_mode,
        maximum_attendees=event.maximum_attendees,
    )


def activity(  # noqa: PLR0913 - the fields of an activity
    type_: ActivityType,
    *,
    id: str,  # noqa: A002 - the field's word
    actor: str,
    obj: vocabulary.ActivityObject,
    to: tuple[str, ...] = (),
    cc: tuple[str, ...] = (),
    audience: str | None = None,
    target: str | None = None,
    content: str | None = None,
    summary: str | None = None,
    published: datetime | None = None,
    end_time: datetime | None = None,
    remove_data: bool = False,
) -> vocabulary.Activity:
    """An activity of a local actor."""
    return vocabulary.Activity(
        id=ActivityId(id),
        type=type_,
        type_name=type_.value,
        actor=ActorId(actor),
        objects=(obj,),
        to=to,
        cc=cc,
        audience=audience,
        target=target,
        content=content,
        summary=summary,
        published=published,
        end_time=end_time,
        remove_data=remove_data,
    )
