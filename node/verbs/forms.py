"""How a verb is asked: a form for each, whose fields carry their words.

From a form the command line makes its options and arguments, and the control channel its JSON.
A field is an argument of the command when `told` says so, else an option; what has no default
must be given. The field `person` of a form is filled by `noaber act --as`.
"""

from collections.abc import Mapping

from node.verbs import act_forms, moderation_forms, operator_forms
from node.verbs.words import Form

FORMS: Mapping[str, Mapping[str, type[Form]]] = {
    "account": operator_forms.ACCOUNT,
    "community": operator_forms.COMMUNITY,
    "peer": operator_forms.PEER,
    "act": {**act_forms.ACT, **moderation_forms.ACT},
}
"""The forms by group and verb, in the order in which help shows them."""


def form_named(name: str) -> type[Form] | None:
    """The form of a verb with its group ("act follow"); None when there is none."""
    group, _, verb = name.partition(" ")
    return FORMS.get(group, {}).get(verb)


def name_of(form: type[Form]) -> str:
    """The verb with its group, by its form.

    Raises:
        KeyError: it is not in the table.
    """
    for group, verbs in FORMS.items():
        for verb, known in verbs.items():
            if known is form:
                return f"{group} {verb}"
    raise KeyError(form.__name__)
