"""How a verb is asked: a form for each, whose fields carry their words.

From a form the command line makes its options and arguments, and the control channel its JSON.
A field is an argument of the command when `told` says so, else an option; what has no default
must be given. The field `person` of a form is filled by `noaber act --as`.
"""

from collections.abc import Mapping
from functools import cache

from node.verbs.words import Form

GROUPS = ("account", "community", "peer", "announcement", "act")


@cache
def forms() -> Mapping[str, Mapping[str, type[Form]]]:
    """The forms by group and verb, in the order in which help shows them."""
    # Fifty classes take 15 ms, which a command that asks for none of them does not pay.
    from node.verbs import (  # noqa: PLC0415
        act_forms,
        announcement_forms,
        moderation_forms,
        operator_forms,
    )

    return {
        "account": operator_forms.ACCOUNT,
        "community": operator_forms.COMMUNITY,
        "peer": operator_forms.PEER,
        "announcement": announcement_forms.ANNOUNCEMENT,
        "act": {**act_forms.ACT, **moderation_forms.ACT},
    }


def form_named(name: str) -> type[Form] | None:
    """The form of a verb with its group ("act follow"); None when there is none."""
    group, _, verb = name.partition(" ")
    return forms().get(group, {}).get(verb)


def name_of(form: type[Form]) -> str:
    """The verb with its group, by its form.

    Raises:
        KeyError: it is not in the table.
    """
    for group, verbs in forms().items():
        for verb, known in verbs.items():
            if known is form:
                return f"{group} {verb}"
    raise KeyError(form.__name__)
