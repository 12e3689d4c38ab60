"""The pages of letting an app in: the question, the code to carry over, and what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from communities.people import ActorKey
from node.web.pages import Head, Page
from node.web.scope_words import SCOPE_WORDS
from node.web.visits import Visit
from protocols.oauth_scopes import widest

PATH = "/oauth/authorize"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as whom an app could act: who is signed in, or a community that they moderate."""

    actor_id: ActorKey
    name: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The app that asks, as people are shown it.

    `place` is where the answer goes: a host, or the scheme of an app; empty when the person
    carries it.
    """

    name: str
    website: str | None
    place: str
    scopes: frozenset[str]


def consent_page(
    visit: Visit,
    asker: Asker,
    identities: Sequence[Identity],
    *,
    csrf: str,
    query: Mapping[str, str],
    other_account: str,
) -> Page:
    """The question whether to let an app in; the first identity is who is signed in.

    `other_account` is where one signs in as somebody else.
    """
    gettext = visit.words.gettext
    return Page(
        template="consent.html",
        head=Head(title=gettext("Let an app in"), path=PATH, query=query),
        values={
            "asker": asker,
            "may": [gettext(SCOPE_WORDS[scope]) for scope in widest(asker.scopes)],
            "identities": identities,
            "csrf": csrf,
            "other_account": other_account,
        },
    )


def code_page(visit: Visit, app_name: str, code: str) -> Page:
    """The code that a person carries to an app."""
    head = Head(title=visit.words.gettext("Your code"), path=PATH)
    return Page(template="consent_code.html", head=head, values={"app": app_name, "code": code})


def hand_over_page(visit: Visit, app_name: str, address: str, answer: Mapping[str, str]) -> Page:
    """A form that brings the answer to an app: without a script, by one more click."""
    head = Head(title=visit.words.gettext("Back to the app"), path=PATH)
    values = {"app": app_name, "address": address, "answer": answer}
    return Page(template="consent_hand_over.html", head=head, values=values)


def refused_page(visit: Visit, sentence: str, back: str | None) -> Page:
    """What is wrong with the request of an app; `back` leads to the app, where that is safe."""
    head = Head(title=visit.words.gettext("This app cannot be let in"), path="/")
    values = {"sentence": sentence, "back": back}
    return Page(template="consent_refused.html", head=head, values=values, status=400)
