"""Forms of what a person does: follow, write, vote, and look."""

from collections.abc import Mapping
from typing import Annotated, Literal

from node.verbs.words import ACTING, Form, argument, changed, option, written

Acting = Annotated[str, ACTING]
WHOM = "A person or community: @name@host, !name@host, a name of this node, or a URL."
WHICH = "The post: its URL, or its number on this node."
MANY = 20


class Follow(Form, frozen=True):
    """Follow a person, or join a community."""

    person: Acting
    whom: Annotated[str, argument(WHOM)]


class Unfollow(Form, frozen=True):
    """Stop following a person, or leave a community."""

    person: Acting
    whom: Annotated[str, argument(WHOM)]


class Post(Form, frozen=True):
    """Post in a community, or for one's own followers."""

    person: Acting
    text: Annotated[str, written("The text, in markdown.")] = ""
    community: Annotated[str | None, option("The community to post in.")] = None
    title: Annotated[str | None, option("The title; a post in a community needs one.")] = None
    link: Annotated[str | None, option("The page that the post is about.")] = None
    choice: Annotated[
        tuple[str, ...], option("A choice of a poll; give it twice or more to make one.")
    ] = ()
    multiple: Annotated[bool, option("Let voters of the poll take several choices.")] = False
    hours: Annotated[int, option("How long the poll is open, in hours.")] = 24
    warning: Annotated[str | None, option("A warning that is shown before the text.")] = None
    audience: Annotated[
        Literal["public", "unlisted", "followers"], option("Who may see it, outside communities.")
    ] = "public"


class Reply(Form, frozen=True):
    """Answer a post or comment."""

    person: Acting
    post: Annotated[str, argument(WHICH)]
    text: Annotated[str, written("The answer, in markdown.")]


class Edit(Form, frozen=True):
    """Change what one wrote; what is not given stays."""

    person: Acting
    post: Annotated[str, argument(WHICH)]
    text: Annotated[str | None, changed("The new text, in markdown; - is standard input.")] = None
    title: Annotated[str | None, option("The new title.")] = None
    link: Annotated[str | None, option("The new link.")] = None


class Delete(Form, frozen=True):
    """Take back what one wrote; a mark stays in its thread."""

    person: Acting
    post: Annotated[str, argument(WHICH)]


class Vote(Form, frozen=True):
    """Vote a post up or down, or take the vote back."""

    person: Acting
    direction: Annotated[Literal["up", "down", "none"], argument("up, down or none.")]
    post: Annotated[str, argument(WHICH)]


class Boost(Form, frozen=True):
    """Show a post to one's own followers."""

    person: Acting
    post: Annotated[str, argument(WHICH)]
    undo: Annotated[bool, option("Take the boost back.")] = False


class React(Form, frozen=True):
    """Give a post an emoji."""

    person: Acting
    emoji: Annotated[str, argument("The emoji.")]
    post: Annotated[str, argument(WHICH)]
    undo: Annotated[bool, option("Take the emoji back.")] = False


class PollVote(Form, frozen=True):
    """Vote in a poll."""

    person: Acting
    post: Annotated[str, argument(WHICH)]
    choices: Annotated[tuple[str, ...], argument("What to choose, word for word.")]


class Message(Form, frozen=True):
    """Send a message that its recipient alone may read."""

    person: Acting
    whom: Annotated[str, argument("A person: @name@host, a name of this node, or a URL.")]
    text: Annotated[str, written("The message, in markdown.")]


class Report(Form, frozen=True):
    """Report a post or a person to the moderators."""

    person: Acting
    what: Annotated[str, argument("The post (URL or number), or the person (@name@host).")]
    reason: Annotated[str, written("What is wrong.")] = ""


class Block(Form, frozen=True):
    """Block a person: neither follows the other any more."""

    person: Acting
    whom: Annotated[str, argument(WHOM)]


class Unblock(Form, frozen=True):
    """End a block."""

    person: Acting
    whom: Annotated[str, argument(WHOM)]


class Timeline(Form, frozen=True):
    """Show threads: of one community, or of all that one is a member of."""

    person: Acting
    community: Annotated[str | None, argument("The community; left out, all joined ones.")] = None
    order: Annotated[Literal["new", "active", "hot", "top"], option("In which order.")] = "new"
    most: Annotated[int, option("How many.")] = MANY


class Show(Form, frozen=True):
    """Show a post with its comments."""

    person: Acting
    post: Annotated[str, argument(WHICH)]


class Notifications(Form, frozen=True):
    """Show what happened to one."""

    person: Acting
    most: Annotated[int, option("How many.")] = MANY
    read: Annotated[bool, option("Mark them as read.")] = False


ACT: Mapping[str, type[Form]] = {
    "follow": Follow,
    "unfollow": Unfollow,
    "post": Post,
    "reply": Reply,
    "edit": Edit,
    "delete": Delete,
    "vote": Vote,
    "boost": Boost,
    "react": React,
    "poll-vote": PollVote,
    "message": Message,
    "report": Report,
    "block": Block,
    "unblock": Unblock,
    "timeline": Timeline,
    "show": Show,
    "notifications": Notifications,
}
