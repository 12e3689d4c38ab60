"""What a verb works with, and how it shows people and posts."""

from dataclasses import dataclass

from communities.posts import Post, PostState
from communities.text import plain_text
from node.acting import Acting
from node.compose import Node
from node.finding import Finder
from node.verbs.answers import printable
from protocols.strict_json import JsonObject
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

LINE = 100
"""Characters of a text that is shown in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The node, with the acts of its people and the way to find others."""

    node: Node
    acting: Acting
    finder: Finder

    def handle(self, profile: Profile | None) -> str:
        """The handle of an actor, as people write it; empty for none."""
        if profile is None:
            return ""
        sign = "!" if profile.kind == "community" else "@"
        return f"{sign}{profile.localpart}@{profile.host or self.node.uris.domain}"


def desk_of(node: Node) -> Desk:
    """The desk of a node."""
    return Desk(node=node, acting=node.acting, finder=node.finder)


def excerpt(post: Post) -> str:
    """A post in one line: its title, else the beginning of its text."""
    if post.state is PostState.WITHDRAWN:
        return "(deleted)"
    words = post.content.title or plain_text(post.content.html, LINE)
    return printable(" ".join(words.split())) or "(no text)"


def post_facts(uow: UnitOfWork, desk: Desk, post: Post) -> JsonObject:
    """What a machine is told of a post."""
    author = uow.actors.get(post.author_id)
    community = None if post.community_id is None else uow.actors.get(post.community_id)
    counts = uow.posts.counts(post.id)
    return {
        "number": str(post.id),
        "id": post.uri,
        "url": post.url,
        "author": desk.handle(author),
        "author_id": None if author is None else author.uri,
        "community": desk.handle(community),
        "community_id": None if community is None else community.uri,
        "in_reply_to": post.parent_uri,
        "title": post.content.title,
        "text": post.content.source or plain_text(post.content.html, 10_000),
        "link": post.content.link,
        "state": post.state.value,
        "visibility": post.visibility.value,
        "published": post.published_at.isoformat(),
        "locked": post.locked,
        "pinned": post.pinned,
        "comments": counts.comments,
        "likes": counts.likes,
        "dislikes": counts.dislikes,
        "boosts": counts.boosts,
    }
