"""What people do in a random room, mostly what they may, sometimes what they may not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.key_formats import render_unpadded_base64
from protocols.matrix.auth_rules_state import CREATE
from protocols.matrix.event_json import canonical
from protocols.strict_json import JsonObject, JsonValue
from tests.differential.room_scene import SERVERS, Scene

TOKENS = ("tok0", "tok1", "tok2")
RULES = (
    *("public", "public", "public", "invite", "knock", "knock", "restricted", "restricted"),
    *("knock_restricted", "knock_restricted", "private", "open"),
)
TYPES = ("m.room.name", "m.room.topic", "m.room.member", "m.room.power_levels", "x.custom")
HEIGHTS = (0, 1, 25, 49, 50, 51, 75, 99, 100, 101, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody does.

    Attributes:
        sender: who.
        type: the event type.
        state_key: None for what is no state.
        content: the content.
        redacts: the step that is redacted, if any.
    """

    sender: str
    type: str
    state_key: str | None
    content: JsonObject
    redacts: int | None = None


def _membership(sender: str, target: str, membership: str, **more: JsonValue) -> Act:
    content: JsonObject = {"membership": membership, **more}
    return Act(sender=sender, type="m.room.member", state_key=target, content=content)


def _state(sender: str, kind: str, key: str, **content: JsonValue) -> Act:
    return Act(sender=sender, type=kind, state_key=key, content=content)


def join(scene: Scene) -> Act:
    """Come in, or change a display name."""
    open_to_all = scene.join_rule() == "public" or scene.happens(0.3)
    user = scene.anybody() if open_to_all else scene.somebody("invite", "join")
    more: JsonObject = {"displayname": scene.one_of("xyz")} if scene.happens(0.3) else {}
    if scene.happens(0.6) and str(scene.join_rule()).endswith("restricted"):
        user = scene.anybody()
        more["join_authorised_via_users_server"] = scene.mighty()
    sender = scene.anybody() if scene.happens(0.02) else user
    return _membership(sender, user, "join", **more)


def invite(scene: Scene) -> Act:
    """Ask somebody in."""
    return _membership(scene.member(), scene.anybody(), "invite")


def leave(scene: Scene) -> Act:
    """Go, decline, or take a knock back."""
    user = scene.somebody("join", "invite", "knock") if scene.happens(0.8) else scene.anybody()
    return _membership(user, user, "leave")


def kick(scene: Scene) -> Act:
    """Put somebody out."""
    return _membership(scene.mighty(), scene.somebody("join", "invite", "knock"), "leave")


def ban(scene: Scene) -> Act:
    """Ban somebody."""
    return _membership(scene.mighty(), scene.anybody(), "ban")


def unban(scene: Scene) -> Act:
    """Lift a ban."""
    return _membership(
        scene.member() if scene.happens(0.3) else scene.mighty(), scene.somebody("ban"), "leave"
    )


def knock(scene: Scene) -> Act:
    """Ask to be let in."""
    user = scene.anybody() if scene.happens(0.4) else scene.somebody("leave", "knock", "invite")
    return _membership(scene.anybody() if scene.happens(0.04) else user, user, "knock")


def strange_membership(scene: Scene) -> Act:
    """Be what nobody can be."""
    user = scene.anybody()
    if scene.happens(0.3):
        return Act(
            sender=user, type="m.room.member", state_key=None, content={"membership": "join"}
        )
    membership = scene.one_of(("", "Join", "knocked", "none"))
    return _membership(user, scene.one_of((user, "", "nobody")), membership)


def change_levels(scene: Scene) -> Act:
    """Raise, lower, or shut somebody out of what they could do."""
    sender = scene.mighty()
    content = scene.levels()
    for _ in range(scene.one_of((1, 1, 1, 2, 3))):
        _change_one(scene, sender, content)
    key = "other" if scene.happens(0.02) else ""
    return _state(sender, "m.room.power_levels", key, **content)


def _change_one(scene: Scene, sender: str, content: JsonObject) -> None:
    name = scene.one_of(("users", "users", "users", "users", "events", "notifications", "single"))
    height = scene.one_of(HEIGHTS) if scene.happens(0.8) else min(scene.level(sender), 100)
    if name == "single":
        single = scene.one_of(
            ("users_default", "events_default", "state_default", "ban", "kick", "invite", "redact")
        )
        if scene.happens(0.2):
            content.pop(single, None)
        else:
            content[single] = scene.one_of((0, 0, 25, 50, height))
        return
    held = content.get(name)
    table: JsonObject = {**held} if isinstance(held, dict) else {}
    keys = {"users": scene.users, "events": TYPES, "notifications": ("room",)}[name]
    key = sender if name == "users" and scene.happens(0.15) else scene.one_of(keys)
    if name == "users" and scene.version.privileged_creators and key == scene.users[0]:
        # Refused whatever it is: seldom is enough.
        key = key if scene.happens(0.1) else scene.users[1]
    if scene.happens(0.2):
        table.pop(key, None)
    else:
        table[key] = height
    content[name] = table


def change_join_rule(scene: Scene) -> Act:
    """Open or close the room."""
    rule = scene.one_of(RULES)
    content: JsonObject = {"join_rule": rule}
    if rule.endswith("restricted"):
        content["allow"] = [{"type": "m.room_membership", "room_id": "!space:a.example"}]
    if scene.happens(0.03):
        content = {}
    return _state(scene.mighty(), "m.room.join_rules", "", **content)


