"""Every route of the OAuth provider."""

from node.app import Route
from node.oauth.consent import consent_routes
from node.oauth.desk import OAuthDesk
from node.oauth.documents import document_routes
from node.oauth.sign_up import sign_up_routes
from node.oauth.tokens import token_routes


def oauth_routes(desk: OAuthDesk) -> list[Route]:
    """Pages, endpoints and documents; apps themselves are registered at `node.mastodon.apps`."""
    return [
        *consent_routes(desk),
        *token_routes(desk),
        *document_routes(desk),
        *sign_up_routes(desk),
    ]
