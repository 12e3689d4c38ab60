"""Submissions: what an app sends to have it posted, read and measured before a look at storage.

A submission is kept as JSON until its time when it is scheduled. Spec: Mastodon API "Post a new
status"; reference client-apis 2.2 for `title`, `group_id` and `link`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from communities.limits import (
    MAX_LANGUAGE,
    MAX_TEXT_BYTES,
    MAX_TITLE,
    MAX_URL,
    MAX_WARNING,
)
from communities.text import Markup
from node.drafts import Ballot
from node.errors import Refusal
from node.mastodon import allowances
from node.mastodon.parameters import Parameters, invalid
from node.peer_http.documents import key_of
from protocols.activitypub.parsing_origins import is_web_url

VISIBILITIES = ("public", "unlisted", "private", "direct")
_MARKUPS = {"text/markdown": Markup.LINES, "text/plain": Markup.PLAIN}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The poll of a submission; `seconds` is how long it is open."""

    options: tuple[str, ...]
    seconds: int
    multiple: bool = False
    hides_totals: bool = False

    @property
    def ballot(self) -> Ballot:
        """The same as the domain has it."""
        return Ballot(
            choices=self.options,
            multiple=self.multiple,
            hides_totals=self.hides_totals,
            open_for=timedelta(seconds=self.seconds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What an app sent; None and empty stand for what it did not send.

    `answered_id` is the id of a status in any of its forms, `markup` how the text is to be read.
    """

    text: str = ""
    title: str | None = None
    link: str | None = None
    warning: str | None = None
    visibility: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    markup: Markup = Markup.LINES
    group_id: int | None = None
    answered_id: int | None = None
    media_ids: tuple[int, ...] = ()
    poll: Choices | None = None
    app_id: int = 0
    idempotency: str | None = None


def submission_of(parameters: Parameters, *, app_id: int, idempotency: str | None) -> Submission:
    """What an app wants posted.

    Raises:
        Refusal: something is too long, no id, or does not go together.
    """
    if parameters.text("quoted_status_id"):
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "This server has no quotes; link instead")
    found = Submission(
        text=text_in(parameters, "status") or "",
        title=title_in(parameters),
        link=link_in(parameters) or None,
        warning=warning_in(parameters) or None,
        visibility=visibility_in(parameters),
        sensitive=parameters.flag("sensitive"),
        language=language_in(parameters),
        markup=markup_in(parameters),
        group_id=_id(parameters, "group_id"),
        answered_id=_id(parameters, "in_reply_to_id"),
        media_ids=media_ids_in(parameters),
        poll=poll_in(parameters),
        app_id=app_id,
        idempotency=idempotency,
    )
    check_size(found.text, found.warning)
    if found.poll is not None and found.media_ids:
        raise invalid("a poll has no media beside it")
    if found.answered_id is not None and (found.title or found.group_id is not None):
        raise invalid("an answer has no title, and stays in the group of what it answers")
    if not (found.text or found.title or found.media_ids):
        raise invalid("Text can't be blank")
    return found


def check_size(text: str, warning: str | None) -> None:
    """Refuse what is longer than the instance says.

    Raises:
        Refusal: it is.
    """
    # An address counts little however long it is, which must not make a text of any length short.
    is_huge = len(text) > MAX_TEXT_BYTES
    if is_huge or allowances.characters(text) > allowances.MAX_CHARACTERS:
        raise invalid(f"Text limit of {allowances.MAX_CHARACTERS} characters exceeded")
    if warning is not None and len(warning) > MAX_WARNING:
        raise invalid(f"spoiler_text is longer than {MAX_WARNING} characters")


def text_in(parameters: Parameters, name: str) -> str | None:
    """A text with plain line ends and without control characters; None when it was not sent."""
    text = parameters.text(name)
    if text is None:
        return None
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def title_in(parameters: Parameters) -> str | None:
    """The title in one line; None when there is none.

    Raises:
        Refusal: it is too long.
    """
    title = " ".join((text_in(parameters, "title") or "").split())
    if len(title) > MAX_TITLE:
        raise invalid(f"title is longer than {MAX_TITLE} characters")
    return title or None


def link_in(parameters: Parameters) -> str | None:
    """The page that a titled post is about, empty to take it away; None when it was not sent.

    Raises:
        Refusal: it is no address of a page.
    """
    link = text_in(parameters, "link")
    if link and (len(link) > MAX_URL or not is_web_url(link)):
        raise invalid("link must be the address of a page")
    return link


def warning_in(parameters: Parameters) -> str | None:
    """The content warning in one line; None when it was not sent."""
    warning = text_in(parameters, "spoiler_text")
    return None if warning is None else " ".join(warning.split())


def visibility_in(parameters: Parameters) -> str | None:
    """Whom the app asks it to be shown to; None when it does not say.

    Raises:
        Refusal: by a word that nobody knows.
    """
    word = parameters.text("visibility") or None
    if word is not None and word not in VISIBILITIES:
        raise invalid(f"visibility is one of {', '.join(VISIBILITIES)}")
    return word


def language_in(parameters: Parameters) -> str | None:
    """The language, by tag; None when none was sent, or something that is no tag."""
    language = parameters.text("language")
    if not language or len(language) > MAX_LANGUAGE or not _LANGUAGE.fullmatch(language):
        return None
    return language


def markup_in(parameters: Parameters) -> Markup:
    """How the text is to be read: as markdown in which line breaks count, unless told otherwise.

    Raises:
        Refusal: as something that is not read here.
    """
    found = _MARKUPS.get(parameters.text("content_type") or "text/markdown")
    if found is None:
        raise invalid(f"content_type is one of {', '.join(_MARKUPS)}")
    return found


def media_ids_in(parameters: Parameters) -> tuple[int, ...]:
    """The uploads to attach, in their order.

    Raises:
        Refusal: one is no id.
    """
    found = [key_of(text) for text in parameters.texts("media_ids")]
    if None in found:
        raise invalid("media_ids holds what is no id")
    return tuple(number for number in found if number is not None)


def poll_in(parameters: Parameters) -> Choices | None:
    """The poll; None when none was sent.

    Raises:
        Refusal: it has too few or too many options, one too long or twice, or a bad time.
    """
    poll = parameters.inside("poll")
    if not poll:
        return None
    options = [" ".join(_CONTROLS.sub("", option).split()) for option in poll.texts("options")]
    _check_options([option for option in options if option])
    seconds = poll.number("expires_in")
    if seconds is None:
        raise invalid("expires_in can't be blank")
    open_for = timedelta(seconds=max(0, min(seconds, 1 << 31)))
    if not allowances.SHORTEST_POLL <= open_for <= allowances.LONGEST_POLL:
        raise invalid("a poll is open from five minutes up to 31 days")
    return Choices(
        options=tuple(option for option in options if option),
        seconds=seconds,
        multiple=poll.is_set("multiple"),
        hides_totals=poll.is_set("hide_totals"),
    )


def scheduled_at(parameters: Parameters, now: datetime) -> datetime | None:
    """When a submission is to be published; None for now.

    Raises:
        Refusal: it is no time, or too soon.
    """
    text = parameters.text("scheduled_at")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid("scheduled_at is no time") from None
    if at < now + allowances.SCHEDULED_AHEAD:
        raise invalid("Scheduled at must be at least five minutes in the future")
    return at


def _check_options(options: list[str]) -> None:
    fewest, most = allowances.MIN_POLL_OPTIONS, allowances.MAX_POLL_OPTIONS
    if not fewest <= len(options) <= most:
        raise invalid(f"a poll has {fewest} to {most} options")
    if len(set(options)) != len(options):
        raise invalid("the options of a poll differ")
    if max(map(len, options)) > allowances.MAX_OPTION_CHARACTERS:
        raise invalid(f"an option has at most {allowances.MAX_OPTION_CHARACTERS} characters")


def _id(parameters: Parameters, name: str) -> int | None:
    text = parameters.text(name)
    if not text:
        return None
    found = key_of(text)
    if found is None:
        raise invalid(f"{name} is no id")
    return found
