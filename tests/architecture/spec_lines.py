"""The "Spec:" lines of docstrings, as docs/conformance.md.

`python -m tests.architecture.spec_lines > docs/conformance.md` writes the page.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("protocols", "communities", "storage", "federation", "node")
HEAD = """# Conformance
Which rule comes from where: the "Spec:" lines of the code, written by
`python -m tests.architecture.spec_lines > docs/conformance.md` (a test compares). "security",
"reference" and "house" are the project's own pages on attacks, the wire contract and architecture.

| place | rule |
|---|---|
"""


def rules() -> Iterator[tuple[str, str]]:
    """Place ("module.name") and rule of every "Spec:" line, in the order of the files."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for name, docstring in _docstrings(ast.parse(path.read_text(encoding="utf-8"))):
                place = f"{module}.{name}" if name else module
                yield from ((place, rule) for rule in _rules_in(docstring))


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    yield "", ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, ast.get_docstring(node) or ""


def _rules_in(docstring: str) -> Iterator[str]:
    for found in re.finditer(r"Spec: (.+?)(?=\n\s*\n|\nSpec:|\Z)", docstring, re.DOTALL):
        yield " ".join(found.group(1).split()).replace("|", "\\|")


def render() -> str:
    """The page."""
    rows = "".join(f"| `{place}` | {rule} |\n" for place, rule in rules())
    return HEAD + rows


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - this is a command
