"""The words of letters, in the language of their readers."""

from collections.abc import Callable, Sequence
from datetime import datetime

from node.accounts.letters import CONFIRM_KEPT, RESET_KEPT, Letter, LetterKind, Write
from node.accounts.mailing import Mail
from node.web.wording import Words, words_in

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600


def letter_writer(*, title: str, languages: Sequence[str], now: Callable[[], datetime]) -> Write:
    """Puts letters into words, in the first language of the node for who has chosen none."""

    def write(letter: Letter) -> Mail:
        locale = letter.locale if letter.locale in languages else languages[0]
        words = words_in(locale)
        subject, lines = _words_of(words, letter, title)
        signature = words.gettext("This letter was written by the server of %(title)s.")
        greeting = words.gettext("Hello %(name)s,") % {"name": letter.name}
        text = "\n\n".join([greeting, *lines, "-- \n" + signature % {"title": title}])
        return Mail(to=letter.to, subject=subject, text=text + "\n", at=now())

    return write


def _words_of(words: Words, letter: Letter, title: str) -> tuple[str, list[str]]:
    """The subject and the paragraphs."""
    told = {"title": title, "name": letter.name}
    link = letter.link or ""
    match letter.kind:
        case LetterKind.CONFIRM:
            days = int(CONFIRM_KEPT.total_seconds()) // _DAY_SECONDS
            return words.gettext("Confirm your e-mail address for %(title)s") % told, [
                words.gettext("open this link to confirm that this address is yours:"),
                link,
                words.ngettext(
                    "It works once, for %(count)d day.", "It works once, for %(count)d days.", days
                )
                % {"count": days},
                words.gettext("If you have not asked for this, you need not do anything."),
            ]
        case LetterKind.RESET:
            hours = int(RESET_KEPT.total_seconds()) // _HOUR_SECONDS
            return words.gettext("A new password for %(title)s") % told, [
                words.gettext("open this link to set a new password:"),
                link,
                words.ngettext(
                    "It works once, for %(count)d hour.",
                    "It works once, for %(count)d hours.",
                    hours,
                )
                % {"count": hours},
                words.gettext("If you have not asked for this, you need not do anything."),
            ]
        case LetterKind.OPENED:
            return words.gettext("You are welcome at %(title)s") % told, [
                words.gettext("your account was approved: you can sign in now."),
                link,
            ]
        case LetterKind.PASSWORD_CHANGED:
            return words.gettext("Your password for %(title)s was changed") % told, [
                words.gettext("the password of your account was changed just now."),
                words.gettext(
                    "If that was not you, ask for a new password at once and tell whoever runs the"
                    " server."
                ),
            ]
        case LetterKind.EMAIL_CHANGED:
            return words.gettext("Your e-mail address for %(title)s was changed") % told, [
                words.gettext("your account has another e-mail address now."),
                words.gettext("If that was not you, tell whoever runs the server at once."),
            ]
