"""`noaber announcement`: what everybody here is told."""

from tests.node.cli.conftest import Commands


def test_an_announcement_is_made_listed_and_removed(noaber: Commands) -> None:
    made = noaber(
        "announcement", "add", "We *move* at noon", "--ends", "2999-12-24T18:00", "--json"
    )

    number = made.data["number"]
    listed = noaber("announcement", "list")
    assert made.code == listed.code == 0
    assert number in listed.out
    assert "We move at noon" in listed.out
    assert "2999-12-24 18:00" in listed.out
    (told,) = noaber("announcement", "list", "--json").data["announcements"]
    assert told["text"] == "We *move* at noon"
    assert noaber("announcement", "remove", number).code == 0
    assert "nothing was announced" in noaber("announcement", "list").out
    assert "there is no announcement" in noaber("announcement", "remove", number).err


def test_an_announcement_that_makes_no_sense_is_refused(noaber: Commands) -> None:
    for words in (
        ("add", " "),
        ("add", "Moin", "--ends", "soon"),
        ("add", "Moin", "--ends", "2001-01-01"),
        ("add", "Moin", "--starts", "2999-02-01", "--ends", "2999-01-01"),
    ):
        assert noaber("announcement", *words).code != 0
    assert "nothing was announced" in noaber("announcement", "list").out
