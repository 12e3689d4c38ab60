"""`noaber account`, `community` and `peer`: what the operator does, and how it is told."""

import re

import pytest

from tests.node.cli.conftest import Commands


def test_a_new_account_is_told_how_it_can_be_used(noaber: Commands) -> None:
    told = noaber("account", "create", "carol", "--title", "Carol")

    assert told.code == 0
    assert "made @carol@bees.example" in told.out
    assert "noaber act --as carol" in told.out
    assert "there its owner chooses a password" in told.out


def test_an_account_gets_a_link_and_a_new_one_when_asked(noaber: Commands) -> None:
    made = noaber("account", "create", "carol")
    again = noaber("account", "welcome", "carol", "--json")
    nobody = noaber("account", "welcome", "nobody")

    links = re.findall(r"https://bees\.example/welcome/[A-Za-z0-9_-]{22}(?=\n)", made.out)
    assert len(links) == 1
    assert "open this once within 7 days, when the node runs:" in made.out
    assert again.data["welcome"].startswith("https://bees.example/welcome/")
    assert again.data["welcome"] != links[0]
    assert nobody.code == 2


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("bob", 1, "The name bob is taken"),
        ("bees", 1, "The name bees is taken"),
        ("a-b", 2, "a name has 1 to 30"),
        ("_x", 2, "a name has 1 to 30"),
    ],
)
def test_a_name_that_is_taken_or_is_none_is_refused(
    noaber: Commands, name: str, code: int, sentence: str
) -> None:
    told = noaber("account", "create", name)

    assert told.code == code
    assert sentence in told.err


def test_accounts_are_listed(noaber: Commands) -> None:
    told = noaber("account", "list", "--json")

    names = [(one["name"], one["state"]) for one in told.data["accounts"]]
    assert names == [("alice", "active"), ("bob", "active")]


def test_a_suspended_account_cannot_act_until_that_ends(noaber: Commands) -> None:
    suspended = noaber("account", "suspend", "bob", "--reason", "spam")
    refused = noaber.act("bob", "post", "hello")
    again = noaber("account", "suspend", "bob")
    ended = noaber("account", "unsuspend", "bob")

    assert "@bob@bees.example is suspended" in suspended.out
    assert refused.code == 1
    assert "was suspended" in again.out
    assert ended.code == 0
    assert noaber.act("bob", "post", "hello").code == 0


def test_the_name_of_a_deleted_account_is_never_given_out_again(noaber: Commands) -> None:
    deleted = noaber("account", "delete", "bob")

    assert deleted.code == 0
    assert noaber.act("bob", "timeline").code == 2
    assert noaber("account", "create", "bob").code == 1


def test_new_keys_sign_and_are_published(noaber: Commands) -> None:
    for name in ("bob", "bees"):
        assert "has new keys" in noaber("account", "rotate-keys", name).out

    assert noaber("verify").code == 0


def test_a_community_is_made_shown_and_changed(noaber: Commands) -> None:
    made = noaber("community", "create", "wasps", "--owner", "bob", "--posting", "members")
    edited = noaber("community", "edit", "wasps", "--title", "Wasps", "--downvotes", "no")
    shown = noaber("community", "show", "wasps", "--json").data

    assert made.code == 0
    assert "!wasps@bees.example is changed" in edited.out
    assert (shown["title"], shown["posting"], shown["downvotes"]) == ("Wasps", "members", False)
    assert shown["moderators"] == ["@bob@bees.example (owner)"]
    listed = [one["name"] for one in noaber("community", "list", "--json").data["communities"]]
    assert listed == ["bees", "wasps"]


def test_policies_that_do_not_go_together_are_refused(noaber: Commands) -> None:
    told = noaber(
        "community", "create", "wasps", "--owner", "bob", "--visibility", "secret", "--join", "open"
    )

    assert (told.code, told.err) == (2, "noaber: A secret community cannot be open to join\n")
    assert len(noaber("community", "list", "--json").data["communities"]) == 1


def test_an_edit_of_nothing_is_bad_input(noaber: Commands) -> None:
    told = noaber("community", "edit", "bees")

    assert told.code == 2
    assert "nothing to change" in told.err


