"""What a page's form says: read with limits, and only when it came from a page of this node.

The guard of sessions has looked where the request comes from. Here a form must also bring the
token that its page was given (`csrf`), when somebody is signed in.
"""

import hmac
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web

from node.auth import signed_in
from node.errors import Refusal

MAX_FORM_BYTES = 64 * 1024
"""A form of the longest texts, each character of which can take twelve bytes, fits in."""
MOST_FIELDS = 200
CSRF_FIELD = "csrf"
_FORM = "application/x-www-form-urlencoded"


class FormFields:
    """The fields of a form, by name."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        """Keep the fields in their order."""
        self._fields = fields

    def text(self, name: str) -> str:
        """A field; empty when it was not sent. Of several the last one counts."""
        return next((value for key, value in reversed(self._fields) if key == name), "")

    def texts(self, name: str) -> list[str]:
        """Every value that was sent under a name, as of boxes that can be ticked."""
        return [value for key, value in self._fields if key == name]

    def is_ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) == "yes"

    def number(self, name: str) -> int | None:
        """A whole number; None for anything else."""
        text = self.text(name).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None  # noqa: PLR2004 - digits of 64 bits


async def form_of(request: web.Request, *, most_fields: int = MOST_FIELDS) -> FormFields:
    """The fields of a form.

    Raises:
        web.HTTPException: it is too large, has too many fields, or is none.
        Refusal: somebody is signed in, and the form was not made for their session.
    """
    body = await request.read()
    if len(body) > MAX_FORM_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_FORM_BYTES, len(body))
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType
    try:
        found = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=most_fields,
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    fields = FormFields(found)
    _require_token(request, fields)
    return fields


def _require_token(request: web.Request, fields: FormFields) -> None:
    known = signed_in(request)
    if known is None:
        return
    if not hmac.compare_digest(fields.text(CSRF_FIELD).encode(), known.csrf.encode()):
        raise Refusal(
            HTTPStatus.FORBIDDEN, "This form has expired; go back, load the page again and send it"
        )