def change_state(scene: Scene) -> Act:
    """A name, a topic, and other things that people quarrel about."""
    kind, key = scene.one_of(
        (
            *(("m.room.name", ""), ("m.room.topic", ""), ("m.room.topic", "")),
            *(("m.room.history_visibility", ""), ("m.room.server_acl", ""), ("x.custom", "one")),
            *(("x.custom", "two"), ("m.room.tombstone", ""), ("m.room.name", "odd")),
        )
    )
    return _state(scene.mighty(), kind, key, value=scene.one_of("abcdef"))


def change_own_state(scene: Scene) -> Act:
    """State under the key of a user, maybe of another."""
    user = scene.mighty()
    key = user if scene.happens(0.6) else scene.one_of(("@", scene.anybody(), "@x"))
    return _state(user, "x.own", key, value=scene.one_of("abc"))


def change_aliases(scene: Scene) -> Act:
    """Names of the room, each server its own."""
    user = scene.member()
    own = user.partition(":")[2]
    key = own if scene.happens(0.7) else scene.one_of((*SERVERS, ""))
    return _state(user, "m.room.aliases", key, aliases=[f"#a:{own}"])


def speak(scene: Scene) -> Act:
    """Say something."""
    kind = scene.one_of(("m.room.message", "m.room.encrypted", "x.custom"))
    return Act(sender=scene.member(), type=kind, state_key=None, content={"body": "moin"})


def redact(scene: Scene) -> Act:
    """Take back what was said, here or by others."""
    target = int(scene.random.random() * scene.earlier)
    return Act(
        sender=scene.member(),
        type="m.room.redaction",
        state_key="" if scene.happens(0.05) else None,
        content={"reason": "so"},
        redacts=target,
    )


def create_again(scene: Scene) -> Act:
    """Pretend that the room begins here."""
    creator = scene.users[0]
    content: JsonObject = {"creator": creator, "room_version": scene.version.identifier}
    return _state(scene.one_of((creator, scene.anybody())), "m.room.create", "", **content)


def offer_third_party(scene: Scene) -> Act:
    """Invite an address that is nobody yet."""
    token = scene.one_of(TOKENS)
    number = _number_of(token)
    content: JsonObject = {"display_name": "a..@b..", "key_validity_url": "https://id.example/v"}
    if scene.happens(0.8):
        content["public_key"] = _public_key(number)
    if scene.happens(0.6):
        keys: list[JsonValue] = [{"public_key": _public_key(other)} for other in (number, 0)]
        content["public_keys"] = keys
    return _state(scene.member(), "m.room.third_party_invite", token, **content)


def redeem_third_party(scene: Scene) -> Act:
    """Turn such an invite into one of a user."""
    offered = [key for kind, key in scene.state if kind == "m.room.third_party_invite"]
    token = scene.one_of(sorted(offered) or TOKENS)
    offer = scene.state.get(("m.room.third_party_invite", token))
    sender = offer.sender if offer and scene.happens(0.85) else scene.member()
    target = scene.anybody()
    named = target if scene.happens(0.9) else scene.anybody()
    number = _number_of(token) if scene.happens(0.8) else 2
    signed = _signed(named, token, number)
    if scene.happens(0.1):
        signed.pop(scene.one_of(("mxid", "token", "signatures")), None)
    if scene.happens(0.08):
        signed["more"] = 1
    third: JsonObject = {"display_name": "a", "signed": signed}
    if scene.happens(0.05):
        third = scene.one_of(({}, {"signed": {}}, {"display_name": "a"}))
    return _membership(sender, target, "invite", third_party_invite=third)


def _number_of(token: str) -> int:
    return TOKENS.index(token) if token in TOKENS else 0


@cache
def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number + 1]) * 32)


@cache
def _public_key(number: int) -> str:
    return render_unpadded_base64(_key(number).public_key().public_bytes_raw())


@cache
def _signature(mxid: str, token: str, number: int) -> str:
    message = canonical({"mxid": mxid, "token": token}, strict=True)
    return render_unpadded_base64(_key(number).sign(message))


def _signed(mxid: str, token: str, number: int) -> JsonObject:
    signatures: JsonObject = {"id.example": {"ed25519:0": _signature(mxid, token, number)}}
    return {"mxid": mxid, "token": token, "signatures": signatures}


ACTS: tuple[tuple[int, Callable[[Scene], Act]], ...] = (
    *((22, join), (10, invite), (7, leave), (7, kick), (9, ban), (5, unban), (7, knock)),
    *((2, strange_membership), (16, change_levels), (7, change_join_rule), (14, change_state)),
    *((3, change_own_state), (3, change_aliases), (6, speak), (4, redact), (1, create_again)),
    *((4, offer_third_party), (5, redeem_third_party)),
)
"""How often people do what."""

_WEIGHTS = [weight for weight, _ in ACTS]
_CHOICES = [act for _, act in ACTS]


def any_act(scene: Scene) -> Act:
    """Give what somebody does next."""
    if CREATE not in scene.state:
        return speak(scene)
    if scene.happens(0.6) and "join" not in map(scene.membership, scene.users):
        return _membership(scene.users[0], scene.users[0], "join")
    return scene.random.choices(_CHOICES, _WEIGHTS)[0](scene)
