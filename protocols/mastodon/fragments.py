"""Accounts and Statuses as JSON, put together of parts that are made once.

A page of a timeline is for the most part what was shown a moment ago: texts and profiles stay,
counts and marks change. The former are kept as the JSON of an object without its braces, and a
Status is made by joining them with the latter.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from protocols.mastodon.accounts import Entity, Standing
from protocols.mastodon.moments import moment
from protocols.mastodon.statuses import Marks, Tally, marked

_encode = msgspec.json.Encoder().encode
NOTHING = b"null"
_ACCOUNT = b'{%b,"followers_count":%d,"following_count":%d,"statuses_count":%d,"last_status_at":%b}'
_COUNTED = b'"replies_count":%d,"reblogs_count":%d,"favourites_count":%d,"dislikes_count":%d,%b'
_STATUS = b'{%b,"account":%b,%b"poll":%b,"reblog":null}'
_REBLOG = (
    b'{"id":"%d","uri":%b,"url":%b,"created_at":"%b",%b,"account":%b,%b"poll":null,"reblog":%b}'
)


def frozen(part: Entity) -> bytes:
    """The JSON of an object without its braces; it must not be empty."""
    return _encode(part)[1:-1]


def account_json(part: bytes, standing: Standing) -> bytes:
    """The Account of its frozen part (`accounts.account_part`) and what is counted of it."""
    day = standing.last_status_on
    return _ACCOUNT % (
        part,
        standing.followers,
        standing.following,
        standing.statuses,
        NOTHING if day is None else b'"%b"' % day.isoformat().encode(),
    )


def marks_json(marks: Marks) -> bytes:
    """What a reader has done with a post, to be put into its Status; empty for nobody."""
    return frozen(marked(marks)) + b","


def poll_json(poll: Entity) -> bytes:
    """The Poll of a Status; `NOTHING` where there is none."""
    return _encode(poll)


def counted_json(tally: Tally, marks: bytes) -> bytes:
    """What is counted of a post, and what its reader has done with it."""
    return _COUNTED % (*tally, marks)


def status_json(part: bytes, *, account: bytes, counted: bytes, poll: bytes) -> bytes:
    """The Status of its frozen part (`statuses.written`)."""
    return _STATUS % (part, account, counted, poll)


def reblog_json(
    part: bytes,
    *,
    id: int,  # noqa: A002 - the field's word
    uri: str,
    at: datetime,
    account: bytes,
    counted: bytes,
    of: bytes,
) -> bytes:
    """The Status that passes another one on, of its frozen part (`statuses.passed_on`)."""
    address = _encode(uri)
    return _REBLOG % (id, address, address, moment(at).encode(), part, account, counted, of)


def list_json(entities: Iterable[bytes]) -> bytes:
    """The list of some entities."""
    return b"[%b]" % b",".join(entities)


def context_json(ancestors: Iterable[bytes], descendants: Iterable[bytes]) -> bytes:
    """The Context of two lists of Statuses. Spec: Mastodon API "Context"."""
    return b'{"ancestors":[%b],"descendants":[%b]}' % (
        b",".join(ancestors),
        b",".join(descendants),
    )
