"""What is done with filters: found, made, changed, in units of work; and how clients tell of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from communities.errors import Invalid, NotFound
from communities.filtering import (
    MAX_FILTERED_POSTS,
    MAX_FILTERS,
    MAX_KEYWORDS,
    Filter,
    FilterAction,
    FilterContext,
    FilteredPost,
    Keyword,
    check_filter,
    check_keyword,
)
from communities.people import ActorKey
from communities.visibility import Viewer, sees
from node.mastodon.parameters import Parameters, invalid
from node.peer_http.documents import key_of
from storage.unit_of_work import UnitOfWork

_LONGEST = timedelta(days=100 * 365)


def find_filter(uow: UnitOfWork, person_id: ActorKey, filter_id: int) -> Filter:
    """A filter of this person.

    Raises:
        NotFound: they have none such.
    """
    for each in uow.filters.for_person(person_id):
        if each.id == filter_id:
            return each
    raise NotFound("There is no such filter")


def find_keyword(uow: UnitOfWork, person_id: ActorKey, keyword_id: int) -> tuple[Filter, Keyword]:
    """A keyword of this person's filters, and the filter. Raises as `find_filter`."""
    for each in uow.filters.for_person(person_id):
        for keyword in each.keywords:
            if keyword.id == keyword_id:
                return each, keyword
    raise NotFound("There is no such keyword")


def make_filter(uow: UnitOfWork, new: Filter) -> Filter:
    """Store a new filter.

    Raises:
        Invalid: the person has as many as they may have, or it has too many keywords.
    """
    if uow.filters.count(new.person_id) >= MAX_FILTERS:
        raise Invalid("filters", f"More than {MAX_FILTERS} filters are too many")
    _check_room(len(new.keywords), MAX_KEYWORDS, "keywords")
    uow.filters.add(new)
    return new


def changed_by(stored: Filter, parameters: Parameters, at: datetime) -> Filter:
    """The filter with what a client says about it; its keywords are left as they are."""
    title = parameters.text("title")
    action = parameters.text("filter_action")
    return replace(
        stored,
        title=stored.title if title is None else title.strip(),
        contexts=contexts_in(parameters) if "context" in parameters else stored.contexts,
        action=stored.action if action is None else _action(action),
        until=end_in(parameters, at) if "expires_in" in parameters else stored.until,
    )


def contexts_in(parameters: Parameters) -> frozenset[FilterContext]:
    """Where a client says that a filter counts.

    Raises:
        Refusal: it names a place that there is not.
    """
    try:
        return frozenset(FilterContext(word) for word in parameters.texts("context"))
    except ValueError:
        places = ", ".join(context.value for context in FilterContext)
        raise invalid(f"context is some of {places}") from None


def end_in(parameters: Parameters, at: datetime) -> datetime | None:
    """When a client says that a filter ends; None for never.

    Raises:
        Refusal: that is no number of seconds, or too far away.
    """
    seconds = parameters.number("expires_in")
    if seconds is None:
        return None
    if not 0 <= seconds <= _LONGEST.total_seconds():
        raise invalid("expires_in is a number of seconds from now")
    return at + timedelta(seconds=seconds)


def _action(word: str) -> FilterAction:
    try:
        return FilterAction(word)
    except ValueError:
        raise invalid("filter_action is one of warn, hide, blur") from None


def word_in(parameters: Parameters) -> str:
    """The keyword that a client tells of. Raises as `check_keyword`; Refusal when there is none."""
    word = parameters.required("keyword")
    check_keyword(word)
    return word


def _check_room(number: int, most: int, what: str) -> None:
    if number > most:
        raise Invalid("filters", f"More than {most} {what} in a filter are too many")


def filters_of(uow: UnitOfWork, person_id: ActorKey) -> Sequence[Filter]:
    """All filters of a person, oldest first."""
    return uow.filters.for_person(person_id)


