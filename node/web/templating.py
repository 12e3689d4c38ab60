"""The templates: one environment for each language, made at the first page and kept.

Everything that a template writes is escaped. The one exception is HTML that `communities.text`
has made safe before it was stored; `_sanitised` is the only place that says so.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from node.web.static_files import static_href
from node.web.wording import NAMES, words_in

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "templates"

_HEADING = re.compile(r"<(/?)h([1-6])>")
_LAST_HEADING = 6


@cache
def environment(language: str) -> "Environment":
    """The templates in a language; making it takes some 60 ms, once."""
    # Jinja2 costs 45 ms to import, which a node that shows no page does not pay at its start.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words = words_in(language)
    made.install_gettext_translations(words.translations, newstyle=True)  # type: ignore[attr-defined]  # put there by the extension
    made.filters["sanitised"] = _sanitised
    made.filters["number"] = words.number
    made.globals["static"] = static_href
    made.globals["language_names"] = NAMES
    return made


def render(language: str, template: str, values: Mapping[str, object]) -> str:
    """A page of a template in a language."""
    return environment(language).get_template(template).render(values)


def _sanitised(html: str, below: int) -> Markup:
    """HTML of a post as markup, its headings moved below the level of the heading above it.

    The levels that its author used become the next ones, without a gap between them.
    """
    if "<h" in html:
        used = sorted({found[2] for found in _HEADING.finditer(html)})
        levels = {
            level: min(below + place, _LAST_HEADING) for place, level in enumerate(used, start=1)
        }
        html = _HEADING.sub(lambda found: f"<{found[1]}h{levels[found[2]]}>", html)
    return Markup(html)  # noqa: S704 - stored HTML went through communities.text.sanitise
