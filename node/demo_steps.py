"""The steps of `noaber demo`: from looking a group up to banning somebody from it."""

from collections.abc import Callable, Mapping

from communities.banning import BanMember, ban
from communities.errors import NotAllowed, Reason
from communities.membership import MembershipState
from communities.moderation import ModeratePost, remove
from communities.posts import PostState, ReactionKind, Visibility
from federation.errors import PeerRefused
from node.demo_nodes import published
from node.demo_story import Proof, Step, Story, until
from node.drafts import Changes, Draft
from storage.unit_of_work import UnitOfWork

GONE = 410


def _find(story: Story) -> Step:
    handle = f"!bees@{story.home.name}"

    async def act() -> None:
        await story.near.finder.community(handle)

    async def known() -> bool:
        return await story.near.node.storage.read(_is_group, story.bees.uri)

    return Step(
        title=f"bob on {story.near.name} looks up {handle}",
        way=(
            "The handle becomes a WebFinger query, the answer leads to the id of the group, "
            "and the id to its document: name, inbox, public keys."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.near.name} asked {story.home.name} by WebFinger, fetched the"
                " Group and keeps it",
                holds=known,
            )
        ],
    )


def _follow(story: Story) -> Step:
    async def act() -> None:
        await story.near.acting.join(story.bob.id, await story.local(story.near))
        await story.far.acting.join(story.carol.id, await story.local(story.far))

    member = MembershipState.MEMBER
    return Step(
        title="bob and carol follow the group",
        way=(
            "Each node signs a Follow with its own person's key. The group checks it against "
            "the key in that person's document, lets them in, and answers with an Accept."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.home.name} has bob as a member",
                holds=story.standing(story.home, story.bob.uri, member),
            ),
            Proof(
                sentence=f"{story.near.name} got the group's Accept for bob",
                holds=story.standing(story.near, story.bob.uri, member),
            ),
            Proof(
                sentence=f"{story.home.name} has carol as a member",
                holds=story.standing(story.home, story.carol.uri, member),
            ),
            Proof(
                sentence=f"{story.far.name} got the group's Accept for carol",
                holds=story.standing(story.far, story.carol.uri, member),
            ),
        ],
    )


def _post(story: Story) -> Step:
    title = "The first swarm of the year"

    async def act() -> None:
        draft = Draft(
            source="It hangs in the *pear tree*. Who has a box?",
            title=title,
            community_id=story.bees.id,
        )
        await story.write("post", story.home, story.alice, draft)

    async def is_served() -> bool:
        document = await published(story.far, story.posts["post"])
        return document.get("name") == title and document.get("audience") == story.bees.uri

    return Step(
        title="alice posts in the group",
        way=(
            "The group wraps alice's Create in an Announce, signs that with its own key, and "
            "sends it once to each server with members. Microblogs would get a plain boost of "
            "the post."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.near.name} has the post, announced by the group",
                holds=story.has("post", story.near, title=title),
            ),
            Proof(
                sentence=f"{story.far.name} has the post, announced by the group",
                holds=story.has("post", story.far, title=title),
            ),
            Proof(
                sentence=f"{story.home.name} serves it to {story.far.name} as ActivityStreams",
                holds=is_served,
            ),
        ],
    )


def _comment(story: Story) -> Step:
    async def act() -> None:
        parent = await story.found("post", story.near)
        draft = Draft(source="I have one. Coming at six.", parent_id=parent.id)
        await story.write("comment", story.near, story.bob, draft)

    async def in_context() -> bool:
        document = await published(story.far, f"{story.posts['post']}/context")
        return document.get("totalItems") == len(("post", "comment"))

    return Step(
        title="bob comments on it",
        way=(
            "Bob's node keeps it as pending, signs a Create and sends it to the group. The "
            "group stores it and announces bob's bytes as they came; now it is published."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.home.name} has the comment, signed by bob",
                holds=story.has("comment", story.home),
            ),
            Proof(
                sentence=f"{story.far.name} has it too: the group announced bob's own words",
                holds=story.has("comment", story.far),
            ),
            Proof(
                sentence=f"{story.near.name} shows it as published, since the group announced it",
                holds=story.has("comment", story.near),
            ),
            Proof(
                sentence=f"{story.home.name} lists both posts in the context of the thread",
                holds=in_context,
            ),
        ],
    )


def _vote(story: Story) -> Step:
    async def act() -> None:
        for what in ("post", "comment"):
            subject = await story.found(what, story.far)
            await story.far.acting.react(story.carol.id, subject.id, ReactionKind.LIKE)

    return Step(
        title="carol votes both of them up",
        way=(
            "A vote is a Like, signed by carol and sent to the group, which counts it and "
            "announces it."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.home.name} counts a vote for the post",
                holds=story.likes("post", story.home, 1),
            ),
            Proof(
                sentence=f"{story.near.name} counts a vote for the post",
                holds=story.likes("post", story.near, 1),
            ),
            Proof(
                sentence=f"{story.near.name} counts a vote for bob's comment",
                holds=story.likes("comment", story.near, 1),
            ),
        ],
    )


