"""Making actors of this node: people, communities, and the node's own actor, with their keys."""

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from communities import founding
from communities.community import Community, CommunityVisibility, JoinPolicy, PostingPolicy
from communities.errors import Conflict
from communities.events import CommunityChanged, PersonChanged
from communities.people import ActorKey
from communities.registration import AccountRole
from communities.text import render_markdown
from federation.uris import Uris
from storage.accounts import Account
from storage.actors import Profile
from storage.keys import SigningKey
from storage.names import NameKind
from storage.unit_of_work import UnitOfWork

RSA_BITS = 2048
NODE_LOCALPART = "_node"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Two fresh private keys of one actor, as PEM."""

    rsa: str
    ed25519: str


def make_keys() -> KeyPair:
    """Generate keys with the system's randomness; takes some 100 ms, call it off the loop."""
    rsa = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    ed25519 = Ed25519PrivateKey.generate()
    encoding = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(
        rsa=rsa.private_bytes(*encoding).decode(),
        ed25519=ed25519.private_bytes(*encoding).decode(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What a new actor of this node is made from."""

    key: ActorKey
    localpart: str
    name: str
    at: datetime
    keys: KeyPair


def found_person(
    uow: UnitOfWork, uris: Uris, newcomer: Newcomer, account: Account | None = None
) -> Profile:
    """Make a local person with an account.

    The account is the one given, else one without a password that is open at once.

    Raises:
        Conflict: the name is taken, or was.
    """
    _claim(uow, newcomer, NameKind.PERSON)
    uri = uris.person(newcomer.key)
    profile = _profile(newcomer, uris, uri, kind="person", type_="Person")
    uow.actors.add(profile)
    uow.accounts.add(account or open_account(newcomer))
    _keep_keys(uow, uris, newcomer, uri)
    return profile


def open_account(newcomer: Newcomer, role: AccountRole = AccountRole.USER) -> Account:
    """An account that can be used at once, as the operator makes it."""
    return Account(
        person_id=newcomer.key, created_at=newcomer.at, approved_at=newcomer.at, role=role
    )


def found_node_actor(uow: UnitOfWork, uris: Uris, newcomer: Newcomer) -> Profile:
    """Make the actor of the node itself, once; it signs fetches and reports.

    Spec: FEP-d556, FEP-2677.
    """
    known = uow.actors.by_name(NODE_LOCALPART, None)
    if known is not None:
        return known
    uri = uris.node_actor()
    _claim(uow, newcomer, NameKind.NODE)
    profile = _profile(newcomer, uris, uri, kind="person", type_="Application")
    uow.actors.add(profile)
    _keep_keys(uow, uris, newcomer, uri)
    return profile


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityPlan:
    """What a founder decides about a new community."""

    description: str = ""
    visibility: CommunityVisibility = CommunityVisibility.PUBLIC
    join: JoinPolicy = JoinPolicy.OPEN
    posting: PostingPolicy = PostingPolicy.ANYONE
    downvotes: bool = True


def found_community(
    uow: UnitOfWork, uris: Uris, newcomer: Newcomer, owner_id: ActorKey, plan: CommunityPlan
) -> Community:
    """Make a local community with its first owner.

    Raises:
        Conflict: the name is taken, or was.
        Invalid: the policies do not go together.
    """
    _claim(uow, newcomer, NameKind.COMMUNITY)
    uri = uris.community(newcomer.key)
    community = Community(
        id=newcomer.key,
        uri=uri,
        localpart=newcomer.localpart,
        host=None,
        name=newcomer.name,
        visibility=plan.visibility,
        join=plan.join,
        posting=plan.posting,
        downvotes=plan.downvotes,
        description_html=render_markdown(plan.description) if plan.description else "",
        description_source=plan.description,
        url=uris.community_page(newcomer.localpart),
        followers_uri=uris.followers(uri),
        moderators_uri=uris.moderators(uri),
        featured_uri=uris.featured(uri),
        created_at=newcomer.at,
    )
    uow.actors.add(_profile(newcomer, uris, uri, kind="community", type_="Group"))
    founding.found_community(uow, community, owner_id, newcomer.at)
    uow.communities.update(community)
    _keep_keys(uow, uris, newcomer, uri)
    return community


def _claim(uow: UnitOfWork, newcomer: Newcomer, kind: NameKind) -> None:
    if not uow.names.claim(newcomer.localpart, kind, newcomer.key):
        raise Conflict(f"The name {newcomer.localpart} is taken")


def _profile(newcomer: Newcomer, uris: Uris, uri: str, *, kind: str, type_: str) -> Profile:
    page = uris.community_page if kind == "community" else uris.person_page
    return Profile(
        id=newcomer.key,
        uri=uri,
        kind=kind,
        type=type_,
        localpart=newcomer.localpart,
        host=None,
        name=newcomer.name,
        inbox=uris.inbox(uri),
        url=uris.base if type_ == "Application" else page(newcomer.localpart),
        shared_inbox=uris.shared_inbox(),
        outbox=uris.outbox(uri),
        followers_uri=uris.followers(uri),
        featured_uri=uris.featured(uri),
        moderators_uri=uris.moderators(uri) if kind == "community" else None,
        published_at=newcomer.at,
    )


def renew_keys(uow: UnitOfWork, uris: Uris, owner: Profile, keys: KeyPair, at: datetime) -> None:
    """Give a local actor other keys, and tell its followers.

    Who keeps the old ones in memory (`OwnKeys`) must forget them afterwards.
    """
    newcomer = Newcomer(key=owner.id, localpart=owner.localpart, name=owner.name, at=at, keys=keys)
    _keep_keys(uow, uris, newcomer, owner.uri)
    if owner.kind == "community":
        uow.record(CommunityChanged(community_id=owner.id, actor_id=owner.id))
    else:
        uow.record(PersonChanged(person_id=owner.id))


def _keep_keys(uow: UnitOfWork, uris: Uris, newcomer: Newcomer, uri: str) -> None:
    for algorithm, key_id, pem in (
        ("rsa", uris.main_key(uri), newcomer.keys.rsa),
        ("ed25519", uris.ed25519_key(uri), newcomer.keys.ed25519),
    ):
        key = SigningKey(actor_id=newcomer.key, algorithm=algorithm, key_id=key_id, private_pem=pem)
        uow.keys.put_signing(key, created_at=newcomer.at)
