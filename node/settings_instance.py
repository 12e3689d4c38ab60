"""Settings of what the node says about itself to apps and newcomers."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from node.settings_values import told

_DAY = msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSettings:
    """What the node says about itself to apps and newcomers."""

    description: Annotated[
        str,
        told(
            "What this node is, in a sentence or two, without markup.",
            example="Neighbours of the Achterhoek and what they make.",
        ),
    ] = ""
    about: Annotated[
        str,
        told(
            "More about it, as markdown of any length.",
            example="## Who we are\nA handful of beekeepers.",
        ),
    ] = ""
    rules: Annotated[
        tuple[str, ...],
        told(
            "What everybody here keeps to, a sentence each; newcomers agree to them, and reports"
            " can name them by their place.",
            example=("Be kind.", "No advertising."),
        ),
    ] = ()
    contact_account: Annotated[
        str | None,
        told(
            "The account of this node that people can turn to; left out, its oldest one.",
            example="ada",
        ),
    ] = None
    privacy_policy: Annotated[
        str | None,
        told(
            "What becomes of what people entrust to this node, as markdown.",
            example="We keep what you write until you delete it.",
        ),
    ] = None
    privacy_policy_since: Annotated[
        str, told("The day from which that holds.", example="2026-11-22"), _DAY
    ] = "2026-01-01"
    terms: Annotated[
        str | None,
        told(
            "The terms on which people use this node, as markdown.",
            example="You may leave whenever you like.",
        ),
    ] = None
    terms_since: Annotated[
        str, told("The day from which they hold.", example="2026-11-22"), _DAY
    ] = "2026-01-01"
