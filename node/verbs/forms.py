"""How a verb is asked: a frozen dataclass for each, whose fields carry their words.

From a form the command line makes its options and arguments, and the control channel its JSON.
A field is an argument of the command when `told` says so, else an option; what has no default
must be given. The field `person` of a form is filled by `noaber act --as`.
"""

from collections.abc import Mapping
from typing import Any

from node.verbs import act_forms, moderation_forms, operator_forms

FORMS: Mapping[str, Mapping[str, type[Any]]] = {
    "account": operator_forms.ACCOUNT,
    "community": operator_forms.COMMUNITY,
    "peer": operator_forms.PEER,
    "act": {**act_forms.ACT, **moderation_forms.ACT},
}
"""The forms by group and verb, in the order in which help shows them."""


def form_named(name: str) -> type[Any] | None:
    """The form of a verb with its group ("act follow"); None when there is none."""
    group, _, verb = name.partition(" ")
    return FORMS.get(group, {}).get(verb)


def name_of(form: type[Any]) -> str:
    """The verb with its group, by its form.

    Raises:
        KeyError: it is not in the table.
    """
    for group, verbs in FORMS.items():
        for verb, known in verbs.items():
            if known is form:
                return f"{group} {verb}"
    raise KeyError(form.__name__)
