"""Who of all that listen may be told something of a batch; the others cost no look at anything."""

from collections.abc import Iterable, Iterator

from communities.people import ActorKey
from communities.posts import Visibility
from node.streaming.gathering import Batch
from node.streaming.telling import Shared, Wants
from protocols.mastodon.streaming import LIST, Stream
from storage.unit_of_work import UnitOfWork


def concerned(uow: UnitOfWork, batch: Batch, shared: Shared, wants: Wants) -> Wants:
    """Those of all that listen who may be told something, with what they listen to."""
    tied = set(_tied(uow, batch, shared))
    open_to = {stream for streams in wants.values() for stream in streams}
    open_to = {stream for stream in open_to if _may_tell(stream, batch, shared)}
    return {
        person_id: streams
        for person_id, streams in wants.items()
        if person_id in tied or not open_to.isdisjoint(streams)
    }


def _tied(uow: UnitOfWork, batch: Batch, shared: Shared) -> Iterator[ActorKey]:
    """Who wrote, boosted, was addressed or told, and who follows any of it."""
    for each in batch.fresh:
        yield each.post.author_id
        yield from each.actors
        if not each.is_boost and each.post.visibility is Visibility.DIRECT:
            yield from uow.posts.recipients(each.post.id)
    yield from (post.author_id for post in (*batch.edited, *batch.gone))
    yield from _first(shared.following)
    yield from _first(shared.tagged)
    yield from (notice.person_id for notice in batch.notices)


def _first(ties: Iterable[tuple[ActorKey, int]]) -> Iterator[ActorKey]:
    return (person_id for person_id, _ in ties)


def _may_tell(stream: Stream, batch: Batch, shared: Shared) -> bool:
    """Whether a stream may carry something of the batch to people with no tie to it."""
    if batch.edited or batch.gone:
        return stream.is_public or stream.name == LIST
    return bool(shared.public.get(stream) or (stream.name == LIST and batch.fresh))
