"""What an app asks a person for: the authorization request, read and judged.

What is wrong with it stays on this node, as a page: apps register by themselves here, so that an
automatic redirect of an error would lead wherever anybody wants.

Spec: RFC 6749 4.1.1, 3.1; RFC 7636 4.3; RFC 9700 4.11.2; security WEB-06.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from node.errors import Refusal
from protocols.oauth import (
    CHALLENGE_METHOD,
    OUT_OF_BAND,
    RESPONSE_MODES,
    OAuthError,
    is_challenge,
    matches,
    with_answer,
)
from protocols.oauth_scopes import UnknownScope, covers, parse
from storage.apps import App
from storage.unit_of_work import UnitOfWork

_ONCE = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state"),
    *("code_challenge", "code_challenge_method"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks for, when nothing is wrong with it.

    Attributes:
        state: goes back to the app as it came; None where it sent none.
        mode: how the answer travels.
    """

    app: App
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    challenge: str | None
    mode: str

    @property
    def is_out_of_band(self) -> bool:
        """Whether the code is shown, and the person carries it."""
        return self.redirect_uri == OUT_OF_BAND

    def answer(self, **told: str) -> dict[str, str]:
        """What the app is told, with its state."""
        return told if self.state is None else {**told, "state": self.state}

    def address(self, answer: Mapping[str, str]) -> str:
        """Where a browser goes with the answer."""
        return with_answer(self.redirect_uri, answer, fragment=self.mode == "fragment")


class AskingRefused(Refusal):
    """An app asked for something that it does not get.

    Attributes:
        back: where a click may lead back to the app, with the error; None where the address
            itself is what is wrong, or there is none.
    """

    def __init__(self, sentence: str, back: str | None = None) -> None:
        """Say what is wrong with the request."""
        super().__init__(HTTPStatus.BAD_REQUEST, sentence)
        self.back = back


def read_asking(request: web.BaseRequest) -> dict[str, str]:
    """The parameters of a request; each counts once.

    Raises:
        AskingRefused: one was sent twice: two readers could take different ones.
    """
    for name in _ONCE:
        if len(request.query.getall(name, ())) > 1:
            raise AskingRefused(f"The parameter {name} was sent more than once.")
    return dict(request.query)


def find_app(uow: UnitOfWork, client_id: str) -> App | None:
    """The app with a client id."""
    found = uow.apps.by_client_id(client_id)
    return None if found is None else found[0]


def judge(app: App | None, sent: Mapping[str, str]) -> Asking:
    """What an app asks for.

    Raises:
        AskingRefused: it is unknown, or asks for what it cannot get.
    """
    if app is None:
        raise AskingRefused("No app is known here by this client_id.")
    redirect_uri = sent.get("redirect_uri", "")
    if not matches(app.redirect_uris, redirect_uri):
        raise AskingRefused("The app has not registered this redirect_uri.")
    state, mode = sent.get("state"), sent.get("response_mode") or "query"

    def refused(error: OAuthError, sentence: str) -> AskingRefused:
        if redirect_uri == OUT_OF_BAND:
            return AskingRefused(sentence)
        told = {"error": error.value, "error_description": sentence}
        return AskingRefused(
            sentence,
            with_answer(redirect_uri, told if state is None else {**told, "state": state}),
        )

    if sent.get("response_type") != "code":
        raise refused(OAuthError.UNSUPPORTED_RESPONSE_TYPE, "The response_type must be code.")
    if mode not in RESPONSE_MODES or (mode == "form_post" and not _is_web(redirect_uri)):
        raise refused(OAuthError.INVALID_REQUEST, "The response_mode is not supported.")
    challenge = sent.get("code_challenge") or None
    method = sent.get("code_challenge_method") or None
    if fault := _fault_of_challenge(challenge, method):
        raise refused(OAuthError.INVALID_REQUEST, fault)
    scopes = _scopes(app, sent.get("scope", ""))
    if scopes is None:
        raise refused(OAuthError.INVALID_SCOPE, "The scope is more than the app has registered.")
    return Asking(
        app=app,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=state,
        challenge=challenge,
        mode=mode,
    )


def _is_web(address: str) -> bool:
    return address.startswith(("https://", "http://"))


def _fault_of_challenge(challenge: str | None, method: str | None) -> str | None:
    """What is wrong with a proof key; without a method it would be `plain`, which proves nothing.

    Spec: RFC 7636 4.3; RFC 9700 2.1.1.
    """
    if challenge is None:
        return None if method is None else "The code_challenge is missing."
    if method != CHALLENGE_METHOD:
        return f"The code_challenge_method must be {CHALLENGE_METHOD}."
    return None if is_challenge(challenge) else "The code_challenge is not a SHA-256 in base64url."


def _scopes(app: App, text: str) -> frozenset[str] | None:
    """The scopes that are asked for; None when the app cannot have them."""
    try:
        asked = parse(text)
    except UnknownScope:
        return None
    return asked if covers(app.scopes, asked) else None
