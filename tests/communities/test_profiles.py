"""How people of this node say they appear."""

import pytest

from communities.accounts import EditProfile, edit_profile
from communities.errors import Invalid, NotAllowed
from communities.events import PersonChanged
from communities.limits import MAX_ABOUT, MAX_NAME
from communities.people import ActorState, Person
from tests.communities.village import Village


def edit(village: Village, person: Person, name: str = "Ann", about: str = "") -> None:
    command = EditProfile(person_id=person.id, name=name, about=about, discoverable=True)
    edit_profile(village.uow, command)


def test_an_edited_profile_is_kept_and_told(village: Village) -> None:
    edit(village, village.ann, "  Ann\t of the  hill ", "I keep *bees*.\r\n")

    ann = village.uow.people.get(village.ann.id)
    assert ann is not None
    assert (ann.name, ann.summary_html) == ("Ann of the hill", "<p>I keep <em>bees</em>.</p>")
    assert village.uow.events == [PersonChanged(person_id=village.ann.id)]


@pytest.mark.parametrize(
    ("name", "about", "field"),
    [
        ("", "", "name"),
        (" \n", "", "name"),
        ("n" * (MAX_NAME + 1), "", "name"),
        ("a\0b", "", "name"),
        ("Ann", "a\0b", "about"),
        ("Ann", "n" * (MAX_ABOUT + 1), "about"),
    ],
)
def test_what_nobody_can_be_shown_by_is_refused(
    village: Village, name: str, about: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        edit(village, village.ann, name, about)

    assert refused.value.field == field
    assert village.uow.events == []


def test_the_longest_texts_are_taken(village: Village) -> None:
    edit(village, village.ann, "n" * MAX_NAME, "n" * MAX_ABOUT)

    assert village.uow.events == [PersonChanged(person_id=village.ann.id)]


def test_someone_suspended_or_at_home_elsewhere_is_not_edited(village: Village) -> None:
    village.uow.people.set_state(village.ann.id, ActorState.SUSPENDED)

    for person in (village.ann, village.zoe):
        with pytest.raises(NotAllowed):
            edit(village, person)
