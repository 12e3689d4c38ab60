"""E-mail: one message to one mail server, by SMTP.

Spec: RFC 5321, RFC 5322; RFC 3834 5 (Auto-Submitted).
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import aiosmtplib

from communities.errors import NotAllowed, Reason
from federation.errors import Failure, PeerRefused, PeerUnreachable
from node.settings_mail import MailSettings

log = logging.getLogger(__name__)

_PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message in plain text."""

    to: str
    subject: str
    text: str
    at: datetime


class Mailer:
    """Hands messages to the mail server of the settings."""

    def __init__(self, settings: MailSettings, *, domain: str, title: str) -> None:
        """Write as the address of the settings, under the node's name."""
        self._settings = settings
        self._domain = domain.partition(":")[0]
        self._title = title
        self._from = settings.from_address or f"noreply@{self._domain}"

    async def send(self, mail: Mail) -> None:
        """Hand over one message; what goes wrong is in the log, for whoever set the server.

        Raises:
            PeerUnreachable: the server cannot be reached, or asks for patience: try again.
            PeerRefused: it does not take the message, or does not let us in.
            NotAllowed: no mail server is set.
        """
        settings = self._settings
        server = settings.host
        if server is None:
            raise NotAllowed(Reason.FEATURE_OFF, "No mail server is set")
        secret = None if settings.password is None else settings.password.reveal()
        try:
            await aiosmtplib.send(
                self._message(mail),
                hostname=server,
                port=settings.port,
                username=settings.username,
                password=secret,
                timeout=settings.timeout_seconds,
                **_TLS[settings.tls],
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            log.warning("mail server %s refused a recipient with %d", server, max(codes))
            if max(codes) >= _PERMANENT:
                raise PeerRefused(max(codes), peer=server) from error
            raise PeerUnreachable(Failure.STATUS, peer=server) from error
        except aiosmtplib.SMTPResponseException as error:
            # Without its words, which can name the reader.
            log.warning("mail server %s answered with %d", server, error.code)
            if error.code >= _PERMANENT:
                raise PeerRefused(error.code, peer=server) from error
            raise PeerUnreachable(Failure.STATUS, peer=server) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("mail server %s, port %s: %s", server, settings.port, error)
            raise PeerUnreachable(Failure.CONNECT, peer=server) from error

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(" ".join(self._title.split()), addr_spec=self._from)
        message["To"] = mail.to
        message["Subject"] = " ".join(mail.subject.split())
        message["Date"] = format_datetime(mail.at)
        message["Message-ID"] = make_msgid(domain=self._domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


_TLS: dict[str, dict[str, Any]] = {
    "tls": {"use_tls": True, "start_tls": False},
    "starttls": {"use_tls": False, "start_tls": True},
    "none": {"use_tls": False, "start_tls": False},
}
