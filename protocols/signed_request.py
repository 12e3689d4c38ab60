"""What both kinds of HTTP signature look at: the request as it came in, and its clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from protocols.errors import RemoteProtocolError, SignatureRefused

PAST: Final = timedelta(hours=1)
FUTURE: Final = timedelta(minutes=5)

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH_NUMBERS: Final = {name: number for number, name in enumerate(_MONTHS, start=1)}
_MAX_DATE_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParts:
    """A request as the signer saw it.

    Attributes:
        method: "POST", as sent.
        target: path and query as they stood in the request line, not decoded.
        headers: names in lower case; lines of one name joined with ", ".
        body: the bytes as they were received.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def check_clock(made: datetime, *, now: datetime, past: timedelta, future: timedelta) -> None:
    """Refuse a signature that was made too long ago, or after now by more than `future`.

    Raises:
        SignatureRefused: clock.
    """
    if not now - past <= made <= now + future:
        raise SignatureRefused("clock")


def check_expiry(expires: int | None, *, now: datetime) -> None:
    """Refuse a signature that is past its own end, if it has one (UNIX seconds).

    Raises:
        SignatureRefused: expired, or malformed.
    """
    if expires is not None and parse_timestamp(expires) < now:
        raise SignatureRefused("expired")


def check_host(request: RequestParts, hosts: Collection[str]) -> None:
    """Refuse a request that was signed for another server than one of `hosts` (if any are named).

    A signature covers the Host header as it was sent; only we know which hosts are ours.

    Raises:
        SignatureRefused: host.
    """
    if hosts and request.headers.get("host", "").lower() not in hosts:
        raise SignatureRefused("host")


def parse_timestamp(seconds: int) -> datetime:
    """Give the aware datetime of a UNIX time.

    Spec: draft-cavage-http-signatures-12 section 2.1; RFC 9421 section 2.3.

    Raises:
        SignatureRefused: malformed, when no datetime can hold it.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused("malformed", "time out of range") from None


def parse_http_date(text: str) -> datetime:
    """Give the aware datetime of a Date header.

    Spec: RFC 9110 section 5.6.7; the two obsolete forms are read too.

    Raises:
        RemoteProtocolError: not a date.
    """
    try:
        if len(text) == 29 and text.endswith(" GMT") and text.isascii():  # noqa: PLR2004
            return datetime(
                int(text[12:16]),
                _MONTH_NUMBERS[text[8:11]],
                int(text[5:7]),
                int(text[17:19]),
                int(text[20:22]),
                int(text[23:25]),
                tzinfo=UTC,
            )
        if len(text) > _MAX_DATE_CHARACTERS:
            raise RemoteProtocolError("not an HTTP date")
        parsed = parsedate_to_datetime(text)
        # "-0000" gives a naive datetime, which means UTC.
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError):
        raise RemoteProtocolError("not an HTTP date") from None


def render_http_date(moment: datetime) -> str:
    """Give the Date header of an aware datetime: "Sun, 06 Nov 1994 08:49:37 GMT"."""
    utc = moment.astimezone(UTC)
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc.year:04} "
        f"{utc.hour:02}:{utc.minute:02}:{utc.second:02} GMT"
    )
