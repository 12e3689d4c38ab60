"""The text fields of a multipart form that lies in memory.

The time that this takes grows with the bytes alone: the number of parts is bounded before any of
them is looked at, which the standard library's parser of mail does not do.

Spec: RFC 7578 4; RFC 2046 5.1.1.
"""

from email.message import Message
from typing import Final

from protocols.errors import RemoteProtocolError

_MOST_HEAD: Final = 8 * 1024
_LINE: Final = b"\r\n"


def parse_fields(content_type: str, body: bytes, *, most: int) -> list[tuple[str, str]]:
    """Names and texts of the fields, in their order; files and parts without a name are left out.

    Args:
        content_type: the header, which names the boundary.
        body: all of it.
        most: how many parts it may have.

    Raises:
        RemoteProtocolError: it is no such form, breaks off, has too many parts, or a text is not
            UTF-8.
    """
    delimiter = _LINE + b"--" + _boundary(content_type)
    pieces = (_LINE + body).split(delimiter, most + 2)
    if len(pieces) > most + 2:
        raise RemoteProtocolError("The form has too many parts")
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004 - what stands before, and the end
        raise RemoteProtocolError("The form breaks off")
    try:
        found = [_field(piece) for piece in pieces[1:-1]]
    except UnicodeDecodeError:
        raise RemoteProtocolError("The form is not UTF-8") from None
    return [field for field in found if field is not None]


def _boundary(content_type: str) -> bytes:
    head = Message()
    head["Content-Type"] = content_type
    boundary = head.get_boundary("")
    if not boundary or not boundary.isascii():
        raise RemoteProtocolError("The form has no boundary")
    return boundary.encode()


def _field(piece: bytes) -> tuple[str, str] | None:
    """The name and the text of a part; None for a file, or one without a name."""
    head, _, text = piece.partition(_LINE * 2)
    if len(head) > _MOST_HEAD:
        raise RemoteProtocolError("A part of the form has too long a head")
    disposition = Message()
    for line in head.split(_LINE):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            disposition["Content-Disposition"] = value.strip().decode()
    field = disposition.get_param("name", header="Content-Disposition")
    if not isinstance(field, str) or disposition.get_filename() is not None:
        return None
    return field, text.decode()
