"""Every URL of this node, made and read in one place.

Ids never change on a rename: `/u/<key>` for people, `/g/<key>` for communities, `/post/<key>`.
`/@name` and `/c/name` are pages that send an ActivityPub request on to the id.

Spec: house "Settled beforehand".
"""

from dataclasses import dataclass

from communities.people import ActorKey
from communities.posts import PostKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Uris:
    """URLs below `base` ("https://web.host", no slash at the end); handles end in `domain`.

    `epoch` goes up when a backup is restored: log positions are given out again then, and peers
    would take new activities for old ones.
    """

    base: str
    domain: str
    epoch: int = 0

    def is_ours(self, uri: str) -> bool:
        """Whether a URL is below this node's base."""
        return uri.startswith(self.base + "/") or uri == self.base

    def person(self, key: ActorKey) -> str:
        """The actor id of a local person."""
        return f"{self.base}/u/{key}"

    def community(self, key: ActorKey) -> str:
        """The actor id of a local community."""
        return f"{self.base}/g/{key}"

    def welcome(self, token: str) -> str:
        """The one-time link with this token."""
        return f"{self.base}/welcome/{token}"

    def node_actor(self) -> str:
        """The actor id of the node itself (Application)."""
        return f"{self.base}/actor"

    def shared_inbox(self) -> str:
        """The inbox for everyone here."""
        return f"{self.base}/inbox"

    def inbox(self, actor_uri: str) -> str:
        """The inbox of a local actor."""
        return f"{actor_uri}/inbox"

    def outbox(self, actor_uri: str) -> str:
        """The outbox of a local actor."""
        return f"{actor_uri}/outbox"

    def followers(self, actor_uri: str) -> str:
        """The followers (or members) of a local actor."""
        return f"{actor_uri}/followers"

    def following(self, actor_uri: str) -> str:
        """Whom a local actor follows."""
        return f"{actor_uri}/following"

    def featured(self, actor_uri: str) -> str:
        """The pinned posts of a local actor."""
        return f"{actor_uri}/featured"

    def moderators(self, community_uri: str) -> str:
        """The moderators of a local community."""
        return f"{community_uri}/moderators"

    def main_key(self, actor_uri: str) -> str:
        """The id of a local actor's RSA key."""
        return f"{actor_uri}#main-key"

    def ed25519_key(self, actor_uri: str) -> str:
        """The id of a local actor's Ed25519 key."""
        return f"{actor_uri}#ed25519-key"

    def post(self, key: PostKey) -> str:
        """The object id of a local post."""
        return f"{self.base}/post/{key}"

    def context(self, root_uri_key: PostKey) -> str:
        """The context collection of a local thread (FEP-7888)."""
        return f"{self.base}/post/{root_uri_key}/context"

    def replies(self, key: PostKey) -> str:
        """The replies collection of a local post."""
        return f"{self.base}/post/{key}/replies"

    def likes(self, key: PostKey) -> str:
        """The count of likes of a local post."""
        return f"{self.base}/post/{key}/likes"

    def shares(self, key: PostKey) -> str:
        """The count of boosts of a local post."""
        return f"{self.base}/post/{key}/shares"

    def created(self, key: PostKey) -> str:
        """The id of the Create of a local post."""
        return f"{self.base}/post/{key}/create"

    def announced(self, key: PostKey) -> str:
        """The id of a community's Announce of a post, as its outbox has it."""
        return f"{self.base}/post/{key}/announce"

    def boosted(self, key: PostKey) -> str:
        """The id of a community's Announce of a post as microblogs read it: by the post's id."""
        return f"{self.base}/post/{key}/boost"

    def activity(self, seq: int, word: str) -> str:
        """The id of an activity that the event at a log position calls for."""
        return f"{self.base}/activities/{word}/{self.epoch}-{seq}"

    def request(self, key: int) -> str:
        """The id of an activity made before it is in the log (a Follow, a Like)."""
        return f"{self.base}/activities/request/{key}"

    def person_page(self, localpart: str) -> str:
        """The page of a local person."""
        return f"{self.base}/@{localpart}"

    def community_page(self, localpart: str) -> str:
        """The page of a local community."""
        return f"{self.base}/c/{localpart}"

    def thread_page(self, key: PostKey) -> str:
        """The page of a local or remote post as shown here."""
        return f"{self.base}/post/{key}"

    def key_of(self, uri: str, collection: str) -> int | None:
        """The number in one of our ids (`collection` "u", "g" or "post"); None for others."""
        prefix = f"{self.base}/{collection}/"
        if not uri.startswith(prefix):
            return None
        number = uri[len(prefix) :]
        return int(number) if number.isascii() and number.isdigit() else None
