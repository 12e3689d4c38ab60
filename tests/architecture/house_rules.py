"""The rules of the house that no linter knows, each a function from one parsed file to breaches."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("node", "federation", "storage", "communities", "protocols")
PURE = ("communities", "protocols")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

MIGRATIONS = "storage/migrations/versions/"
CATCH_ALL_ALLOWED = {
    "node/tasks.py",
    "node/jobs.py",
    "node/app.py",
    "node/consumers.py",
    "node/streaming/hub.py",
    "storage/threads.py",
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
CLOCK_METHODS = {"now", "utcnow", "today"}
CLOCK_TYPES = {"datetime", "date"}
CLOCK_AND_CHANCE_MODULES = {"time", "random", "secrets"}
RANDOM_UUIDS = {"uuid1", "uuid4"}
TASK_MAKERS = {"create_task", "ensure_future", "run_coroutine_threadsafe"}
DOORS_OUT = {
    "ClientSession",
    "TCPConnector",
    "UnixConnector",
    "open_connection",
    "open_unix_connection",
    "create_connection",
    "create_unix_connection",
    "create_datagram_endpoint",
    "sock_connect",
}
HTTP_CLIENT_MODULES = {"http.client", "urllib.request", "urllib3", "requests", "httpx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One Python file: its path from the root of the tree, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The first folder of the path."""
        return self.path.split("/", 1)[0]

    @property
    def is_pure(self) -> bool:
        """Whether the file belongs to a package without I/O, clock and chance."""
        return self.package in PURE


Rule = Callable[[SourceFile], Iterator[str]]


def source(path: str, text: str) -> SourceFile:
    """A source file from its text."""
    return SourceFile(path=path, text=text, tree=ast.parse(text, filename=path))


def sources(root: Path, *folders: str) -> list[SourceFile]:
    """All Python files below these folders of the tree."""
    return [
        source(path.relative_to(root).as_posix(), path.read_text("utf-8"))
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
    ]


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def imported(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, module and name ("" for a plain import) of everything the file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, node.module, alias.name


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def file_is_short(file: SourceFile) -> Iterator[str]:
    """A file has at most 400 lines."""
    lines = file.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{file.path}: {lines} lines, at most {MAX_FILE_LINES}"


def functions_are_short(file: SourceFile) -> Iterator[str]:
    """A function has at most 60 lines; a migration is a list of tables and may be longer."""
    if file.path.startswith(MIGRATIONS):
        return
    for node in functions(file.tree):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{file.path}:{node.lineno}: {node.name} has {lines} lines"


def pure_code_waits_for_nothing(file: SourceFile) -> Iterator[str]:
    """No coroutine in protocols/ and communities/."""
    if not file.is_pure:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield f"{file.path}:{node.lineno}: async in a pure package"


def pure_code_has_no_clock_and_no_chance(file: SourceFile) -> Iterator[str]:
    """Time and randomness are arguments in protocols/ and communities/."""
    if not file.is_pure:
        return
    for line, module, name in imported(file.tree):
        if module.split(".")[0] in CLOCK_AND_CHANCE_MODULES:
            yield f"{file.path}:{line}: imports {module}"
        if (module == "uuid" and name in RANDOM_UUIDS) or (module, name) == ("os", "urandom"):
            yield f"{file.path}:{line}: imports {module}.{name}"
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Attribute):
            continue
        chain = dotted(node).split(".")
        reads_clock = node.attr in CLOCK_METHODS and chain[-2:-1] and chain[-2] in CLOCK_TYPES
        if reads_clock or chain[-2:] == ["os", "urandom"] or node.attr in RANDOM_UUIDS:
            yield f"{file.path}:{node.lineno}: {dotted(node)}"


def errors_are_not_swallowed(file: SourceFile) -> Iterator[str]:
    """No `except` that only passes, and none without a type."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield f"{file.path}:{node.lineno}: except without a type"
        if all(is_nothing(statement) for statement in node.body):
            yield f"{file.path}:{node.lineno}: except that only passes"


def is_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is `pass` or a lone constant such as `...`."""
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def everything_is_caught_in_few_places(file: SourceFile) -> Iterator[str]:
    """`except Exception` ends an error only where it has nowhere further to go.

    Elsewhere it may look at the error, but its last statement raises.
    """
    if file.path in CATCH_ALL_ALLOWED:
        return
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ExceptHandler) or node.type is None:
            continue
        types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        catches_all = {"Exception", "BaseException"} & {dotted(item) for item in types}
        if catches_all and not isinstance(node.body[-1], ast.Raise):
            yield f"{file.path}:{node.lineno}: except Exception"


def tasks_are_made_in_one_place(file: SourceFile) -> Iterator[str]:
    """Only node/tasks.py creates tasks."""
    if file.path == "node/tasks.py":
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and node.attr in TASK_MAKERS:
            yield f"{file.path}:{node.lineno}: {node.attr}"
        if isinstance(node, ast.Call) and dotted(node.func) in {"asyncio.Task", "Task"}:
            yield f"{file.path}:{node.lineno}: {dotted(node.func)}(...)"
    for line, module, name in imported(file.tree):
        if module.startswith("asyncio") and name in TASK_MAKERS | {"Task"}:
            yield f"{file.path}:{line}: imports {name} from {module}"


def one_door_out(file: SourceFile) -> Iterator[str]:
    """Only federation/client.py opens connections to others."""
    if file.path == "federation/client.py":
        return
    for line, module, name in imported(file.tree):
        full_name = f"{module}.{name}" if name else module
        if {module, full_name} & HTTP_CLIENT_MODULES or name in DOORS_OUT:
            yield f"{file.path}:{line}: imports {full_name}"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and node.attr in DOORS_OUT:
            yield f"{file.path}:{node.lineno}: {node.attr}"
        if isinstance(node, ast.Attribute) and dotted(node) == "aiohttp.request":
            yield f"{file.path}:{node.lineno}: aiohttp.request"


def wire_rules_name_their_source(file: SourceFile) -> Iterator[str]:
    """A public function of protocols/ that parses or verifies says "Spec:" (or its module does)."""
    if file.package != "protocols" or "Spec:" in (ast.get_docstring(file.tree) or ""):
        return
    for node in file.tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        judges = node.name.split("_")[0] in {"parse", "verify"}
        if judges and "Spec:" not in (ast.get_docstring(node) or ""):
            yield f"{file.path}:{node.lineno}: {node.name} names no source"


def types_cross_packages_openly(file: SourceFile) -> Iterator[str]:
    """No `if TYPE_CHECKING:` import of another package of ours: that would hide a layer."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.If) or not dotted(node.test).endswith("TYPE_CHECKING"):
            continue
        for line, module, _name in imported(ast.Module(body=node.body, type_ignores=[])):
            package = module.split(".")[0]
            if package in PACKAGES and package != file.package:
                yield f"{file.path}:{line}: {module} under TYPE_CHECKING"


def names_say_something(file: SourceFile) -> Iterator[str]:
    """No module called utils, helpers, common and the like."""
    if Path(file.path).stem in VAGUE_NAMES:
        yield f"{file.path}: a name that says nothing"


OF_EVERY_FILE: tuple[Rule, ...] = (
    file_is_short,
    functions_are_short,
    errors_are_not_swallowed,
    names_say_something,
)
OF_SHIPPED_FILES: tuple[Rule, ...] = (
    pure_code_waits_for_nothing,
    pure_code_has_no_clock_and_no_chance,
    everything_is_caught_in_few_places,
    tasks_are_made_in_one_place,
    one_door_out,
    wire_rules_name_their_source,
    types_cross_packages_openly,
)
