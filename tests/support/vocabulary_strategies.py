"""Hypothesis strategies for the values of the vocabulary, as a node of ours would make them.

The values keep what the vocabulary promises: ids are http(s) URLs, an actor's own URLs are of its
origin, a link stands before any other Link attachment, texts hold something to read.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityId,
    ActivityType,
    Actor,
    ActorId,
    ActorType,
    Attachment,
    Emoji,
    Happening,
    Hashtag,
    KeyDocument,
    Mention,
    ObjectId,
    ObjectType,
    Picture,
    Poll,
    PollOption,
    Post,
    PropertyField,
    Reference,
    Tombstone,
)

HOSTS = ("https://a.example", "http://b.example:8080", "https://xn--bcher-kva.example")

paths = st.text("abcxyz0189-_/", min_size=1, max_size=12)
urls = st.builds("{}/{}".format, st.sampled_from(HOSTS), paths)
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(letters, min_size=1, max_size=20).filter(lambda text: not text.isspace())
words = st.text("abcdefghij", min_size=1, max_size=12)
media_types = st.sampled_from(["image/png", "text/html", "text/markdown", "video/mp4"])
languages = st.sampled_from(["nl", "en", "nds", "zh-Hant"])
dates = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda date: date.replace(tzinfo=UTC)
) | st.just(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1))
counts = st.integers(0, 2**31 - 1)
id_tuples = st.lists(urls | st.just(PUBLIC), max_size=4).map(tuple)
sizes = st.none() | st.integers(0, 10_000)

pictures = st.builds(
    Picture,
    url=urls,
    alt=st.none() | texts,
    media_type=st.none() | media_types,
    width=sizes,
    height=sizes,
    blurhash=st.none() | words,
)
attachments = st.builds(
    Attachment,
    kind=st.sampled_from(["Image", "Video", "Audio", "Document"]),
    url=urls,
    media_type=st.none() | media_types,
    alt=st.none() | texts,
    width=sizes,
    height=sizes,
    blurhash=st.none() | words,
)
emojis = st.builds(Emoji, name=words, icon_url=urls, id=st.none() | urls)
mentions = st.builds(Mention, href=urls, name=st.none() | texts)
hashtags = st.builds(Hashtag, name=words, href=st.none() | urls)
polls = st.builds(
    Poll,
    options=st.lists(st.builds(PollOption, name=texts, votes=counts), min_size=1, max_size=20).map(
        tuple
    ),
    multiple=st.booleans(),
    end_time=st.none() | dates,
    closed=st.none() | dates,
    voters=st.none() | counts,
)
happenings = st.builds(
    Happening,
    start_time=st.none() | dates,
    end_time=st.none() | dates,
    location=st.none() | texts,
    timezone=st.none() | st.just("Europe/Amsterdam"),
    join_mode=st.none() | st.just("free"),
    maximum_attendees=st.none() | st.integers(1, 1000),
)


@st.composite
def posts(draw: st.DrawFn) -> Post:
    """A post of any type."""
    kind = draw(st.sampled_from(ObjectType))
    content = draw(st.none() | texts)
    source = draw(st.none() | texts)
    return Post(
        id=ObjectId(draw(urls)),
        type=kind,
        attributed_to=ActorId(draw(urls)),
        name=draw(st.none() | texts),
        content_html=content,
        content_media_type=draw(st.none() | media_types),
        source=source,
        source_media_type=draw(st.none() | media_types) if source is not None else None,
        summary=draw(st.none() | texts),
        sensitive=draw(st.booleans()) if kind is not ObjectType.CHAT_MESSAGE else False,
        language=draw(st.none() | languages),
        in_reply_to=draw(st.none() | urls),
        context=draw(st.none() | urls),
        audience=draw(st.none() | urls),
        group=draw(st.none() | urls),
        to=draw(id_tuples),
        cc=draw(id_tuples),
        # The url of a Page is of the page's own origin: another is read as its link.
        url=None if kind is ObjectType.PAGE else draw(st.none() | urls),
        link=draw(st.none() | urls),
        image=draw(st.none() | pictures),
        attachments=tuple(draw(st.lists(attachments, max_size=3))),
        mentions=tuple(draw(st.lists(mentions, max_size=3))),
        hashtags=tuple(draw(st.lists(hashtags, max_size=3))),
        emojis=tuple(draw(st.lists(emojis, max_size=2))),
        published=draw(st.none() | dates),
        updated=draw(st.none() | dates),
        replies=draw(st.none() | urls),
        comments_enabled=draw(st.none() | st.booleans()),
        poll=draw(st.none() | polls) if kind is ObjectType.QUESTION else None,
        happening=draw(happenings) if kind is ObjectType.EVENT else None,
        is_live_broadcast=draw(st.booleans()),
        quote=draw(st.none() | urls),
    )


@st.composite
def actors(draw: st.DrawFn) -> Actor:
    """An actor of any type; what speaks for it is of its origin."""
    kind = draw(st.sampled_from(ActorType))
    host = draw(st.sampled_from(HOSTS))
    own = paths.map(lambda path: f"{host}/{path}")
    actor_id = draw(own)
    is_group = kind in (ActorType.GROUP, ActorType.FEED)
    source = draw(st.none() | texts)
    rsa = st.builds(KeyDocument, id=own, owner=st.just(actor_id), pem=texts)
    multikey = st.builds(KeyDocument, id=own, owner=st.just(actor_id), multikey=words)
    return Actor(
        id=ActorId(actor_id),
        type=kind,
        preferred_username=draw(st.text("abcdefz09_.-", min_size=1, max_size=20)),
        inbox=draw(own),
        name=draw(st.none() | texts),
        summary_html=draw(st.none() | texts),
        source=source,
        source_media_type=draw(st.none() | media_types) if source is not None else None,
        outbox=draw(st.none() | own),
        followers=draw(st.none() | own),
        following=draw(st.none() | own),
        featured=draw(st.none() | own),
        shared_inbox=draw(st.none() | own),
        url=draw(st.none() | urls),
        icon=draw(st.none() | pictures),
        image=draw(st.none() | pictures),
        keys=(*draw(st.lists(rsa, max_size=2)), *draw(st.lists(multikey, max_size=2))),
        published=draw(st.none() | dates),
        updated=draw(st.none() | dates),
        manually_approves_followers=draw(st.booleans()),
        discoverable=draw(st.none() | st.booleans()),
        indexable=draw(st.none() | st.booleans()),
        also_known_as=tuple(draw(st.lists(urls, max_size=3))),
        moved_to=draw(st.none() | urls),
        moderators=draw(st.none() | urls) if is_group else None,
        moderator_ids=tuple(draw(st.lists(urls, max_size=2))) if is_group else (),
        posting_restricted_to_mods=draw(st.booleans()) if is_group else False,
        accepts_joins=draw(st.booleans()) if is_group else False,
        sensitive=draw(st.booleans()),
        matrix_user_id=draw(st.none() | st.just("@ada:a.example")),
        languages=tuple(draw(st.lists(languages, max_size=3))),
        fields=tuple(
            draw(st.lists(st.builds(PropertyField, name=texts, value_html=texts), max_size=3))
        ),
        emojis=tuple(draw(st.lists(emojis, max_size=2))),
        webfinger=draw(st.none() | st.just("ada@a.example")),
    )


tombstones = st.builds(
    Tombstone, id=urls, former_type=st.none() | st.sampled_from(["Note", "Page", "Person"])
)
plain_references = st.builds(Reference, id=urls)
references = st.builds(
    Reference, id=urls, type=st.none() | st.sampled_from(["Note", "Image", "Group", "Document"])
)
_BRINGING = (ActivityType.CREATE, ActivityType.UPDATE, ActivityType.ANNOUNCE, ActivityType.ADD)
_SEVERAL = (ActivityType.ANNOUNCE, ActivityType.FLAG, ActivityType.OTHER)
_REACTIONS = (ActivityType.LIKE, ActivityType.EMOJI_REACT)


@st.composite
def activities(draw: st.DrawFn, depth: int = 1) -> Activity:
    """An activity of any type, around what its type may hold, nested at most three deep."""
    kinds = list(ActivityType)
    if depth > 1:
        kinds.remove(ActivityType.ANNOUNCE)  # an Announce in an Announce is read as one
    kind = draw(st.sampled_from(kinds))
    if kind in (ActivityType.CREATE, ActivityType.UPDATE):
        inner: st.SearchStrategy[object] = plain_references | tombstones
    else:
        inner = references | tombstones
    if kind in _BRINGING:
        inner = inner | posts() | actors()
    if depth < 3:
        inner = inner | activities(depth + 1)
    several = 3 if kind in _SEVERAL else 1
    objects = draw(st.lists(inner, min_size=1, max_size=several))
    return Activity(
        id=draw(st.none() | urls.map(ActivityId)),
        type=kind,
        type_name="Resolve" if kind is ActivityType.OTHER else kind.value,
        actor=ActorId(draw(urls)),
        objects=tuple(objects),  # type: ignore[arg-type]  # the strategies above make them
        target=draw(st.none() | urls),
        to=draw(id_tuples),
        cc=draw(id_tuples),
        audience=draw(st.none() | urls),
        content=draw(st.none() | texts),
        summary=draw(st.none() | texts),
        published=draw(st.none() | dates),
        updated=draw(st.none() | dates),
        end_time=draw(st.none() | dates),
        remove_data=draw(st.booleans()),
        emojis=tuple(draw(st.lists(emojis, max_size=2))) if kind in _REACTIONS else (),
    )
