"""docs/conformance.md says which rule of the code comes from where."""

from tests.architecture.spec_lines import ROOT, render, rules


def test_every_source_of_a_rule_is_on_the_page() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")

    assert page == render(), "run python -m tests.architecture.spec_lines > docs/conformance.md"


def test_rules_are_found_in_docstrings_of_all_packages() -> None:
    packages = {place.partition(".")[0] for place, _rule in rules()}

    assert packages == {"protocols", "communities", "storage", "federation", "node"}
