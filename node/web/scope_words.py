"""What scopes let an app do, in words for people."""

from collections.abc import Mapping
from types import MappingProxyType

from node.web.wording import gettext_noop

SCOPE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "read": gettext_noop("See everything that you can see"),
        "write": gettext_noop("Do everything that you can do, such as posting in your name"),
        "follow": gettext_noop("See and change whom you follow, block and mute"),
        "push": gettext_noop("Send you notifications"),
        "profile": gettext_noop("Know who you are, and nothing else"),
        "read:accounts": gettext_noop("See accounts, your own among them"),
        "read:blocks": gettext_noop("See whom you block"),
        "read:bookmarks": gettext_noop("See your bookmarks"),
        "read:collections": gettext_noop("See your collections"),
        "read:favourites": gettext_noop("See what you voted for"),
        "read:filters": gettext_noop("See your filters"),
        "read:follows": gettext_noop("See whom you follow and which communities you are in"),
        "read:lists": gettext_noop("See your lists"),
        "read:mutes": gettext_noop("See whom you mute"),
        "read:notifications": gettext_noop("See your notifications"),
        "read:search": gettext_noop("Search for you"),
        "read:statuses": gettext_noop("See all posts that you can see"),
        "write:accounts": gettext_noop("Change your profile"),
        "write:blocks": gettext_noop("Block people and servers"),
        "write:bookmarks": gettext_noop("Bookmark posts"),
        "write:collections": gettext_noop("Change your collections"),
        "write:conversations": gettext_noop("Delete and mute conversations"),
        "write:favourites": gettext_noop("Vote for posts"),
        "write:filters": gettext_noop("Change your filters"),
        "write:follows": gettext_noop("Follow people, join and leave communities"),
        "write:lists": gettext_noop("Change your lists"),
        "write:media": gettext_noop("Upload pictures, sound and video"),
        "write:mutes": gettext_noop("Mute people and conversations"),
        "write:notifications": gettext_noop("Clear your notifications"),
        "write:reports": gettext_noop("Report others"),
        "write:statuses": gettext_noop("Post in your name, change and delete your posts"),
        "admin:read": gettext_noop("See everything that staff of this server sees"),
        "admin:write": gettext_noop("Do everything that staff of this server does"),
        "admin:read:accounts": gettext_noop("See what staff knows of accounts"),
        "admin:read:reports": gettext_noop("See what staff knows of reports"),
        "admin:read:domain_allows": gettext_noop("See which servers are allowed"),
        "admin:read:domain_blocks": gettext_noop("See which servers are blocked"),
        "admin:read:ip_blocks": gettext_noop("See which addresses are blocked"),
        "admin:read:email_domain_blocks": gettext_noop("See which hosts of e-mail are blocked"),
        "admin:read:canonical_email_blocks": gettext_noop("See which e-mail addresses are blocked"),
        "admin:write:accounts": gettext_noop("Moderate accounts as staff"),
        "admin:write:reports": gettext_noop("Work on reports as staff"),
        "admin:write:domain_allows": gettext_noop("Change which servers are allowed"),
        "admin:write:domain_blocks": gettext_noop("Change which servers are blocked"),
        "admin:write:ip_blocks": gettext_noop("Change which addresses are blocked"),
        "admin:write:email_domain_blocks": gettext_noop("Change which hosts of e-mail are blocked"),
        "admin:write:canonical_email_blocks": gettext_noop(
            "Change which e-mail addresses are blocked"
        ),
    }
)
"""One sentence for each scope, in English: the key of its translations."""
