"""Composing: from what an app sent to a draft, with its community, audience, mentions and title.

Spec: reference client-apis 2.2 (a new status that mentions one community, first or last of all it
mentions, is a post in it; what is not public is for its members). A message to people that names
a community besides is theirs alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from communities.community import Community
from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import Post, PostKey, Visibility
from communities.roles import Standing, standing
from communities.text import find_hashtags
from communities.ties import Preferences
from communities.titles import join_title, split_title
from communities.visibility import Viewer, can_see_community, sees
from federation.uris import Uris
from node.drafts import Draft
from node.errors import Refusal
from node.mastodon.allowances import LOOK_UP_TIME
from node.mastodon.desk import Desk
from node.mastodon.parameters import invalid
from node.mastodon.submissions import Submission
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

_VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "unlisted": Visibility.UNLISTED,
    "private": Visibility.FOLLOWERS,
    "direct": Visibility.DIRECT,
}
_CLOSED = ("private", "direct")
_IS_PRIVATE = (
    "This community is private: what is posted in it is for its members,"
    " so post it for followers only (private)"
)
_IS_OPEN_ELSEWHERE = (
    "This community is open to everyone and lives on another server,"
    " which cannot keep a post to its members; post it publicly"
)
_NOT_A_MEMBER = "Only members can post something for the members alone; join first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A submission, by whom, with whom it mentions, by the mention in the order of the text.

    Attributes:
        home: the community itself, where the author is one.
        parent: what it answers.
    """

    author_id: ActorKey
    submission: Submission
    named: Mapping[str, Profile]
    usual: Preferences
    at: datetime
    home: Community | None = None
    parent: Post | None = None

    @property
    def people(self) -> tuple[ActorKey, ...]:
        """The people it mentions."""
        return _of_kind(self.named, "person")

    @property
    def audience(self) -> str:
        """Whom it is for, in the word of the app; private answers are private by themselves."""
        if self.submission.visibility is not None:
            return self.submission.visibility
        if self.parent is not None and self.parent.visibility is Visibility.DIRECT:
            return "direct"
        usual = self.usual.visibility.value
        if self.parent is not None and self.parent.visibility is Visibility.FOLLOWERS:
            return usual if usual in _CLOSED else "private"
        return usual


async def compose(desk: Desk, author_id: ActorKey, submission: Submission) -> Draft:
    """The draft that a submission makes now.

    Raises:
        NotFound: what it answers, or the group, is not there for the author.
        Refusal: its audience does not go with where it goes, or it only names the community.
    """
    text = join_title(submission.title, submission.text)
    named = await desk.finder.mentioned(text, within=LOOK_UP_TIME)
    return await desk.storage.read(_draft, author_id, submission, named, desk.now(), desk.uris)


def links_in(text: str, named: Mapping[str, Profile], uris: Uris) -> dict[str, str]:
    """The addresses of mentions and hashtags in a text."""
    links = {mention: profile.url or profile.uri for mention, profile in named.items()}
    for tag in find_hashtags(text):
        links[f"#{tag.lower()}"] = f"{uris.base}/tags/{tag.lower()}"
    return links


def without_mention(text: str, named: Mapping[str, Profile], community_id: ActorKey) -> str:
    """A text without the mention of its community where it begins or ends with that."""
    for mention, profile in named.items():
        if profile.id == community_id:
            word = re.escape(mention)
            text = re.sub(rf"\A{word}(?:[:,]?\s+|[:,]?\Z)", "", text, flags=re.IGNORECASE)
            text = re.sub(rf"(?:\s+|\A){word}\Z", "", text, flags=re.IGNORECASE)
    return text.strip()


def known_to(
    uow: UnitOfWork, named: Mapping[str, Profile], author_id: ActorKey, at: datetime
) -> dict[str, Profile]:
    """Those mentioned whom the author may know: no secret community of others."""
    return {
        mention: profile
        for mention, profile in named.items()
        if profile.kind != "community" or _visible(uow, profile.id, author_id, at) is not None
    }


