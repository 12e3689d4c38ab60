"""Membership: what the recorded cases leave out, invites of third parties above all."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.key_formats import render_unpadded_base64
from protocols.matrix.auth_rules import check_against_state
from protocols.matrix.auth_rules_state import Denied, StateKey, Verdict
from protocols.matrix.event import Event
from protocols.matrix.event_json import canonical
from protocols.matrix.membership_rules_third_party import MAX_VERIFICATIONS
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.strict_json import JsonObject, JsonValue
from tests.support.matrix_rooms import V10, V12, event, room_id, small_room

V6 = ROOM_VERSIONS["6"]
V7 = ROOM_VERSIONS["7"]
V8 = ROOM_VERSIONS["8"]
V9 = ROOM_VERSIONS["9"]

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
STATEMENT: JsonObject = {"mxid": "@eve:c", "token": "token"}
OFFER: StateKey = ("m.room.third_party_invite", "token")


def step(verdict: Verdict) -> str:
    return verdict.step if isinstance(verdict, Denied) else "allowed"


def membership(
    state: Mapping[StateKey, Event],
    sender: str,
    target: str,
    content: Mapping[str, JsonValue],
    version: RoomVersion,
) -> str:
    sent = event(
        "$n",
        "m.room.member",
        sender,
        content,
        state_key=target,
        room_id=room_id(state),
        version=version,
    )
    return step(check_against_state(sent, state, version))


def with_member(
    state: Mapping[StateKey, Event], user: str, value: JsonValue
) -> dict[StateKey, Event]:
    version = state["m.room.create", ""].version
    found = event(
        f"$was{user}",
        "m.room.member",
        user,
        {"membership": value},
        state_key=user,
        room_id=room_id(state),
        version=version,
    )
    return {**state, ("m.room.member", user): found}


def public(key: Ed25519PrivateKey) -> str:
    return render_unpadded_base64(key.public_key().public_bytes_raw())


def signed(key: Ed25519PrivateKey = KEY, **changes: JsonValue) -> JsonObject:
    """What the identity server signs, changed after it was signed if asked for."""
    signature = render_unpadded_base64(key.sign(canonical(STATEMENT, strict=True)))
    signatures: JsonValue = {"id.example": {"ed25519:0": signature}}
    return {**STATEMENT, "signatures": signatures, **changes}


def offer(**content: JsonValue) -> Event:
    return event("$offer", *OFFER[:1], "@bob:b", content, state_key=OFFER[1])


def redeem(statement: JsonValue, *, sender: str = "@bob:b", offered: Event | None = None) -> str:
    state = small_room(V10, join_rule="invite")
    held = offer(public_key=public(KEY)) if offered is None else offered
    content: dict[str, JsonValue] = {
        "membership": "invite",
        "third_party_invite": {"display_name": "e", "signed": statement},
    }
    return membership({**state, OFFER: held}, sender, "@eve:c", content, V10)


def test_invite_by_a_signed_token_is_allowed() -> None:
    assert redeem(signed()) == "allowed"


def test_key_may_be_one_of_a_list() -> None:
    keys: JsonValue = ["no key", {"public_key": public(OTHER_KEY)}, {"public_key": public(KEY)}]

    assert redeem(signed(), offered=offer(public_keys=keys)) == "allowed"


def test_key_may_be_written_in_the_urlsafe_alphabet() -> None:
    key = next(
        found
        for found in (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(99))
        if "/" in public(found)
    )
    urlsafe = public(key).replace("+", "-").replace("/", "_")

    assert redeem(signed(key), offered=offer(public_key=urlsafe)) == "allowed"


def test_what_is_signed_may_say_more_beside_the_signature() -> None:
    assert redeem(signed(unsigned={"age": 1})) == "allowed"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (None, "5.4.1.2"),
        ("signed", "5.4.1.2"),
        ({"token": "token"}, "5.4.1.3"),
        ({"mxid": "@eve:c"}, "5.4.1.3"),
        ({"mxid": "@eve:c", "token": ["token"]}, "5.4.1.3"),
        (signed(mxid="@mallory:c"), "5.4.1.4"),
        (signed(token="another"), "5.4.1.5"),
        (signed(more=1), "5.4.1.8"),
        (signed(more=1.5), "5.4.1.8"),
        (signed(OTHER_KEY), "5.4.1.8"),
        (signed(signatures=None), "5.4.1.8"),
        (signed(signatures={"id.example": "sig"}), "5.4.1.8"),
        (signed(signatures={"id.example": {"ed25519:0": 7}}), "5.4.1.8"),
        (signed(signatures={"id.example": {"ed25519:0": "%"}}), "5.4.1.8"),
        (signed(signatures={"id.example": {"rsa:0": "AAAA"}}), "5.4.1.8"),
    ],
)
def test_invite_by_a_token_that_is_not_in_order_is_refused(
    statement: JsonValue, expected: str
) -> None:
    assert redeem(statement) == expected


def test_token_is_redeemed_by_who_offered_it() -> None:
    assert redeem(signed(), sender="@mod:a") == "5.4.1.6"


@pytest.mark.parametrize(
    "content", [{}, {"public_key": 7}, {"public_key": "AAAA"}, {"public_keys": {"public_key": "x"}}]
)
def test_offer_without_a_key_is_never_redeemed(content: dict[str, JsonValue]) -> None:
    assert redeem(signed(), offered=offer(**content)) == "5.4.1.8"


def test_banned_user_redeems_no_token() -> None:
    state = with_member(small_room(V10, join_rule="invite"), "@eve:c", "ban")
    content: dict[str, JsonValue] = {
        "membership": "invite",
        "third_party_invite": {"signed": signed()},
    }
    held = {**state, OFFER: offer(public_key=public(KEY))}

    assert membership(held, "@bob:b", "@eve:c", content, V10) == "5.4.1.1"


@pytest.mark.parametrize(("before", "expected"), [(63, "allowed"), (64, "5.4.1.8")])
def test_good_signature_behind_too_many_others_does_not_count(before: int, expected: str) -> None:
    wrong = render_unpadded_base64(bytes(64))
    good = render_unpadded_base64(KEY.sign(canonical(STATEMENT, strict=True)))
    signatures: JsonObject = {f"id{n:03}": {"ed25519:0": wrong} for n in range(before)}

    verdict = redeem(signed(signatures={**signatures, "last": {"ed25519:0": good}}))

    assert verdict == expected
    assert before in {MAX_VERIFICATIONS - 1, MAX_VERIFICATIONS}


@pytest.mark.parametrize("value", [None, 7, ["join"], {"join": 1}])
def test_membership_that_is_no_text_is_unknown(value: JsonValue) -> None:
    state = small_room(V10)

    assert membership(state, "@bob:b", "@bob:b", {"membership": value}, V10) == "5.8"
    assert (
        membership(with_member(state, "@eve:c", value), "@eve:c", "@eve:c", LEAVE, V10) == "5.5.1"
    )


LEAVE: dict[str, JsonValue] = {"membership": "leave"}
JOIN: dict[str, JsonValue] = {"membership": "join"}
KNOCK: dict[str, JsonValue] = {"membership": "knock"}
BAN: dict[str, JsonValue] = {"membership": "ban"}


@pytest.mark.parametrize(("version", "expected"), [(V6, "5.8"), (V7, "allowed")])
def test_knocks_exist_from_version_7(version: RoomVersion, expected: str) -> None:
    state = small_room(version, join_rule="knock")

    assert membership(state, "@eve:c", "@eve:c", KNOCK, version) == expected


@pytest.mark.parametrize(("version", "expected"), [(V6, "5.5.1"), (V7, "allowed")])
def test_knock_is_taken_back_from_version_7(version: RoomVersion, expected: str) -> None:
    state = with_member(small_room(version), "@eve:c", "knock")

    assert membership(state, "@eve:c", "@eve:c", LEAVE, version) == expected


@pytest.mark.parametrize(
    ("version", "rule", "expected"),
    [
        (V7, "restricted", "5.3.7"),
        (V8, "restricted", "allowed"),
        (V9, "knock_restricted", "5.3.7"),
        (V10, "knock_restricted", "allowed"),
        (V12, "knock_restricted", "allowed"),
        (V12, "Public", "5.3.7"),
    ],
)
def test_join_rule_means_nothing_before_its_version(
    version: RoomVersion, rule: str, expected: str
) -> None:
    state = small_room(version, join_rule=rule)
    content: dict[str, JsonValue] = {**JOIN, "join_authorised_via_users_server": "@mod:a"}

    assert membership(state, "@eve:c", "@eve:c", content, version) == expected


def test_restricted_join_is_authorised_by_a_member_who_may_invite() -> None:
    users: JsonValue = {"@ann:a": 100, "@mod:a": 50}
    state = small_room(V10, join_rule="restricted", levels={"users": users, "invite": 50})

    def join(authoriser: JsonValue) -> str:
        content = {**JOIN, "join_authorised_via_users_server": authoriser}
        return membership(state, "@eve:c", "@eve:c", content, V10)

    assert join("@mod:a") == "allowed"
    assert join("@bob:b") == "5.3.5.2"
    assert join("@nobody:a") == "5.3.5.2"
    assert join("@eve:c") == "5.3.5.2"
    assert join(None) == "5.3.5.2"
    assert join({"@mod:a": 1}) == "5.3.5.2"


def test_invite_needs_the_invite_level() -> None:
    users: JsonValue = {"@ann:a": 100, "@mod:a": 50}
    state = small_room(V10, levels={"users": users, "invite": 50})

    assert membership(state, "@mod:a", "@eve:c", {"membership": "invite"}, V10) == "allowed"
    assert membership(state, "@bob:b", "@eve:c", {"membership": "invite"}, V10) == "5.4.5"


def test_creator_of_version_12_is_never_kicked_or_banned() -> None:
    levels: dict[str, JsonValue] = {"users": {"@mod:a": 2**53 - 1}}
    state = small_room(V12, levels=levels, create={"additional_creators": ["@bob:b"]})

    for target in ("@ann:a", "@bob:b"):
        assert membership(state, "@mod:a", target, LEAVE, V12) == "5.5.5"
        assert membership(state, "@mod:a", target, BAN, V12) == "5.6.3"
    assert membership(state, "@ann:a", "@bob:b", LEAVE, V12) == "5.5.5"
    assert membership(state, "@ann:a", "@mod:a", BAN, V12) == "allowed"


def test_ban_is_lifted_only_with_the_ban_and_the_kick_level() -> None:
    users: JsonValue = {"@ann:a": 100, "@mod:a": 50}

    def unban(levels: Mapping[str, JsonValue]) -> str:
        state = with_member(small_room(V10, levels={"users": users, **levels}), "@eve:c", "ban")
        return membership(state, "@mod:a", "@eve:c", LEAVE, V10)

    assert unban({"ban": 50, "kick": 50}) == "allowed"
    assert unban({"ban": 51, "kick": 50}) == "5.5.3"
    assert unban({"ban": 50, "kick": 51}) == "5.5.5"


def test_banned_user_cannot_leave_to_come_back() -> None:
    state = with_member(small_room(V10), "@eve:c", "ban")

    assert membership(state, "@eve:c", "@eve:c", LEAVE, V10) == "5.5.1"
    assert membership(state, "@eve:c", "@eve:c", JOIN, V10) == "5.3.3"
