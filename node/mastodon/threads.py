"""The thread around a post: what it answers, and what answers it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from communities.posts import PostKey

MOST_ANCESTORS = 40
MOST_DESCENDANTS = 60
MOST_FOR_PEOPLE = 4096
"""Ancestors, and descendants, for someone with an account."""


@dataclass(frozen=True, slots=True)
class Around:
    """Keys of ancestors, oldest first, and of descendants, each before its answers."""

    ancestors: list[PostKey]
    descendants: list[PostKey]


def around(
    post_id: PostKey, parents: Mapping[PostKey, PostKey | None], *, is_signed_in: bool
) -> Around:
    """Find a post's place in its thread.

    Args:
        post_id: the post.
        parents: what each post of the thread answers, oldest first.
        is_signed_in: the reader has an account and gets more.
    """
    answers: defaultdict[PostKey, list[PostKey]] = defaultdict(list)
    for key, parent in parents.items():
        if parent is not None:
            answers[parent].append(key)
    most_up = MOST_FOR_PEOPLE if is_signed_in else MOST_ANCESTORS
    most_down = MOST_FOR_PEOPLE if is_signed_in else MOST_DESCENDANTS
    return Around(_upward(post_id, parents, most_up), _downward(post_id, answers, most_down))


def _upward(
    post_id: PostKey, parents: Mapping[PostKey, PostKey | None], most: int
) -> list[PostKey]:
    found: list[PostKey] = []
    above = parents.get(post_id)
    while above is not None and above in parents and len(found) < most:
        found.append(above)
        above = parents[above]
    return found[::-1]


def _downward(
    post_id: PostKey, answers: Mapping[PostKey, Sequence[PostKey]], most: int
) -> list[PostKey]:
    found: list[PostKey] = []
    waiting = list(reversed(answers.get(post_id, ())))
    while waiting and len(found) < most:
        key = waiting.pop()
        found.append(key)
        waiting.extend(reversed(answers.get(key, ())))
    return found
