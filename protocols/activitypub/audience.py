"""Who may read a post, said in to and cc; which community it is for; which Announce is in order.

Spec: ActivityPub 5.6 (public addressing) and 7.1; Mastodon "Status: visibility"; FEP-1b12.
"""

from typing import Final, Literal, TypeAlias

from protocols.activitypub.parsing_origins import same_origin
from protocols.activitypub.vocabulary import PUBLIC, Activity, ActivityObject, Post
from protocols.errors import LocalProtocolError

Visibility: TypeAlias = Literal["public", "unlisted", "followers", "direct"]
"""public: in public timelines. unlisted: anyone with the link. followers: those of the author or,
in a closed group, its members. direct: those named."""

_Addresses: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
_OWNED_PATH: Final = "/"


def visibility_of(to: tuple[str, ...], cc: tuple[str, ...], *, followers: str | None) -> Visibility:
    """Give the visibility that the addressing says.

    `followers` is the collection of the author, or that of the group for a post in a group.

    Spec: Mastodon "Status: visibility": Public in to is public, in cc is unlisted.
    """
    if PUBLIC in to:
        return "public"
    if PUBLIC in cc:
        return "unlisted"
    if followers is not None and (followers in to or followers in cc):
        return "followers"
    return "direct"


def address(
    visibility: Visibility,
    *,
    followers: str | None = None,
    people: tuple[str, ...] = (),
    community: str | None = None,
) -> _Addresses:
    """Give to and cc for a visibility; `visibility_of` reads the same out of them.

    `people` are those mentioned and answered. A community stands in to, as Lemmy needs; for a
    post in a closed one `followers` is the collection of its members.

    Raises:
        LocalProtocolError: when the visibility is "followers" and no collection is given.
    """
    named = tuple(dict.fromkeys(person for person in people if person != PUBLIC))
    group = (community,) if community is not None else ()
    collection = (followers,) if followers is not None else ()
    match visibility:
        case "public":
            return (*group, PUBLIC), (*collection, *named)
        case "unlisted":
            return (*group, *collection), (PUBLIC, *named)
        case "followers":
            if followers is None:
                raise LocalProtocolError("A post for followers needs their collection.")
            return (*group, followers), named
        case "direct":
            return (*group, *named), ()


def community_candidates(post: Post | None, activity: Activity | None) -> tuple[str, ...]:
    """Give the ids that may be the community of a post, in the order in which to try them.

    Audience first, then to and cc, then the Group in attributedTo; of each the object before the
    activity. Without the public collection, the author and the actor, each id once. Which of them
    is a community only storage or its origin can say.

    Spec: FEP-1b12 "audience"; Mbin#1310 is what happens when audience is not first.
    """
    found: list[str | None] = []
    if post is not None:
        found.append(post.audience)
    if activity is not None:
        found.append(activity.audience)
    for item in (post, activity):
        if item is not None:
            found.extend(item.to)
            found.extend(item.cc)
    if post is not None:
        found.append(post.group)
    others = {PUBLIC, None}
    if post is not None and post.attributed_to != post.group:
        others.add(post.attributed_to)
    if activity is not None:
        others.add(activity.actor)
    return tuple(
        dict.fromkeys(entry for entry in found if entry is not None and entry not in others)
    )


def may_announce(announce_actor: str, inner: ActivityObject) -> bool:
    """Whether what is announced says itself that it belongs to the group that announces it.

    It does when the group is its actor, or when the group or a collection below its id (its
    followers, its moderators) stands in its audience, to, cc or target, or in those of the post
    inside, or is its object. Lemmy's votes of before 0.18 say nothing: False is not a refusal,
    then the community of the object, which storage knows, must be the announcing group.

    Spec: FEP-1b12 "The Announce activity".
    """
    if isinstance(inner, Activity):
        return (
            inner.actor == announce_actor
            or _is_of(inner.target, announce_actor)
            or _any_is_of(community_candidates(None, inner), announce_actor)
            or any(_names(announce_actor, found) for found in inner.objects)
        )
    return _names(announce_actor, inner)


def _names(group: str, found: ActivityObject) -> bool:
    if isinstance(found, Post):
        return _any_is_of(community_candidates(found, None), group)
    if isinstance(found, Activity):
        return may_announce(group, found)
    return found.id == group


def _any_is_of(candidates: tuple[str, ...], group: str) -> bool:
    return any(_is_of(candidate, group) for candidate in candidates)


def _is_of(target: str | None, group: str) -> bool:
    if target is None:
        return False
    below = target.startswith(group.rstrip(_OWNED_PATH) + _OWNED_PATH)
    return target == group or (below and same_origin(target, group))
