"""The consumer that lets posts be found: their words go in as they come, and out as they go.

What was there before the consumer was first run is taken in afterwards, while the log is quiet.
"""

from communities.events import PostEdited, PostPublished, PostRemoved, PostWithdrawn
from communities.posts import Post, PostKey, PostState
from communities.search_words import marks_of_post, words_of_post
from storage.unit_of_work import UnitOfWork

CURSOR = "search"
MOST = 200
_FOUND = (PostState.PUBLISHED, PostState.PENDING)
_POSTS, _ACTORS = "search.posts", "search.actors"
_DONE = "done"


def step(uow: UnitOfWork, now_ms: int, most: int = MOST) -> int:  # noqa: ARG001 - as consumers are
    """Take up to `most` events, or as much of what is older; how much there was.

    Private posts are kept as others are: who finds them is asked when they are looked for.
    """
    events = uow.events.after(uow.events.cursor(CURSOR), most)
    if not events:
        return _catch_up(uow, most)
    changed: dict[PostKey, None] = {}
    for logged in events:
        if isinstance(logged.event, PostPublished | PostEdited | PostWithdrawn | PostRemoved):
            changed[logged.event.post_id] = None
    for post_id in changed:
        index_post(uow, post_id)
    uow.events.move_cursor(CURSOR, events[-1].seq)
    return len(events)


def index_post(uow: UnitOfWork, post_id: PostKey) -> None:
    """Let a post be found by the words it has now; or not at all, when it is gone."""
    post = uow.posts.get(post_id)
    if post is None or post.state not in _FOUND:
        uow.post_search.remove(post_id)
        return
    _put(uow, post)


def _put(uow: UnitOfWork, post: Post) -> None:
    marks = marks_of_post(post.content, post.kind, is_comment=post.is_comment)
    uow.post_search.put(post.id, words_of_post(post.content), marks)


def _catch_up(uow: UnitOfWork, most: int) -> int:
    """Take in some of what was there before; 0 when all of it was."""
    return _catch_up_posts(uow, most) or _catch_up_actors(uow, most)


def _catch_up_posts(uow: UnitOfWork, most: int) -> int:
    """Newest first: what is looked for is mostly new."""
    reached = uow.instance.get(_POSTS)
    if reached == _DONE:
        return 0
    found = uow.post_search.older(None if reached is None else int(reached), most=most)
    for post_id in found:
        index_post(uow, post_id)
    uow.instance.put(_POSTS, str(found[-1]) if found else _DONE)
    return len(found)


def _catch_up_actors(uow: UnitOfWork, most: int) -> int:
    reached = uow.instance.get(_ACTORS)
    if reached == _DONE:
        return 0
    found = uow.actor_words.older(None if reached is None else int(reached), most=most)
    for key, name, localpart in found:
        uow.actor_words.put(key, name, localpart)
    uow.instance.put(_ACTORS, str(found[-1][0]) if found else _DONE)
    return len(found)
