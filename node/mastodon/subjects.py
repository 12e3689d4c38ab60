"""Subjects: the post that an app acts on, by the id of any Status that shows it."""

from datetime import datetime

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import Post
from communities.visibility import Viewer, sees
from storage.unit_of_work import UnitOfWork


def subject(uow: UnitOfWork, status_id: int, actor_id: ActorKey, at: datetime) -> Post:
    """The post of a Status, or that it passes on.

    Spec: security PRV-01.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    entry = uow.feeds.entry(status_id)
    post = None if entry is None else uow.posts.get(entry.post_id)
    if post is None or not sees(uow, Viewer(person_id=actor_id), post, at):
        raise NotFound("No such post")
    return post


def own(uow: UnitOfWork, status_id: int, author: ActorKey, at: datetime) -> Post:
    """A post of the author, by the id of one of its statuses.

    Raises:
        NotFound: it is not there, or is another's.
    """
    post = subject(uow, status_id, author, at)
    if post.author_id != author:
        raise NotFound("No such post")
    return post
