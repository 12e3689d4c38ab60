"""`noaber act`: what people of this node do from the command line, and what they are told."""

import io
import sys

import pytest

from tests.node.cli.conftest import Commands


def test_a_post_in_a_group_stands_in_its_timeline(noaber: Commands) -> None:
    told = noaber.act("bob", "post", "--community", "bees", "--title", "A swarm", "In the *tree*")

    shown = noaber.act("alice", "timeline", "bees")
    assert told.code == 0
    assert told.out.startswith("published https://bees.example/post/")
    assert "A swarm" in shown.out
    assert "@bob@bees.example" in shown.out


def test_the_timeline_without_a_group_is_that_of_all_joined_ones(noaber: Commands) -> None:
    noaber.post("alice", "--title", "A swarm")

    joined = noaber.act("bob", "timeline")
    noaber("account", "create", "carol")
    outside = noaber.act("carol", "timeline")

    assert "A swarm" in joined.out
    assert outside.out == "a member of no community yet\n"


def test_a_text_comes_from_standard_input_when_it_is_left_out(
    noaber: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = noaber.post("alice", "--title", "A swarm")
    monkeypatch.setattr(sys, "stdin", io.StringIO("From a *pipe*.\n"))

    told = noaber.act("bob", "reply", number)

    shown = noaber.act("bob", "show", number)
    assert told.code == 0
    assert "From a pipe." in shown.out


def test_a_post_in_a_group_needs_a_title(noaber: Commands) -> None:
    told = noaber.act("bob", "post", "--community", "bees", "text")

    assert (told.code, told.err) == (2, "noaber: a post in a community needs a --title\n")


def test_who_acts_must_be_said(noaber: Commands) -> None:
    told = noaber("act", "timeline")

    assert (told.code, told.err) == (2, "noaber: say who acts: noaber act --as NAME ...\n")


def test_an_unknown_name_suggests_the_nearest(noaber: Commands) -> None:
    person = noaber.act("alise", "timeline")
    community = noaber.act("alice", "follow", "!beez@bees.example")

    assert person.err == "noaber: there is no account alise on this node; did you mean alice?\n"
    assert "did you mean bees?" in community.err
    assert (person.code, community.code) == (2, 2)


def test_the_node_itself_is_nobody_to_act_as(noaber: Commands) -> None:
    told = noaber.act("_node", "timeline")

    assert told.code == 2
    assert "there is no account _node" in told.err


def test_votes_are_counted_and_taken_back(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm")

    up = noaber.act("bob", "vote", "up", number)
    again = noaber.act("bob", "vote", "up", number)
    counted = noaber.act("bob", "show", number, "--json").data["posts"][0]["likes"]
    none = noaber.act("bob", "vote", "none", number)

    assert "voted up on" in up.out
    assert "had voted up on" in again.out
    assert counted == 1
    assert "took the vote back" in none.out
    assert noaber.act("bob", "show", number, "--json").data["posts"][0]["likes"] == 0


def test_a_vote_sideways_is_refused(noaber: Commands) -> None:
    told = noaber.act("bob", "vote", "sideways", "1")

    assert told.code == 2
    assert "not one of 'up', 'down', 'none'" in told.err


def test_an_edit_keeps_what_is_not_given(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm", "Where?")

    told = noaber.act("alice", "edit", number, "--title", "Two swarms")

    post = noaber.act("alice", "show", number, "--json").data["posts"][0]
    assert told.code == 0
    assert (post["title"], post["text"]) == ("Two swarms", "Where?")


def test_an_edit_takes_its_text_from_standard_input_when_a_dash_says_so(
    noaber: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = noaber.post("alice", "--title", "A swarm", "Where?")
    monkeypatch.setattr(sys, "stdin", io.StringIO("In the pear tree."))

    noaber.act("alice", "edit", number, "-")

    post = noaber.act("alice", "show", number, "--json").data["posts"][0]
    assert post["text"] == "In the pear tree."


def test_nobody_edits_the_words_of_another(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm", "Where?")

    told = noaber.act("bob", "edit", number, "Mine now")

    assert (told.code, told.err) == (1, "noaber: Only its author can do this\n")


def test_a_deleted_post_leaves_a_mark_in_its_thread(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm")
    comment = noaber.act("bob", "reply", number, "Coming", "--json").data["number"]

    told = noaber.act("bob", "delete", comment)

    states = [post["state"] for post in noaber.act("bob", "show", number, "--json").data["posts"]]
    assert told.code == 0
    assert states == ["published", "withdrawn"]


def test_a_message_is_for_its_reader_alone(noaber: Commands) -> None:
    noaber("account", "create", "carol")
    number = noaber.act("alice", "message", "bob", "Between us", "--json").data["number"]

    reader = noaber.act("bob", "show", number)
    other = noaber.act("carol", "show", number)

    assert "Between us" in reader.out
    assert other.code == 2
    assert "there is no post" in other.err


def test_an_answer_to_a_message_is_a_message(noaber: Commands) -> None:
    number = noaber.act("alice", "message", "bob", "Between us", "--json").data["number"]

    told = noaber.act("bob", "reply", number, "Agreed", "--json")

    assert told.data["visibility"] == "direct"


def test_a_poll_takes_votes_by_the_words_of_its_choices(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "Which?", "--choice", "Pear", "--choice", "Apple")

    told = noaber.act("bob", "poll-vote", number, "Pear")
    wrong = noaber.act("alice", "poll-vote", number, "Plum")

    assert told.code == 0
    assert "( ) Pear: 1" in noaber.act("bob", "show", number).out
    assert (wrong.code, wrong.err) == (2, "noaber: The poll has no such choice\n")


def test_following_and_blocking_people(noaber: Commands) -> None:
    follows = noaber.act("alice", "follow", "@bob@bees.example")
    blocks = noaber.act("bob", "block", "alice")
    again = noaber.act("alice", "follow", "bob")
    ends = noaber.act("bob", "unblock", "alice")

    assert "@alice@bees.example follows @bob@bees.example now" in follows.out
    assert "@bob@bees.example blocks @alice@bees.example" in blocks.out
    assert (again.code, again.err) == (1, "noaber: You cannot follow this person\n")
    assert ends.code == 0


def test_who_leaves_a_group_is_no_member(noaber: Commands) -> None:
    told = noaber.act("bob", "unfollow", "bees")

    assert told.code == 0
    assert noaber.act("bob", "timeline").out == "a member of no community yet\n"


def test_an_emoji_and_a_boost_are_given_and_taken_back(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm")

    for words in (["react", "🐝", number], ["boost", number]):
        assert "gave the" in noaber.act("bob", *words).out
        assert "took back the" in noaber.act("bob", *words, "--undo").out


def test_a_moderator_removes_restores_locks_and_pins(noaber: Commands) -> None:
    number = noaber.post("bob", "--title", "A swarm")

    for verb, sentence in (
        ("remove", "is removed"),
        ("remove", "was removed already"),
        ("restore", "is back"),
        ("lock", "is locked"),
        ("unlock", "is open"),
        ("pin", "is pinned"),
        ("unpin", "is no longer pinned"),
    ):
        told = noaber.act("alice", verb, number, "--reason", "tried out")
        assert told.code == 0
        assert sentence in told.out


def test_who_is_no_moderator_may_not_remove(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm")

    told = noaber.act("bob", "remove", number)
    staff = noaber.act("bob", "remove", number, "--staff")

    assert (told.code, told.err) == (1, "noaber: This is for moderators of the community\n")
    assert staff.code == 0


def test_a_banned_member_cannot_post_until_the_ban_ends(noaber: Commands) -> None:
    ban = noaber.act("alice", "ban", "bob", "--community", "bees", "--days", "3")
    refused = noaber.act("bob", "post", "--community", "bees", "--title", "Still here")
    unban = noaber.act("alice", "unban", "bob", "--community", "bees")
    posted = noaber.act("bob", "post", "--community", "bees", "--title", "Back again")

    assert "@bob@bees.example is banned from !bees@bees.example" in ban.out
    assert (refused.code, refused.err) == (1, "noaber: You are banned from this community\n")
    assert (unban.code, posted.code) == (0, 0)


def test_a_report_is_seen_by_moderators_and_closed(noaber: Commands) -> None:
    number = noaber.post("alice", "--title", "A swarm")
    report = noaber.act("bob", "report", number, "rude", "--json").data["report"]

    hidden = noaber.act("bob", "reports", "--community", "bees")
    shown = noaber.act("alice", "reports", "--community", "bees")
    closed = noaber.act("alice", "resolve-report", report)

    assert hidden.code == 1
    assert "rude" in shown.out
    assert closed.code == 0
    assert noaber.act("alice", "reports", "--community", "bees").out == "no report is open\n"


def test_a_candidate_is_admitted_or_turned_down(noaber: Commands) -> None:
    noaber("community", "edit", "bees", "--join", "ask")
    for name in ("carol", "dave"):
        noaber("account", "create", name)
        asked = noaber.act(name, "follow", "bees")
        assert "has asked to join" in asked.out

    admitted = noaber.act("alice", "admit", "carol", "--community", "bees")
    refused = noaber.act("alice", "turn-down", "dave", "--community", "bees")

    assert "is a member of" in admitted.out
    assert "does not let @dave@bees.example in" in refused.out


def test_an_unknown_post_is_bad_input(noaber: Commands) -> None:
    for words in (["vote", "up", "12345"], ["reply", "https://bees.example/post/1", "x"]):
        told = noaber.act("bob", *words)
        assert told.code == 2
        assert "there is no post" in told.err


def test_a_verb_that_is_no_verb_suggests_the_nearest(noaber: Commands) -> None:
    told = noaber.act("bob", "folow", "bees")

    assert told.code == 2
    assert "Did you mean" in told.err
    assert "follow" in told.err
