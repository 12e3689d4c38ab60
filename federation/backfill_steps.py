"""What one document of a backfill means: posts to store, and what to ask for next.

Spec: reference activitypub 3.2; FEP-7888 (a context lists the whole thread; `replies` one level).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from communities.community import Community
from communities.people import ActorKey
from federation.activitypub import history
from federation.activitypub.act import Context
from federation.activitypub.history import Listed
from federation.activitypub.profiles import store_actor
from protocols.activitypub.parsing import parse_actor, parse_post
from protocols.activitypub.parsing_origins import check_post_origin
from protocols.activitypub.vocabulary import Post
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

MOST_PAGES: Final = 10
"""Pages read of one collection."""
MOST_TODO: Final = 300
"""What is to do is written down with every step."""

Kind = Literal["moderators", "featured", "outbox", "thread", "replies", "post", "actor"]
COLLECTIONS: Final[frozenset[Kind]] = frozenset(
    ("moderators", "featured", "outbox", "thread", "replies")
)


class Errand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to fetch.

    Attributes:
        page: which page of its collection it is.
        again: whether what it needs was asked for already; what is still missing is left out.
        fallback: another collection, for when this one cannot be had.
        deep: whether the answers to a comment have to be looked for, too.
    """

    kind: Kind
    url: str
    page: int = 1
    again: bool = False
    fallback: str | None = None
    deep: bool = False


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a backfill: what is to do, and what was done. `todo` None has not begun."""

    community_id: int
    todo: tuple[Errand, ...] | None = None
    requests: int = 0
    stored: int = 0
    failures: int = 0


def begin(progress: Progress, group: Profile) -> Progress:
    """The first things to ask a community for."""
    lists: tuple[tuple[Kind, str | None], ...] = (
        ("moderators", group.moderators_uri),
        ("featured", group.featured_uri),
        ("outbox", group.outbox),
    )
    todo = tuple(Errand(kind=kind, url=url) for kind, url in lists if url is not None)
    return msgspec.structs.replace(progress, todo=todo)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What every step needs; `limit` is how many posts may still be stored."""

    uow: UnitOfWork
    community: Community
    context: Context
    at: datetime
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What came of a document: how many posts were stored, what to ask for next, and at last."""

    stored: int = 0
    next: Sequence[Errand] = ()
    last: Sequence[Errand] = ()


def take(
    uow: UnitOfWork,
    progress: Progress,
    raw: JsonObject | None,
    context: Context,
    at: datetime,
    limit: int,
) -> Progress:
    """Store what came of the first errand (None: it cannot be had); the progress then."""
    community = uow.communities.get(ActorKey(progress.community_id))
    if not progress.todo or community is None:
        return msgspec.structs.replace(progress, todo=())
    errand, *rest = progress.todo
    scene = _Scene(uow=uow, community=community, context=context, at=at, limit=limit)
    try:
        found = _TAKERS[errand.kind](scene, errand, raw or {})
    except RemoteProtocolError:
        found = _Found(next=_fallback(errand))
    # A dictionary keeps the order and drops what is to be asked for already.
    todo = {(one.url, one.again): one for one in (*found.next, *rest, *found.last)}
    return msgspec.structs.replace(
        progress,
        todo=tuple(todo.values())[:MOST_TODO],
        requests=progress.requests + 1,
        stored=progress.stored + found.stored,
        failures=0,
    )


def _fallback(errand: Errand) -> list[Errand]:
    return [Errand(kind="replies", url=errand.fallback)] if errand.fallback is not None else []


def _take_actor(scene: _Scene, errand: Errand, raw: JsonObject) -> _Found:
    actor = parse_actor(raw)
    if actor.id == errand.url:
        store_actor(scene.uow, actor, at=scene.at, snowflakes=scene.context.snowflakes)
    return _Found()


def _take_moderators(scene: _Scene, errand: Errand, raw: JsonObject) -> _Found:
    listed = history.read_list(raw, errand.url)
    unknown = [uri for uri in listed.ids if scene.uow.actors.key_of(uri) is None]
    if unknown and not errand.again:
        return _first(unknown, errand)
    history.appoint(scene.uow, scene.community, listed.ids, scene.at)
    return _Found()


def _take_featured(scene: _Scene, errand: Errand, raw: JsonObject) -> _Found:
    """Store featured posts, then pin them; those that are only named are fetched before."""
    listed = history.read_list(raw, errand.url)
    wanted = [
        *(_actor(uri) for uri in _unknown_authors(scene, listed.posts)),
        *_unknown_posts(scene, listed.ids),
    ]
    if wanted and not errand.again:
        return _Found(next=[*wanted, msgspec.structs.replace(errand, again=True)])
    stored = _store(scene, listed.posts)
    named = (*(post.id for post in listed.posts), *listed.ids)
    history.pin(scene.uow, scene.community, named, scene.at)
    return _Found(stored=len(stored), last=_threads(scene, listed.posts))


def _take_list(scene: _Scene, errand: Errand, raw: JsonObject) -> _Found:
    """A page of the outbox, of a thread, or of the answers to one post."""
    listed = history.read_list(raw, errand.url)
    unknown = _unknown_authors(scene, listed.posts)
    if unknown and not errand.again:
        return _first(unknown, errand)
    stored = _store(scene, listed.posts)
    threads = _threads(scene, listed.posts)
    if errand.kind == "replies":
        threads.extend(_answers(stored))
    return _Found(
        stored=len(stored),
        next=[
            *_unknown_posts(scene, listed.ids, deep=errand.kind == "replies"),
            *_following(scene, errand, listed, len(stored)),
        ],
        last=threads,
    )


def _take_post(scene: _Scene, errand: Errand, raw: JsonObject) -> _Found:
    post = parse_post(raw)
    check_post_origin(post)
    if post.id != errand.url:
        return _Found()
    unknown = _unknown_authors(scene, [post])
    if unknown and not errand.again:
        return _first(unknown, errand)
    stored = _store(scene, [post])
    threads = _threads(scene, [post])
    if errand.deep:
        threads.extend(_answers(stored))
    return _Found(stored=len(stored), last=threads)


_TAKERS: Mapping[Kind, Callable[[_Scene, Errand, JsonObject], _Found]] = {
    "moderators": _take_moderators,
    "featured": _take_featured,
    "outbox": _take_list,
    "thread": _take_list,
    "replies": _take_list,
    "post": _take_post,
    "actor": _take_actor,
}


def _first(unknown: Iterable[str], errand: Errand) -> _Found:
    """Ask for actors, then for the document again."""
    return _Found(
        next=[*(_actor(uri) for uri in unknown), msgspec.structs.replace(errand, again=True)]
    )


def _actor(uri: str) -> Errand:
    return Errand(kind="actor", url=uri)


def _unknown_authors(scene: _Scene, posts: Sequence[Post]) -> list[str]:
    return history.unknown_authors(scene.uow, scene.community, posts[: scene.limit])


def _unknown_posts(scene: _Scene, ids: Iterable[str], *, deep: bool = False) -> list[Errand]:
    return [
        Errand(kind="post", url=uri, deep=deep)
        for uri in ids
        if not scene.context.uris.is_ours(uri) and scene.uow.posts.key_of(uri) is None
    ]


def _store(scene: _Scene, posts: Sequence[Post]) -> list[Post]:
    chosen = posts[: scene.limit]
    return history.store(scene.uow, scene.community, chosen, scene.context, scene.at)


def _following(scene: _Scene, errand: Errand, listed: Listed, stored: int) -> list[Errand]:
    """The next page; of the outbox only while half of the posts are left for answers."""
    if listed.following is None or errand.page >= MOST_PAGES:
        return []
    if errand.kind == "outbox" and stored * 2 >= scene.limit:
        return []
    return [Errand(kind=errand.kind, url=listed.following, page=errand.page + 1)]


def _threads(scene: _Scene, posts: Iterable[Post]) -> list[Errand]:
    """Where the answers to thread starters are listed: in the context, else in the replies."""
    tasks = []
    for post in posts:
        if post.in_reply_to is not None or not history.belongs(scene.uow, scene.community, post):
            continue
        context = history.own_list(post, post.context)
        replies = history.own_list(post, post.replies)
        if context is not None:
            tasks.append(Errand(kind="thread", url=context, fallback=replies))
        elif replies is not None:
            tasks.append(Errand(kind="replies", url=replies))
    return tasks


def _answers(posts: Iterable[Post]) -> list[Errand]:
    """Where the answers to comments are listed, that no context named."""
    places = (history.own_list(post, post.replies) for post in posts if post.in_reply_to)
    return [Errand(kind="replies", url=url) for url in places if url is not None]
