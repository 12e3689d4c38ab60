"""What a form is, and the words of its fields: help, and how the command line takes them."""

from dataclasses import dataclass

import msgspec


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a verb is asked; a Struct, since fifty of them are made at each start of a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the command line must know of a field.

    Attributes:
        help: one sentence; fields that are arguments show it with the command.
        argument: whether it is given by position; else it is an option of its name.
        text: whether it comes from standard input when it is left out, or a single dash.
        optional: whether leaving such a text out means that there is none.
        file: whether the words are the path of a file whose text is meant.
        acting: whether it is the person of `noaber act --as`.
    """

    help: str
    argument: bool = False
    text: bool = False
    optional: bool = False
    file: bool = False
    acting: bool = False


def option(sentence: str) -> Told:
    """A field that is an option; a truth is a flag, a list an option that may be repeated."""
    return Told(help=sentence)


def argument(sentence: str) -> Told:
    """A field that is given by position; a list takes the rest of the line."""
    return Told(help=sentence, argument=True)


def written(sentence: str) -> Told:
    """A text that is given by position or comes from standard input."""
    return Told(help=sentence, argument=True, text=True)


def changed(sentence: str) -> Told:
    """A text that is given by position, where none means: as it was."""
    return Told(help=sentence, argument=True, text=True, optional=True)


def file_text(sentence: str) -> Told:
    """A text that is read from the file whose path is given by position."""
    return Told(help=sentence, argument=True, file=True)


ACTING = Told(help="Who acts: the name of a local account.", acting=True)
