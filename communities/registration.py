"""Who may make an account on this node, and what they must say: rules without storage or clock.

What is wrong is told field by field (`RegistrationRefused`), so that a page can say it beside the
field and an app can be told in the words that it knows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from communities.errors import DomainError, NotAllowed, Reason
from communities.limits import MAX_NAME

MIN_PASSWORD = 8
"""Bytes of the shortest password."""
MAX_PASSWORD = 256
"""Bytes of the longest one: hashing must not become a way to keep the node busy."""
MAX_SIGN_UP_REASON = 2_000
MAX_EMAIL = 254
MAX_LOCAL_PART = 64

NAME_GRAMMAR = re.compile(r"[a-z0-9][a-z0-9_]{0,29}")
"""Of names of people and communities. Spec: house 2.10."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ATOM = r"[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})+)")

_RESERVED = """
abuse account accounts actor admin administrator administrators api auth beheer beheerder billing
bot contact everyone ftp help helpdesk hostmaster imap inbox info mail mailer_daemon mastodon me mod
moderation moderator moderators moderatie news no_reply nobody noaber noreply null oauth official
operator outbox owner pop3 postmaster privacy register root security settings sign_in sign_out
sign_up smtp ssl staff status support sysadmin system team tech undefined webmaster well_known www
you
"""
RESERVED = frozenset(_RESERVED.split())
"""Names that somebody could pass for the node with, or that other software gives a meaning to.

Spec: security FLD-08; RFC 2142.
"""


class RegistrationMode(StrEnum):
    """Who may make an account."""

    INVITE = "invite"
    """Who was given an invitation by somebody here."""
    APPROVAL = "approval"
    """Everybody asks, and staff decides; an invitation does without."""
    OPEN = "open"
    CLOSED = "closed"


class AccountRole(StrEnum):
    """What somebody may do with the node itself; communities have roles of their own."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


class AccountState(StrEnum):
    """Whether an account can be signed in to.

    An account that is unconfirmed or waits for approval is kept out of sight meanwhile.
    """

    ACTIVE = "active"
    PENDING = "pending-approval"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"


class Fault(StrEnum):
    """What is wrong with a field, in the words that apps know."""

    TAKEN = "ERR_TAKEN"
    BLANK = "ERR_BLANK"
    TOO_SHORT = "ERR_TOO_SHORT"
    TOO_LONG = "ERR_TOO_LONG"
    INVALID = "ERR_INVALID"
    ACCEPTED = "ERR_ACCEPTED"
    RESERVED = "ERR_RESERVED"
    BLOCKED = "ERR_BLOCKED"
    BELOW_LIMIT = "ERR_BELOW_LIMIT"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field."""

    field: str
    fault: Fault
    description: str


class RegistrationRefused(DomainError):  # noqa: N818 - says what happened
    """Fields of a form hold what they may not hold."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        """Keep what is wrong; the message says all of it in one sentence."""
        told = ", ".join(f"{_label(error.field)} {error.description}" for error in errors)
        super().__init__(f"Validation failed: {told}")
        self.errors = tuple(errors)

    @property
    def details(self) -> dict[str, list[dict[str, str]]]:
        """What is wrong by field, as apps are told."""
        told: dict[str, list[dict[str, str]]] = {}
        for error in self.errors:
            fault = {"error": error.fault.value, "description": error.description}
            told.setdefault(error.field, []).append(fault)
        return told


def _label(field: str) -> str:
    return field.replace("_", " ").capitalize()


class RegistrationClosed(NotAllowed):
    """Nobody can make an account now, or only with an invitation."""

    def __init__(self, message: str) -> None:
        """Say which."""
        super().__init__(Reason.CLOSED, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What somebody says who wants an account.

    Attributes:
        password: None leaves the account without one; only forms that ask for none may.
        of_age: the tick that one is old enough; a date of birth says it, too.
        invitation: the token of an invitation, empty for none.
        locale: the language that they are written to in.
    """

    username: str
    password: str | None
    email: str = ""
    name: str = ""
    agreement: bool = False
    of_age: bool = False
    born: date | None = None
    reason: str = ""
    locale: str | None = None
    invitation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRules:
    """What a node asks of newcomers.

    Attributes:
        reserved: names that nobody gets, besides the built-in ones.
        min_age: years; 0 asks nobody.
        needs_email: whether an address must be given (where the node can write to it).
        blocked_domains: of e-mail, with all below them.
    """

    mode: RegistrationMode = RegistrationMode.INVITE
    reserved: frozenset[str] = frozenset()
    min_age: int = 16
    needs_email: bool = False
    needs_reason: bool = True
    blocked_domains: frozenset[str] = frozenset()


def check_open(rules: RegistrationRules, *, invited: bool, tried: bool) -> None:
    """Refuse who may not make an account, whatever they say.

    `invited` says that the invitation holds, `tried` that one was shown.

    Raises:
        RegistrationClosed: nobody may, or only with an invitation.
    """
    if rules.mode is RegistrationMode.CLOSED:
        raise RegistrationClosed("This server makes no new accounts")
    if tried and not invited:
        raise RegistrationClosed("This invitation was used up, has expired, or never was one")
    if rules.mode is RegistrationMode.INVITE and not invited:
        raise RegistrationClosed("This server makes new accounts by invitation only")


