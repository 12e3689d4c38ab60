"""Membership events as they arrive from rooms: one of each kind, to vary."""

from dataclasses import replace

from communities.membership import MembershipState as S
from communities.roles import Standing
from communities.room_membership import Arrived, InRoom, RoomAct
from communities.rooms import RoomUse

STANDINGS = {S.BANNED: Standing.BANNED, S.MEMBER: Standing.MEMBER, S.REQUESTED: Standing.PENDING}
AFTER = {
    RoomAct.ENTER: InRoom.JOIN,
    RoomAct.INVITE: InRoom.INVITE,
    RoomAct.KICK: InRoom.LEAVE,
    RoomAct.BAN: InRoom.BAN,
    RoomAct.UNBAN: InRoom.LEAVE,
}
"""Where an act leaves a person."""

KNOCKED = Arrived(
    use=RoomUse.SPACE,
    membership=InRoom.KNOCK,
    was=InRoom.LEAVE,
    by_self=True,
    target=S.NONE,
    target_standing=Standing.VISITOR,
    sender_standing=Standing.VISITOR,
    has_tie=False,
)
JOINED = replace(KNOCKED, membership=InRoom.JOIN)
LEFT = replace(KNOCKED, membership=InRoom.LEAVE, was=InRoom.JOIN, target=S.MEMBER)
INVITED = replace(
    KNOCKED, membership=InRoom.INVITE, by_self=False, sender_standing=Standing.MODERATOR
)
KICKED = replace(
    LEFT,
    by_self=False,
    target_standing=Standing.MEMBER,
    sender_standing=Standing.MODERATOR,
    has_tie=True,
)
BANNED = replace(KICKED, membership=InRoom.BAN)
PARDONED = replace(KICKED, was=InRoom.BAN, target=S.BANNED, target_standing=Standing.BANNED)