def _draft(
    uow: UnitOfWork,
    author_id: ActorKey,
    submission: Submission,
    named: Mapping[str, Profile],
    at: datetime,
    uris: Uris,
) -> Draft:
    wanted = Wanted(
        author_id=author_id,
        submission=submission,
        named=known_to(uow, named, author_id, at),
        usual=uow.preferences.of(author_id),
        at=at,
        home=uow.communities.get(author_id),
        parent=_parent(uow, author_id, submission, at),
    )
    community = None if wanted.parent is not None else _community(uow, wanted)
    text, title = submission.text, submission.title
    if community is None:
        visibility = _own_audience(wanted)
    else:
        visibility = _community_audience(uow, wanted, community)
        text = without_mention(text, wanted.named, community.id)
        if title is None:
            title, text = split_title(text)
        if not (title or text or submission.media_ids):
            raise invalid("Text can't be blank")
    return Draft(
        source=text,
        markup=submission.markup,
        title=title,
        link=submission.link,
        community_id=None if community is None else community.id,
        parent_id=None if wanted.parent is None else wanted.parent.id,
        visibility=visibility,
        recipients=_recipients(wanted, visibility),
        links=links_in(text, wanted.named, uris),
        language=submission.language or wanted.usual.language,
        warning=submission.warning,
        sensitive=_is_sensitive(wanted),
        ballot=None if submission.poll is None else submission.poll.ballot,
    )


def _of_kind(named: Mapping[str, Profile], kind: str) -> tuple[ActorKey, ...]:
    return tuple(dict.fromkeys(found.id for found in named.values() if found.kind == kind))


def _is_sensitive(wanted: Wanted) -> bool:
    """What the app says; else what the author always wants of pictures."""
    if wanted.submission.sensitive is not None:
        return wanted.submission.sensitive
    return wanted.usual.sensitive and bool(wanted.submission.media_ids)


def _parent(
    uow: UnitOfWork, author_id: ActorKey, submission: Submission, at: datetime
) -> Post | None:
    if submission.answered_id is None:
        return None
    entry = uow.feeds.entry(submission.answered_id)
    post = None if entry is None else uow.posts.get(PostKey(entry.post_id))
    if post is None or not sees(uow, Viewer(person_id=author_id), post, at):
        raise NotFound("What this answers is not there")
    return post


def _visible(
    uow: UnitOfWork, community_id: ActorKey, author_id: ActorKey, at: datetime
) -> Community | None:
    """A community that the author may know of."""
    community = uow.communities.get(community_id)
    if community is None or community_id == author_id:
        return community
    membership = uow.memberships.get(community_id, author_id)
    return community if can_see_community(community, membership, at) else None


def _community(uow: UnitOfWork, wanted: Wanted) -> Community | None:
    """The community that a new status is posted in.

    Raises:
        NotFound: it is named by its id, and is not there for the author.
    """
    group_id = wanted.submission.group_id
    if group_id is not None:
        community = _visible(uow, ActorKey(group_id), wanted.author_id, wanted.at)
        if community is None:
            raise NotFound("No such group")
        return community
    mentioned = _of_kind(wanted.named, "community")
    order = [profile.id for profile in wanted.named.values()]
    if wanted.audience == "direct" and wanted.people:
        return None
    if len(mentioned) == 1 and mentioned[0] in (order[0], order[-1]):
        return uow.communities.get(mentioned[0])
    return wanted.home


def _own_audience(wanted: Wanted) -> Visibility:
    """The audience of an answer, or of what is posted outside any community."""
    visibility = _VISIBILITIES[wanted.audience]
    is_for_members = wanted.parent is not None and wanted.parent.visibility is Visibility.MEMBERS
    if is_for_members and visibility is not Visibility.DIRECT:
        return Visibility.MEMBERS
    return visibility


def _community_audience(uow: UnitOfWork, wanted: Wanted, community: Community) -> Visibility:
    """The audience of a new post in a community.

    Raises:
        Refusal: it is meant for more than those who can read here, or for the members where
            nothing can be kept to them.
    """
    said = wanted.submission.visibility
    if not community.is_open_to_read:
        if said is not None and said not in _CLOSED:
            raise _refused(_IS_PRIVATE)
        return Visibility.MEMBERS
    if wanted.audience not in _CLOSED:
        return _VISIBILITIES[wanted.audience]
    if not community.is_local:
        raise _refused(_IS_OPEN_ELSEWHERE)
    membership = uow.memberships.get(community.id, wanted.author_id)
    if wanted.author_id != community.id and standing(membership, wanted.at) < Standing.MEMBER:
        raise _refused(_NOT_A_MEMBER)
    return Visibility.MEMBERS


def _refused(sentence: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)


def _recipients(wanted: Wanted, visibility: Visibility) -> tuple[ActorKey, ...]:
    """Whom it addresses by name: a message that names nobody is a note to oneself."""
    others = tuple(key for key in wanted.people if key != wanted.author_id)
    if visibility is Visibility.DIRECT and not others:
        return (wanted.author_id,)
    return others