def test_moderators_are_made_and_unmade(noaber: Commands) -> None:
    added = noaber("community", "add-moderator", "bees", "bob")
    moderators = noaber("community", "show", "bees", "--json").data["moderators"]
    removed = noaber("community", "remove-moderator", "bees", "bob")
    last = noaber("community", "remove-moderator", "bees", "alice")

    assert "@bob@bees.example is a moderator of !bees@bees.example" in added.out
    assert moderators == ["@alice@bees.example (owner)", "@bob@bees.example (moderator)"]
    assert "is no longer" in removed.out
    assert (last.code, last.err) == (1, "noaber: Make someone else an owner first\n")


def test_a_closed_community_takes_no_posts_and_keeps_its_name(noaber: Commands) -> None:
    told = noaber("community", "delete", "bees", "--reason", "empty")

    assert told.code == 0
    assert noaber.act("bob", "post", "--community", "bees", "--title", "x").code == 2
    assert noaber("community", "create", "bees", "--owner", "bob").code == 1


def test_peers_are_blocked_limited_allowed_and_cleared(noaber: Commands) -> None:
    for verb, policy in (("block", "block"), ("limit", "limit"), ("allow", "allow")):
        told = noaber("peer", verb, f"{verb}.example", "--reason", "tried out")
        assert f"https://{verb}.example is" in told.out
        assert noaber("peer", "show", f"{verb}.example", "--json").data["policy"] == policy

    noaber("peer", "clear", "limit.example")

    decided = noaber("peer", "list", "--decided", "--json").data["peers"]
    assert [one["peer"] for one in decided] == ["https://allow.example", "https://block.example"]


@pytest.mark.parametrize("host", ["https://bees.example", "bees.example"])
def test_the_node_does_not_block_itself(noaber: Commands, host: str) -> None:
    told = noaber("peer", "block", host)

    assert (told.code, told.err) == (2, "noaber: that is this node itself\n")


def test_what_is_no_host_cannot_be_blocked(noaber: Commands) -> None:
    told = noaber("peer", "block", "not a host")

    assert (told.code, told.err) == (2, "noaber: not a host is not the name of a host\n")


def test_nobody_is_looked_up_at_a_blocked_peer(noaber: Commands) -> None:
    noaber("peer", "block", "evil.example")

    told = noaber.act("bob", "follow", "@mallory@evil.example")
    below = noaber.act("bob", "follow", "@mallory@very.evil.example")

    assert (told.code, told.err) == (2, "noaber: evil.example is blocked here\n")
    assert below.code == 2


def test_a_list_changes_nothing_before_yes_is_said(noaber: Commands) -> None:
    path = noaber.config.with_name("list.csv")
    path.write_text(
        "#domain,#severity,#public_comment\na.example,suspend,spam\nb.example,silence,\n"
    )

    preview = noaber("peer", "import", str(path))
    before = noaber("peer", "list", "--decided", "--json").data["peers"]
    done = noaber("peer", "import", str(path), "--yes")

    assert "names 2 servers: 1 to block, 1 to limit" in preview.out
    assert "nothing is changed yet" in preview.out
    assert before == []
    assert done.code == 0
    assert noaber("peer", "export").out == (
        "#domain,#severity,#reject_media,#reject_reports,#public_comment\n"
        "a.example,suspend,FALSE,FALSE,spam\n"
        "b.example,silence,FALSE,FALSE,\n"
    )


def test_a_list_makes_nothing_milder(noaber: Commands) -> None:
    noaber("peer", "block", "a.example")
    path = noaber.config.with_name("list.csv")
    path.write_text("domain,severity\na.example,silence\n")

    told = noaber("peer", "import", str(path), "--yes", "--json")

    assert told.data["changes"] == []
    assert noaber("peer", "show", "a.example", "--json").data["policy"] == "block"


def test_a_file_that_cannot_be_read_is_said_so(noaber: Commands) -> None:
    told = noaber("peer", "import", "/nowhere/list.csv")

    assert (told.code, told.err) == (
        1,
        "noaber: /nowhere/list.csv cannot be read: No such file or directory\n",
    )
