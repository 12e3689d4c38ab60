"""The whole surface of accounts: every route by which people sign up, sign in and settle things."""

from node.accounts.desk import AccountDesk
from node.app import Route
from node.web.account_links import link_routes
from node.web.invitation_pages import invitation_routes
from node.web.passkey_pages import passkey_routes
from node.web.personal import AccountSite
from node.web.security_pages import security_routes
from node.web.settings_pages import settings_routes
from node.web.sign_in import sign_in_routes
from node.web.sign_up import sign_up_routes
from node.web.site import Site
from node.web.welcome import welcome_routes


def account_routes(site: Site, desk: AccountDesk) -> list[Route]:
    """Everything that people call with a browser to get in, and to settle what is theirs."""
    pages = AccountSite(site=site, desk=desk)
    return [
        *sign_in_routes(pages),
        *sign_up_routes(pages),
        *link_routes(pages),
        *welcome_routes(pages),
        *settings_routes(pages),
        *security_routes(pages),
        *passkey_routes(pages),
        *invitation_routes(pages),
    ]
