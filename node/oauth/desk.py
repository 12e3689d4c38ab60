"""What the OAuth provider works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from node.mastodon.desk import Desk
from node.oauth.granting import Fresh, new_secret
from node.rates import Rates
from node.web.personal import AccountSite
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthDesk:
    """The API's desk, the pages with the use cases of accounts, and what counts calls."""

    api: Desk
    pages: AccountSite
    rates: Rates

    @property
    def storage(self) -> Storage:
        """The rows."""
        return self.api.storage

    @property
    def base(self) -> str:
        """Scheme and host of this node."""
        return self.api.uris.base

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock."""
        return self.api.now

    @property
    def password_grant(self) -> bool:
        """Whether apps may take people's passwords from them."""
        return self.api.settings.registration.password_grant

    def fresh(self) -> Fresh:
        """What a new token is made of."""
        return Fresh(token_id=self.api.snowflakes.mint(), token=new_secret(), at=self.now())
