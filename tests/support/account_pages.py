"""The use cases of accounts as their pages need them, over the storage of a site."""

from federation.snowflakes import Snowflakes
from node.accounts.desk import AccountDesk, account_desk
from node.settings import NodeSettings, Settings
from node.settings_mail import MailSettings
from node.settings_registration import RegistrationSettings
from node.web.letter_words import letter_writer
from node.web.site import Site
from tests.support.factories import HOME


def desk_over(
    site: Site,
    registration: RegistrationSettings | None = None,
    mail: MailSettings | None = None,
) -> AccountDesk:
    """The use cases of accounts over the storage of a site, with hashes that cost nothing."""
    settings = Settings(
        node=NodeSettings(domain=HOME.domain),
        registration=registration or RegistrationSettings(cheap_hashes=True),
        mail=mail or MailSettings(),
    )
    return account_desk(
        settings=settings,
        storage=site.storage,
        uris=site.uris,
        snowflakes=Snowflakes(site.now, first=0),
        write=letter_writer(title=site.title, languages=site.languages, now=site.now),
        now=site.now,
    )