def change_filter(
    uow: UnitOfWork,
    person_id: ActorKey,
    filter_id: int,
    parameters: Parameters,
    at: datetime,
    keys: Sequence[int],
) -> Filter:
    """Change a filter, and its keywords as told: new ones, others, those to be dropped.

    Args:
        uow: the unit.
        person_id: whose filter.
        filter_id: which.
        parameters: what the client says.
        at: now.
        keys: ids for new keywords, one for each that is told of.
    """
    stored = find_filter(uow, person_id, filter_id)
    changed = changed_by(stored, parameters, at)
    check_filter(changed.title, changed.contexts)
    uow.filters.update(changed)
    known = {keyword.id: keyword for keyword in stored.keywords}
    for key, each in zip(keys, parameters.each("keywords_attributes"), strict=True):
        _tell_keyword(uow, filter_id, known, key, each)
    found = find_filter(uow, person_id, filter_id)
    _check_room(len(found.keywords), MAX_KEYWORDS, "keywords")
    return found


def _tell_keyword(
    uow: UnitOfWork, filter_id: int, known: dict[int, Keyword], key: int, told: Parameters
) -> None:
    named = told.text("id")
    keyword = None
    if named:
        keyword = known.get(key_of(named) or 0)
        if keyword is None:
            raise NotFound("There is no such keyword")
    if told.is_set("_destroy"):
        if keyword is not None:
            uow.filters.remove_keyword(keyword.id)
        return
    uow.filters.put_keyword(filter_id, _changed_keyword(keyword or Keyword(id=key, word=""), told))


def _changed_keyword(stored: Keyword, told: Parameters) -> Keyword:
    word, whole_word = told.text("keyword"), told.flag("whole_word")
    changed = replace(
        stored,
        word=stored.word if word is None else word,
        whole_word=stored.whole_word if whole_word is None else whole_word,
    )
    check_keyword(changed.word)
    return changed


def drop_filter(uow: UnitOfWork, person_id: ActorKey, filter_id: int) -> None:
    """Drop a filter. Raises as `find_filter`."""
    uow.filters.remove(find_filter(uow, person_id, filter_id).id)


def add_keyword(uow: UnitOfWork, person_id: ActorKey, filter_id: int, keyword: Keyword) -> None:
    """Add a keyword to a filter. Raises as `find_filter`; Invalid when it has enough of them."""
    found = find_filter(uow, person_id, filter_id)
    _check_room(len(found.keywords) + 1, MAX_KEYWORDS, "keywords")
    uow.filters.put_keyword(found.id, keyword)


def change_keyword(
    uow: UnitOfWork, person_id: ActorKey, keyword_id: int, told: Parameters
) -> Keyword:
    """Change a keyword as a client tells. Raises as `find_keyword`."""
    found, keyword = find_keyword(uow, person_id, keyword_id)
    changed = _changed_keyword(keyword, told)
    uow.filters.put_keyword(found.id, changed)
    return changed


def drop_keyword(uow: UnitOfWork, person_id: ActorKey, keyword_id: int) -> None:
    """Drop a keyword. Raises as `find_keyword`."""
    _found, keyword = find_keyword(uow, person_id, keyword_id)
    uow.filters.remove_keyword(keyword.id)


def find_post(uow: UnitOfWork, person_id: ActorKey, row_id: int) -> FilteredPost:
    """A post that a filter of this person names. Raises as `find_filter`."""
    for each in uow.filters.for_person(person_id):
        for post in each.posts:
            if post.id == row_id:
                return post
    raise NotFound("The filter names no such post")


def add_post(
    uow: UnitOfWork, viewer: Viewer, filter_id: int, named: tuple[int, int], at: datetime
) -> FilteredPost:
    """Name a post; one that the person may not see is not there."""
    if viewer.person_id is None:
        raise NotFound("There is no such filter")
    key, status_id = named
    found = find_filter(uow, viewer.person_id, filter_id)
    entry = uow.feeds.entry(status_id)
    post = None if entry is None else uow.posts.get(entry.post_id)
    if post is None or not sees(uow, viewer, post, at):
        raise NotFound("There is no such post")
    for known in found.posts:
        if known.post_id == post.id:
            raise Invalid("status_id", "The filter names the post already")
    _check_room(len(found.posts) + 1, MAX_FILTERED_POSTS, "posts")
    added = FilteredPost(id=key, post_id=post.id)
    uow.filters.add_post(found.id, added)
    return added


def drop_post(uow: UnitOfWork, person_id: ActorKey, row_id: int) -> None:
    """Name a post no longer. Raises as `find_post`."""
    uow.filters.remove_post(find_post(uow, person_id, row_id).id)