def _edit(story: Story) -> Step:
    title = "The first swarm of the year: housed"

    async def act() -> None:
        mine = await story.found("post", story.home)
        await story.home.acting.edit(story.alice.id, mine.id, Changes(title=title))

    return Step(
        title="alice edits her post",
        way=("An Update, announced by the group; the version before is kept as a revision."),
        act=act,
        proofs=[
            Proof(
                sentence=f"{where.name} has the new title",
                holds=story.has("post", where, title=title),
            )
            for where in (story.near, story.far)
        ],
    )


def _message(story: Story) -> Step:
    async def act() -> None:
        reader = await story.near.finder.person(f"@carol@{story.far.name}")
        draft = Draft(
            source="Shall I bring a veil for you?",
            visibility=Visibility.DIRECT,
            recipients=(reader.id,),
        )
        await story.write("message", story.near, story.bob, draft)

    async def is_private() -> bool:
        post = await story.post("message", story.far)
        return post is not None and post.visibility is Visibility.DIRECT

    async def is_hidden() -> bool:
        if await story.post("message", story.home) is not None:
            return False
        try:
            await published(story.home, story.posts["message"])
        except PeerRefused:
            return True
        return False

    return Step(
        title="bob sends carol a message",
        way=(
            "A Create addressed to carol alone goes straight to her node; no other one ever "
            "sees it."
        ),
        act=act,
        proofs=[
            Proof(sentence=f"{story.far.name} has it, for carol alone", holds=is_private),
            Proof(
                sentence=f"{story.home.name} does not have it, and is refused when it asks",
                holds=is_hidden,
            ),
        ],
    )


def _remove(story: Story) -> Step:
    title = "CHEAP HONEY"

    async def act() -> None:
        group = await story.local(story.far)
        draft = Draft(source="Buy now!", title=title, community_id=group)
        await story.write("advertisement", story.far, story.carol, draft)
        for where in (story.home, story.near):
            await until(
                story.has("advertisement", where), f"{where.name} has carol's advertisement"
            )
        found = await story.found("advertisement", story.home)
        command = ModeratePost(
            post_id=found.id,
            moderator_id=story.alice.id,
            at=story.home.acting.now(),
            reason="advertisement",
        )
        await story.home.acting.run(remove, command)

    removed = PostState.REMOVED
    return Step(
        title="carol posts an advertisement, and alice removes it as a moderator",
        way=(
            "The removal is a Delete by the moderator, announced by the group; everyone who "
            "follows the group takes its word for what is in it."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.near.name} took it away when the group announced the removal",
                holds=story.has("advertisement", story.near, removed),
            ),
            Proof(
                sentence=f"{story.far.name} took it away, although carol lives there",
                holds=story.has("advertisement", story.far, removed),
            ),
        ],
    )


def _ban(story: Story) -> Step:
    async def act() -> None:
        at = story.home.acting.now()
        carol = await story.home.finder.person(f"@carol@{story.far.name}")
        command = BanMember(
            community_id=story.bees.id,
            person_id=carol.id,
            moderator_id=story.alice.id,
            at=at,
            reason="advertisements",
        )
        await story.home.acting.run(ban, command)

    async def is_refused() -> bool:
        group = await story.local(story.far)
        try:
            await story.far.acting.write(
                story.carol.id, Draft(source="Still here!", title="Again", community_id=group)
            )
        except NotAllowed as error:
            return error.reason is Reason.BANNED
        return False

    banned = MembershipState.BANNED
    return Step(
        title="alice bans carol from the group",
        way=(
            "A Block by the moderator, announced by the group; carol's node gets a Reject of "
            "her Follow too."
        ),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.far.name} knows that carol is banned",
                holds=story.standing(story.far, story.carol.uri, banned),
            ),
            Proof(
                sentence=f"{story.near.name} knows it too",
                holds=story.standing(story.near, story.carol.uri, banned),
            ),
            Proof(
                sentence=f"{story.far.name} does not let carol post there any more",
                holds=is_refused,
            ),
        ],
    )


def _delete(story: Story) -> Step:
    async def act() -> None:
        mine = await story.found("comment", story.near)
        await story.near.acting.withdraw(story.bob.id, mine.id)

    async def is_gone() -> bool:
        try:
            await published(story.far, story.posts["comment"])
        except PeerRefused as error:
            return error.status == GONE
        return False

    withdrawn = PostState.WITHDRAWN
    return Step(
        title="bob deletes his comment",
        way=("Bob's node sends a Delete for his own words, which nobody has to allow."),
        act=act,
        proofs=[
            Proof(
                sentence=f"{story.home.name} keeps a mark in its place",
                holds=story.has("comment", story.home, withdrawn),
            ),
            Proof(
                sentence=f"{story.far.name} keeps a mark in its place",
                holds=story.has("comment", story.far, withdrawn),
            ),
            Proof(sentence=f"{story.near.name} answers 410 Gone for it", holds=is_gone),
        ],
    )


def _is_group(uow: UnitOfWork, uri: str) -> bool:
    return uow.actors.is_community(uri)


STEPS: Mapping[str, Callable[[Story], Step]] = {
    "find": _find,
    "follow": _follow,
    "post": _post,
    "comment": _comment,
    "vote": _vote,
    "edit": _edit,
    "message": _message,
    "remove": _remove,
    "delete": _delete,
    "ban": _ban,
}
"""The whole story, in order."""
