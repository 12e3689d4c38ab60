"""The auth rules for m.room.member: who may join, invite, leave, kick, ban and knock.

Numbers are those of room version 12, rule 5.

Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 5; rooms/v3 step 5; rooms/v6 to v11 step 4.
"""

from protocols.matrix.auth_rules_state import ALLOWED, Denied, RoomState, Verdict
from protocols.matrix.event import Event
from protocols.matrix.membership_rules_third_party import check_third_party_invite
from protocols.matrix.power_levels import first_creator


def check_membership(event: Event, room: RoomState) -> Verdict:
    """Decide whether the state admits the m.room.member event.

    5.2, the signature of the server in `join_authorised_via_users_server`, is one of the
    signatures that are checked on receipt: it does not depend on the state.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 5.

    Raises:
        PowerLevelError: the state holds power levels that cannot be read.
    """
    target = event.state_key
    # 5.1 No state_key, or no membership: reject.
    if target is None or "membership" not in event.content:
        return Denied(step="5.1", reason="a membership of nobody, or without a membership")
    match event.content["membership"]:
        case "join":
            return _check_join(event, target, room)
        case "invite":
            return _check_invite(event, target, room)
        case "leave":
            return _check_leave(event, target, room)
        case "ban":
            return _check_ban(event, target, room)
        case "knock" if room.version.knocking:
            return _check_knock(event, target, room)
        case _:
            # 5.8 Otherwise, the membership is unknown: reject.
            return Denied(step="5.8", reason="unknown membership")


def _check_join(event: Event, target: str, room: RoomState) -> Verdict:
    # 5.3.1 The only previous event is the create event, the target its creator: allow.
    if event.prev_events == (room.create.event_id,) and target == first_creator(
        room.create, room.version
    ):
        return ALLOWED
    # 5.3.2 The sender is not the target: reject.
    if event.sender != target:
        return Denied(step="5.3.2", reason="nobody can be made to join")
    membership = room.membership(target)
    # 5.3.3 The sender is banned: reject.
    if membership == "ban":
        return Denied(step="5.3.3", reason="banned from the room")
    version = room.version
    admitted = membership in {"invite", "join"}
    rule = room.join_rule()
    # 5.3.4 join_rule `invite` or `knock`: allow who is invited or joined.
    if rule == "invite" or (rule == "knock" and version.knocking):
        return ALLOWED if admitted else Denied(step="5.3.4", reason="not invited to the room")
    # 5.3.5 join_rule `restricted` or `knock_restricted`.
    if (rule == "restricted" and version.restricted_joins) or (
        rule == "knock_restricted" and version.knock_restricted_joins
    ):
        # 5.3.5.1 Allow who is invited or joined.
        return ALLOWED if admitted else _check_authorised(event, room)
    # 5.3.6 join_rule `public`: allow.
    if rule == "public":
        return ALLOWED
    # 5.3.7 Otherwise, reject.
    return Denied(step="5.3.7", reason="nobody can join under this join rule")


def _check_authorised(event: Event, room: RoomState) -> Verdict:
    authoriser = event.content.get("join_authorised_via_users_server")
    # 5.3.5.2 The authorising user is not joined, or may not invite: reject.
    if (
        not isinstance(authoriser, str)
        or not room.is_joined(authoriser)
        or room.levels.of(authoriser) < room.levels.single("invite")
    ):
        return Denied(step="5.3.5.2", reason="the join was authorised by nobody who may invite")
    # 5.3.5.3 Otherwise, allow.
    return ALLOWED


def _check_invite(event: Event, target: str, room: RoomState) -> Verdict:
    # 5.4.1 The content has a third_party_invite.
    if "third_party_invite" in event.content:
        return check_third_party_invite(event, target, room)
    # 5.4.2 The sender is not joined: reject.
    if not room.is_joined(event.sender):
        return Denied(step="5.4.2", reason="the sender is not in the room")
    # 5.4.3 The target is joined or banned: reject.
    if room.membership(target) in {"join", "ban"}:
        return Denied(step="5.4.3", reason="the invited is in the room or banned from it")
    # 5.4.4 The sender has the invite level: allow.
    if room.levels.of(event.sender) >= room.levels.single("invite"):
        return ALLOWED
    # 5.4.5 Otherwise, reject.
    return Denied(step="5.4.5", reason="the sender may not invite")


def _check_leave(event: Event, target: str, room: RoomState) -> Verdict:
    sender, levels = event.sender, room.levels
    # 5.5.1 The sender is the target: allow only who is invited, joined or knocking.
    if sender == target:
        if room.membership(target) in {"invite", "join"} or (
            room.version.knocking and room.membership(target) == "knock"
        ):
            return ALLOWED
        return Denied(step="5.5.1", reason="there is nothing to leave")
    # 5.5.2 The sender is not joined: reject.
    if not room.is_joined(sender):
        return Denied(step="5.5.2", reason="the sender is not in the room")
    # 5.5.3 The target is banned and the sender lacks the ban level: reject.
    if room.membership(target) == "ban" and levels.of(sender) < levels.single("ban"):
        return Denied(step="5.5.3", reason="the sender may not lift a ban")
    # 5.5.4 The sender has the kick level and stands above the target: allow.
    if levels.of(sender) >= levels.single("kick") and levels.of(target) < levels.of(sender):
        return ALLOWED
    # 5.5.5 Otherwise, reject.
    return Denied(step="5.5.5", reason="the sender may not kick this user")


def _check_ban(event: Event, target: str, room: RoomState) -> Verdict:
    sender, levels = event.sender, room.levels
    # 5.6.1 The sender is not joined: reject.
    if not room.is_joined(sender):
        return Denied(step="5.6.1", reason="the sender is not in the room")
    # 5.6.2 The sender has the ban level and stands above the target: allow.
    if levels.of(sender) >= levels.single("ban") and levels.of(target) < levels.of(sender):
        return ALLOWED
    # 5.6.3 Otherwise, reject.
    return Denied(step="5.6.3", reason="the sender may not ban this user")


def _check_knock(event: Event, target: str, room: RoomState) -> Verdict:
    rule = room.join_rule()
    # 5.7.1 Any other join_rule than `knock` or `knock_restricted`: reject.
    if rule != "knock" and not (rule == "knock_restricted" and room.version.knock_restricted_joins):
        return Denied(step="5.7.1", reason="the room takes no knocks")
    # 5.7.2 The sender is not the target: reject.
    if event.sender != target:
        return Denied(step="5.7.2", reason="nobody can be made to knock")
    # 5.7.3 The sender is not banned, invited or joined: allow.
    if room.membership(target) not in {"ban", "invite", "join"}:
        return ALLOWED
    # 5.7.4 Otherwise, reject.
    return Denied(step="5.7.4", reason="banned, invited or in the room already")
