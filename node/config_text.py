"""The settings file read, with errors that help.

Every error is one sentence that names the file, the line and what was expected. An unknown key is
an error, never ignored: it names the nearest setting that exists.
"""

import dataclasses
import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import EnumType
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from node.settings import Settings
from node.settings_values import Networks, Secret

CONFIG_VARIABLE = "NOABER_CONFIG"
"""The only environment variable that noaber reads: the path of the settings file."""
DEFAULT_FILE = Path("node.toml")

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?")
_LOCAL_HOST = re.compile(r"(localhost|[0-9.]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_AT = re.compile(r" - at `\$\.?(?P<path>[^`\[]*)[^`]*`$")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")
_SHOWN_CHARACTERS = 40


class SettingsError(Exception):
    """The settings cannot be used; the message is one sentence for the operator."""


def load(path: Path) -> Settings:
    """The settings in this file.

    Raises:
        SettingsError: the file cannot be read or says what it may not say.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not a UTF-8 text") from error
    return parse(text, path)


def parse(text: str, origin: Path) -> Settings:
    """The settings in this text; `origin` is its file, whose folder relative paths start at.

    Raises:
        SettingsError: as for `load`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{origin} is not valid TOML: {error}") from error
    place = _Place(origin, text)
    _refuse_unknown(document, place)
    try:
        settings = msgspec.convert(document, Settings, dec_hook=_from_plain)
    except msgspec.ValidationError as error:
        raise _explain(error, document, place) from error
    _check_hosts(settings, place)
    return _with_files(settings, place)


class _Place:
    """Where settings stand in a file, for messages."""

    def __init__(self, origin: Path, text: str) -> None:
        self.origin = origin
        self.text = text

    def refusal(self, path: str, sentence: str) -> SettingsError:
        """The error for the setting at `path`, with its line where it has one."""
        line = _line_of(self.text, path)
        where = f"{self.origin} line {line}" if line else str(self.origin)
        return SettingsError(f"{where}: {sentence}")


def _line_of(text: str, path: str) -> int | None:
    """The line of a key or table; of the nearest table above it when it does not stand there."""
    section = ""
    found: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[] ").split("#")[0].strip("] ")
            name = section
        else:
            key = stripped.partition("=")[0].strip()
            name = f"{section}.{key}" if section else key
        if name == path:
            return number
        if path.startswith(f"{name}."):
            found = number
    return found


def _fields() -> dict[str, Any]:
    """All settings: `section.name` -> annotated type."""
    return {
        f"{section}.{name}": annotation
        for section, section_type in get_type_hints(Settings).items()
        for name, annotation in get_type_hints(section_type, include_extras=True).items()
    }


def _refuse_unknown(document: Mapping[str, object], place: _Place) -> None:
    known = list(_fields())
    sections = list(get_type_hints(Settings))
    for section, table in document.items():
        if section not in sections:
            near = _near(section, [*sections, *known])
            raise place.refusal(section, f"unknown table or setting {section}{near}")
        for path in _leaves(section, table):
            if path not in known:
                raise place.refusal(path, f"unknown setting {path}{_near(path, known)}")


