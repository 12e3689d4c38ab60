"""What answers of the inbox tell: the same for what is hidden and for what does not exist."""

from typing import Any

import pytest

from communities.community import CommunityVisibility, JoinPolicy, PostingPolicy
from communities.errors import DomainError
from communities.posts import PostState, Visibility
from federation.errors import SignatureRejected
from protocols.errors import ProtocolError
from protocols.strict_json import JsonObject, JsonValue
from tests.support.factories import HOME
from tests.support.postbox import Postbox, activity, note, page

SECRET: dict[str, Any] = {
    "visibility": CommunityVisibility.SECRET,
    "join": JoinPolicy.INVITE,
    "posting": PostingPolicy.MEMBERS,
}
NOWHERE = f"{HOME.base}/post/7"


async def answer(postbox: Postbox, sent: JsonObject) -> str:
    """What the sender learns: a refusal in words, or that it was taken."""
    try:
        await postbox.deliver(sent)
    except (DomainError, ProtocolError) as error:
        return f"{type(error).__name__}: {error}"
    return "202"


async def about(postbox: Postbox, kind: str, uri: str) -> str:
    eve = await postbox.stranger("eve")
    if kind == "Create":
        return await answer(postbox, activity("Create", eve.uri, note(eve.uri, inReplyTo=uri)))
    if kind == "vote":
        choice = note(eve.uri, name="Ja", inReplyTo=uri)
        del choice["content"]
        return await answer(postbox, activity("Create", eve.uri, choice))
    return await answer(postbox, activity(kind, eve.uri, uri))


KINDS = ("Create", "vote", "Like", "Announce", "Delete", "Lock", "Flag")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("visibility", "state"),
    [
        (Visibility.DIRECT, PostState.PUBLISHED),
        (Visibility.DIRECT, PostState.WITHDRAWN),
        (Visibility.FOLLOWERS, PostState.PUBLISHED),
        (Visibility.FOLLOWERS, PostState.REMOVED),
    ],
)
async def test_a_hidden_post_is_answered_like_an_unknown_one(
    postbox: Postbox, kind: str, visibility: Visibility, state: PostState
) -> None:
    ada = await postbox.resident("ada")
    post = await postbox.post(ada, visibility=visibility, state=state)

    hidden = await about(postbox, kind, post.uri)

    assert hidden == "202"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_post_of_a_secret_community_is_answered_like_an_unknown_one(
    postbox: Postbox, kind: str
) -> None:
    group = await postbox.group("bees", **SECRET)
    post = await postbox.post(await postbox.resident("ada"), group, visibility=Visibility.MEMBERS)

    assert await about(postbox, kind, post.uri) == "202"


async def test_a_secret_community_is_answered_like_an_unknown_one(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees", **SECRET), await postbox.stranger("eve")

    asked = await answer(postbox, activity("Follow", eve.uri, group.uri))
    written = await answer(postbox, activity("Create", eve.uri, page(eve.uri, group.uri)))
    told = await answer(
        postbox, activity("Block", eve.uri, eve.uri, target=group.uri, audience=group.uri)
    )
    added = await answer(
        postbox, activity("Add", eve.uri, eve.uri, target=f"{group.uri}/moderators")
    )
    invited = await answer(postbox, activity("Invite", eve.uri, group.uri, target=eve.uri))

    assert {asked, written, told, added, invited} == {"202"}


@pytest.mark.parametrize("visibility", [Visibility.DIRECT, Visibility.FOLLOWERS])
async def test_a_forwarded_answer_does_not_tell_whether_a_hidden_post_is_here(
    postbox: Postbox, visibility: Visibility
) -> None:
    eve = await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), visibility=visibility)
    answers = []

    for parent in (post.uri, NOWHERE):
        said = note("https://far.example/users/ida", inReplyTo=parent)
        sent = activity("Create", "https://far.example/users/ida", said)
        try:
            await postbox.deliver(sent, signer=eve.uri)
            answers.append("202")
        except SignatureRejected as error:
            answers.append(str(error))

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "kind", ["Like", "Delete", "Lock", "Undo", "Add", "Flag", "Update", "Create", "Announce", ""]
)
async def test_a_community_elsewhere_does_not_learn_of_hidden_posts_by_announcing_them(
    postbox: Postbox, kind: str
) -> None:
    ada, group = await postbox.resident("ada"), await postbox.distant_group("wasps")
    await postbox.member(group, ada)
    wim = await postbox.stranger("wim", "groups.example")
    message = await postbox.post(ada, visibility=Visibility.DIRECT)
    bees = await postbox.group("bees", **SECRET)
    secret = await postbox.post(ada, bees, visibility=Visibility.MEMBERS)

    def told(uri: str) -> JsonValue:
        match kind:
            case "Undo":
                return activity("Undo", wim.uri, activity("Delete", wim.uri, uri))
            case "Add":
                return activity("Add", wim.uri, uri, target=f"{group.uri}/featured")
            case "Create":
                return activity("Create", wim.uri, page(wim.uri, group.uri, inReplyTo=uri))
            case "":
                return uri
            case _:
                return activity(kind, wim.uri, uri)

    answers = {
        await answer(postbox, activity("Announce", group.uri, told(uri)))
        for uri in (NOWHERE, message.uri, secret.uri)
    }

    assert len(answers) == 1
