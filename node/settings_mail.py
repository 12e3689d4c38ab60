"""Settings of how the node writes e-mail."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from node.settings_values import Secret, told


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How the node writes e-mail: addresses are confirmed and passwords set anew by it."""

    host: Annotated[
        str | None,
        told(
            "The mail server that takes our mail; left out, the node writes none, and the operator"
            " hands out links.",
            example="mail.example.org",
        ),
    ] = None
    port: Annotated[int, told("Its port.", at_least=1, at_most=65535)] = 587
    tls: Annotated[
        Literal["starttls", "tls", "none"],
        told("How the connection is kept private; none only for a server on this machine."),
    ] = "starttls"
    username: Annotated[
        str | None, told("The name to sign in there with, if it asks.", example="noaber")
    ] = None
    password: Annotated[Secret | None, told("The password for it.", example="a long password")] = (
        None
    )
    password_file: Annotated[
        Path | None,
        told("A file that holds it, instead of password.", example="/etc/noaber/mail-password"),
    ] = None
    from_address: Annotated[
        str | None,
        told(
            "The address that our mail comes from; left out, noreply@ and the domain.",
            example="noreply@example.org",
        ),
    ] = None
    timeout_seconds: Annotated[
        float,
        told("How long the mail server may take to answer.", unit="seconds", at_least=0.1),
    ] = 30

    @property
    def is_on(self) -> bool:
        """Whether the node can write e-mail."""
        return self.host is not None
