"""Whose notices are shown, held back or never made."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.notice_policy import (
    FILTERABLE,
    NEWCOMER,
    USUAL,
    YOUNG_FOLLOW,
    Acquaintance,
    NoticePolicy,
    Treatment,
    treatment,
)
from communities.notifications import NoticeKind
from communities.people import ActorState
from tests.communities.village import NOW

STRANGER = Acquaintance()
STRICT = NoticePolicy(
    not_following=Treatment.DROP,
    not_followers=Treatment.DROP,
    new_accounts=Treatment.DROP,
    private_mentions=Treatment.DROP,
    limited_accounts=Treatment.DROP,
)


@pytest.mark.parametrize("kind", NoticeKind)
def test_the_usual_policy_lets_strangers_through_but_for_private_messages(kind: NoticeKind) -> None:
    expected = Treatment.FILTER if kind is NoticeKind.DIRECT_MESSAGE else Treatment.ACCEPT

    assert treatment(USUAL, kind, STRANGER, NOW) is expected


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind not in FILTERABLE])
def test_what_concerns_duties_and_asks_is_never_held_back(kind: NoticeKind) -> None:
    assert treatment(STRICT, kind, STRANGER, NOW) is Treatment.ACCEPT


def test_who_was_accepted_is_let_through_whatever_the_policy_says() -> None:
    known = Acquaintance(is_permitted=True, state=ActorState.LIMITED)

    assert treatment(STRICT, NoticeKind.DIRECT_MESSAGE, known, NOW) is Treatment.ACCEPT


@pytest.mark.parametrize(
    ("name", "stranger", "friend"),
    [
        ("not_following", STRANGER, Acquaintance(is_followed=True)),
        (
            "not_followers",
            Acquaintance(follows_since=NOW - YOUNG_FOLLOW / 2),
            Acquaintance(follows_since=NOW - YOUNG_FOLLOW),
        ),
        (
            "new_accounts",
            Acquaintance(created_at=NOW - NEWCOMER / 2),
            Acquaintance(created_at=NOW - NEWCOMER),
        ),
        (
            "limited_accounts",
            Acquaintance(state=ActorState.LIMITED),
            Acquaintance(state=ActorState.LIMITED, is_followed=True),
        ),
    ],
)
def test_each_choice_looks_at_one_thing(
    name: str, stranger: Acquaintance, friend: Acquaintance
) -> None:
    choice = {name: Treatment.DROP}
    policy = replace(USUAL, limited_accounts=Treatment.ACCEPT)
    policy = replace(policy, **choice)

    assert treatment(policy, NoticeKind.MENTION, stranger, NOW) is Treatment.DROP
    assert treatment(policy, NoticeKind.MENTION, friend, NOW) is Treatment.ACCEPT


@pytest.mark.parametrize("known", [Acquaintance(is_followed=True), Acquaintance(is_answer=True)])
def test_private_messages_of_those_one_knows_or_asked_come_through(known: Acquaintance) -> None:
    assert treatment(USUAL, NoticeKind.DIRECT_MESSAGE, known, NOW) is Treatment.ACCEPT


def test_the_strictest_choice_that_fits_counts() -> None:
    policy = NoticePolicy(not_following=Treatment.FILTER, new_accounts=Treatment.DROP)
    new = Acquaintance(created_at=NOW - timedelta(days=1))

    assert treatment(policy, NoticeKind.FOLLOW, STRANGER, NOW) is Treatment.FILTER
    assert treatment(policy, NoticeKind.FOLLOW, new, NOW) is Treatment.DROP
