"""Codes and tokens, made and ended: the units behind the endpoints.

A unit that finds out about a misuse says so in its result and does not raise: what it has ended
must stay ended.

Spec: RFC 6749 4.1, 4.4; RFC 7009; RFC 9700 2.1; reference client-apis 1.5.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from communities.errors import NotAllowed, Reason
from communities.identities import may_act_as
from communities.people import ActorKey
from node.app_tokens import digest_of_token, hindrance_of
from node.oauth.asking import Asking
from protocols.oauth import OAuthError, proves
from storage.app_tokens import AppToken
from storage.apps import App, AuthCode
from storage.unit_of_work import UnitOfWork

CODE_LIVES = timedelta(minutes=10)
SECRET_BYTES = 32


def new_secret() -> str:
    """A random code or token: 256 bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(text: str) -> bytes:
    """What storage knows a secret of ours by."""
    return sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What a new token is made of, besides what it is for; the caller brings time and chance."""

    token_id: int
    token: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """A token as its app gets it, once."""

    token: str
    stored: AppToken


def give_code(
    uow: UnitOfWork,
    asking: Asking,
    person_id: ActorKey,
    actor_id: ActorKey,
    fresh: str,
    at: datetime,
) -> None:
    """Let an app in: keep a code that it can turn into a token within ten minutes.

    Raises:
        NotAllowed: the person may not act as the one that they have chosen.
    """
    if not may_act_as(uow, person_id, actor_id, at):
        raise NotAllowed(Reason.ROLE, "You cannot let an app act as this community")
    code = AuthCode(
        app_id=asking.app.id,
        person_id=person_id,
        actor_id=actor_id,
        scopes=asking.scopes,
        redirect_uri=asking.redirect_uri,
        challenge=asking.challenge,
        until=at + CODE_LIVES,
    )
    uow.apps.add_code(digest(fresh), code)
    uow.apps.use(asking.app.id, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A code with what an app brings to turn it into a token."""

    app_id: int
    code: str
    redirect_uri: str
    verifier: str | None


def redeem(uow: UnitOfWork, asked: Redemption, fresh: Fresh) -> Given | OAuthError:
    """Turn a code into a token, once; a second try ends the token of the first.

    Nothing is told of why a code is refused: to who guesses, all wrong codes are the same.
    """
    code_digest = digest_of_token(asked.code)
    code = None if code_digest is None else uow.apps.code(code_digest)
    if code is None or code_digest is None:
        return OAuthError.INVALID_GRANT
    if code.token_id is not None:
        uow.app_tokens.revoke(code.token_id, fresh.at)
        return OAuthError.INVALID_GRANT
    is_its = code.app_id == asked.app_id and code.redirect_uri == asked.redirect_uri
    if not is_its or code.until <= fresh.at or not proves(asked.verifier, code.challenge):
        return OAuthError.INVALID_GRANT
    stored = _token(fresh, code.app_id, code.scopes, code.person_id, code.actor_id)
    uow.apps.use_code(code_digest, stored.id)
    return _given(uow, stored, fresh) or OAuthError.INVALID_GRANT


def _given(uow: UnitOfWork, stored: AppToken, fresh: Fresh) -> Given | None:
    """Keep a token; None when it is of no use, since an account may have been closed meanwhile."""
    uow.app_tokens.add(digest(fresh.token), stored)
    uow.apps.use(stored.app_id, fresh.at)
    (known,) = uow.app_tokens.among([stored.id])
    if hindrance_of(uow, known, fresh.at) is None:
        return Given(fresh.token, stored)
    uow.app_tokens.revoke(stored.id, fresh.at)
    return None


def give_token(
    uow: UnitOfWork,
    app: App,
    scopes: frozenset[str],
    person_id: ActorKey | None,
    fresh: Fresh,
) -> Given:
    """A token for the app alone, or for a person who has just shown who they are."""
    stored = _token(fresh, app.id, scopes, person_id, person_id)
    uow.app_tokens.add(digest(fresh.token), stored)
    uow.apps.use(app.id, fresh.at)
    return Given(fresh.token, stored)


def _token(
    fresh: Fresh,
    app_id: int,
    scopes: frozenset[str],
    person_id: ActorKey | None,
    actor_id: ActorKey | None,
) -> AppToken:
    return AppToken(
        id=fresh.token_id,
        app_id=app_id,
        scopes=scopes,
        created_at=fresh.at,
        used_at=fresh.at,
        person_id=person_id,
        actor_id=actor_id,
    )


def revoke(uow: UnitOfWork, app_id: int, token: str, at: datetime) -> bool:
    """End a token of an app; False when it is another app's.

    One that never was, or has ended, is as good as ended. Spec: RFC 7009 2.1, 2.2.
    """
    token_digest = digest_of_token(token)
    found = None if token_digest is None else uow.app_tokens.find(token_digest)
    if found is None:
        return True
    if found.app_id != app_id:
        return False
    uow.app_tokens.revoke(found.id, at)
    return True
