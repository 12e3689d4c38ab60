"""How people of this node say they appear."""

import pytest

from communities.accounts import EditProfile, edit_profile
from communities.errors import Invalid, NotAllowed
from communities.events import PersonChanged
from communities.fields import render_field
from communities.limits import MAX_ABOUT, MAX_FIELDS, MAX_NAME
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


def test_what_is_not_named_stays_as_it_is(village: Village) -> None:
    edit(village, village.ann, "Ann of the hill", "I keep bees.")
    person_id = village.ann.id

    edit_profile(village.uow, EditProfile(person_id=person_id, locked=True, icon_url="https://a/1"))
    edit_profile(village.uow, EditProfile(person_id=person_id, automated=True, icon_url=""))

    ann = village.uow.people.appearance(person_id)
    assert ann is not None
    assert (ann.name, ann.about) == ("Ann of the hill", "I keep bees.")
    assert (ann.locked, ann.automated, ann.icon_url) == (True, True, None)


def test_fields_are_kept_with_addresses_as_links(village: Village) -> None:
    fields = (("Home", " https://ann.example/<me> "), ("Bees", "a < b"), ("", ""))

    edit_profile(village.uow, EditProfile(person_id=village.ann.id, fields=(fields[0], *fields)))

    ann = village.uow.people.appearance(village.ann.id)
    assert ann is not None
    assert ann.fields[1:] == (("Home", "https://ann.example/<me>"), ("Bees", "a < b"))
    assert ann.fields_html[1:] == (
        ("Home", "https://ann.example/&lt;me&gt;"),
        ("Bees", "a &lt; b"),
    )


@pytest.mark.parametrize(
    ("value", "is_address"),
    [
        ("https://ann.example", True),
        ("http://ann.example:8080/@ann?x=1#y", True),
        ("https://", False),
        ("https://ann@evil.example/", False),
        ("https://ann.example/ and more", False),
        ('https://ann.example/"onclick="x', False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_a_plain_address_becomes_a_link(value: str, *, is_address: bool) -> None:
    html = render_field(value)

    assert html.startswith("<a href=") is is_address
    assert ('rel="me ' in html) is is_address
    assert "<script" not in html
    assert '"onclick' not in html


@pytest.mark.parametrize(
    "fields",
    [
        (("n", "v"),) * (MAX_FIELDS + 1),
        (("n" * 256, "v"),),
        (("n", "v" * 256),),
        (("", "v"),),
        (("n", "a\0b"),),
    ],
)
def test_fields_that_are_too_many_or_too_long_are_refused(
    village: Village, fields: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        edit_profile(village.uow, EditProfile(person_id=village.ann.id, fields=fields))

    assert refused.value.field == "fields"