def faults_of(
    form: SignUp, rules: RegistrationRules, today: date, *, invited: bool
) -> list[FieldError]:
    """What is wrong with a form, as far as it can be told without the accounts that exist."""
    found = [
        *_name_faults(form.username, rules.reserved),
        *_email_faults(form.email, rules),
        *([] if form.password is None else password_faults(form.password)),
        *_age_faults(form, rules.min_age, today),
        *_reason_faults(form.reason, asked=asks_reason(rules, invited=invited)),
    ]
    if len(form.name) > MAX_NAME or _CONTROLS.search(form.name):
        found.append(FieldError("display_name", Fault.INVALID, "is too long or cannot be shown"))
    if not form.agreement:
        found.append(FieldError("agreement", Fault.ACCEPTED, "must be accepted"))
    return found


def asks_reason(rules: RegistrationRules, *, invited: bool) -> bool:
    """Whether somebody must say why they want an account."""
    return rules.mode is RegistrationMode.APPROVAL and rules.needs_reason and not invited


def asks_approval(rules: RegistrationRules, *, invited: bool) -> bool:
    """Whether staff decides about an account."""
    return rules.mode is RegistrationMode.APPROVAL and not invited


def _name_faults(name: str, reserved: frozenset[str]) -> Iterable[FieldError]:
    if not name:
        yield FieldError("username", Fault.BLANK, "can't be blank")
    elif not NAME_GRAMMAR.fullmatch(name):
        yield FieldError(
            "username", Fault.INVALID, "must have 1 to 30 letters a-z, digits and underscores"
        )
    elif name in RESERVED or name in reserved:
        yield FieldError("username", Fault.RESERVED, "is reserved")


def _email_faults(email: str, rules: RegistrationRules) -> Iterable[FieldError]:
    if not email:
        if rules.needs_email:
            yield FieldError("email", Fault.BLANK, "can't be blank")
    elif not is_email(email):
        yield FieldError("email", Fault.INVALID, "is not an e-mail address")
    elif _is_below(email.rpartition("@")[2].lower(), rules.blocked_domains):
        yield FieldError("email", Fault.BLOCKED, "contains a disallowed e-mail provider")


def _is_below(host: str, domains: frozenset[str]) -> bool:
    labels = host.split(".")
    return any(".".join(labels[place:]) in domains for place in range(len(labels)))


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address that this node writes to.

    Narrower than the standard: no quotes, no percent sign, no comments, no address literals, ASCII
    alone. Mail servers disagree about the rest, and such a disagreement sends mail elsewhere.

    Spec: RFC 5321 4.1.2 and 4.5.3.1; security WEB-14.
    """
    found = _EMAIL.fullmatch(text) if len(text) <= MAX_EMAIL else None
    return found is not None and len(found[1]) <= MAX_LOCAL_PART


def email_key(email: str) -> str:
    """What an address is known by: letters of either case are one, as nearly everywhere."""
    return email.strip().lower()


def password_faults(password: str) -> list[FieldError]:
    """What is wrong with a new password: it has 8 to 256 bytes, and is not the same sign alone."""
    size = len(password.encode("utf-8", "surrogatepass"))
    if not password:
        return [FieldError("password", Fault.BLANK, "can't be blank")]
    if size < MIN_PASSWORD or len(set(password)) == 1:
        short = f"is too short (minimum is {MIN_PASSWORD} characters, not all the same)"
        return [FieldError("password", Fault.TOO_SHORT, short)]
    if size > MAX_PASSWORD:
        long = f"is too long (maximum is {MAX_PASSWORD} bytes)"
        return [FieldError("password", Fault.TOO_LONG, long)]
    return []


def check_password(password: str) -> None:
    """Refuse a new password that is none.

    Raises:
        RegistrationRefused: it is too short or too long.
    """
    if faults := password_faults(password):
        raise RegistrationRefused(faults)


def _age_faults(form: SignUp, min_age: int, today: date) -> Iterable[FieldError]:
    if min_age == 0 or (form.of_age and form.born is None):
        return
    if form.born is None:
        yield FieldError("date_of_birth", Fault.BLANK, "can't be blank")
    elif form.born > today:
        yield FieldError("date_of_birth", Fault.INVALID, "is not a day in the past")
    elif _age(form.born, today) < min_age:
        yield FieldError("date_of_birth", Fault.BELOW_LIMIT, f"is below the age limit of {min_age}")


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _reason_faults(reason: str, *, asked: bool) -> Iterable[FieldError]:
    if asked and not reason.strip():
        yield FieldError("reason", Fault.BLANK, "can't be blank")
    if len(reason) > MAX_SIGN_UP_REASON:
        yield FieldError("reason", Fault.TOO_LONG, f"is longer than {MAX_SIGN_UP_REASON} signs")
    elif _CONTROLS.search(reason):
        yield FieldError("reason", Fault.INVALID, "has signs that cannot be shown")


def taken_faults(
    form: SignUp, name_taken: Callable[[str], bool], email_taken: Callable[[str], bool]
) -> list[FieldError]:
    """What is wrong with a form because of the accounts that exist."""
    found = []
    if name_taken(form.username):
        found.append(FieldError("username", Fault.TAKEN, "has already been taken"))
    if form.email and email_taken(email_key(form.email)):
        found.append(FieldError("email", Fault.TAKEN, "has already been taken"))
    return found


def merged(errors: Iterable[FieldError]) -> Mapping[str, Fault]:
    """The first fault of each field, for a page that says one sentence beside each."""
    told: dict[str, Fault] = {}
    for error in errors:
        told.setdefault(error.field, error.fault)
    return told
