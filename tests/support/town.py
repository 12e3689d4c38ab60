"""A small town for pages: communities of each kind, and posts with everything a post can have."""

from dataclasses import dataclass, replace
from datetime import timedelta

from communities.community import Community, CommunityKind, CommunityVisibility, JoinPolicy
from communities.membership import Role
from communities.people import ActorKey, Person
from communities.posts import (
    Attachment,
    Happening,
    Poll,
    PollOption,
    Post,
    PostContent,
    PostKind,
    PostState,
    Reaction,
    ReactionKind,
)
from communities.text import render_markdown, sanitise
from storage.actors import ProfileExtra
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Who and what is there."""

    ada: Person
    ben: Person
    cyd: Person
    bees: Community
    threads: dict[str, Post]
    comments: tuple[Post, ...]
    paths: dict[str, str]


def build_town(uow: UnitOfWork, world: World) -> Town:
    """Ada owns the forum `bees`, Ben writes there, Cyd does so from elsewhere."""
    ada, ben = world.person(uow, "ada"), world.person(uow, "ben")
    cyd = world.remote_person(uow, "cyd")
    _introduce(uow, ada.id)
    bees = world.community(uow, "bees", kind=CommunityKind.FORUM)
    described = replace(
        bees, name="Bees", description_html=render_markdown("# About\n\nFor *keepers* of bees.")
    )
    uow.communities.update(described)
    world.member(uow, bees, ada, Role.OWNER)
    world.member(uow, bees, ben, Role.MODERATOR)
    world.community(uow, "empty")
    asking = {"visibility": CommunityVisibility.PRIVATE, "join": JoinPolicy.ASK}
    world.community(uow, "hive", **asking)
    elsewhere = world.remote_community(uow, "wasps")
    threads = _threads(uow, world, ben, bees)
    threads["elsewhere"] = world.post(uow, cyd, elsewhere)
    threads["alone"] = world.post(
        uow,
        ada,
        kind=PostKind.NOTE,
        content=PostContent(html="<p>First frost on the roofs.</p>"),
    )
    comments = _comments(uow, world, (ada, ben, cyd), threads["plain"])
    posts = {name: f"/post/{post.id}" for name, post in threads.items()}
    paths = {
        "home": "/",
        "about": "/about",
        "community": "/c/bees",
        "empty community": "/c/empty",
        "private community": "/c/hive",
        "community elsewhere": "/c/wasps@peer.example",
        "person": "/@ada",
        "comments of a person": "/@ada?show=comments",
        "person elsewhere": "/@cyd@peer.example",
        "conversation": f"/post/{comments[0].id}",
        **{f"thread: {name}": path for name, path in posts.items()},
    }
    return Town(
        ada=ada, ben=ben, cyd=cyd, bees=bees, threads=threads, comments=comments, paths=paths
    )


def _introduce(uow: UnitOfWork, key: ActorKey) -> None:
    profile = uow.actors.get(key)
    assert profile is not None
    uow.actors.put(
        replace(
            profile,
            name="Ada Vermeer",
            summary_html=render_markdown("Keeps **bees**.\n\n## More\n\nAnd a cat."),
            extra=ProfileExtra(
                fields=(("Site", sanitise('<a href="https://ada.example">ada</a>')),)
            ),
        )
    )


def _threads(uow: UnitOfWork, world: World, author: Person, bees: Community) -> dict[str, Post]:
    poll = Poll(
        options=(PollOption(name="Thursday", votes=3), PollOption(name="Friday", votes=1)),
        ends_at=world.now + timedelta(days=60),
    )
    happening = Happening(
        starts_at=world.now + timedelta(days=60),
        location="Village hall",
        timezone="Europe/Amsterdam",
        maximum_attendees=60,
    )
    picture = Attachment(kind="Image", url="https://media.example/a.jpg", alt="A frame of honey")
    contents = {
        "plain": PostContent(
            title="Weak colonies",
            html=render_markdown("# Which?\n\nTwo of them.\n\n- one\n- two\n\n> quoted"),
            language="en",
        ),
        "poll": PostContent(title="Which day?", poll=poll),
        "event": PostContent(title="Winter talk", happening=happening),
        "pictures": PostContent(
            title="Open day",
            html="<p>Thanks!</p>",
            attachments=(picture, replace(picture, kind="Document", alt=None)),
        ),
        "link": PostContent(title="Hornets", link="https://www.hornets.example/report"),
        "covered": PostContent(title="Dead bees", html="<p>Many.</p>", warning="dead animals"),
    }
    kinds = {"poll": PostKind.QUESTION, "event": PostKind.EVENT}
    found = {
        name: world.post(
            uow,
            author,
            bees,
            content=content,
            kind=kinds.get(name, PostKind.PAGE),
            published_at=world.now,
        )
        for name, content in contents.items()
    }
    uow.posts.set_pinned(found["link"].id, pinned=True)
    uow.posts.set_locked(found["event"].id, locked=True)
    return found


def _comments(
    uow: UnitOfWork, world: World, people: tuple[Person, ...], thread: Post
) -> tuple[Post, ...]:
    """A chain of nine, each answering the one before, and two more that were taken away."""
    chain = [thread]
    for level in range(9):
        author = people[level % len(people)]
        content = PostContent(html=f"<p>Answer {level}.</p>")
        chain.append(world.comment(uow, author, chain[-1], content=content))
    removed = world.comment(uow, people[0], chain[1], content=PostContent(html="<p>Rude.</p>"))
    world.comment(uow, people[1], removed, content=PostContent(html="<p>Now, now.</p>"))
    uow.posts.set_state(removed.id, PostState.REMOVED, at=world.now)
    withdrawn = world.comment(uow, people[1], thread, content=PostContent(html="<p>Oops.</p>"))
    uow.posts.set_state(withdrawn.id, PostState.WITHDRAWN, at=world.now)
    for kind, who in ((ReactionKind.LIKE, people[0]), (ReactionKind.DISLIKE, people[2])):
        uow.reactions.put(
            Reaction(actor_id=who.id, post_id=chain[1].id, kind=kind, uri=None, at=world.now)
        )
    return (*chain[1:], removed, withdrawn)