def _leaves(path: str, value: object) -> Iterator[str]:
    """The paths of all values below this one, however deep somebody nested them."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, dict) and inner:
            yield from _leaves(f"{path}.{name}", inner)
        else:
            yield f"{path}.{name}"


def _near(path: str, known: list[str]) -> str:
    """A question that names the known path nearest to this one, or nothing."""
    name = path.rpartition(".")[2]
    same_name = [other for other in known if other.rpartition(".")[2] == name]
    close = same_name or difflib.get_close_matches(path, known, n=1, cutoff=0.6)
    if not close:
        tails = {other.rpartition(".")[2]: other for other in known}
        close = [tails[tail] for tail in difflib.get_close_matches(name, tails, n=1, cutoff=0.6)]
    return f"; did you mean {close[0]}?" if close else ""


def _from_plain(wanted: type, value: object) -> object:
    """Make our own types of the plain TOML values; msgspec adds the path to what is raised."""
    if wanted is Networks and isinstance(value, list):
        return Networks(value)
    if wanted in (Secret, Path) and isinstance(value, str):
        return wanted(value)
    raise ValueError


def _explain(
    error: msgspec.ValidationError, document: Mapping[str, Any], place: _Place
) -> SettingsError:
    at = _AT.search(str(error))
    path = at["path"] if at else ""
    if missing := _MISSING.search(str(error)):
        path = f"{path}.{missing['field']}".lstrip(".")
        return place.refusal(path, f"{path} is missing")
    annotation = _fields().get(path)
    if annotation is None:
        return place.refusal(path, f"{path} must be a table: [{path}]")
    section, _, name = path.partition(".")
    shown = _shown(document[section][name], annotation)
    return place.refusal(path, f"{path} must be {expected(annotation)}, not {shown}")


def _shown(value: object, annotation: object) -> str:
    """The value that was found, unless it is a secret."""
    if Secret in get_args(get_args(annotation)[0]):
        return "that"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def expected(annotation: Any) -> str:  # noqa: ANN401 - annotations have no common type
    """What a value of this annotated type must be, in words."""
    kind = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    choices = [item for item in get_args(kind) if item is not NoneType]
    if get_origin(kind) is Literal or isinstance(kind, EnumType):
        return "one of " + ", ".join(f'"{choice}"' for choice in choices or list(kind))
    if get_origin(kind) is tuple:
        return f"a list of at least one, each item {expected(choices[0])}"
    if choices:
        return expected(choices[0])
    if kind is Networks:
        return 'a list of networks such as "10.0.0.0/8"'
    words = {bool: "true or false", int: "a whole number", float: "a number"}
    return words.get(kind, "a text in quotes") + bounds(annotation)


def bounds(annotation: object) -> str:
    """The range of a number, in words with a space before them; empty where there is none."""
    limits = next((item for item in get_args(annotation) if isinstance(item, msgspec.Meta)), None)
    if limits is None or limits.ge is None:
        return ""
    upper = "" if limits.le is None else f" to {limits.le}"
    return f" from {limits.ge}{upper}"


def _check_hosts(settings: Settings, place: _Place) -> None:
    for path, host in (("node.domain", settings.node.domain), ("node.web_host", settings.web_host)):
        if not _HOST.fullmatch(host):
            raise place.refusal(
                path,
                f'{path} must be a host name in lower case such as "example.org", not "{host}"',
            )
    if settings.http.public_scheme == "http" and not _LOCAL_HOST.fullmatch(settings.web_host):
        raise place.refusal(
            "http.public_scheme",
            f"http.public_scheme must be https, since {settings.web_host} is not a local address",
        )


def _with_files(settings: Settings, place: _Place) -> Settings:
    """Follow the paths: data_dir from the file's folder, secrets out of their files."""
    folder = place.origin.resolve().parent
    node = dataclasses.replace(settings.node, data_dir=folder / settings.node.data_dir)
    url = _secret(place, "database.url", settings.database.url, settings.database.url_file)
    password = _secret(place, "mail.password", settings.mail.password, settings.mail.password_file)
    return dataclasses.replace(
        settings,
        node=node,
        database=dataclasses.replace(settings.database, url=url),
        mail=dataclasses.replace(settings.mail, password=password),
    )


def _secret(place: _Place, path: str, given: Secret | None, file: Path | None) -> Secret | None:
    """A secret as it stands in the settings, or in the file that they name for it."""
    if file is None:
        return given
    if given is not None:
        raise place.refusal(path, f"give {path} or {path}_file, not both")
    try:
        text = (place.origin.resolve().parent / file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise place.refusal(f"{path}_file", f"{path}_file cannot be read: {file}") from error
    return Secret(text)
