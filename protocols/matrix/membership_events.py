"""Membership events that two servers make together: joins, leaves, knocks and invites.

One of them writes a template, the other signs; or one signs and the other adds its signature.
Either way a server is asked to put its name to what another one wrote, so nothing here believes
a template: a new event is made of our own words, and what is signed for others is looked at
field by field first (CVE-2026-24471).

Spec: matrix/v1.19 server-server API "Joining Rooms", "Knocking upon a room", "Inviting to a
room", "Leaving Rooms (Rejecting Invites)".
"""

from dataclasses import dataclass
from typing import Final, Literal

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import (
    MAX_AUTH_EVENTS,
    MAX_EVENT_DEPTH,
    MAX_PREV_EVENTS,
    Event,
    parse_event_ids,
)
from protocols.matrix.event_building import EventDraft, draft_document
from protocols.matrix.identifiers import RoomId, ServerName, UserId, is_user_id, server_of
from protocols.matrix.room_versions import RoomVersion, room_version
from protocols.strict_json import JsonObject, JsonValue

OwnMembership = Literal["join", "leave", "knock"]
"""What users say of themselves."""

_VOUCHER: Final = "join_authorised_via_users_server"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipWish:
    """What a user of ours wants to be in a room that another server must help with.

    Attributes:
        content: our own words beside `membership`: displayname, avatar_url, reason.
    """

    room_id: RoomId
    user_id: UserId
    membership: OwnMembership
    content: JsonObject


def draft_from_template(
    answer: JsonObject, wish: MembershipWish, *, now_ms: int
) -> tuple[EventDraft, RoomVersion]:
    """Give the event that we will sign, from the answer to make_join, make_leave or make_knock.

    Of the template only the place in the room's graph is taken (previous events, auth events,
    depth), and, for a join, who of the room vouches for it. A template of another event than
    the one that was asked for is refused outright.

    Spec: matrix/v1.19 server-server API "GET /_matrix/federation/v1/make_join".

    Args:
        answer: the body of the answer.
        wish: what was asked for.
        now_ms: milliseconds since 1970.

    Raises:
        RemoteProtocolError: M_UNSUPPORTED_ROOM_VERSION, or M_BAD_JSON for another or a broken
            template.
    """
    version = room_version(answer.get("room_version"))
    template = answer.get("event")
    if not isinstance(template, dict):
        raise _refusal("answer without a template")
    content = template.get("content")
    if not isinstance(content, dict):
        raise _refusal("template without content")
    asked = {
        "type": "m.room.member",
        "sender": wish.user_id,
        "state_key": wish.user_id,
        "room_id": wish.room_id,
    }
    if any(template.get(name) != value for name, value in asked.items()) or (
        content.get("membership") != wish.membership
    ):
        raise _refusal("template of another event than the one asked for")
    draft = EventDraft(
        room_id=wish.room_id,
        sender=wish.user_id,
        type="m.room.member",
        state_key=wish.user_id,
        content={**wish.content, "membership": wish.membership, **_voucher(content, wish, version)},
        prev_events=parse_event_ids(template, "prev_events", MAX_PREV_EVENTS),
        auth_events=parse_event_ids(template, "auth_events", MAX_AUTH_EVENTS),
        depth=_depth(template.get("depth")),
        origin_server_ts=now_ms,
    )
    return draft, version


def build_template(draft: EventDraft, version: RoomVersion) -> JsonObject:
    """Give our answer to make_join, make_leave or make_knock.

    Spec: matrix/v1.19 server-server API "GET /_matrix/federation/v1/make_join".
    """
    return {"room_version": version.identifier, "event": draft_document(draft, version)}


def check_sent_membership(
    event: Event, origin: ServerName, room_id: RoomId, membership: OwnMembership
) -> None:
    """Refuse what came to send_join, send_leave or send_knock and is not just that.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v2/send_join".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    _require(event.type == "m.room.member", "not a membership event")
    _require(event.content.get("membership") == membership, "another membership")
    _require(event.origin == origin, "sender of another server")
    _require(event.state_key == event.sender, "membership of somebody else")
    _require(event.room_id == room_id, "event of another room")


def check_invite(
    event: Event, origin: ServerName, room_id: RoomId, our_server: ServerName
) -> UserId:
    """Give the user of ours who is invited; refuse what is no such invite, so as not to sign it.

    The signature is checked by `signing.verify_event` beside this.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v2/invite".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    _require(event.type == "m.room.member", "not a membership event")
    _require(event.content.get("membership") == "invite", "not an invite")
    _require(event.origin == origin, "sender of another server")
    _require(event.room_id == room_id, "event of another room")
    invited = UserId(event.state_key or "")
    _require(is_user_id(invited), "invite of nobody")
    _require(server_of(invited) == our_server, "invite of a user of another server")
    return invited


def _voucher(content: JsonObject, wish: MembershipWish, version: RoomVersion) -> JsonObject:
    if wish.membership != "join" or not version.restricted_joins or _VOUCHER not in content:
        return {}
    voucher = content[_VOUCHER]
    if not is_user_id(voucher):
        raise _refusal("template in which nobody vouches")
    return {_VOUCHER: voucher}


def _depth(depth: JsonValue) -> int:
    if type(depth) is not int or not 0 <= depth <= MAX_EVENT_DEPTH:
        raise _refusal("template with a depth out of range")
    return depth


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise RemoteProtocolError(message, errcode="M_INVALID_PARAM")


def _refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")
