"""Settings of who may make an account, and what they are asked."""

from dataclasses import dataclass
from typing import Annotated, Literal

from communities.registration import RegistrationMode, RegistrationRules
from node.settings_values import told


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings:
    """Who may make an account, and what they are asked."""

    mode: Annotated[
        RegistrationMode,
        told(
            "Who may: invite is who got an invitation, approval everybody whom staff lets in, open"
            " everybody at once, closed nobody."
        ),
    ] = RegistrationMode.INVITE
    inviting: Annotated[
        Literal["everyone", "staff"], told("Who of this node may make invitations.")
    ] = "everyone"
    message: Annotated[
        str | None,
        told(
            "What the page says to those who cannot make an account now.",
            example="Ask your neighbour for an invitation.",
        ),
    ] = None
    reserved_names: Annotated[
        tuple[str, ...],
        told("Names that nobody gets, besides a built-in list (admin, postmaster and the like)."),
    ] = ()
    blocked_email_domains: Annotated[
        tuple[str, ...],
        told("Hosts of e-mail addresses that are not taken, with all below them."),
    ] = ()
    min_age: Annotated[
        int,
        told(
            "The age that newcomers must say they have; 0 asks nobody.",
            unit="years",
            at_least=0,
            at_most=120,
        ),
    ] = 16
    ask_reason: Annotated[
        bool, told("Whether those whom staff lets in must say why they want to come.")
    ] = True
    per_address_per_hour: Annotated[
        int,
        told(
            "How many accounts can be asked for from one address in an hour.",
            at_least=1,
            at_most=100_000,
        ),
    ] = 10
    password_grant: Annotated[
        bool,
        told(
            "Whether apps may ask people for their password and send it here, as some old ones"
            " do, instead of sending people to the page where they let an app in."
        ),
    ] = False
    cheap_hashes: Annotated[
        bool,
        told("Hash passwords without effort: for tests alone, since such hashes are soon guessed."),
    ] = False

    def rules(self, *, writes_mail: bool) -> RegistrationRules:
        """The rules as the domain knows them; an address is asked for where mail can be sent."""
        return RegistrationRules(
            mode=self.mode,
            reserved=frozenset(name.lower() for name in self.reserved_names),
            min_age=self.min_age,
            needs_email=writes_mail,
            needs_reason=self.ask_reason,
            blocked_domains=frozenset(host.lower() for host in self.blocked_email_domains),
        )
